// SPDX-License-Identifier: MIT
#include "cli/raw_gathering.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>

#include "capture/raw_capture.h"
#include "cli/command_thread.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/lab_options.h"
#include "cli/source_words.h"
#include "cli/talk.h"

namespace wdscope::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kCaptureBeat{20};  // of taking what was captured, far below the time that fills the ring

Result<void> take_captured(RawCapture& capture, RawGathering& gathering) {
  for (;;) {
    const auto records = capture.read();
    if (!records) return tl::unexpected(records.error());
    if (records->empty()) return {};
    if (auto taken = gather_records(gathering, *records); !taken) return taken;
  }
}

}  // namespace

Result<void> gather_from_command(const Arguments& arguments, RawGathering& gathering) {
  auto lab = Lab::start(lab_options(arguments));
  if (!lab) return tl::unexpected(lab.error());
  auto device = (*lab)->open_device(DeviceAccess::Change);
  if (!device) return tl::unexpected(device.error());
  auto capture = RawCapture::begin(std::move(*device), {});
  if (!capture) return tl::unexpected(capture.error());
  gathering.words = source_words((*lab)->origin());

  std::atomic<int> interrupt_count = 0;
  const Interrupts interrupts([&](int signal, Interrupts::Sender sender) {
    if (++interrupt_count > 2) _exit(static_cast<int>(ExitCode::Interrupted));
    if (sender == Interrupts::Sender::Process) (*lab)->signal_command(signal);
  });
  CommandThread command([&] { return (*lab)->run(arguments.command); }, [] {});
  Result<void> taken;
  while (taken && !command.over()) {
    command.wait_for(kCaptureBeat);
    taken = take_captured(**capture, gathering);
  }
  if (!taken) (*lab)->stop_feed();
  const auto status = command.result();
  if (!taken) return taken;
  if (!status) return tl::unexpected(status.error());
  if (auto last = take_captured(**capture, gathering); !last) return last;
  if (*status != 0) say(fmt::format("the command ended with exit code {}", *status));
  const auto totals = (*capture)->end();
  if (!totals) return tl::unexpected(totals.error());
  if (totals->dropped_busy + totals->dropped_too_long + (*capture)->lost() != 0) {
    gathering.lost = true;
    say(fmt::format("not captured: {} (too many at once), {} (too long), {} (not read in time)", totals->dropped_busy,
                    totals->dropped_too_long, (*capture)->lost()));
  }
  return {};
}

}  // namespace wdscope::cli
