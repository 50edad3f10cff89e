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

}  // namespace

NTSTATUS Observation::start() {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  nt_facts_.resolve();
  return staging_.start();
}

void Observation::notify(const void* argument1, const void* argument2) {
  RecordBuilder builder(staging_, counters_);
  wire::ProcessRecord& record = builder.fixed();
  record.time_100ns = now_100ns();
  record.notifier_process_id = reinterpret_cast<std::uint64_t>(PsGetCurrentProcessId());
  record.notifier_thread_id = reinterpret_cast<std::uint64_t>(PsGetCurrentThreadId());
  if (KeGetCurrentIrql() > APC_LEVEL) {
    record.anomalies |= anomaly_bit(Anomaly::HighIrql);
  } else {
    describe(argument1, argument2, builder);
  }
  publish(builder.finish());
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
  const wire::ContextPlace expected = expected_place_.load(std::memory_order_relaxed);
  Context context;
  find_context(argument, process_known ? &key : nullptr, expected, context);
  if (context.recognised && context.place != expected) expected_place_.store(context.place, std::memory_order_relaxed);
  builder.add_context(context);
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
      break;
  }
}

}  // namespace wdscope::observer
