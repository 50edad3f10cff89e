// SPDX-License-Identifier: MIT
#include "observer/records.h"

#include <cstring>

#include <gtest/gtest.h>

namespace wdscope::tests {
namespace {

std::span<const std::byte> bytes_of(const auto& value) {
  return std::as_bytes(std::span(&value, 1));
}

template <class Reply>
Reply ask(host::DeviceFile& file, std::uint32_t code) {
  Reply reply{};
  const auto completion = file.control(code, {}, std::as_writable_bytes(std::span(&reply, 1)));
  EXPECT_EQ(completion.status, host::kStatusSuccess);
  EXPECT_EQ(completion.information, sizeof(Reply));
  return reply;
}

bool span_is_sound(const Record& record, const wire::StringSpan& span) {
  if (span.length == 0) return span.offset == 0;
  return span.offset >= sizeof(wire::ProcessRecord) && span.length % 2 == 0 && span.offset % 2 == 0 &&
         std::uint64_t{span.offset} + span.length <= record.header().size;
}

}  // namespace

std::u16string Record::text(const wire::StringSpan& span) const {
  const auto* const start = reinterpret_cast<const char*>(words_.data()) + span.offset;
  std::u16string text(span.length / 2, u'\0');
  std::memcpy(text.data(), start, span.length);
  return text;
}

std::string fault_in(const Record& record) {
  const wire::RecordHeader& header = record.header();
  if (record.is_loss()) return record.loss().lost_count == 0 ? "a loss of nothing" : "";
  if (header.kind != static_cast<std::uint16_t>(wire::RecordKind::Process)) return "unknown kind";
  if (header.fixed_size != sizeof(wire::ProcessRecord)) return "fixed size";
  const wire::ProcessRecord& process = record.process();
  if (process.reserved0[0] != 0 || process.reserved0[1] != 0 || process.reserved0[2] != 0 || process.reserved1 != 0 ||
      process.reserved2 != 0 || process.reserved3 != 0 || process.reserved4 != 0) {
    return "reserved bytes are not zero";
  }
  std::uint32_t end = sizeof(wire::ProcessRecord);
  for (const wire::StringSpan* span : {&process.argument_image, &process.context_image, &process.context_command_line,
                                       &process.doc_rule_image, &process.doc_rule_extensions}) {
    if (!span_is_sound(record, *span)) return "a string lies outside";
    end = std::max(end, span->offset + span->length);
  }
  if (header.size - end >= 8) return "more than padding at the end";
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&record.process());
  for (std::uint32_t position = end; position < header.size; ++position) {
    if (bytes[position] != 0) return "padding is not zero";
  }
  const bool has_context = record.knows(wire::known::Context) || record.knows(wire::known::LoadedContext);
  if (!has_context && (process.context_flags != 0 || process.context_created_100ns != 0)) return "an unvouched context";
  if (!record.knows(wire::known::NtProcess) && process.nt_created_100ns != 0) return "an unvouched creation time";
  return "";
}

Client::Batch Client::read(std::uint32_t minimum, std::uint32_t timeout_ms, std::size_t buffer_size) {
  std::vector<std::uint64_t> buffer((buffer_size + 7) / 8);
  const wire::ReadRequest request{sizeof(request), 0, minimum, timeout_ms};
  const auto output = std::as_writable_bytes(std::span(buffer)).first(buffer_size);
  const auto [status, information] = file_->control(wire::kControlRead, bytes_of(request), output);
  Batch batch{status, information, {}, {}};
  if (buffer_size < sizeof(wire::ReadReply)) return batch;
  std::memcpy(&batch.reply, buffer.data(), sizeof(batch.reply));
  if (status != host::kStatusSuccess) return batch;
  std::size_t position = sizeof(wire::ReadReply);
  while (position < information) {
    const std::uint64_t* const words = buffer.data() + position / 8;
    const auto size = static_cast<std::uint32_t>(words[0]);
    if (size < sizeof(wire::RecordHeader) || size % 8 != 0 || size > information - position) {
      ADD_FAILURE() << "a record of " << size << " bytes at " << position << " of " << information;
      return batch;
    }
    batch.records.emplace_back(words, size);
    EXPECT_EQ(fault_in(batch.records.back()), "");
    position += size;
  }
  EXPECT_EQ(batch.records.size(), batch.reply.record_count);
  return batch;
}

std::vector<Record> Client::drain() {
  std::vector<Record> all;
  for (;;) {
    Batch batch = read();
    EXPECT_EQ(batch.status, host::kStatusSuccess);
    if (batch.records.empty()) return all;
    for (Record& record : batch.records) all.push_back(std::move(record));
  }
}

wire::Statistics Client::statistics() {
  return ask<wire::Statistics>(*file_, wire::kControlStatistics);
}

wire::Evidence Client::evidence() {
  return ask<wire::Evidence>(*file_, wire::kControlEvidence);
}

wire::VersionReply Client::version() {
  return ask<wire::VersionReply>(*file_, wire::kControlVersion);
}

host::NtStatus Client::refresh() {
  return file_->control(wire::kControlRefresh, {}, {}).status;
}

}  // namespace wdscope::tests
