// SPDX-License-Identifier: MIT
#include "event/facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "abi/defender/process_context.h"

namespace wdscope {
namespace {

constexpr std::uint32_t kCreate = 1;
constexpr std::uint32_t kTerminate = 2;
constexpr std::uint32_t kTrustState = 3;
constexpr std::size_t kTrustedByte = 0;  // argument_bytes_1c[]

tl::unexpected<Error> damaged_record(std::string what) {
  return failure(ErrorCode::InputDamaged, std::move(what));
}

bool has_anomaly(const wire::ProcessRecord& record, wire::Anomaly anomaly) {
  return (record.anomalies & wire::anomaly_bit(anomaly)) != 0;
}

bool span_is_sound(const wire::StringSpan& span, std::uint16_t fixed_size, std::size_t record_size) {
  if (span.length == 0) return true;
  return span.offset % sizeof(char16_t) == 0 && span.length % sizeof(char16_t) == 0 && span.offset >= fixed_size &&
         span.offset <= record_size && span.length <= record_size - span.offset;
}

Utf16Bytes text_at(std::span<const std::byte> record, const wire::StringSpan& span) {
  if (span.length == 0) return {};
  return {record.data() + span.offset, span.length / sizeof(char16_t)};
}

bool same_text(Utf16Bytes a, Utf16Bytes b) {
  return a.units == b.units && (a.units == 0 || std::memcmp(a.data, b.data, a.units * sizeof(char16_t)) == 0);
}

// NT keeps bytes of the ANSI code page here; only ASCII means the same everywhere.
std::string image_name_text(const char (&name)[16]) {
  std::string text;
  for (const char c : name) {
    if (c == '\0') break;
    if (static_cast<unsigned char>(c) < 0x80) {
      text.push_back(c);
    } else {
      text.append("\xEF\xBF\xBD");
    }
  }
  return text;
}

void read_loaded_context(const wire::ProcessRecord& record, ProcessEvent& event) {
  const auto knows = [&record](std::uint64_t bit) { return (record.known & bit) != 0; };
  LoadedContextFacts& context = event.loaded_context.emplace();
  context.address = record.context_address;
  context.magic = record.context_magic;
  context.created = record.context_created_100ns;
  if (knows(wire::known::LoadedFlags)) context.flags = record.context_flags;
  if (knows(wire::known::LoadedTrust)) context.trusted = knows(wire::known::LoadedTrusted);
  if (knows(wire::known::ContextProtection)) context.protection = record.context_protection;
  if (knows(wire::known::LoadedSession)) context.session_id = record.context_session_id;
}

// A writer of schema 1 knew two layouts and said which.
std::uint32_t members_of(const wire::ProcessRecord& record) {
  if (record.header.fixed_size >= offsetof(wire::ProcessRecord, context_members) + sizeof record.context_members) {
    return record.context_members;
  }
  const bool tail = (record.known & wire::known::ContextTail25080) != 0;
  return wire::kContextCommonMembers | (tail ? wire::kContextTailMembers : 0);
}

void read_context(const wire::ProcessRecord& record, ProcessEvent& event) {
  if ((record.known & wire::known::LoadedContext) != 0) {
    read_loaded_context(record, event);
    return;
  }
  if ((record.known & wire::known::Context) == 0) {
    if ((record.known & wire::known::ContextLocation) != 0) event.unrecognised_magic = record.context_magic;
    return;
  }
  ContextFacts& context = event.context.emplace();
  context.address = record.context_address;
  context.magic = record.context_magic;
  context.created = record.context_created_100ns;
  context.flags = record.context_flags;
  context.rules = record.context_rules;
  context.rules2 = record.context_rules2;
  context.injection_target_mask = record.context_injection_target_mask;
  context.injection_request_mask = record.context_injection_request_mask;
  context.doc_rule_address = record.context_doc_rule_address;
  context.subsystem = record.context_subsystem;
  context.members = members_of(record);
  if ((record.known & wire::known::ContextProtection) != 0) context.protection = record.context_protection;
  if ((context.members & wire::kContextTailMembers) == 0) return;
  event.context_tail =
      ContextTailFacts{record.context_known_type, record.context_session_id,  record.context_rules3,
                       record.context_state,      record.context_send_result, record.context_info_applications};
}

void read_nt(const wire::ProcessRecord& record, ProcessEvent& event) {
  if ((record.known & wire::known::NtProcess) != 0) event.nt_created = record.nt_created_100ns;
  if ((record.known & wire::known::NtParent) != 0) event.nt_parent_pid = record.nt_parent_process_id;
  if ((record.known & wire::known::NtSession) != 0) event.nt_session_id = record.nt_session_id;
  if ((record.known & wire::known::NtProtection) != 0) event.nt_protection = record.nt_protection;
  if ((record.known & wire::known::NtImageName) != 0) event.nt_image_name = image_name_text(record.nt_image_name);
}

}  // namespace

Operation operation_of(const wire::ProcessRecord& record) {
  if ((record.known & wire::known::Snapshot) != 0) {
    switch (static_cast<wire::SnapshotBoundary>(record.snapshot_boundary)) {
      case wire::SnapshotBoundary::Begin:
        return Operation::SnapshotBegin;
      case wire::SnapshotBoundary::End:
        return Operation::SnapshotEnd;
      case wire::SnapshotBoundary::None:
        break;
    }
    return Operation::Unknown;
  }
  if ((record.known & wire::known::Argument) == 0) return Operation::Unknown;
  switch (record.operation_type) {
    case kCreate:
      return Operation::Create;
    case kTerminate:
      return Operation::Terminate;
    case kTrustState: {
      // A refresh names its image and a change does not; a name that could not be carried still was one.
      const bool named = (record.known & wire::known::ArgumentImage) != 0 ||
                         has_anomaly(record, wire::Anomaly::ImageStringInvalid) ||
                         has_anomaly(record, wire::Anomaly::ImageTruncated);
      return named ? Operation::Refresh : Operation::Trust;
    }
    default:
      return Operation::Unknown;
  }
}

Result<wire::RecordHeader> read_record_header(std::span<const std::byte> bytes) {
  wire::RecordHeader header;
  if (bytes.size() < sizeof header) return damaged_record(fmt::format("{} bytes are no record header", bytes.size()));
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.size % wire::kRecordAlignment != 0)
    return damaged_record(fmt::format("record size {} is odd", header.size));
  if (header.fixed_size < sizeof header || header.fixed_size > header.size) {
    return damaged_record(fmt::format("record of {} bytes claims a fixed part of {}", header.size, header.fixed_size));
  }
  if (header.size > bytes.size()) {
    return damaged_record(fmt::format("record of {} bytes is cut after {}", header.size, bytes.size()));
  }
  return header;
}

Result<void> read_process_facts(std::span<const std::byte> record, const Origin& origin, Facts& facts) {
  const auto header = read_record_header(record);
  if (!header) return tl::make_unexpected(header.error());
  // A writer of a later schema knew more fixed part than we do, one of an earlier less; less than the first never was.
  if (header->fixed_size < wire::kFirstProcessRecordSize) {
    return damaged_record(fmt::format("process record with a fixed part of {} bytes", header->fixed_size));
  }
  wire::ProcessRecord fixed{};
  std::memcpy(&fixed, record.data(), std::min<std::size_t>(sizeof fixed, header->fixed_size));
  for (const wire::StringSpan& span : {fixed.argument_image, fixed.context_image, fixed.context_command_line,
                                       fixed.doc_rule_image, fixed.doc_rule_extensions}) {
    if (!span_is_sound(span, header->fixed_size, header->size)) {
      return damaged_record(
          fmt::format("text at {} of {} bytes in a record of {}", span.offset, span.length, header->size));
    }
  }

  ProcessEvent& event = facts.event;
  event.sequence = header->sequence;
  event.time = fixed.time_100ns;
  event.anomalies = fixed.anomalies;
  event.notifier_pid = fixed.notifier_process_id;
  event.operation = operation_of(fixed);
  event.generation = static_cast<wire::ArgumentGeneration>(fixed.argument_generation);
  if ((fixed.known & wire::known::Argument) != 0) {
    event.operation_raw = fixed.operation_type;
    event.pid = fixed.process_id;
    if (origin.pid_factor != 0 && fixed.process_id % origin.pid_factor == 0 &&
        fixed.process_id / origin.pid_factor <= UINT32_MAX) {
      event.host_pid = static_cast<std::uint32_t>(fixed.process_id / origin.pid_factor);
    }
    if (event.operation != Operation::Terminate && event.operation != Operation::Unknown) {
      event.trusted = fixed.argument_bytes_1c[kTrustedByte] != 0;
    }
  }
  if ((fixed.known & wire::known::ArgumentParent) != 0) event.parent_pid = fixed.argument_parent_process_id;
  if (event.operation == Operation::SnapshotBegin || event.operation == Operation::SnapshotEnd) {
    SnapshotMark& mark = event.snapshot.emplace();
    mark.number = fixed.snapshot_number;
    mark.trigger = static_cast<wire::SnapshotTrigger>(fixed.snapshot_trigger);
    if (event.operation == Operation::SnapshotEnd) mark.answered = fixed.snapshot_answered;
  }
  read_context(fixed, event);
  read_nt(fixed, event);

  const bool argument_has_image = (fixed.known & wire::known::ArgumentImage) != 0;
  const bool context_has_image = (fixed.known & wire::known::ContextImage) != 0;
  const bool image_cut = has_anomaly(fixed, wire::Anomaly::ImageTruncated);
  const Utf16Bytes argument_image = text_at(record, fixed.argument_image);
  const Utf16Bytes context_image =
      (fixed.known & wire::known::ContextImageSame) != 0 ? argument_image : text_at(record, fixed.context_image);
  if (argument_has_image) {
    facts.image = WireText{argument_image, image_cut};
    if (context_has_image && !same_text(argument_image, context_image)) {
      facts.context_image = WireText{context_image, image_cut};
    }
  } else if (context_has_image) {
    facts.image = WireText{context_image, image_cut};
  }
  if ((fixed.known & wire::known::ContextCommandLine) != 0) {
    facts.command_line =
        WireText{text_at(record, fixed.context_command_line), has_anomaly(fixed, wire::Anomaly::CommandLineTruncated)};
  }
  if (event.context && (fixed.known & wire::known::DocRule) != 0) {
    event.doc_rule.emplace();
    const bool rule_cut = has_anomaly(fixed, wire::Anomaly::DocRuleTruncated);
    if ((fixed.known & wire::known::DocRuleImage) != 0) {
      facts.doc_rule_image = WireText{text_at(record, fixed.doc_rule_image), false};
    }
    if ((fixed.known & wire::known::DocRuleExtensions) != 0) {
      facts.doc_rule_extensions = WireText{text_at(record, fixed.doc_rule_extensions), rule_cut};
    }
  }
  return {};
}

Result<LossEvent> read_loss(std::span<const std::byte> record) {
  const auto header = read_record_header(record);
  if (!header) return tl::make_unexpected(header.error());
  if (header->fixed_size < sizeof(wire::LossRecord)) {
    return damaged_record(fmt::format("loss record with a fixed part of {} bytes", header->fixed_size));
  }
  wire::LossRecord loss;
  std::memcpy(&loss, record.data(), sizeof loss);
  return LossEvent{loss.header.sequence, loss.lost_count};
}

}  // namespace wdscope
