// SPDX-License-Identifier: MIT
#include "lab/policy.h"

#include <algorithm>

#include "event/name_pattern.h"

namespace wdscope {
namespace {

template <class Rule>
const Rule* first_match(const std::vector<Rule>& rules, const ProcessNames& names) {
  const auto found =
      std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) { return rule.pattern.matches(names); });
  return found == rules.end() ? nullptr : &*found;
}

}  // namespace

bool ProcessPattern::matches(const ProcessNames& names) const {
  if (image && !matches_image(*image, names.image)) return false;
  if (command_line && !matches_pattern(*command_line, names.command_line)) return false;
  return !parent || (!names.parent.empty() && matches_image(*parent, names.parent));
}

const VerdictRule* Policy::verdict_for(const ProcessNames& names) const {
  return first_match(verdicts, names);
}

const ProcessInfoRule* Policy::info_for(const ProcessNames& names) const {
  return first_match(processes, names);
}

}  // namespace wdscope
