// SPDX-License-Identifier: MIT
// What the notifier counts of those who notify the Nri object, which any driver may: asked for at its device
// (abi/wire/engine.h) by whoever is connected.
#pragma once

#include <cstdint>

#include "abi/wire/control.h"

namespace wdscope::wire {

// In: nothing. Out: EngineStatistics. STATUS_BUFFER_TOO_SMALL when that does not fit.
inline constexpr std::uint32_t kEngineStatistics = control_code(0x903, Method::Buffered, ControlAccess::Read);

struct EngineStatistics {
  std::uint64_t refreshes;          // requests that were one
  std::uint64_t refused_refreshes;  // that were none: wrong arguments or context, IRQL too high, memory not there
};
static_assert(sizeof(EngineStatistics) == 16);

}  // namespace wdscope::wire
