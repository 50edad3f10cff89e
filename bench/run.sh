#!/bin/bash
# SPDX-License-Identifier: MIT
# run.sh BIN: measures the promised paths, each beside its baseline, and prints one table a path. Starts an LTTng session
# daemon if none runs; needs no root. Figures and what they mean: docs/benchmarks.md.
set -euo pipefail
bin="$1"
here="$(cd "$(dirname "$0")" && pwd)"
repetitions="${REPETITIONS:-7}"

room="$(mktemp -d)"
export LTTNG_HOME="$room" LTTNG_UST_REGISTER_TIMEOUT=-1
session="wdscope_bench_$$"
daemon=""
stop() {
  lttng --quiet destroy "$session" >/dev/null 2>&1 || true
  [ -z "$daemon" ] || { kill "$daemon" 2>/dev/null || true; wait "$daemon" 2>/dev/null || true; }
  rm -rf "$room"
}
trap stop EXIT

if ! lttng --quiet list >/dev/null 2>&1; then
  lttng-sessiond --no-kernel >"$room/daemon.log" 2>&1 &
  daemon=$!
  until lttng --quiet list >/dev/null 2>&1; do
    kill -0 "$daemon" 2>/dev/null || {
      cat "$room/daemon.log" >&2
      echo "bench: lttng-sessiond does not start" >&2
      exit 4
    }
  done
fi

record() { # record CHANNEL_OPTION... -- CREATE_OPTION...: a fresh session that records the baseline's tracepoint
  local channel=()
  while [ "$1" != "--" ]; do channel+=("$1"); shift; done
  shift
  lttng --quiet create "$session" "$@" >/dev/null
  lttng --quiet enable-channel --userspace --session="$session" "${channel[@]}" ring
  lttng --quiet enable-event --userspace --session="$session" --channel=ring 'wdscope_bench:*'
  lttng --quiet start "$session"
}
destroy() { lttng --quiet destroy "$session" >/dev/null; }

echo "== One notification, in the thread that notifies (ns; medians of $repetitions)"
# Flight recorder: overwrites, never waits; two sub-buffers of 128 KiB stay in the second-level cache.
record --overwrite --subbuf-size=128k --num-subbuf=2 -- --snapshot --output="$room/snapshot"
"$bin/bench_callback" --benchmark_repetitions="$repetitions" --benchmark_enable_random_interleaving=true \
  --benchmark_out="$room/callback.json" --benchmark_out_format=json >/dev/null 2>"$room/talk" ||
  { cat "$room/talk" >&2; exit 1; }
lttng --quiet snapshot record --session="$session" >/dev/null
LC_ALL=C grep --quiet --recursive --text --perl-regexp 'c\x00o\x00l\x00l\x00e\x00c\x00t\x00o\x00r\x00' "$room/snapshot" ||
  { echo "bench: the baseline recorded nothing" >&2; exit 1; }
destroy
python3 -B "$here/table.py" "$room/callback.json" lttng_ust

echo
echo "== From notification to decoded event, one thread notifying and one reading"
"$bin/bench_delivery" 1000000 5
"$bin/bench_delivery" 0 5
# The baseline's reader writes to files of 64 MiB in memory, two in turn, and decodes nothing.
memory="$(mktemp -d /dev/shm/wdscope-bench.XXXXXX)"
record --discard --subbuf-size=4M --num-subbuf=8 --tracefile-size=64M --tracefile-count=2 -- --output="$memory"
"$bin/bench_delivery" --lttng 1000000 5
lttng --quiet stop "$session"
lttng list "$session" | sed -nE 's/^ *(Discarded events: .*)/  \1/p'
destroy
rm -rf "$memory"

echo
echo "== What is known of 10,000 processes, and of 1,000 with raw captures (ns a process; 5,000 of 10,000 are 50 ms)"
"$bin/bench_processes" "$bin/wdscope" --benchmark_repetitions="$repetitions" --benchmark_out="$room/processes.json" \
  --benchmark_out_format=json >/dev/null
python3 -B "$here/table.py" "$room/processes.json" decode_alone

echo
echo "== One process's life with the notifier, no service connected (ns; medians of $repetitions)"
"$bin/bench_notifier" --benchmark_repetitions="$repetitions" --benchmark_out="$room/notifier.json" \
  --benchmark_out_format=json >/dev/null
python3 -B "$here/table.py" "$room/notifier.json" host_alone

if [ -x "$bin/bench_replay" ]; then
  echo
  echo "== From recording to NDJSON, one core (medians of $repetitions)"
  "$bin/bench_replay" --benchmark_repetitions="$repetitions" --benchmark_out="$room/replay.json" \
    --benchmark_out_format=json >/dev/null
  python3 -B "$here/table.py" "$room/replay.json"
fi

echo
echo "== Process lives played, host and drivers and NDJSON (medians of $repetitions)"
"$bin/bench_play" --benchmark_repetitions="$repetitions" --benchmark_out="$room/play.json" \
  --benchmark_out_format=json >/dev/null
python3 -B "$here/table.py" "$room/play.json" TheSameEventsWrittenAlone
