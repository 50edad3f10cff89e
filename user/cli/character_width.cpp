// SPDX-License-Identifier: MIT
#include "cli/character_width.h"

#include <wchar.h>

#include <clocale>

namespace wdscope::cli {

void use_unicode_widths() {
  if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) std::setlocale(LC_CTYPE, "");
}

int character_width(char32_t value) {
  return wcwidth(static_cast<wchar_t>(value));
}

}  // namespace wdscope::cli
