// SPDX-License-Identifier: MIT
#include "bench/lttng_baseline.h"

#include <cstdint>

#include "bench/payload.h"

#define WDSCOPE_BENCH_FIXED_SIZE ::wdscope::bench::kFixedSize
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "bench/lttng_tracepoint.inc"

namespace wdscope::bench {

bool baseline_is_recording() {
  return lttng_ust_tracepoint_enabled(wdscope_bench, process);
}

void record_baseline_event() {
  static const std::uint8_t fixed[kFixedSize] = {};
  lttng_ust_tracepoint(wdscope_bench, process, fixed, reinterpret_cast<const std::uint8_t*>(kImage.data()),
                       static_cast<std::uint32_t>(kImage.size() * sizeof(char16_t)),
                       reinterpret_cast<const std::uint8_t*>(kCommandLine.data()),
                       static_cast<std::uint32_t>(kCommandLine.size() * sizeof(char16_t)));
}

}  // namespace wdscope::bench
