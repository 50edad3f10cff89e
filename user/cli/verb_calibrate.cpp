// SPDX-License-Identifier: MIT
// Raw records from a command in the lab or from a recording; what they say of the layout; the layout file.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>

#include "calibrate/inference.h"
#include "calibrate/layout_file.h"
#include "calibrate/report.h"
#include "capture/recording_source.h"
#include "cli/exit_code.h"
#include "cli/raw_gathering.h"
#include "cli/source_words.h"
#include "cli/talk.h"
#include "cli/verbs.h"
#include "event/decode.h"
#include "sink/output_file.h"

namespace wdscope::cli {
namespace {

using std::chrono::milliseconds;

Result<void> collect_recording(const std::string& file, RawGathering& gathering) {
  const auto source = RecordingSource::open(file);
  if (!source) return tl::unexpected(source.error());
  gathering.words = recording_words((*source)->info(), file);
  for (;;) {
    const auto batch = (*source)->next(milliseconds(0));
    if (!batch && batch.error().code == ErrorCode::InputDamaged) gathering.damage = batch.error();
    if (!batch) return gathering.damage ? Result<void>() : tl::unexpected(batch.error());
    if (batch->state == Batch::State::End) return {};
    if (auto taken = gather_records(gathering, batch->records); !taken) return taken;
  }
}

Result<void> write_file(const Arguments& arguments, const std::string& text) {
  auto output = OutputFile::create(arguments.output, arguments.overwrite);
  if (!output) return tl::unexpected(output.error());
  if (auto written = output->write(std::as_bytes(std::span(text))); !written) return written;
  return output->close();
}

}  // namespace

Result<void> gather_records(RawGathering& gathering, std::span<const std::byte> records) {
  return for_each_record(records, [&](std::span<const std::byte> record) { return gathering.collector.add(record); });
}

Result<int> calibrate_layout(const Arguments& arguments) {
  RawGathering gathering;
  const auto gathered = arguments.command.empty() ? collect_recording(arguments.file, gathering)
                                                  : gather_from_command(arguments, gathering);
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
