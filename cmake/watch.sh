#!/bin/bash
# SPDX-License-Identifier: MIT
# `make watch`: watch.sh WDSCOPE. On a terminal until Ctrl-C; otherwise ten seconds in which a small C program is
# compiled, so that there is something to see. Where the machine's processes may not be watched (no root, or a container
# without the process connector) it says so and follows a command of its own by ptrace.
set -euo pipefail
wdscope="$1"

room="$(mktemp -d)"
trap 'rm -rf "$room"' EXIT
cat >"$room/hello.c" <<'C'
#include <stdio.h>
int main(void) { return puts("hello from a process of its own") < 0; }
C
compile="cc -o $room/hello $room/hello.c && $room/hello"

follow_a_command() {
  echo "$1 Following one command by ptrace instead: the compilation of a small C program." >&2
  "$wdscope" run -- sh -c "$compile"
}

if [ "$(id -u)" -ne 0 ]; then
  follow_a_command "Watching the whole machine needs root."
  exit
fi
if [ -t 1 ]; then
  status=0
  "$wdscope" watch || status=$?
else
  "$wdscope" watch --for 10s &
  watcher=$!
  while kill -0 "$watcher" 2>/dev/null; do
    sh -c "$compile" >/dev/null
    sleep 2
  done
  status=0
  wait "$watcher" || status=$?
fi
case "$status" in
  4) follow_a_command "This machine's processes cannot be watched from here (see above)." ;;
  130) exit 0 ;;
  *) exit "$status" ;;
esac
