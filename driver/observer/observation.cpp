// SPDX-License-Identifier: MIT
#include "observer/observation.h"

#include "kit/irql.h"
#include "observer/argument.h"
#include "observer/context.h"

namespace wdscope::observer {
namespace {

using wire::Anomaly;
using wire::anomaly_bit;

std::int64_t now_100ns() {
  LARGE_INTEGER now;
  KeQuerySystemTimePrecise(&now);
  return now.QuadPart;
}

std::uint64_t current_thread_id() {
  return reinterpret_cast<std::uint64_t>(PsGetCurrentThreadId());
}

}  // namespace

NTSTATUS Observation::start() {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  nt_facts_.resolve();
  if (const NTSTATUS status = staging_.start(); !NT_SUCCESS(status)) return status;
  tracing_.start();
  return STATUS_SUCCESS;
}

void Observation::notify(const void* argument1, const void* argument2) {
  RecordBuilder builder(staging_, counters_);
  wire::ProcessRecord& record = builder.fixed();
  record.time_100ns = now_100ns();
  record.notifier_process_id = reinterpret_cast<std::uint64_t>(PsGetCurrentProcessId());
  record.notifier_thread_id = current_thread_id();
  if (record.notifier_thread_id == snapshot_thread_id_.load(std::memory_order_relaxed)) {
    snapshot_answers_.fetch_add(1, std::memory_order_relaxed);
  }
  if (KeGetCurrentIrql() > APC_LEVEL) {
    record.anomalies |= anomaly_bit(Anomaly::HighIrql);
  } else {
    describe(argument1, argument2, builder);
  }
  std::uint64_t* const built = builder.finish();
  publish(built);
  raw_capture_.add(argument1, built);
}

void Observation::describe(const void* argument1, const void* argument2, RecordBuilder& builder) {
  wire::ProcessRecord& record = builder.fixed();
  if (argument2 != nullptr) record.anomalies |= anomaly_bit(Anomaly::Argument2NotNull);

  Argument argument;
  read_argument(static_cast<kit::ForeignAddress>(reinterpret_cast<std::uint64_t>(argument1)), StackLimits::current(),
                argument);
  builder.add_argument(argument);
  if (!argument.readable) return;

  nt_facts_.describe(argument.info.ProcessId, record);
  const bool process_known = (record.known & wire::known::NtProcess) != 0;
  if (!process_known) record.anomalies |= anomaly_bit(Anomaly::ProcessUnknownToNt);
  if (argument.parent_known && (record.known & wire::known::NtParent) != 0 &&
      argument.parent_process_id != record.nt_parent_process_id) {
    record.anomalies |= anomaly_bit(Anomaly::ParentMismatch);
  }

  const ProcessKey key{argument.info.ProcessId, record.nt_created_100ns};
  if (loaded_layout_.loaded() && describe_loaded(argument1, argument, process_known ? &key : nullptr, builder)) return;
  Context context;
  find_context(argument, process_known ? &key : nullptr, evidence_.guess(), context);
  record.anomalies |= evidence_.weigh(
      argument, context, {process_known, (record.known & wire::known::NtParent) != 0, record.nt_parent_process_id});
  builder.add_context(context);
}

// Apart, so that its copy of a context takes no stack from those who have loaded nothing.
[[gnu::noinline]] bool Observation::describe_loaded(const void* argument1, const Argument& argument,
                                                    const ProcessKey* key, RecordBuilder& builder) {
  LoadedContext context;
  if (!loaded_layout_.find(argument, reinterpret_cast<std::uint64_t>(argument1), key, context)) return false;
  builder.add_loaded_context(context);
  return true;
}

void Observation::publish(std::uint64_t* record) {
  // Before the record is out: who reads it finds it counted.
  const auto* const fixed = reinterpret_cast<const wire::ProcessRecord*>(record);
  if (fixed->anomalies != 0) counters_.add_anomalies(fixed->anomalies);
  switch (ring_.publish(record)) {
    case kit::EventRing::Published::Quiet:
      break;
    case kit::EventRing::Published::Awaited:
      KeSetEvent(&record_awaited_, IO_NO_INCREMENT, FALSE);
      break;
    case kit::EventRing::Published::TooLarge:
      counters_.record_too_large();
      return;
  }
  if (tracing_.wanted()) [[unlikely]] {
    tracing_.write(*fixed);
  }
}

void Observation::begin_snapshot(std::uint32_t number, wire::SnapshotTrigger trigger) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  snapshot_answers_.store(0, std::memory_order_relaxed);
  snapshot_thread_id_.store(current_thread_id(), std::memory_order_relaxed);
  mark_snapshot(number, trigger, wire::SnapshotBoundary::Begin);
}

void Observation::end_snapshot(std::uint32_t number, wire::SnapshotTrigger trigger) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  snapshot_thread_id_.store(0, std::memory_order_relaxed);
  mark_snapshot(number, trigger, wire::SnapshotBoundary::End);
}

void Observation::mark_snapshot(std::uint32_t number, wire::SnapshotTrigger trigger, wire::SnapshotBoundary boundary) {
  RecordBuilder builder(staging_, counters_);
  wire::ProcessRecord& mark = builder.fixed();
  mark.known = wire::known::Snapshot;
  mark.time_100ns = now_100ns();
  mark.notifier_process_id = reinterpret_cast<std::uint64_t>(PsGetCurrentProcessId());
  mark.notifier_thread_id = current_thread_id();
  mark.snapshot_boundary = static_cast<std::uint8_t>(boundary);
  mark.snapshot_trigger = static_cast<std::uint8_t>(trigger);
  mark.snapshot_number = number;
  mark.snapshot_answered = snapshot_answers_.load(std::memory_order_relaxed);
  publish(builder.finish());
  counters_.marked();
}

}  // namespace wdscope::observer
