// SPDX-License-Identifier: MIT
#include <unistd.h>

#include "cli/observed_machine.h"
#include "cli/status_report.h"
#include "cli/talk.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "sink/output_file.h"

namespace wdscope::cli {
namespace {

// Without a command: as many creations as decide which notifier it is.
constexpr int kOwnCommands = 4;

Result<void> give_evidence(Lab& lab, const std::vector<std::string>& command) {
  if (!command.empty()) return lab.run(command).map([](int) {});
  for (int round = 0; round < kOwnCommands; ++round) {
    if (auto run = lab.run({"/bin/true"}); !run) return tl::unexpected(run.error());
  }
  return {};
}

}  // namespace

Result<int> status(const Arguments& arguments) {
  auto machine = open_machine(arguments);
  if (!machine) return tl::unexpected(machine.error());
  // What the observer says is worth showing without evidence too.
  if (machine->lab != nullptr) {
    const auto given = give_evidence(*machine->lab, arguments.command);
    if (!given && !arguments.command.empty()) return tl::unexpected(given.error());
    if (!given) say(given.error().what);
  }
  const auto asked = ask_status(*machine->source);
  if (!asked) return tl::unexpected(asked.error());
  const TextStyle style{color_for(arguments.color, STDOUT_FILENO), [] { return terminal_columns(STDOUT_FILENO); }};
  const std::string text = arguments.format == Format::Ndjson ? status_json(*asked) : status_text(*asked, style);
  OutputFile output = OutputFile::borrow(STDOUT_FILENO, "standard output");
  if (auto written = output.write(std::as_bytes(std::span(text))); !written) return tl::unexpected(written.error());
  return static_cast<int>(exit_code_of(*asked));
}

}  // namespace wdscope::cli
