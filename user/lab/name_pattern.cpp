// SPDX-License-Identifier: MIT
#include "lab/name_pattern.h"

#include <cstddef>

namespace wdscope {
namespace {

constexpr std::string_view kSeparators = "/\\";

char fold(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t at = 0;
  std::size_t read = 0;
  // Where the last star stood, and how much of the text it has taken so far.
  std::size_t star = std::string_view::npos;
  std::size_t taken = 0;
  while (read < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      taken = read;
    } else if (at < pattern.size() && (pattern[at] == '?' || fold(pattern[at]) == fold(text[read]))) {
      ++at;
      ++read;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      read = ++taken;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

bool matches_image(std::string_view pattern, std::string_view path) {
  const bool file_name_only = pattern.find_first_of(kSeparators) == std::string_view::npos;
  if (file_name_only) {
    const std::size_t separator = path.find_last_of(kSeparators);
    if (separator != std::string_view::npos) path.remove_prefix(separator + 1);
  }
  return matches_pattern(pattern, path);
}

}  // namespace wdscope
