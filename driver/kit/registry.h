// SPDX-License-Identifier: MIT
// The values that an administrator sets under a driver's key, in ...\Services\<driver>\Parameters.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kit/nt.h"

namespace wdscope::kit {

struct NumberParameter {
  const char16_t* name;
  std::uint32_t default_value;  // when the key or the value is not there
  std::uint32_t minimum;
  std::uint32_t maximum;
};

struct TextParameter {
  const char16_t* name;
  const char16_t* default_value;  // when the key or the value is not there
};

// Reads one REG_SZ into `text`, terminated; the default must fit too. Another type, a text that does not fit, or one
// that is no whole number of units is refused: STATUS_INVALID_PARAMETER, and a message names it. Other failures are the
// registry's own; then `text` is undefined. PASSIVE_LEVEL.
[[nodiscard]] NTSTATUS read_text(const UNICODE_STRING& registry_path, const TextParameter& parameter, WCHAR* text,
                                 std::size_t units);

// Reads one REG_DWORD. `registry_path` is DriverEntry's. A value outside the limits, or of another type, is refused:
// STATUS_INVALID_PARAMETER, and a message names it. Other failures are the registry's own. PASSIVE_LEVEL.
[[nodiscard]] NTSTATUS read_number(const UNICODE_STRING& registry_path, const NumberParameter& parameter,
                                   std::uint32_t& value);

}  // namespace wdscope::kit
