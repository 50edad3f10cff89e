// SPDX-License-Identifier: MIT
#include "event/process_filter.h"

#include <algorithm>

#include "abi/defender/flags.h"

namespace wdscope {
namespace {

char folded(char c) {
  if (c == '/') return '\\';
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

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

}  // namespace

std::string_view file_name_of(std::string_view path) {
  if (path.starts_with('[')) return path;  // a kernel thread of Linux: no path, though it may have a slash
  const std::size_t slash = path.find_last_of("\\/");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool matches_image(std::string_view pattern, std::string_view image) {
  const bool whole = pattern.find_first_of("\\/") != std::string_view::npos;
  return matches_pattern(pattern, whole ? image : file_name_of(image));
}

bool ProcessFilter::empty() const {
  return !untrusted && !excluded && flags == 0 && state == 0 && pids.empty() && patterns.empty();
}

bool ProcessFilter::matches(const ProcessState& process) const {
  if (untrusted && (!process.trusted || process.trusted.value)) return false;
  const std::uint32_t wanted = flags | (excluded ? defender::flag::Excluded : 0);
  if (wanted != 0) {
    const auto known = process.flags();
    if (!known || (*known & wanted) != wanted) return false;
  }
  if (state != 0) {
    const ContextWords& words = process.context.value;
    if (!process.context || !words.has_tail || (words.state & state) != state) return false;
  }
  if (!pids.empty() && std::find(pids.begin(), pids.end(), shown_pid(process)) == pids.end()) return false;
  if (!patterns.empty()) {
    const bool any = process.image && std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
                       return matches_image(pattern, process.image.value);
                     });
    if (!any) return false;
  }
  return true;
}

}  // namespace wdscope
