// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <charconv>
#include <string>
#include <string_view>

#include "cli/exit_code.h"
#include "cli/talk.h"
#include "cli/verbs.h"
#include "lab/lab_folder.h"
#include "lab/policy.h"
#include "lab/policy_socket.h"

namespace wdscope::cli {
namespace {

// A process id, or the path of a socket.
Result<std::filesystem::path> named_lab(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  pid_t pid = 0;
  const char* const end = name.data() + name.size();
  const auto [behind, error] = std::from_chars(name.data(), end, pid);
  if (error == std::errc() && behind == end && pid > 0) return lab_socket_of(pid);
  return failure(ErrorCode::Usage, fmt::format("'{}' is no lab", name),
                 "--lab takes a process id, or the path of a socket with a slash in it");
}

Result<std::filesystem::path> only_lab() {
  const auto labs = standing_labs();
  if (labs.size() == 1) return labs.front().socket;
  if (labs.empty()) {
    return failure(ErrorCode::SourceUnavailable, "no lab runs that could be told a policy",
                   "start one in another terminal: wdscope watch (as root), or wdscope run -- COMMAND");
  }
  std::string names;
  for (const StandingLab& lab : labs)
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", lab.pid, lab.command);
  return failure(ErrorCode::SourceUnavailable, fmt::format("{} labs run: {}", labs.size(), names),
                 fmt::format("say which: --lab {}", labs.front().pid));
}

tl::unexpected<Error> not_applied(const PolicyAnswer& answer) {
  const std::size_t line = answer.text.find('\n');
  const std::string what = "not applied: " + answer.text.substr(0, line);
  const std::string advice = line == std::string::npos ? std::string() : answer.text.substr(line + 1);
  switch (answer.outcome) {
    case PolicyOutcome::Wrong:
      return failure(ErrorCode::InputDamaged, what, "the policy of before is in force");
    case PolicyOutcome::NotPermitted:
      return failure(ErrorCode::NotPermitted, what);
    case PolicyOutcome::NotUnderstood:
      return failure(ErrorCode::Incompatible, what, "the lab is another version of this program");
    case PolicyOutcome::Applied:
    case PolicyOutcome::Refused:
      break;
  }
  return failure(ErrorCode::SourceUnavailable, what, advice);
}

}  // namespace

Result<int> policy_apply(const Arguments& arguments) {
  // What is wrong is found here, before a lab hears of it.
  const auto text = read_policy_file(arguments.file);
  if (!text) return tl::unexpected(text.error());
  if (const auto policy = parse_policy(*text, arguments.file); !policy) return tl::unexpected(policy.error());
  const auto lab = arguments.lab.empty() ? only_lab() : named_lab(arguments.lab);
  if (!lab) return tl::unexpected(lab.error());
  const auto answer = send_policy(*lab, arguments.file, *text);
  if (!answer) return tl::unexpected(answer.error());
  if (answer->outcome != PolicyOutcome::Applied) return not_applied(*answer);
  if (arguments.talk == Talk::Normal) say(answer->text);
  return static_cast<int>(ExitCode::Done);
}

}  // namespace wdscope::cli
