// SPDX-License-Identifier: MIT
#include "calibrate/raw_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "event/facts.h"

namespace wdscope::calibrate {
namespace {

bool is_of_kind(std::span<const std::byte> record, std::uint16_t kind) {
  const auto header = read_record_header(record);
  return header && header->kind == kind;
}

tl::unexpected<Error> damaged_raw(std::string_view what, std::uint64_t offset, std::uint64_t size, std::size_t whole) {
  return failure(ErrorCode::InputDamaged,
                 fmt::format("raw record: {} at {} of {} bytes in a record of {}", what, offset, size, whole));
}

// The whole record and its fixed part.
template <class Record>
Result<std::span<const std::byte>> open_record(std::span<const std::byte> bytes, std::uint16_t kind, Record& fixed) {
  const auto header = read_record_header(bytes);
  if (!header) return tl::make_unexpected(header.error());
  if (header->kind != kind) {
    return failure(ErrorCode::InputDamaged, fmt::format("record of kind {} where {} was expected", header->kind, kind));
  }
  if (header->fixed_size < sizeof(Record)) {
    return failure(ErrorCode::InputDamaged,
                   fmt::format("raw record with a fixed part of {} bytes", header->fixed_size));
  }
  std::memcpy(&fixed, bytes.data(), sizeof fixed);
  return bytes.first(header->size);
}

bool lies_within(std::uint64_t offset, std::uint64_t size, std::size_t whole) {
  return offset <= whole && size <= whole - offset;
}

std::u16string units_at(std::span<const std::byte> record, std::uint32_t offset, std::uint32_t size) {
  std::u16string text(size / sizeof(char16_t), u'\0');
  if (!text.empty()) std::memcpy(text.data(), record.data() + offset, text.size() * sizeof(char16_t));
  return text;
}

Result<void> read_event(std::span<const std::byte> record, const wire::RawNotificationRecord& fixed,
                        RawNotification& out) {
  if (!lies_within(fixed.event_offset, fixed.event_size, record.size())) {
    return damaged_raw("event", fixed.event_offset, fixed.event_size, record.size());
  }
  const auto event = record.subspan(fixed.event_offset, fixed.event_size);
  const auto header = read_record_header(event);
  if (!header) return tl::make_unexpected(header.error());
  if (header->size != event.size() || header->kind != static_cast<std::uint16_t>(wire::RecordKind::Process)) {
    return damaged_raw("event", fixed.event_offset, fixed.event_size, record.size());
  }
  Facts facts;
  if (auto read = read_process_facts(event, Origin{}, facts); !read) return read;
  // A writer of an earlier schema knew less.
  std::memcpy(&out.event, event.data(), std::min<std::size_t>(sizeof out.event, header->fixed_size));
  // The facts' image may be the context's word; only the argument's is independent of it.
  if ((out.event.known & wire::known::ArgumentImage) != 0 && facts.image) {
    const auto& units = facts.image->units;
    RawString& image = out.image.emplace();
    image.length = static_cast<std::uint32_t>(units.units * sizeof(char16_t));
    image.text.resize(std::min<std::size_t>(units.units, wire::kMaximumRawTextSize / sizeof(char16_t)));
    if (!image.text.empty()) std::memcpy(image.text.data(), units.data, image.text.size() * sizeof(char16_t));
  }
  return {};
}

Result<void> read_texts(std::span<const std::byte> record, const wire::RawNotificationRecord& fixed,
                        RawNotification& out) {
  const std::uint64_t table_size = std::uint64_t{fixed.text_count} * sizeof(wire::RawText);
  if (fixed.text_count > wire::kMaximumRawTexts || !lies_within(fixed.text_offset, table_size, record.size())) {
    return damaged_raw("table of texts", fixed.text_offset, table_size, record.size());
  }
  out.texts.reserve(fixed.text_count);
  for (std::uint32_t index = 0; index < fixed.text_count; ++index) {
    wire::RawText text;
    std::memcpy(&text, record.data() + fixed.text_offset + index * sizeof text, sizeof text);
    const bool right = lies_within(text.offset, text.size, record.size()) && text.size % sizeof(char16_t) == 0 &&
                       text.size == std::min<std::uint32_t>(text.length, wire::kMaximumRawTextSize) &&
                       lies_within(text.pointer_offset, sizeof(std::uint64_t), out.context.size());
    if (!right) return damaged_raw("text", text.offset, text.size, record.size());
    out.texts.push_back({text.pointer_offset, {text.length, units_at(record, text.offset, text.size)}});
  }
  return {};
}

}  // namespace

bool is_raw_notification(std::span<const std::byte> record) {
  return is_of_kind(record, wire::kRawNotificationKind);
}

bool is_raw_start(std::span<const std::byte> record) {
  return is_of_kind(record, wire::kRawStartKind);
}

Result<RawNotification> read_raw_notification(std::span<const std::byte> bytes) {
  wire::RawNotificationRecord fixed;
  const auto record = open_record(bytes, wire::kRawNotificationKind, fixed);
  if (!record) return tl::make_unexpected(record.error());
  RawNotification out;
  if (auto read = read_event(*record, fixed, out); !read) return tl::make_unexpected(read.error());
  out.slot_offset = fixed.slot_offset;
  out.candidate_count = fixed.candidate_count;
  if (fixed.slot_offset == 0) return out;
  out.magic = fixed.context_magic;
  if (fixed.context_size > wire::kMaximumRawContextSize ||
      !lies_within(fixed.context_offset, fixed.context_size, record->size())) {
    return damaged_raw("context", fixed.context_offset, fixed.context_size, record->size());
  }
  const auto context = record->subspan(fixed.context_offset, fixed.context_size);
  out.context.assign(context.begin(), context.end());
  if (auto read = read_texts(*record, fixed, out); !read) return tl::make_unexpected(read.error());
  return out;
}

Result<RawStart> read_raw_start(std::span<const std::byte> bytes) {
  wire::RawStartRecord fixed;
  const auto record = open_record(bytes, wire::kRawStartKind, fixed);
  if (!record) return tl::make_unexpected(record.error());
  const wire::StringSpan& text = fixed.command_line;
  const bool right = lies_within(text.offset, text.length, record->size()) && text.length % sizeof(char16_t) == 0 &&
                     text.length == std::min(fixed.command_line_length, wire::kMaximumRawTextSize);
  if (!right) return damaged_raw("command line", text.offset, text.length, record->size());
  return RawStart{fixed.process_id,
                  fixed.parent_process_id,
                  fixed.created_100ns,
                  {fixed.command_line_length, units_at(*record, text.offset, text.length)}};
}

}  // namespace wdscope::calibrate
