// SPDX-License-Identifier: MIT
// What a mistyped word may have meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wdscope {

// The word of `known` that is nearest to `typed` (insertions, deletions, replacements, swaps of neighbours), if it is
// near enough to be meant: at most a third of its letters differ, and at least one may. Else empty.
std::string nearest_word(std::string_view typed, const std::vector<std::string>& known);

}  // namespace wdscope
