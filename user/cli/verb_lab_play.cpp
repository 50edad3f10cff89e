// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <thread>

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
#include "lab/fleet_play.h"
#include "lab/machine_play.h"

namespace wdscope::cli {
namespace {

void add(Account& sum, const MachineAccount& machine) {
  FeedCounts& feed = *sum.feed;
  feed.started += machine.feed.started;
  feed.exited += machine.feed.exited;
  feed.clipped += machine.feed.clipped;
  feed.refused += machine.feed.refused;
  feed.denied += machine.feed.denied;
  feed.enforced += machine.feed.enforced;
  feed.unreadable += machine.feed.unreadable;
  sum.counts.delivered += machine.source.delivered;
  sum.counts.lost += machine.source.lost;
  sum.without_record += machine.without_record;
}

class HistoryPlay {
 public:
  explicit HistoryPlay(const Arguments& arguments) : arguments_(arguments) {}

  // All machines of the history: by the children of `fleet` if there is one, else one after the other in this process.
  Result<void> run(const LabOptions& options, const ProcessHistory& history, FleetPlay* fleet) {
    account_.feed.emplace();
    const PlayListener listener{
        [&](const Origin& origin) { return open_output(origin, fleet != nullptr); },
        [this](std::span<const std::byte> records, const MachineAccount&) { return take(records); },
        [this](const MachineAccount& machine) { add(account_, machine); }};
    auto played = fleet != nullptr ? fleet->run(listener) : play_each(options, history, listener);
    if (!played && !interrupted()) return played;
    return output_.close ? output_.close() : Result<void>();
  }

  bool interrupted() const { return stop_.reason() != StopRequest::Reason::None; }
  const Account& account() const { return account_; }

 private:
  static Result<void> play_each(LabOptions options, const ProcessHistory& history, const PlayListener& listener) {
    for (const MachineHistory& machine : history.machines) {
      options.history = &machine;
      if (auto played = play_machine(options, listener); !played) return played;
    }
    return {};
  }

  // Nothing is flushed: that would wait for the thread that writes.
  Result<void> take(std::span<const std::byte> records) {
    if (interrupted()) return failure(ErrorCode::Usage, "interrupted");
    if (records.empty()) return {};
    if (auto written = output_.sink->write(records); !written) return written;
    account_.tally.add(records);
    return {};
  }

  // Where this process plays, another thread writes; where others play, this one has nothing else to do.
  Result<void> open_output(const Origin& origin, bool others_play) {
    if (output_.sink) {
      output_.continue_with(origin, source_words(origin));
      return {};
    }
    auto opened = open_view(arguments_, origin, source_words(origin));
    if (!opened) return tl::unexpected(opened.error());
    output_ = others_play ? std::move(*opened) : on_own_thread(std::move(*opened));
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

// How many machines are played at once.
unsigned players_for(const Arguments& arguments, const ProcessHistory& history) {
  const unsigned wanted = arguments.jobs != 0 ? arguments.jobs : std::thread::hardware_concurrency();
  return static_cast<unsigned>(std::min<std::size_t>(wanted, history.machines.size()));
}

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
  // Before there is any thread: those for interrupts and for output are the next.
  const LabOptions options = lab_options(arguments);
  std::optional<FleetPlay> fleet;
  if (const unsigned players = players_for(arguments, history); players > 1) {
    auto started = FleetPlay::start(options, history.machines, players);
    if (!started) return tl::unexpected(started.error());
    fleet.emplace(std::move(*started));
  }
  HistoryPlay play(arguments);
  const auto done = play.run(options, history, fleet ? &*fleet : nullptr);
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
