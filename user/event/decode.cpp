// SPDX-License-Identifier: MIT
#include "event/decode.h"

#include <fmt/format.h>

#include "event/facts.h"
#include "event/text.h"
#include "event/time.h"

namespace wdscope {
namespace {

Text text_of(Utf16Bytes units) {
  Text text;
  text.value.resize(units.units * kUtf8BytesPerUnit + kTextSlack);
  const char* end = write_utf8(text.value.data(), units, text.damaged);
  text.value.resize(static_cast<std::size_t>(end - text.value.data()));
  text.value.shrink_to_fit();
  return text;
}

std::optional<Text> text_of(const std::optional<WireText>& source) {
  if (!source) return std::nullopt;
  Text text = text_of(source->units);
  text.truncated = source->truncated;
  return text;
}

}  // namespace

Result<void> for_each_record(std::span<const std::byte> bytes,
                             const std::function<Result<void>(std::span<const std::byte> record)>& visit) {
  std::size_t offset = 0;
  while (offset < bytes.size()) {
    const auto header = read_record_header(bytes.subspan(offset));
    if (!header) {
      return failure(ErrorCode::InputDamaged,
                     fmt::format("{} at byte {} of {}", header.error().what, offset, bytes.size()));
    }
    if (auto visited = visit(bytes.subspan(offset, header->size)); !visited) return visited;
    offset += header->size;
  }
  return {};
}

Result<Event> decode(std::span<const std::byte> record, const Origin& origin) {
  const auto header = read_record_header(record);
  if (!header) return tl::make_unexpected(header.error());
  switch (static_cast<wire::RecordKind>(header->kind)) {
    case wire::RecordKind::Process: {
      Facts facts;
      if (auto read = read_process_facts(record, origin, facts); !read) return tl::make_unexpected(read.error());
      facts.event.image = text_of(facts.image);
      facts.event.context_image = text_of(facts.context_image);
      facts.event.command_line = text_of(facts.command_line);
      if (facts.event.doc_rule) {
        facts.event.doc_rule->image = text_of(facts.doc_rule_image);
        facts.event.doc_rule->extensions = text_of(facts.doc_rule_extensions);
      }
      return Event(std::move(facts.event));
    }
    case wire::RecordKind::Loss: {
      const auto loss = read_loss(record);
      if (!loss) return tl::make_unexpected(loss.error());
      return Event(*loss);
    }
  }
  return failure(ErrorCode::Incompatible, fmt::format("record of unknown kind {}", header->kind));
}

Text to_text(std::u16string_view units) {
  return text_of(Utf16Bytes{reinterpret_cast<const std::byte*>(units.data()), units.size()});
}

std::string format_time(FileTime time) {
  char buffer[kTimeTextSize];
  return std::string(buffer, write_time(buffer, time));
}

}  // namespace wdscope
