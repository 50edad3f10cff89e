// SPDX-License-Identifier: MIT
#include "event/name_pattern.h"

#include <cstddef>

#include "event/ascii_case.h"

namespace wdscope {
namespace {

char folded(char c) {
  if (c == '/') return '\\';
  return ascii_lower(c);
}

}  // namespace

// Linear in text and pattern for each star: only the last one is ever gone back to.
bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || folded(pattern[p]) == folded(text[t]))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string_view file_name_of(std::string_view path) {
  if (path.starts_with('[')) return path;  // a kernel thread of Linux: no path, though it may have a slash
  const std::size_t slash = path.find_last_of("\\/");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool matches_image(std::string_view pattern, std::string_view image) {
  const bool whole = pattern.find_first_of("\\/") != std::string_view::npos;
  return matches_pattern(pattern, whole ? image : file_name_of(image));
}

}  // namespace wdscope
