// SPDX-License-Identifier: MIT
// Two numbers between driver and user mode. Protocol: the control codes and their buffers; raised when an old client
// would misread a new driver. Schema: the records; raised when a field is added (a record only ever grows, at the end
// of its fixed part) and never for anything else. A reader takes any schema of its own protocol: it skips what it does
// not know.
#pragma once

#include <cstdint>

namespace wdscope::wire {

inline constexpr std::uint32_t kProtocolVersion = 1;
inline constexpr std::uint32_t kSchemaVersion = 2;

}  // namespace wdscope::wire
