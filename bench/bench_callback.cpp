// SPDX-License-Identifier: MIT
// What one notification costs the thread that notifies: from ExNotifyCallback to the record in the ring and back.
// Beside it LTTng-UST with the same payload. The ring that fits the second-level cache compares like with like (LTTng's
// session is made that small too); the default ring is what ships.
#include <benchmark/benchmark.h>

#include <cstdio>

#include "bench/announcer.h"
#include "bench/lttng_baseline.h"

namespace {

using wdscope::bench::Announcer;

constexpr std::uint32_t kCacheResidentKb = 256;

void notify_observer(benchmark::State& state, std::uint32_t ring_size_kb) {
  Announcer announcer(wdscope::bench::observer_image(), ring_size_kb);
  announcer.in_kernel([&] {
    for (auto _ : state) announcer.announce();
  });
}

void notify_bare(benchmark::State& state) {
  Announcer announcer(wdscope::bench::observer_image(), kCacheResidentKb);
  announcer.in_kernel([&] {
    for (auto _ : state) announcer.announce_bare();
  });
}

void lttng_ust(benchmark::State& state) {
  for (auto _ : state) wdscope::bench::record_baseline_event();
}

}  // namespace

int main(int argc, char** argv) {
  if (!wdscope::bench::baseline_is_recording()) {
    std::fprintf(stderr, "bench_callback: no LTTng session records wdscope_bench:process; start it by bench/run.sh\n");
    return 4;
  }
  benchmark::RegisterBenchmark("lttng_ust", lttng_ust);
  benchmark::RegisterBenchmark("callback/cache_resident_ring", notify_observer, kCacheResidentKb);
  benchmark::RegisterBenchmark("callback/default_ring", notify_observer, 0);
  // What recognition, checks and decoding add is the first of these less this one.
  benchmark::RegisterBenchmark("callback/bare_argument", notify_bare);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
