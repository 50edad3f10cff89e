// SPDX-License-Identifier: MIT
#include "event/record_builder.h"

#include <cstring>

#include "abi/defender/flags.h"
#include "abi/defender/process_context.h"

namespace wdscope {
namespace {

constexpr std::uint64_t kContextAddress = 0xFFFF'8A01'2345'6780;
constexpr std::uint64_t kDocRuleAddress = 0xFFFF'8A01'2345'0000;

wire::StringSpan append_text(std::vector<std::byte>& out, std::size_t start,
                             const std::optional<std::u16string>& text) {
  if (!text || text->empty()) return {};
  const wire::StringSpan span{static_cast<std::uint32_t>(out.size() - start),
                              static_cast<std::uint32_t>(text->size() * sizeof(char16_t))};
  const auto* bytes = reinterpret_cast<const std::byte*>(text->data());
  out.insert(out.end(), bytes, bytes + span.length);
  return span;
}

void pad(std::vector<std::byte>& out, std::size_t start) {
  while ((out.size() - start) % wire::kRecordAlignment != 0) out.push_back(std::byte{0});
}

std::u16string filled(std::u16string text, std::size_t units) {
  while (text.size() < units) text.push_back(static_cast<char16_t>(u'a' + text.size() % 26));
  return text;
}

}  // namespace

RecordBuilder::RecordBuilder() {
  fixed_.header.kind = static_cast<std::uint16_t>(wire::RecordKind::Process);
  fixed_.header.fixed_size = sizeof fixed_;
  fixed_.time_100ns = kBuilderTime;
  fixed_.known = wire::known::Argument;
  fixed_.notifier_process_id = 4;
  fixed_.notifier_thread_id = 8;
}

RecordBuilder RecordBuilder::create(std::uint64_t pid, std::uint64_t parent_pid) {
  RecordBuilder builder;
  builder.fixed_.operation_type = 1;
  builder.fixed_.process_id = pid;
  builder.fixed_.argument_member_08 = parent_pid;
  builder.fixed_.argument_parent_process_id = parent_pid;
  builder.fixed_.argument_generation = static_cast<std::uint8_t>(wire::ArgumentGeneration::ParentByValue);
  builder.fixed_.known |= wire::known::ArgumentParent;
  return builder;
}

RecordBuilder RecordBuilder::terminate(std::uint64_t pid) {
  RecordBuilder builder;
  builder.fixed_.operation_type = 2;
  builder.fixed_.process_id = pid;
  return builder;
}

RecordBuilder RecordBuilder::snapshot(wire::SnapshotBoundary boundary, std::uint32_t answered) {
  RecordBuilder builder;
  builder.fixed_.known = wire::known::Snapshot;
  builder.fixed_.snapshot_boundary = static_cast<std::uint8_t>(boundary);
  builder.fixed_.snapshot_trigger = static_cast<std::uint8_t>(wire::SnapshotTrigger::Attach);
  builder.fixed_.snapshot_number = 1;
  builder.fixed_.snapshot_answered = answered;
  return builder;
}

RecordBuilder RecordBuilder::trust(std::uint64_t pid, std::uint8_t trusted_byte) {
  RecordBuilder builder;
  builder.fixed_.operation_type = 3;
  builder.fixed_.process_id = pid;
  builder.fixed_.argument_bytes_1c[0] = trusted_byte;
  return builder;
}

RecordBuilder RecordBuilder::typical_create(std::uint64_t sequence) {
  constexpr std::size_t kUnits = 100;
  RecordBuilder builder = create(4 * (1000 + sequence % 30000), 4000);
  builder.sequence(sequence)
      .image(filled(u"\\Device\\HarddiskVolume1\\usr\\lib\\gcc\\x86_64-linux-gnu\\12\\", kUnits))
      .command_line(
          filled(u"/usr/lib/gcc/x86_64-linux-gnu/12/cc1 -quiet -D_FORTIFY_SOURCE=2 \"hello world.c\" ", kUnits))
      .context(defender::kProcessContextMagic25080, defender::flag::NewProcess | defender::flag::ThreadExCheckPending)
      .nt(kBuilderTime - 1'234'567, 4000);
  builder.fixed_.known |= wire::known::ContextImage | wire::known::ContextImageSame;
  builder.fixed_.time_100ns = kBuilderTime + static_cast<std::int64_t>(sequence) * 10;
  builder.fixed_.context_created_100ns = builder.fixed_.nt_created_100ns;
  return builder;
}

RecordBuilder& RecordBuilder::sequence(std::uint64_t value) {
  fixed_.header.sequence = value;
  return *this;
}

RecordBuilder& RecordBuilder::image(std::u16string_view text) {
  image_ = text;
  fixed_.known |= wire::known::ArgumentImage;
  return *this;
}

RecordBuilder& RecordBuilder::context_image(std::u16string_view text) {
  context_image_ = text;
  fixed_.known |= wire::known::ContextImage;
  return *this;
}

RecordBuilder& RecordBuilder::command_line(std::u16string_view text) {
  command_line_ = text;
  fixed_.known |= wire::known::ContextCommandLine;
  return *this;
}

RecordBuilder& RecordBuilder::context(std::uint32_t magic, std::uint32_t flags) {
  fixed_.known |= wire::known::ContextLocation | wire::known::Context | wire::known::ContextProtection;
  fixed_.context_place = static_cast<std::uint8_t>(
      magic == defender::kProcessContextMagic1910 ? wire::ContextPlace::Minus10 : wire::ContextPlace::Minus08);
  fixed_.context_address = kContextAddress;
  fixed_.context_magic = magic;
  fixed_.context_flags = flags;
  fixed_.context_created_100ns = kBuilderTime - 1'234'567;
  fixed_.context_injection_request_mask = ~0ull;
  fixed_.context_members = wire::kContextCommonMembers;
  if (magic == defender::kProcessContextMagic25080) {
    fixed_.context_members |= wire::kContextTailMembers;
    fixed_.known |= wire::known::ContextTail25080;
    fixed_.context_state = defender::state::ProtectionValid | defender::state::HardeningExclusions;
    fixed_.context_send_result = static_cast<std::uint32_t>(defender::SendResult::ReplyOk);
    fixed_.context_session_id = 1;
  }
  return *this;
}

RecordBuilder& RecordBuilder::doc_rule(std::u16string_view image, std::u16string_view extensions) {
  doc_rule_image_ = image;
  doc_rule_extensions_ = extensions;
  fixed_.context_doc_rule_address = kDocRuleAddress;
  fixed_.known |= wire::known::DocRule | wire::known::DocRuleImage | wire::known::DocRuleExtensions;
  return *this;
}

RecordBuilder& RecordBuilder::nt(std::int64_t created_100ns, std::uint64_t parent_pid) {
  fixed_.known |= wire::known::NtProcess | wire::known::NtParent | wire::known::NtSession | wire::known::NtProtection |
                  wire::known::NtImageName;
  fixed_.nt_created_100ns = created_100ns;
  fixed_.nt_parent_process_id = parent_pid;
  fixed_.nt_session_id = 1;
  std::memcpy(fixed_.nt_image_name, "cc1", 4);
  return *this;
}

RecordBuilder& RecordBuilder::anomaly(wire::Anomaly anomaly) {
  fixed_.anomalies |= wire::anomaly_bit(anomaly);
  return *this;
}

std::vector<std::byte> RecordBuilder::build() const {
  std::vector<std::byte> bytes;
  append_to(bytes);
  return bytes;
}

void RecordBuilder::append_to(std::vector<std::byte>& out) const {
  const std::size_t start = out.size();
  wire::ProcessRecord record = fixed_;
  out.resize(start + sizeof record);
  if (image_) record.argument_image = append_text(out, start, image_);
  if (context_image_) record.context_image = append_text(out, start, context_image_);
  if (command_line_) record.context_command_line = append_text(out, start, command_line_);
  if (doc_rule_image_) record.doc_rule_image = append_text(out, start, doc_rule_image_);
  if (doc_rule_extensions_) record.doc_rule_extensions = append_text(out, start, doc_rule_extensions_);
  pad(out, start);
  record.header.size = static_cast<std::uint32_t>(out.size() - start);
  std::memcpy(out.data() + start, &record, sizeof record);
}

void append_loss_record(std::vector<std::byte>& out, std::uint64_t first_sequence, std::uint64_t lost_count) {
  wire::LossRecord record{};
  record.header.size = sizeof record;
  record.header.kind = static_cast<std::uint16_t>(wire::RecordKind::Loss);
  record.header.fixed_size = sizeof record;
  record.header.sequence = first_sequence;
  record.lost_count = lost_count;
  const auto* bytes = reinterpret_cast<const std::byte*>(&record);
  out.insert(out.end(), bytes, bytes + sizeof record);
}

}  // namespace wdscope
