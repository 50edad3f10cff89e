// SPDX-License-Identifier: MIT
// A live session on Windows: this machine's own notifications, by way of the observer's device.
#include "cli/live.h"

#include <stdlib.h>

#include <chrono>
#include <memory>

#include "capture/observer_device.h"
#include "cli/capturing_source.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/needs_linux.h"
#include "cli/observed_machine.h"
#include "cli/pump.h"
#include "cli/source_words.h"
#include "cli/summary.h"
#include "cli/talk.h"

namespace wdscope::cli {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kDrainTime{5000};

Result<void> finish(Source& source, EventOutput& output, Tally& tally) {
  // What was made up to here is still delivered, then the source ends.
  source.cancel();
  if (auto drained = drain(source, *output.sink, tally, milliseconds(0), kDrainTime); !drained) return drained;
  return output.close();
}

// Null without --raw.
Result<std::unique_ptr<CapturingSource>> open_raw_capture(const Arguments& arguments, Source& source) {
  if (arguments.raw == RawChoice::No) return nullptr;
  auto device = open_changeable_observer_device();
  if (!device) return tl::unexpected(device.error());
  auto capture = RawCapture::begin(std::move(*device), {});
  if (!capture) return tl::unexpected(capture.error());
  return std::make_unique<CapturingSource>(source, std::move(*capture));
}

}  // namespace

Result<int> run_live(const Arguments& arguments, Feed, const OutputOpener& open) {
  if (!arguments.command.empty()) return needs_linux("following a command");
  auto machine = open_machine(arguments);
  if (!machine) return tl::unexpected(machine.error());
  DeviceSource& source = *machine->source;
  auto capturing = open_raw_capture(arguments, source);
  if (!capturing) return tl::unexpected(capturing.error());
  Source& events = *capturing ? static_cast<Source&>(**capturing) : source;
  auto output = open(arguments, source.origin(), source_words(source.origin()));
  if (!output) return tl::unexpected(output.error());

  Account account;
  StopRequest stop;
  const auto started = Clock::now();
  const Interrupts interrupts([&stop](int, Interrupts::Sender) {
    const bool asked_before = stop.reason() != StopRequest::Reason::None;
    stop.ask(StopRequest::Reason::Interrupted);
    if (asked_before) _exit(static_cast<int>(ExitCode::Interrupted));
  });
  const auto end = pump(events, *output->sink, account.tally, stop, arguments.duration);
  const Result<void> finished = end ? finish(events, *output, account.tally) : tl::make_unexpected(end.error());
  account.counts = source.counts();
  if (output->filter) account.filter = *output->filter;
  account.duration = std::chrono::duration_cast<milliseconds>(Clock::now() - started);
  if (const auto statistics = source.statistics()) account.without_record = statistics->dropped_too_large;

  for (const std::string& line : loss_lines(account)) say(line);
  if (arguments.talk == Talk::Normal) {
    for (const std::string& line : summary_lines(account)) say(line);
  }
  if (!finished) return tl::unexpected(finished.error());
  if (*end == PumpEnd::Stopped && arguments.duration) return static_cast<int>(ExitCode::Interrupted);
  return static_cast<int>(account.lost_anything() ? ExitCode::Lost : ExitCode::Done);
}

}  // namespace wdscope::cli
