// SPDX-License-Identifier: MIT
#include "cli/gather.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "capture/recording_source.h"
#include "cli/observed_machine.h"
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

Result<Gathered> gather_machine(const Arguments& arguments) {
  auto machine = open_machine(arguments);
  if (!machine) return tl::unexpected(machine.error());
  Gathered gathered;
  gathered.origin = machine->source->origin();
  gathered.words = source_words(gathered.origin);
  if (auto refreshed = machine->source->refresh(); !refreshed) return tl::unexpected(refreshed.error());
  machine->source->cancel();  // what the refresh has made is still delivered
  if (auto folded = fold(*machine->source, gathered.picture); !folded) return tl::unexpected(folded.error());
  gathered.counts = machine->source->counts();
  for (std::string& line : snapshot_words(gathered.picture)) gathered.words.push_back(std::move(line));
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
