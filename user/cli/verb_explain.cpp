// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "cli/exit_code.h"
#include "cli/explanation.h"
#include "cli/gather.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "sink/output_file.h"

namespace wdscope::cli {
namespace {

using Verdict = ExclusionAnswer::Verdict;

// Yes for all, no for one, or cannot tell.
ExitCode answer_for(const std::vector<const ProcessState*>& processes, const ProcessPicture& picture) {
  const auto any = [&](Verdict verdict) {
    return std::any_of(processes.begin(), processes.end(), [&](const ProcessState* process) {
      return judge_exclusion(*process, picture).verdict == verdict;
    });
  };
  if (any(Verdict::NotInForce)) return ExitCode::No;
  return any(Verdict::CannotTell) ? ExitCode::Source : ExitCode::Done;
}

}  // namespace

Result<int> explain(const Arguments& arguments) {
  const auto gathered = gather(arguments);
  if (!gathered) return tl::unexpected(gathered.error());
  const auto processes = find_target(*gathered, arguments.target);
  if (processes.empty()) {
    if (gathered->damage) return tl::unexpected(*gathered->damage);
    return failure(ErrorCode::SourceUnavailable, fmt::format("no process '{}' is known", arguments.target),
                   arguments.file.empty()
                       ? "'wdscope ps' lists those that run now"
                       : fmt::format("'wdscope ps --from {}' lists those of the recording", arguments.file));
  }
  const TextStyle style{color_for(arguments.color, STDOUT_FILENO), [] { return terminal_columns(STDOUT_FILENO); }};
  const std::string text =
      header_text(*gathered, style) + (processes.size() == 1 ? explain_process(*processes.front(), *gathered, style)
                                                             : explain_processes(processes, *gathered, style));
  OutputFile output = OutputFile::borrow(STDOUT_FILENO, "standard output");
  if (auto written = output.write(std::as_bytes(std::span(text))); !written) return tl::unexpected(written.error());
  say_losses(*gathered);
  if (gathered->damage) return tl::unexpected(*gathered->damage);
  return static_cast<int>(answer_for(processes, gathered->picture));
}

}  // namespace wdscope::cli
