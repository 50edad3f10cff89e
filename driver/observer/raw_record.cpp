// SPDX-License-Identifier: MIT
#include "observer/raw_record.h"

#include "kit/checked_copy.h"
#include "observer/record_builder.h"
#include "observer/text.h"

namespace wdscope::observer {
namespace {

using kit::ForeignAddress;
using wire::RawText;

std::uint32_t carried_size(std::uint32_t length) {
  return length < wire::kMaximumRawTextSize ? length : wire::kMaximumRawTextSize;
}

// Appends parts behind each other and fills up with zeros at the end.
class Appender {
 public:
  Appender(std::uint64_t* buffer, std::uint32_t fixed_size)
      : bytes_(reinterpret_cast<std::uint8_t*>(buffer)), end_(fixed_size) {
    RtlZeroMemory(bytes_, fixed_size);
  }
  std::uint32_t end() const { return end_; }
  void copy(const void* source, std::uint32_t size) {
    RtlCopyMemory(bytes_ + end_, source, size);
    end_ += size;
  }
  void skip(std::uint32_t size) {
    RtlZeroMemory(bytes_ + end_, size);
    end_ += size;
  }
  // Nothing is appended when it cannot be read.
  bool copy_foreign(ForeignAddress source, std::uint32_t size) {
    if (kit::checked_copy(bytes_ + end_, source, size) != STATUS_SUCCESS) return false;
    end_ += size;
    return true;
  }
  void finish(wire::RecordHeader& header, std::uint16_t kind, std::uint16_t fixed_size) {
    const std::uint32_t size = round_up(end_);
    RtlZeroMemory(bytes_ + end_, size - end_);
    header = {size, kind, fixed_size, 0};
  }
  std::uint8_t* at(std::uint32_t offset) { return bytes_ + offset; }

 private:
  std::uint8_t* bytes_;
  std::uint32_t end_;
};

// The strings that the context at `context_offset` of the record points to.
void append_texts(Appender& record, wire::RawNotificationRecord& fixed, std::uint32_t table_offset) {
  for (std::uint32_t offset = 0; offset + sizeof(std::uint64_t) <= fixed.context_size;
       offset += sizeof(std::uint64_t)) {
    std::uint64_t pointer = 0;
    RtlCopyMemory(&pointer, record.at(fixed.context_offset + offset), sizeof(pointer));
    const auto address = static_cast<ForeignAddress>(pointer);
    if (!kit::is_kernel_pointer(address, alignof(defender::CountedString))) continue;
    defender::CountedString header;
    if (kit::checked_read(address, header) != STATUS_SUCCESS) continue;
    const bool plausible = header.length != 0 && header.length % 2 == 0 && header.length <= header.maximum_length &&
                           kit::is_kernel_pointer(static_cast<ForeignAddress>(header.buffer), sizeof(char16_t));
    if (!plausible) continue;
    const std::uint32_t size = carried_size(header.length);
    const RawText text{offset, header.length, header.maximum_length, record.end(), size};
    if (!record.copy_foreign(static_cast<ForeignAddress>(header.buffer), size)) continue;
    RtlCopyMemory(record.at(table_offset + fixed.text_count * sizeof(RawText)), &text, sizeof(text));
    ++fixed.text_count;
  }
}

}  // namespace

void build_raw_notification(std::uint64_t* buffer, const std::uint64_t* event, const RawCandidate& candidate) {
  Appender record(buffer, sizeof(wire::RawNotificationRecord));
  auto& fixed = *reinterpret_cast<wire::RawNotificationRecord*>(buffer);
  const auto& event_header = *reinterpret_cast<const wire::RecordHeader*>(event);
  fixed.candidate_count = candidate.count;
  fixed.event_offset = record.end();
  fixed.event_size = event_header.size;
  record.copy(event, event_header.size);
  fixed.context_offset = record.end();
  if (candidate.slot_offset != 0 &&
      record.copy_foreign(static_cast<ForeignAddress>(candidate.address), candidate.size())) {
    fixed.slot_offset = candidate.slot_offset;
    fixed.context_address = candidate.address;
    fixed.context_magic = candidate.magic;
    fixed.context_size = candidate.size();
  }
  // The table before its texts, as long as there are words that could point to one.
  fixed.text_offset = record.end();
  const std::uint32_t table_size = fixed.context_size / sizeof(std::uint64_t) * sizeof(RawText);
  record.skip(table_size);
  append_texts(record, fixed, fixed.text_offset);
  record.finish(fixed.header, wire::kRawNotificationKind, sizeof(fixed));
}

void build_raw_start(std::uint64_t* buffer, PEPROCESS process, HANDLE process_id, HANDLE parent_process_id,
                     PCUNICODE_STRING command_line) {
  Appender record(buffer, sizeof(wire::RawStartRecord));
  auto& fixed = *reinterpret_cast<wire::RawStartRecord*>(buffer);
  fixed.process_id = reinterpret_cast<std::uint64_t>(process_id);
  fixed.parent_process_id = reinterpret_cast<std::uint64_t>(parent_process_id);
  fixed.created_100ns = PsGetProcessCreateTimeQuadPart(process);
  const ForeignText text = read_text_header(reinterpret_cast<std::uint64_t>(command_line));
  if (text.present() && text.length != 0) {
    const std::uint32_t offset = record.end();
    if (record.copy_foreign(text.buffer, carried_size(text.length))) {
      fixed.command_line = {offset, record.end() - offset};
      fixed.command_line_length = text.length;
    }
  }
  record.finish(fixed.header, wire::kRawStartKind, sizeof(fixed));
}

}  // namespace wdscope::observer
