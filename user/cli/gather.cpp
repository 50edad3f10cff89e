// SPDX-License-Identifier: MIT
#include "cli/gather.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "capture/recording_source.h"
#include "cli/lab_watch.h"
#include "cli/printable.h"
#include "cli/source_words.h"
#include "cli/talk.h"
#include "event/decode.h"

namespace wdscope::cli {
namespace {

// Everything until the source ends.
Result<void> fold(Source& source, ProcessPicture& picture) {
  constexpr std::chrono::milliseconds kWait{1000};
  for (;;) {
    const auto batch = source.next(kWait);
    if (!batch) return tl::unexpected(batch.error());
    if (batch->state == Batch::State::End) return {};
    auto walked = for_each_record(batch->records, [&](std::span<const std::byte> record) -> Result<void> {
      const auto event = decode(record, source.origin());
      if (!event) {
        if (event.error().code == ErrorCode::Incompatible) return {};
        return tl::unexpected(event.error());
      }
      std::visit([&picture](const auto& one) { picture.add(one); }, *event);
      return {};
    });
    if (!walked) return walked;
  }
}

// How many images are no path, because their process folder was out of reach.
std::size_t count_short_names(const ProcessPicture& picture) {
  const auto processes = picture.processes();
  return static_cast<std::size_t>(std::count_if(processes.begin(), processes.end(), [](const ProcessState* process) {
    const std::string& image = process->image.value;
    return process->image && image.find('\\') == std::string::npos && !image.starts_with('[');
  }));
}

Result<Gathered> gather_machine(const Arguments& arguments) {
  auto watched = open_lab(arguments);
  if (!watched) return tl::unexpected(watched.error());
  Gathered gathered;
  gathered.origin = watched->source->origin();
  gathered.words = source_words(gathered.origin);
  gathered.words.emplace_back(
      "a snapshot of what runs now; the lab's service judges only processes that start, so these are as untrusted as "
      "the notifier found them");
  if (auto refreshed = watched->source->refresh(); !refreshed) return tl::unexpected(refreshed.error());
  watched->source->cancel();  // what the refresh has made is still delivered
  if (auto folded = fold(*watched->source, gathered.picture); !folded) return tl::unexpected(folded.error());
  gathered.counts = watched->source->counts();
  if (const std::size_t count = count_short_names(gathered.picture); count != 0 && geteuid() != 0) {
    gathered.words.push_back(fmt::format(
        "{} images are only short names: without root those of other users' processes cannot be read", count));
  }
  return gathered;
}

Result<Gathered> gather_recording(const std::string& file) {
  const auto source = RecordingSource::open(file);
  if (!source) return tl::unexpected(source.error());
  Gathered gathered;
  gathered.origin = (*source)->origin();
  gathered.words = recording_words((*source)->info(), file);
  if (auto folded = fold(**source, gathered.picture); !folded) gathered.damage = folded.error();
  gathered.counts = (*source)->counts();
  return gathered;
}

}  // namespace

Result<Gathered> gather(const Arguments& arguments) {
  return arguments.file.empty() ? gather_machine(arguments) : gather_recording(arguments.file);
}

void say_losses(const Gathered& gathered) {
  if (gathered.counts.lost == 0) return;
  say(fmt::format("LOST {} events: what they told is missing here", gathered.counts.lost));
}

std::string header_text(const Gathered& gathered, const TextStyle& style) {
  std::string text;
  for (const std::string& line : gathered.words) {
    begin_look(text, Look::Dim, style.color);
    text += "# ";
    append_printable(text, line);
    end_look(text, Look::Dim, style.color);
    text += '\n';
  }
  return text;
}

}  // namespace wdscope::cli
