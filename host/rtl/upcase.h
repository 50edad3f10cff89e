// SPDX-License-Identifier: MIT
// The one-to-one, culture-free case table of the BMP. Pairs that do not fold back (dotless i, long s, micro sign) are
// left alone, as NT's table leaves them; code units of surrogate pairs are never changed.
#pragma once

namespace wdscope::host {

char16_t upcase(char16_t unit);
char16_t downcase(char16_t unit);

}  // namespace wdscope::host
