// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include "cli/exit_code.h"
#include "cli/policy_words.h"
#include "cli/printable.h"
#include "cli/talk.h"
#include "cli/verbs.h"
#include "lab/policy.h"
#include "sink/output_file.h"

namespace wdscope::cli {

Result<int> policy_check(const Arguments& arguments) {
  const auto policy = load_policy(arguments.file);
  if (!policy && policy.error().code == ErrorCode::InputDamaged) {
    say_raw(words(policy.error()));
    return static_cast<int>(ExitCode::No);
  }
  if (!policy) return tl::unexpected(policy.error());
  if (arguments.talk == Talk::Normal) {
    say(fmt::format("{} is right: {}", arguments.file, policy_counts(*policy)));
  }
  std::string text;
  for (const std::string& line : policy_lines(*policy)) {
    append_printable(text, line);
    text += '\n';
  }
  OutputFile output = OutputFile::borrow(STDOUT_FILENO, "standard output");
  return output.write(std::as_bytes(std::span(text))).map([] { return static_cast<int>(ExitCode::Done); });
}

}  // namespace wdscope::cli
