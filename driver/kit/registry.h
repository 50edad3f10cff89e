// SPDX-License-Identifier: MIT
// The values that an administrator sets under a driver's key, in ...\Services\<driver>\Parameters.
#pragma once

#include <cstdint>

#include "kit/nt.h"

namespace wdscope::kit {

struct NumberParameter {
  const char16_t* name;
  std::uint32_t default_value;  // when the key or the value is not there
  std::uint32_t minimum;
  std::uint32_t maximum;
};

// Reads one REG_DWORD. `registry_path` is DriverEntry's. A value outside the limits, or of another type, is refused:
// STATUS_INVALID_PARAMETER, and a message names it. Other failures are the registry's own. PASSIVE_LEVEL.
[[nodiscard]] NTSTATUS read_number(const UNICODE_STRING& registry_path, const NumberParameter& parameter,
                                   std::uint32_t& value);

}  // namespace wdscope::kit
