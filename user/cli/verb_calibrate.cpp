// SPDX-License-Identifier: MIT
// Raw records from a command in the lab or from a recording; what they say of the layout; the layout file.
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>

#include "calibrate/inference.h"
#include "calibrate/layout_file.h"
#include "calibrate/report.h"
#include "capture/raw_capture.h"
#include "capture/recording_source.h"
#include "cli/command_thread.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/lab_options.h"
#include "cli/source_words.h"
#include "cli/talk.h"
#include "cli/verbs.h"
#include "event/decode.h"
#include "sink/output_file.h"

namespace wdscope::cli {
namespace {

using calibrate::Collector;
using std::chrono::milliseconds;

constexpr milliseconds kCaptureBeat{20};  // of taking what was captured, far below the time that fills the ring

struct Gathering {
  Collector collector;
  std::vector<std::string> words;  // where it comes from
  bool lost = false;
  std::optional<Error> damage;  // of a recording; what was whole is there
};

Result<void> collect(Collector& collector, std::span<const std::byte> records) {
  return for_each_record(records, [&](std::span<const std::byte> record) { return collector.add(record); });
}

Result<void> collect_recording(const std::string& file, Gathering& gathering) {
  const auto source = RecordingSource::open(file);
  if (!source) return tl::unexpected(source.error());
  gathering.words = recording_words((*source)->info(), file);
  for (;;) {
    const auto batch = (*source)->next(milliseconds(0));
    if (!batch && batch.error().code == ErrorCode::InputDamaged) gathering.damage = batch.error();
    if (!batch) return gathering.damage ? Result<void>() : tl::unexpected(batch.error());
    if (batch->state == Batch::State::End) return {};
    if (auto taken = collect(gathering.collector, batch->records); !taken) return taken;
  }
}

Result<void> take_captured(RawCapture& capture, Gathering& gathering) {
  for (;;) {
    const auto records = capture.read();
    if (!records) return tl::unexpected(records.error());
    if (records->empty()) return {};
    if (auto taken = collect(gathering.collector, *records); !taken) return taken;
  }
}

Result<void> collect_command(const Arguments& arguments, Gathering& gathering) {
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

Result<void> write_file(const Arguments& arguments, const std::string& text) {
  auto output = OutputFile::create(arguments.output, arguments.overwrite);
  if (!output) return tl::unexpected(output.error());
  if (auto written = output->write(std::as_bytes(std::span(text))); !written) return written;
  return output->close();
}

}  // namespace

Result<int> calibrate_layout(const Arguments& arguments) {
  Gathering gathering;
  const auto gathered =
      arguments.command.empty() ? collect_recording(arguments.file, gathering) : collect_command(arguments, gathering);
  if (!gathered) return tl::unexpected(gathered.error());
  const calibrate::Observations observations = gathering.collector.finish();
  if (observations.notifications == 0 && gathering.damage) return tl::unexpected(*gathering.damage);
  if (observations.notifications == 0) {
    return failure(ErrorCode::InputDamaged, "there are no raw records to calibrate from",
                   "make the recording with wdscope record --raw");
  }
  const calibrate::Calibration calibration = calibrate::infer(observations);
  std::string text;
  for (const std::string& line : gathering.words) text += "# " + line + '\n';
  text += report_text(observations, calibration);
  OutputFile report = OutputFile::borrow(STDOUT_FILENO, "standard output");
  if (auto written = report.write(std::as_bytes(std::span(text))); !written) return tl::unexpected(written.error());

  if (!calibration.is_usable()) {
    say("this does not suffice for a layout: process_id and create_time must be certain");
    return static_cast<int>(ExitCode::No);
  }
  if (!arguments.output.empty()) {
    const std::string source = fmt::format("wdscope {} calibrate, {} contexts of {} processes", WDSCOPE_VERSION,
                                           calibration.contexts, calibration.processes);
    if (auto written = write_file(arguments, write_layout_file(calibration, arguments.build, source)); !written) {
      return tl::unexpected(written.error());
    }
    if (arguments.talk == Talk::Normal) say("the layout is in " + arguments.output);
  }
  if (gathering.damage) return tl::unexpected(*gathering.damage);
  return static_cast<int>(gathering.lost ? ExitCode::Lost : ExitCode::Done);
}

}  // namespace wdscope::cli
