// SPDX-License-Identifier: MIT
// Any text as a policy: taken or refused with its place; what is taken can be asked.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "lab/policy.h"
#include "require.h"

using namespace wdscope;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policy = parse_policy(text, "p");
  if (!policy) {
    fuzz::require(policy.error().what.starts_with("policy p:"), "an error names its place");
    return 0;
  }
  for (const VerdictRule& rule : policy->verdicts)
    fuzz::require((rule.answer == Answer::Delay) == (rule.delay_ms != 0), "a delay has a length, and nothing else");
  for (const ProcessInfoRule& rule : policy->processes)
    fuzz::require(!rule.friendly || !rule.hardening_excluded, "one word on hardening, not two");
  const ProcessNames names{"/usr/bin/cc", std::string(text.substr(0, 256)), "/usr/bin/make"};
  const VerdictRule* verdict = policy->verdict_for(names);
  fuzz::require(verdict == nullptr || verdict->pattern.matches(names), "the verdict is one that matches");
  const ProcessInfoRule* info = policy->info_for(names);
  fuzz::require(info == nullptr || info->pattern.matches(names), "the info is one that matches");
  return 0;
}
