// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "cli/exit_code.h"
#include "cli/talk.h"
#include "cli/verbs.h"
#include "lab/policy.h"

namespace wdscope::cli {

Result<int> policy_check(const Arguments& arguments) {
  const auto policy = load_policy(arguments.file);
  if (!policy && policy.error().code == ErrorCode::InputDamaged) {
    say_raw(words(policy.error()));
    return static_cast<int>(ExitCode::No);
  }
  if (!policy) return tl::unexpected(policy.error());
  if (arguments.talk == Talk::Normal) {
    say(fmt::format("{} is right: {} verdicts, {} process infos, {} exclusions, {} doc rules", arguments.file,
                    policy->verdicts.size(), policy->processes.size(), policy->exclusions.size(),
                    policy->doc_rules.size()));
  }
  return static_cast<int>(ExitCode::Done);
}

}  // namespace wdscope::cli
