#!/bin/bash
# SPDX-License-Identifier: MIT
# run_short.sh BIN [SECONDS]: runs every fuzz target in BIN for a while, each from its seeds; 1 if one broke a promise.
# What is found on the way stays in BIN/../corpus, a failing input in BIN/../findings. For fuzz_pe the drivers in
# BIN/../drivers are seeds. Inputs that once failed stand in regressions/TARGET beside this script, under a name that says
# what was wrong: each is tried first, every time.
set -euo pipefail
bin="$(cd "$1" && pwd)"
seconds="${2:-20}"
corpus="$bin/../corpus"
findings="$bin/../findings"

regressions="$(cd "$(dirname "$0")" && pwd)/regressions"

"$bin/make_corpus" "$corpus"
mkdir -p "$corpus/fuzz_pe" "$findings"
for driver in "$bin"/../drivers/*.sys; do
  [ -e "$driver" ] && cp "$driver" "$corpus/fuzz_pe/"
done

status=0
for target in "$bin"/fuzz_*; do
  name="$(basename "$target")"
  echo "== $name, $seconds s"
  log="$findings/$name.log"
  once_failed=("$regressions/$name"/*)
  if [ -e "${once_failed[0]}" ] && ! "$target" -timeout=10 "${once_failed[@]}" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "$name: fails again with an input in $regressions/$name" >&2
    status=1
  elif "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$findings/$name-" \
      "$corpus/$name" >"$log" 2>&1; then
    tail -n 1 "$log"
  else
    tail -n 40 "$log" >&2
    echo "$name: failed; the input is in $findings" >&2
    status=1
  fi
done
exit "$status"
