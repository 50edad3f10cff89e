// SPDX-License-Identifier: MIT
#include "observer/text.h"

namespace wdscope::observer {

ForeignText read_text_header(defender::KernelAddress address) {
  ForeignText text{ForeignText::State::Absent, false, 0, {}};
  if (address == 0) return text;
  text.state = ForeignText::State::Invalid;
  defender::CountedString header;
  if (kit::checked_read(static_cast<kit::ForeignAddress>(address), header) != STATUS_SUCCESS) return text;
  if (header.length > header.maximum_length) return text;
  text.odd = header.length % 2 != 0;
  text.length = header.length & ~std::uint32_t{1};
  text.buffer = static_cast<kit::ForeignAddress>(header.buffer);
  if (text.length != 0 && (header.buffer % sizeof(char16_t) != 0 || !kit::is_kernel_range(text.buffer, text.length))) {
    return text;
  }
  text.state = ForeignText::State::Present;
  return text;
}

}  // namespace wdscope::observer
