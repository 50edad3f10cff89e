// SPDX-License-Identifier: MIT
// The one-to-one, culture-free case table of the BMP. Pairs that do not fold back (dotless i, long s, micro sign) are
// left alone, as NT's table leaves them; code units of surrogate pairs are never changed.
#pragma once

#include "host/nt/base.h"

namespace wdscope::host {

NTAPI char16_t upcase_of_table(char16_t unit);
NTAPI char16_t downcase_of_table(char16_t unit);

inline char16_t upcase(char16_t unit) {
  constexpr char16_t kDistance = u'a' - u'A';
  if (unit >= 0x80) return upcase_of_table(unit);
  return unit >= u'a' && unit <= u'z' ? static_cast<char16_t>(unit - kDistance) : unit;
}

inline char16_t downcase(char16_t unit) {
  constexpr char16_t kDistance = u'a' - u'A';
  if (unit >= 0x80) return downcase_of_table(unit);
  return unit >= u'A' && unit <= u'Z' ? static_cast<char16_t>(unit + kDistance) : unit;
}

}  // namespace wdscope::host
