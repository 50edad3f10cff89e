// SPDX-License-Identifier: MIT
#include "observer/event_tracing.h"

#include <algorithm>
#include <utility>

#include "abi/defender/notify_info.h"
#include "abi/wire/tracing.h"
#include "kit/irql.h"

namespace wdscope::observer {
namespace {

namespace tracing = wire::tracing;
using tracing::EventId;
using wire::Anomaly;
using wire::anomaly_bit;

constexpr ULONG kDisableProvider = 0;  // EVENT_CONTROL_CODE_...
constexpr ULONG kEnableProvider = 1;

EVENT_DESCRIPTOR descriptor_of(EventId id, std::uint64_t keyword) {
  EVENT_DESCRIPTOR descriptor{};
  descriptor.Id = static_cast<USHORT>(id);
  descriptor.Version = tracing::kVersion;
  descriptor.Level = tracing::kLevel;
  descriptor.Keyword = keyword;
  return descriptor;
}

EVENT_DATA_DESCRIPTOR piece(const void* bytes, std::size_t size) {
  return {reinterpret_cast<ULONGLONG>(bytes), static_cast<ULONG>(size), 0};
}

EventId id_of(const wire::ProcessRecord& record) {
  if ((record.known & wire::known::Argument) == 0) return EventId::Unknown;
  switch (static_cast<defender::OperationType>(record.operation_type)) {
    case defender::OperationType::Create:
      return EventId::Create;
    case defender::OperationType::Terminate:
      return EventId::Terminate;
    case defender::OperationType::Trust:
      return (record.known & wire::known::ArgumentImage) != 0 ? EventId::Refresh : EventId::Trust;
  }
  return EventId::Unknown;
}

// The texts of one event, as long as together they fit.
class Texts {
 public:
  explicit Texts(const wire::ProcessRecord& record) : bytes_(reinterpret_cast<const std::uint8_t*>(&record)) {}

  // What of it is carried, in UTF-16 units; `anomalies` gets `truncated` when that is not all of it.
  std::uint16_t add(const wire::StringSpan& text, Anomaly truncated, std::uint32_t& anomalies) {
    const std::uint32_t size = std::min(text.length, left_) / sizeof(char16_t) * sizeof(char16_t);
    if (size < text.length) anomalies |= anomaly_bit(truncated);
    if (size != 0) pieces[1 + count_++] = piece(bytes_ + text.offset, size);
    left_ -= size;
    return static_cast<std::uint16_t>(size / sizeof(char16_t));
  }
  ULONG piece_count() const { return 1 + count_; }

  EVENT_DATA_DESCRIPTOR pieces[1 + tracing::kTextCount];  // the first is the caller's

 private:
  const std::uint8_t* bytes_;
  std::uint32_t left_ = tracing::kMaximumTextSize;
  ULONG count_ = 0;
};

void write_snapshot(REGHANDLE registration, const wire::ProcessRecord& record) {
  const tracing::SnapshotEvent event{record.header.sequence, record.time_100ns,       record.notifier_process_id,
                                     record.snapshot_number, record.snapshot_trigger, record.snapshot_answered};
  const bool begins = record.snapshot_boundary == static_cast<std::uint8_t>(wire::SnapshotBoundary::Begin);
  const EVENT_DESCRIPTOR descriptor =
      descriptor_of(begins ? EventId::SnapshotBegin : EventId::SnapshotEnd, tracing::kSnapshotKeyword);
  EVENT_DATA_DESCRIPTOR data = piece(&event, sizeof(event));
  EtwWrite(registration, &descriptor, nullptr, 1, &data);
}

// Apart, so that its event takes no stack from those whom nobody listens to.
[[gnu::noinline]] void write_process(REGHANDLE registration, const wire::ProcessRecord& record) {
  tracing::ProcessEvent event{};
  event.seq = record.header.sequence;
  event.time = record.time_100ns;
  event.known = record.known;
  event.pid = record.process_id;
  event.parent_pid = record.argument_parent_process_id;
  event.created = record.context_created_100ns;
  event.nt_created = record.nt_created_100ns;
  event.nt_parent_pid = record.nt_parent_process_id;
  event.nt_notifier_pid = record.notifier_process_id;
  event.context_address = record.context_address;
  event.injection_target_mask = record.context_injection_target_mask;
  event.injection_request_mask = record.context_injection_request_mask;
  event.anomalies = record.anomalies;
  event.operation_raw = record.operation_type;
  event.context_magic = record.context_magic;
  event.flags = record.context_flags;
  event.rules = record.context_rules;
  event.rules2 = record.context_rules2;
  event.rules3 = record.context_rules3;
  event.subsystem = record.context_subsystem;
  event.session_id = record.context_session_id;
  event.nt_session_id = record.nt_session_id;
  event.known_type = record.context_known_type;
  event.state = record.context_state;
  event.send_result = record.context_send_result;
  event.info_applications = record.context_info_applications;
  event.trusted = record.argument_bytes_1c[0];
  event.notify_byte_1d = record.argument_bytes_1c[1];
  event.notify_byte_1e = record.argument_bytes_1c[2];
  event.notify_byte_1f = record.argument_bytes_1c[3];
  event.protection = record.context_protection;
  event.nt_protection = record.nt_protection;
  static_assert(sizeof(event.nt_image_name) == sizeof(record.nt_image_name));
  RtlCopyMemory(event.nt_image_name, record.nt_image_name, sizeof(event.nt_image_name));

  Texts texts(record);
  event.image_units = texts.add(record.argument_image, Anomaly::ImageTruncated, event.anomalies);
  event.context_image_units = texts.add(record.context_image, Anomaly::ImageTruncated, event.anomalies);
  event.command_line_units = texts.add(record.context_command_line, Anomaly::CommandLineTruncated, event.anomalies);
  event.doc_rule_image_units = texts.add(record.doc_rule_image, Anomaly::DocRuleTruncated, event.anomalies);
  event.doc_rule_extensions_units = texts.add(record.doc_rule_extensions, Anomaly::DocRuleTruncated, event.anomalies);
  texts.pieces[0] = piece(&event, sizeof(event));
  const EVENT_DESCRIPTOR descriptor = descriptor_of(id_of(record), tracing::kProcessKeyword);
  EtwWrite(registration, &descriptor, nullptr, texts.piece_count(), texts.pieces);
}

}  // namespace

void EventTracing::start() {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  static_assert(sizeof(tracing::Guid) == sizeof(GUID));
  const NTSTATUS status = EtwRegister(reinterpret_cast<LPCGUID>(&tracing::kProvider), enabled, this, &registration_);
  if (NT_SUCCESS(status)) return;
  registration_ = 0;
  DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_WARNING_LEVEL, "wdscope: no ETW events: not registered: 0x%08X.\n", status);
}

void EventTracing::stop() {
  if (registration_ == 0) return;
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  EtwUnregister(std::exchange(registration_, 0));
  wanted_.store(false, std::memory_order_relaxed);
}

VOID NTAPI EventTracing::enabled(LPCGUID, ULONG control, UCHAR, ULONGLONG, ULONGLONG, PEVENT_FILTER_DESCRIPTOR,
                                 PVOID self) {
  // Levels and keywords are EtwWrite's affair, session by session.
  auto& tracing = *static_cast<EventTracing*>(self);
  if (control == kEnableProvider) tracing.wanted_.store(true, std::memory_order_relaxed);
  if (control == kDisableProvider) tracing.wanted_.store(false, std::memory_order_relaxed);
}

void EventTracing::write(const wire::ProcessRecord& record) const {
  kit::expect_irql_at_most(DISPATCH_LEVEL);
  if ((record.known & wire::known::Snapshot) != 0) {
    write_snapshot(registration_, record);
  } else {
    write_process(registration_, record);
  }
}

}  // namespace wdscope::observer
