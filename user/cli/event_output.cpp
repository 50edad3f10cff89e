// SPDX-License-Identifier: MIT
#include "cli/event_output.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>

#include "cli/talk.h"
#include "cli/terminal.h"
#include "cli/text_view.h"
#include "event/recording.h"
#include "sink/ndjson_sink.h"
#include "sink/output_file.h"
#include "sink/recording_sink.h"
#include "sink/sink_thread.h"

namespace wdscope::cli {
namespace {

bool to_standard_output(const Arguments& arguments) {
  return arguments.output.empty() || arguments.output == "-";
}

// Somebody reads along, so lines must not wait for a full buffer.
bool read_live(int descriptor) {
  struct stat status = {};
  return fstat(descriptor, &status) == 0 && !S_ISREG(status.st_mode);
}

template <class SinkType>
EventOutput output_of(std::unique_ptr<SinkType> sink, std::string name) {
  SinkType* raw = sink.get();
  return {std::move(sink), [raw] { return raw->close(); }, std::move(name), nullptr, nullptr};
}

void say_words(const Arguments& arguments, const std::vector<std::string>& words) {
  if (arguments.talk != Talk::Normal) return;
  for (const std::string& line : words) say(line);
}

FileTime now() {
  constexpr FileTime kUnixEpoch = 116'444'736'000'000'000;
  timespec time = {};
  clock_gettime(CLOCK_REALTIME, &time);
  return kUnixEpoch + time.tv_sec * 10'000'000 + time.tv_nsec / 100;
}

Result<EventOutput> open_unfiltered(const Arguments& arguments, const Origin& origin,
                                    const std::vector<std::string>& words) {
  const bool standard = to_standard_output(arguments);
  auto file = standard ? Result<OutputFile>(OutputFile::borrow(STDOUT_FILENO, "standard output"))
                       : OutputFile::create(arguments.output, arguments.overwrite);
  if (!file) return tl::unexpected(file.error());
  std::string name = file->name();
  if (arguments.format == Format::Ndjson) {
    say_words(arguments, words);
    const auto policy =
        standard && read_live(STDOUT_FILENO) ? NdjsonSink::FlushPolicy::EachBatch : NdjsonSink::FlushPolicy::WhenFull;
    auto sink = std::make_unique<NdjsonSink>(std::move(*file), origin, policy);
    NdjsonSink* raw = sink.get();
    EventOutput output = output_of(std::move(sink), std::move(name));
    output.continue_with = [&arguments, raw](const Origin& next, const std::vector<std::string>& next_words) {
      say_words(arguments, next_words);
      raw->continue_with(next);
    };
    return output;
  }
  TextStyle style;
  if (standard) {
    style.color = color_for(arguments.color, STDOUT_FILENO);
    style.columns = [] { return terminal_columns(STDOUT_FILENO); };
  } else {
    style.color = arguments.color == ColorChoice::Always ? Color::On : Color::Off;
  }
  auto view = std::make_unique<TextView>(std::move(*file), origin, std::move(style), words);
  TextView* raw = view.get();
  EventOutput output = output_of(std::move(view), std::move(name));
  output.continue_with = [raw](const Origin& next, const std::vector<std::string>& next_words) {
    raw->continue_with(next, next_words);
  };
  return output;
}

}  // namespace

Result<EventOutput> open_view(const Arguments& arguments, const Origin& origin, const std::vector<std::string>& words) {
  auto output = open_unfiltered(arguments, origin, words);
  if (!output || arguments.filter.empty()) return output;
  output->filter = std::make_shared<FilterCounts>();
  output->sink = std::make_unique<FilterSink>(std::move(output->sink), arguments.filter, origin, *output->filter);
  return output;
}

EventOutput on_own_thread(EventOutput output) {
  auto thread = std::make_unique<SinkThread>(std::move(output.sink));
  SinkThread* raw = thread.get();
  output.sink = std::move(thread);
  output.close = [raw, close = std::move(output.close)] {
    auto written = raw->settle();
    auto closed = close();
    return written ? closed : written;
  };
  if (output.continue_with) {
    output.continue_with = [raw, next = std::move(output.continue_with)](const Origin& origin,
                                                                         const std::vector<std::string>& words) {
      (void)raw->settle();  // an error is told by the next write
      next(origin, words);
    };
  }
  return output;
}

Result<EventOutput> open_recording(const Arguments& arguments, const Origin& origin,
                                   const std::vector<std::string>& words) {
  if (arguments.output == "-") {
    return failure(ErrorCode::Usage, "a recording cannot go to standard output", "name a file: -o FILE");
  }
  std::string name = arguments.output;
  if (name.empty()) name = fmt::format("wdscope-{:%Y%m%d-%H%M%S}.wdrec", fmt::gmtime(std::time(nullptr)));
  RecordingInfo info;
  info.origin = origin;
  info.started = now();
  info.program_version = WDSCOPE_VERSION;
  auto sink = RecordingSink::create(name, info, arguments.overwrite);
  if (!sink) return tl::unexpected(sink.error());
  say_words(arguments, words);
  if (arguments.talk == Talk::Normal) {
    say(fmt::format("recording into '{}'", name));
  }
  return output_of(std::move(*sink), std::move(name));
}

}  // namespace wdscope::cli
