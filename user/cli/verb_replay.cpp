// SPDX-License-Identifier: MIT
#include <unistd.h>

#include "capture/recording_source.h"
#include "cli/event_output.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/pump.h"
#include "cli/source_words.h"
#include "cli/summary.h"
#include "cli/talk.h"
#include "cli/verbs.h"

namespace wdscope::cli {

Result<int> replay(const Arguments& arguments) {
  const auto source = RecordingSource::open(arguments.file);
  if (!source) return tl::unexpected(source.error());
  auto output = open_view(arguments, (*source)->origin(), recording_words((*source)->info(), arguments.file));
  if (!output) return tl::unexpected(output.error());

  StopRequest stop;
  const Interrupts interrupts([&stop](int, Interrupts::Sender) {
    const bool asked_before = stop.reason() != StopRequest::Reason::None;
    stop.ask(StopRequest::Reason::Interrupted);
    if (asked_before) _exit(static_cast<int>(ExitCode::Interrupted));
  });
  Account account;
  const auto end = pump(**source, *output->sink, account.tally, stop, std::nullopt);
  const auto closed = output->close();
  account.counts = (*source)->counts();
  if (output->filter) account.filter = *output->filter;

  for (const std::string& line : loss_lines(account)) say(line);
  if (arguments.talk == Talk::Normal) {
    for (const std::string& line : summary_lines(account)) say(line);
  }
  if (!end) return tl::unexpected(end.error());
  if (!closed) return tl::unexpected(closed.error());
  if (*end == PumpEnd::Stopped) return static_cast<int>(ExitCode::Interrupted);
  return static_cast<int>(account.lost_anything() ? ExitCode::Lost : ExitCode::Done);
}

}  // namespace wdscope::cli
