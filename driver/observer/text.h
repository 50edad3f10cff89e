// SPDX-License-Identifier: MIT
// A UNICODE_STRING in somebody else's memory: its header is read and judged before its text.
#pragma once

#include <cstdint>

#include "abi/defender/opaque.h"
#include "kit/checked_copy.h"

namespace wdscope::observer {

struct ForeignText {
  enum class State : std::uint8_t {
    Absent,   // a NULL pointer
    Present,  // `buffer`, `length`; whether the text is readable is not known yet
    Invalid,  // unreadable header, length above the maximum, or an address that cannot be text
  };
  State state;
  bool odd;              // the length was odd; `length` is one less
  std::uint32_t length;  // bytes, even, 0 .. 65,534
  kit::ForeignAddress buffer;

  bool present() const { return state == State::Present; }
};

// Reads the header at `address`. IRQL <= APC_LEVEL.
ForeignText read_text_header(defender::KernelAddress address);

}  // namespace wdscope::observer
