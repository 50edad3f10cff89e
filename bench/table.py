# SPDX-License-Identifier: MIT
"""table.py REPORT [BASELINE]: the medians of a Google Benchmark report, their spread, events a second, and the ratio to
the baseline of the same run."""

import json
import statistics
import sys


def main(report: str, baseline: str | None) -> int:
    with open(report, encoding="utf-8") as file:
        runs = [run for run in json.load(file)["benchmarks"] if run["run_type"] == "iteration"]
    if failed := [run for run in runs if run.get("error_occurred")]:
        print(f"{failed[0]['name']}: {failed[0]['error_message']}", file=sys.stderr)
        return 1
    per_event = {}
    for run in runs:
        nanoseconds = run["cpu_time"] * {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[run["time_unit"]]
        if "items_per_second" in run:
            nanoseconds = 1e9 / run["items_per_second"]
        # The library says in the name how it measured: time of whole processes is taken by hand.
        per_event.setdefault(run["run_name"].removesuffix("/manual_time").removesuffix("/real_time"),
                             []).append(nanoseconds)
    if not per_event:
        print("no benchmark ran", file=sys.stderr)
        return 1
    base = statistics.median(per_event[baseline]) if baseline else None
    width = max(map(len, per_event))
    print(f"{'path':{width}}  {'ns/event':>9}  {'min':>8}  {'max':>8}  {'events/s':>12}" + ("  ratio" if base else ""))
    for name, values in per_event.items():
        median = statistics.median(values)
        row = f"{name:{width}}  {median:9.1f}  {min(values):8.1f}  {max(values):8.1f}  {1e9 / median:12,.0f}"
        print(row + (f"  {median / base:5.2f}" if base else ""))
    full, bare = (per_event.get(f"callback/{name}") for name in ("cache_resident_ring", "bare_argument"))
    if full and bare and base:
        added = statistics.median(full) - statistics.median(bare)
        print(f"recognition, checks and decoding add {added:.1f} ns to a bare copy of the argument: {added / base:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None))
