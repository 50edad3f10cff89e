// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include "capture/device_source.h"
#include "capture/machine_history.h"
#include "capture/process_log.h"
#include "cli/event_output.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/lab_options.h"
#include "cli/source_words.h"
#include "cli/stop_request.h"
#include "cli/summary.h"
#include "cli/talk.h"
#include "cli/verbs.h"
#include "lab/lab.h"

namespace wdscope::cli {
namespace {

void add(FeedCounts& sum, const FeedCounts& counts) {
  sum.started += counts.started;
  sum.exited += counts.exited;
  sum.clipped += counts.clipped;
  sum.refused += counts.refused;
  sum.denied += counts.denied;
  sum.enforced += counts.enforced;
  sum.unreadable += counts.unreadable;
}

class HistoryPlay {
 public:
  explicit HistoryPlay(const Arguments& arguments) : arguments_(arguments) {}

  // All machines of the history, one after the other.
  Result<void> run(const ProcessHistory& history) {
    account_.feed.emplace();
    for (const MachineHistory& machine : history.machines) {
      if (auto played = play(machine); !played) return played;
      if (interrupted()) break;
    }
    return output_.close ? output_.close() : Result<void>();
  }

  bool interrupted() const { return stop_.reason() != StopRequest::Reason::None; }
  const Account& account() const { return account_; }

 private:
  Result<void> play(const MachineHistory& machine) {
    LabOptions options = lab_options(arguments_);
    options.history = &machine;
    const auto lab = Lab::start(options);
    if (!lab) return tl::unexpected(lab.error());
    auto device = (*lab)->open_device();
    if (!device) return tl::unexpected(device.error());
    const auto source = DeviceSource::open(std::move(*device), (*lab)->origin());
    if (!source) return tl::unexpected(source.error());
    if (auto opened = open_output((*source)->origin()); !opened) return opened;

    auto played = (*lab)->play([&]() -> Result<void> {
      if (interrupted()) return failure(ErrorCode::Usage, "interrupted");
      return take_all(**source);
    });
    add(*account_.feed, (*lab)->feed_counts());
    account_.counts.delivered += (*source)->counts().delivered;
    account_.counts.lost += (*source)->counts().lost;
    if (const auto statistics = (*source)->statistics()) account_.without_record += statistics->dropped_too_large;
    return interrupted() ? Result<void>() : played;
  }

  // Nothing is flushed: that would wait for the thread that writes.
  Result<void> take_all(Source& source) {
    for (;;) {
      const auto batch = source.next(std::chrono::milliseconds(0));
      if (!batch) return tl::unexpected(batch.error());
      if (batch->state != Batch::State::Records) return {};
      if (auto written = output_.sink->write(batch->records); !written) return written;
      account_.tally.add(batch->records);
    }
  }

  Result<void> open_output(const Origin& origin) {
    if (output_.sink) {
      output_.continue_with(origin, source_words(origin));
      return {};
    }
    auto opened = open_view(arguments_, origin, source_words(origin));
    if (!opened) return tl::unexpected(opened.error());
    output_ = on_own_thread(std::move(*opened));
    return {};
  }

  const Arguments& arguments_;
  EventOutput output_;
  Account account_;
  StopRequest stop_;
  const Interrupts interrupts_{[this](int, Interrupts::Sender) {
    if (interrupted()) _exit(static_cast<int>(ExitCode::Interrupted));
    stop_.ask(StopRequest::Reason::Interrupted);
  }};
};

void say_history(const Arguments& arguments, const ProcessLog& log, const ProcessHistory& history) {
  for (const UnplacedRecord& record : history.unplaced)
    say(fmt::format("NOT PLACED: {}:{}: {}", arguments.file, record.line, record.what));
  if (arguments.talk == Talk::Quiet) return;
  for (const std::string& note : history.notes) say(note);
  const HistoryCounts& counts = history.counts;
  const auto placed = counts.starts + counts.ends;
  say(fmt::format("log: {} lines = {} starts + {} ends + {} told again + {} not placed + {} of other events or empty",
                  log.lines, counts.starts, counts.ends, counts.told_again, history.unplaced.size(),
                  log.lines - placed - counts.told_again - history.unplaced.size()));
  std::string line = fmt::format("machines: {}; {} processes ran before their first record", history.machines.size(),
                                 counts.running_before);
  if (counts.missing_ends != 0)
    line += fmt::format("; {} ends were never told and are made up, as their ids were given away again",
                        counts.missing_ends);
  say(line);
}

}  // namespace

Result<int> lab_play(const Arguments& arguments) {
  if (is_scenario(arguments.file)) return lab_play_scenario(arguments);
  auto log = load_process_log(arguments.file);
  if (!log) return tl::unexpected(log.error());
  const ProcessHistory history = make_history(*log);
  if (history.machines.empty()) {
    return failure(ErrorCode::InputDamaged,
                   fmt::format("{}: no start or end of a process in {} lines", arguments.file, log->lines),
                   "expected events of Sysmon (1, 5) or of the Security log (4688, 4689)");
  }
  HistoryPlay play(arguments);
  const auto done = play.run(history);
  const Account& account = play.account();
  for (const std::string& line : loss_lines(account)) say(line);
  say_history(arguments, *log, history);
  if (arguments.talk == Talk::Normal) {
    for (const std::string& line : summary_lines(account)) say(line);
  }
  if (!done) return tl::unexpected(done.error());
  if (play.interrupted()) return static_cast<int>(ExitCode::Interrupted);
  return static_cast<int>(account.lost_anything() ? ExitCode::Lost : ExitCode::Done);
}

}  // namespace wdscope::cli
