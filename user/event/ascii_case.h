// SPDX-License-Identifier: MIT
// Windows' names are the same whatever the case of their letters: here of ASCII's letters alone.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace wdscope {

constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

inline bool same_but_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return ascii_lower(a) == ascii_lower(b); });
}

// For hashed containers whose keys are such names.
struct EqualButCase {
  bool operator()(std::string_view left, std::string_view right) const { return same_but_case(left, right); }
};
struct HashButCase {
  std::size_t operator()(std::string_view text) const {
    std::uint64_t hash = 0xCBF2'9CE4'8422'2325;  // FNV-1a
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(ascii_lower(c))) * 0x100'0000'01B3;
    return hash;
  }
};

}  // namespace wdscope
