// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <exception>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/character_width.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/program_words.h"
#include "cli/talk.h"
#include "cli/verbs.h"
#include "sink/output_file.h"

namespace wdscope::cli {
namespace {

Result<int> perform(const Arguments& arguments) {
  switch (arguments.verb) {
    case Verb::Watch:
      return watch(arguments);
    case Verb::Run:
      return run(arguments);
    case Verb::Record:
      return record(arguments);
    case Verb::Replay:
      return replay(arguments);
    case Verb::LabPlay:
      return lab_play(arguments);
    case Verb::LabLoad:
      return lab_load(arguments);
    case Verb::Ps:
      return ps(arguments);
    case Verb::Tree:
      return tree(arguments);
    case Verb::Explain:
      return explain(arguments);
    case Verb::Calibrate:
      return calibrate_layout(arguments);
    case Verb::LayoutsCheck:
      return layouts_check(arguments);
    case Verb::LayoutsLoad:
      return layouts_load(arguments);
    case Verb::LayoutsRow:
      return layouts_row(arguments);
    case Verb::Status:
      return status(arguments);
    case Verb::PolicyApply:
      return policy_apply(arguments);
    case Verb::PolicyCheck:
      return policy_check(arguments);
    case Verb::DriverInstall:
      return driver_install(arguments);
    case Verb::DriverStart:
      return driver_start(arguments);
    case Verb::DriverStop:
      return driver_stop(arguments);
    case Verb::DriverUninstall:
      return driver_uninstall(arguments);
    case Verb::DriverStatus:
      return driver_status(arguments);
    case Verb::Doctor:
      return doctor(arguments);
  }
  return failure(ErrorCode::Internal, "a verb without a function");
}

Result<int> print(const Printout& printout) {
  OutputFile output = OutputFile::borrow(STDOUT_FILENO, "standard output");
  return output.write(std::as_bytes(std::span(printout.text))).map([] { return static_cast<int>(ExitCode::Done); });
}

int report(const Error& error) {
  // Whoever read our output has seen enough and needs no message.
  if (error.code != ErrorCode::BrokenPipe) say_raw(words(error));
  // A command that cannot be started: the code that a shell gives.
  const bool as_shell =
      error.code == ErrorCode::SourceUnavailable && (error.native == static_cast<int>(ExitCode::CommandNotFound) ||
                                                     error.native == static_cast<int>(ExitCode::CommandNotRunnable));
  return as_shell ? static_cast<int>(error.native) : static_cast<int>(exit_code(error.code));
}

int run_program(std::vector<std::string> words) {
  use_unicode_widths();
  survive_broken_pipes();
  const auto request = parse_arguments(std::move(words));
  if (!request) return report(request.error());
  const auto* printout = std::get_if<Printout>(&*request);
  const auto status = printout != nullptr ? print(*printout) : perform(std::get<Arguments>(*request));
  return status ? *status : report(status.error());
}

}  // namespace
}  // namespace wdscope::cli

int main(int argc, char** argv) {
  try {
    return wdscope::cli::run_program(wdscope::cli::program_words(argc, argv));
  } catch (const std::exception& error) {
    return wdscope::cli::report({wdscope::ErrorCode::Internal, error.what(), {}, 0});
  }
}
