#!/bin/bash
# SPDX-License-Identifier: MIT
# fuzz.sh BIN SECONDS: runs each fuzzer in BIN for SECONDS, starting from the corpus kept in fuzz/corpus. What it finds
# new stays in out/fuzz/corpus; an input that breaks it is kept in out/fuzz/found and fails the run.
set -euo pipefail
bin="$1"
seconds="$2"
root="$(cd "$(dirname "$0")/.." && pwd)"

shopt -s nullglob
fuzzers=("$bin"/fuzz_*)
[ ${#fuzzers[@]} -gt 0 ] || { echo "fuzz.sh: no fuzzer in $bin" >&2; exit 1; }

passed=0 failed=0
for fuzzer in "${fuzzers[@]}"; do
  name="$(basename "$fuzzer")"
  grown="$root/out/fuzz/corpus/$name" found="$root/out/fuzz/found/$name"
  mkdir -p "$grown" "$found"
  seeds=("$grown")
  for folder in "$root/fuzz/corpus/$name" "$root/fuzz/corpus/${name#fuzz_}"; do
    [ -d "$folder" ] && seeds+=("$folder")
  done
  log="$found/last.log"
  if "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
    -artifact_prefix="$found/" "${seeds[@]}" >"$log" 2>&1; then
    passed=$((passed + 1))
    runs="$(awk '/stat::number_of_executed_units/ { print $2 }' "$log")"
    echo "$name: ${runs:-0} inputs in $seconds s"
  else
    failed=$((failed + 1))
    tail -n 40 "$log"
    echo "$name: FAILED; the input is in $found"
  fi
done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
