// SPDX-License-Identifier: MIT
// What a fuzz target promises: said and ended at once when it does not hold.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace wdscope::fuzz {

inline void require(bool holds, std::string_view promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %.*s\n", static_cast<int>(promise.size()), promise.data());
  std::abort();
}

}  // namespace wdscope::fuzz
