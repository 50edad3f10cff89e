// SPDX-License-Identifier: MIT
// lab load: somebody else's driver beside ours, fed with the notifications of a command, and a report on it.
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "cli/driver_pages.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/printable.h"
#include "cli/talk.h"
#include "cli/verbs.h"
#include "lab/crash.h"
#include "lab/lab.h"
#include "sink/output_file.h"

namespace wdscope::cli {
namespace {

// Enough to make a notifier speak: it starts, is judged, and ends.
const std::vector<std::string> kDefaultCommand = {"/bin/true"};

// What the driver prints and what is said of it. Any thread.
class ExaminationOutput {
 public:
  explicit ExaminationOutput(OutputFile file) : file_(std::move(file)) {}

  void write(std::string_view text) {
    const std::scoped_lock lock(mutex_);
    if (!failure_) return;
    failure_ = file_.write(std::as_bytes(std::span(text)));
  }
  // The first failure, or that of closing.
  Result<void> close() {
    const std::scoped_lock lock(mutex_);
    if (failure_) failure_ = file_.close();
    return failure_;
  }

 private:
  std::mutex mutex_;
  OutputFile file_;
  Result<void> failure_;
};

std::string driver_lines(std::string_view driver, std::string_view text) {
  std::string out;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  for (;;) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out += driver;
    out += ": ";
    append_printable(out, line);
    out += '\n';
    if (end == text.size()) return out;
    text.remove_prefix(end + 1);
  }
}

class Examination {
 public:
  explicit Examination(const Arguments& arguments) : arguments_(arguments) {}

  Result<int> run();

 private:
  Result<void> start_lab();
  Result<int> examine();
  Result<int> run_command();
  void on_interrupt(int signal, Interrupts::Sender sender);

  const Arguments& arguments_;
  std::string driver_name_;
  std::unique_ptr<ExaminationOutput> output_;
  std::unique_ptr<Lab> lab_;
  std::atomic<int> interrupt_count_ = 0;
};

Result<int> Examination::run() {
  auto file = arguments_.output.empty() || arguments_.output == "-"
                  ? Result<OutputFile>(OutputFile::borrow(STDOUT_FILENO, "standard output"))
                  : OutputFile::create(arguments_.output, arguments_.overwrite);
  if (!file) return tl::unexpected(file.error());
  output_ = std::make_unique<ExaminationOutput>(std::move(*file));
  if (auto started = start_lab(); !started) return tl::unexpected(started.error());
  auto status = examine();
  lab_.reset();
  const auto closed = output_->close();
  if (status && !closed) return tl::unexpected(closed.error());
  return status;
}

Result<void> Examination::start_lab() {
  driver_name_ = std::filesystem::path(arguments_.file).filename().string();
  output_->write(fmt::format(
      "# wdscope {}: {} in the lab{}, fed by a replica of WdFilter's notifier (profile {}), not "
      "Defender\n",
      WDSCOPE_VERSION, driver_name_, arguments_.observer == ObserverChoice::Beside ? " beside wdscope.sys" : "",
      profile_name(arguments_.profile)));
  LabOptions options;
  options.profile = arguments_.profile;
  options.drivers = arguments_.drivers;
  options.policy = arguments_.policy;
  options.load_observer = arguments_.observer == ObserverChoice::Beside;
  options.debug_levels = DebugLevels::All;
  options.debug_output_by_driver = [this](std::string_view driver, std::string_view line) {
    const bool ours = driver == "wdnotifier.sys" || driver == "wdscope.sys";
    if (!ours || arguments_.driver_output == DriverOutput::Shown) output_->write(driver_lines(driver, line));
  };
  options.on_crash = [this](const Crash& crash) {
    output_->write(crash_page(driver_name_, crash));
    if (const auto closed = output_->close(); !closed) say_raw(words(closed.error()));
    say(fmt::format("{} would stop Windows: bug check {}", driver_name_, crash.code));
  };
  auto lab = Lab::start(options);
  if (!lab) return tl::unexpected(lab.error());
  lab_ = std::move(*lab);
  return {};
}

Result<int> Examination::examine() {
  const auto answer = lab_->load_driver(arguments_.file);
  if (!answer) return tl::unexpected(answer.error());
  if (*answer < 0) {
    output_->write(fmt::format("\n{} refused to start: DriverEntry returned status 0x{:08X}; nothing of it was left\n",
                               driver_name_, static_cast<std::uint32_t>(*answer)));
    return static_cast<int>(ExitCode::No);
  }
  const auto command = run_command();
  const DriverReport report = lab_->examine_driver();
  output_->write(report_page(report, lab_->feed_counts()));
  if (report.can_unload) {
    if (auto unloaded = lab_->unload_driver(); !unloaded) return tl::unexpected(unloaded.error());
    output_->write("  unloaded        nothing was left behind\n");
  } else {
    output_->write("  unloaded        no: it has no unload routine and stays until Windows ends\n");
  }
  output_->write("  verifier        no rule was broken\n");
  if (!command) return tl::unexpected(command.error());
  if (*command != 0) say(fmt::format("the command ended with exit code {}", *command));
  return static_cast<int>(interrupt_count_ != 0 ? ExitCode::Interrupted : ExitCode::Done);
}

Result<int> Examination::run_command() {
  const Interrupts interrupts([this](int signal, Interrupts::Sender sender) { on_interrupt(signal, sender); });
  return lab_->run(arguments_.command.empty() ? kDefaultCommand : arguments_.command);
}

// The command has two chances to end in its own way, then it is let loose; who insists still ends the program.
void Examination::on_interrupt(int signal, Interrupts::Sender sender) {
  const int count = ++interrupt_count_;
  if (count < 3) {
    if (sender == Interrupts::Sender::Process) lab_->signal_command(signal);
  } else if (count == 3) {
    lab_->stop_feed();
  } else {
    _exit(static_cast<int>(ExitCode::Interrupted));
  }
}

}  // namespace

Result<int> lab_load(const Arguments& arguments) {
  return Examination(arguments).run();
}

}  // namespace wdscope::cli
