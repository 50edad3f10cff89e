// SPDX-License-Identifier: MIT
#include "event/process_filter.h"

#include <algorithm>

#include "abi/defender/flags.h"
#include "event/dos_paths.h"
#include "event/name_pattern.h"

namespace wdscope {

bool ProcessFilter::empty() const {
  return !untrusted && !excluded && flags == 0 && state == 0 && pids.empty() && patterns.empty();
}

bool ProcessFilter::matches(const ProcessState& process, const Origin& origin) const {
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
    const bool any = std::any_of(patterns.begin(), patterns.end(),
                                 [&](const std::string& pattern) { return image_matches(process, origin, pattern); });
    if (!any) return false;
  }
  return true;
}

bool image_matches(const ProcessState& process, const Origin& origin, const std::string& pattern) {
  if (!process.image) return false;
  if (matches_image(pattern, process.image.value)) return true;
  const auto path = dos_path(origin, process.image.value);
  return path && matches_image(pattern, *path);
}

}  // namespace wdscope
