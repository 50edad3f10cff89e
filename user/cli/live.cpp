// SPDX-License-Identifier: MIT
#include "cli/live.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>

#include "cli/capturing_source.h"
#include "cli/command_thread.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/observed_machine.h"
#include "cli/plain_command.h"
#include "cli/policy_door.h"
#include "cli/pump.h"
#include "cli/source_words.h"
#include "cli/summary.h"
#include "cli/talk.h"

namespace wdscope::cli {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kDrainTime{5000};  // for what was made before the feed stopped; none comes after
constexpr milliseconds kBeat{20};         // of looking whether a command has ended
constexpr milliseconds kPatience{2000};   // between asking a command to end and ending it

class LiveSession {
 public:
  LiveSession(const Arguments& arguments, Feed feed) : arguments_(arguments), feed_(feed) {}

  Result<int> run(const OutputOpener& open);

 private:
  Result<void> start_lab();
  Result<void> start_feed();
  Result<void> start_command();
  Source& source() { return capturing_ ? static_cast<Source&>(*capturing_) : *source_; }
  void end_command();
  void signal_command(int signal);
  Result<void> finish_output();
  void on_interrupt(int signal, Interrupts::Sender sender);
  void on_command_end();
  int status(PumpEnd end, std::optional<int> command_status, const Account& account) const;
  Account account() const;

  const Arguments& arguments_;
  Feed feed_;
  Clock::time_point started_;
  // Destroyed in reverse: whoever may still call must go before what it calls.
  std::unique_ptr<Lab> lab_;
  std::unique_ptr<DeviceSource> source_;
  std::unique_ptr<CapturingSource> capturing_;  // with a raw capture: in front of source_
  EventOutput output_;
  Tally tally_;
  StopRequest stop_;
  std::atomic<int> interrupt_count_ = 0;
  std::atomic<bool> command_may_run_ = false;
  std::unique_ptr<PlainCommand> plain_command_;
  std::unique_ptr<CommandThread> command_;
  std::unique_ptr<Interrupts> interrupts_;
  std::unique_ptr<PolicySocket> door_;
};

Result<int> LiveSession::run(const OutputOpener& open) {
  if (auto started = start_lab(); !started) return tl::unexpected(started.error());
  if (auto fed = start_feed(); !fed) return tl::unexpected(fed.error());
  auto opened = open(arguments_, source_->origin(), source_words(source_->origin()));
  if (!opened) return tl::unexpected(opened.error());
  output_ = std::move(*opened);
  door_ = open_policy_door(*lab_, arguments_.talk);

  started_ = Clock::now();
  interrupts_ =
      std::make_unique<Interrupts>([this](int signal, Interrupts::Sender sender) { on_interrupt(signal, sender); });
  if (auto launched = start_command(); !launched) return tl::unexpected(launched.error());

  const auto end = pump(source(), *output_.sink, tally_, stop_, arguments_.duration);
  end_command();
  door_.reset();
  std::optional<Result<int>> command_result;
  if (command_) command_result = command_->result();
  const Result<void> finished = end ? finish_output() : tl::make_unexpected(end.error());
  lab_->stop_feed();
  const Account counted = account();
  interrupts_.reset();

  for (const std::string& line : loss_lines(counted)) say(line);
  if (arguments_.talk == Talk::Normal) {
    for (const std::string& line : summary_lines(counted)) say(line);
  }
  if (!finished) return tl::unexpected(finished.error());
  // Let loose because we ended first, a command has no verdict; one that never started is an error.
  const bool command_ended = *end == PumpEnd::Stopped && stop_.reason() == StopRequest::Reason::CommandEnded;
  if (command_result && !*command_result && command_ended) return tl::unexpected(command_result->error());
  const bool has_status = command_result && command_result->has_value();
  return status(*end, has_status ? std::optional(**command_result) : std::nullopt, counted);
}

Result<void> LiveSession::start_lab() {
  auto machine = open_machine(arguments_);
  if (!machine) return tl::unexpected(machine.error());
  lab_ = std::move(machine->lab);
  source_ = std::move(machine->source);
  if (arguments_.raw == RawChoice::No) return {};
  auto device = lab_->open_device(DeviceAccess::Change);
  if (!device) return tl::unexpected(device.error());
  auto capture = RawCapture::begin(std::move(*device), {});
  if (!capture) return tl::unexpected(capture.error());
  capturing_ = std::make_unique<CapturingSource>(*source_, std::move(*capture));
  return {};
}

Result<void> LiveSession::start_feed() {
  if (feed_ == Feed::Command) return {};
  const auto followed = lab_->follow_machine();
  if (followed) return {};
  const bool not_here =
      followed.error().code == ErrorCode::NotPermitted || followed.error().code == ErrorCode::SourceUnavailable;
  if (!not_here || arguments_.command.empty()) return tl::unexpected(followed.error());
  say(followed.error().what);
  say(fmt::format("following only '{}' and what it starts, by ptrace", arguments_.command.front()));
  feed_ = Feed::Command;
  return {};
}

Result<void> LiveSession::start_command() {
  if (arguments_.command.empty()) return {};
  std::function<Result<int>()> run;
  if (feed_ == Feed::Command) {
    run = [this] { return lab_->run(arguments_.command); };
  } else {
    auto started = PlainCommand::start(arguments_.command);
    if (!started) return tl::unexpected(started.error());
    plain_command_ = std::move(*started);
    run = [this] { return plain_command_->wait(); };
  }
  command_may_run_ = true;
  command_ = std::make_unique<CommandThread>(std::move(run), [this] { on_command_end(); });
  return {};
}

void LiveSession::on_command_end() {
  command_may_run_ = false;
  if (interrupt_count_ != 0 && arguments_.duration) stop_.ask(StopRequest::Reason::Interrupted);
  // A watch of the machine that was told how long goes on without its command.
  if (feed_ == Feed::Command || !arguments_.duration) stop_.ask(StopRequest::Reason::CommandEnded);
}

// A followed command is given the chance to end in its own way, and the session ends with it; who insists ends the
// session, and who insists still, the program.
void LiveSession::on_interrupt(int signal, Interrupts::Sender sender) {
  const int count = ++interrupt_count_;
  if (command_may_run_ && count < 3) {
    if (sender == Interrupts::Sender::Terminal) return;  // the command has it already
    signal_command(signal);
    return;
  }
  const bool asked_before = stop_.reason() == StopRequest::Reason::Interrupted;
  stop_.ask(StopRequest::Reason::Interrupted);
  if (asked_before) _exit(static_cast<int>(ExitCode::Interrupted));
}

// Makes sure that no command is followed any more, while its last events are still taken.
void LiveSession::end_command() {
  if (!command_) return;
  for (const int signal : {SIGTERM, SIGKILL}) {
    if (command_->over()) return;
    signal_command(signal);
    const auto deadline = Clock::now() + kPatience;
    bool readable = true;
    while (!command_->over() && Clock::now() < deadline) {
      // A failure here is told by finish_output(), or is the one that brought us here.
      if (readable) readable = drain(source(), *output_.sink, tally_, kBeat, kBeat).has_value();
      command_->wait_for(kBeat);
    }
  }
  // What the command has left behind goes on without us.
  lab_->stop_feed();
}

void LiveSession::signal_command(int signal) {
  if (plain_command_) {
    plain_command_->signal(signal);
  } else {
    lab_->signal_command(signal);
  }
}

Result<void> LiveSession::finish_output() {
  lab_->stop_feed();
  if (auto drained = drain(source(), *output_.sink, tally_, milliseconds(0), kDrainTime); !drained) return drained;
  return output_.close();
}

Account LiveSession::account() const {
  Account account;
  account.tally = tally_;
  account.counts = source_->counts();
  account.feed = lab_->feed_counts();
  if (output_.filter) account.filter = *output_.filter;
  account.duration = std::chrono::duration_cast<milliseconds>(Clock::now() - started_);
  if (const auto statistics = source_->statistics()) account.without_record = statistics->dropped_too_large;
  return account;
}

int LiveSession::status(PumpEnd end, std::optional<int> command_status, const Account& account) const {
  const bool has_other_end = arguments_.duration || !arguments_.command.empty();
  if (end == PumpEnd::Stopped && stop_.reason() == StopRequest::Reason::Interrupted && has_other_end) {
    return static_cast<int>(ExitCode::Interrupted);
  }
  // A command that we ended ourselves, its time being up, has no verdict of its own.
  if (command_status && end == PumpEnd::Stopped && *command_status != 0) return *command_status;
  if (account.lost_anything()) return static_cast<int>(ExitCode::Lost);
  return static_cast<int>(ExitCode::Done);
}

}  // namespace

Result<int> run_live(const Arguments& arguments, Feed feed, const OutputOpener& open) {
  return LiveSession(arguments, feed).run(open);
}

}  // namespace wdscope::cli
