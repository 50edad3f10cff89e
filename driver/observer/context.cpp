// SPDX-License-Identifier: MIT
#include "observer/context.h"

#include "abi/defender/layouts.h"

namespace wdscope::observer {
namespace {

using defender::MP_PROCESS_CONTEXT;
using defender::MP_PROCESS_CONTEXT_25080;
using kit::ForeignAddress;
using wire::Anomaly;
using wire::anomaly_bit;
using wire::ContextPlace;

// Decoding goes through the structures that the catalogue takes its offsets from.
bool is_known_magic(std::uint32_t magic) {
  return defender::layout::kProcessContextMagics.contain(magic);
}

std::uint64_t candidate_at(const Argument& argument, ContextPlace place) {
  return argument.before[place == ContextPlace::Minus10 ? 0 : 1];
}

// How far a candidate got, for telling which of two to report.
enum class Progress { NoPointer, Unreadable, UnknownMagic, OtherProcess, Recognised };

// Doubtful: what stands there is likely something else; no more than its first word is read before the magic is known.
enum class Trust { Expected, Doubtful };

Progress examine(std::uint64_t address, const ProcessKey* key, Trust trust, Context& context) {
  const auto foreign = static_cast<ForeignAddress>(address);
  if (!kit::is_kernel_pointer(foreign, alignof(MP_PROCESS_CONTEXT))) return Progress::NoPointer;
  context.address = address;
  if (trust == Trust::Doubtful) {
    if (kit::checked_read(foreign, context.magic) != STATUS_SUCCESS) {
      context.anomalies = anomaly_bit(Anomaly::ContextUnreadable);
      return Progress::Unreadable;
    }
    if (!is_known_magic(context.magic)) {
      context.anomalies = anomaly_bit(Anomaly::ContextMagicUnknown);
      return Progress::UnknownMagic;
    }
  }
  if (kit::checked_copy(&context.common, foreign, sizeof(context.common)) != STATUS_SUCCESS) {
    context.anomalies = anomaly_bit(Anomaly::ContextUnreadable);
    return Progress::Unreadable;
  }
  // Read anew: the copy is what is judged.
  context.magic = context.common.Magic;
  context.anomalies = 0;
  if (!is_known_magic(context.magic)) {
    context.anomalies = anomaly_bit(Anomaly::ContextMagicUnknown);
    return Progress::UnknownMagic;
  }
  if (key == nullptr) return Progress::OtherProcess;
  if (context.common.ProcessId != key->process_id) context.anomalies |= anomaly_bit(Anomaly::ContextPidMismatch);
  if (context.common.CreateTime != key->created_100ns) context.anomalies |= anomaly_bit(Anomaly::ContextTimeMismatch);
  return context.anomalies == 0 ? Progress::Recognised : Progress::OtherProcess;
}

Progress examine_place(const Argument& argument, const ProcessKey* key, ContextPlace place, ContextPlace expected,
                       Context& context) {
  context.anomalies = 0;
  context.magic = 0;
  const Progress progress =
      examine(candidate_at(argument, place), key, place == expected ? Trust::Expected : Trust::Doubtful, context);
  context.place = place;
  context.located = progress > Progress::Unreadable;
  context.recognised = progress == Progress::Recognised;
  return progress;
}

void read_tail(Context& context) {
  if (context.magic != defender::kProcessContextMagic25080) return;
  constexpr std::uint64_t kTail = offsetof(MP_PROCESS_CONTEXT_25080, KnownProcessType);
  context.tail_known = kit::checked_copy(&context.tail, static_cast<ForeignAddress>(context.address + kTail),
                                         sizeof(context.tail)) == STATUS_SUCCESS;
  if (!context.tail_known) context.anomalies |= anomaly_bit(Anomaly::ContextUnreadable);
}

}  // namespace

void find_context(const Argument& argument, const ProcessKey* key, ContextPlace expected, Context& context) {
  context.located = false;
  context.recognised = false;
  context.tail_known = false;
  context.place = ContextPlace::None;
  context.anomalies = 0;
  if (!argument.readable || !argument.on_stack) return;

  if (argument.is(defender::OperationType::Create)) {
    if (argument.generation == wire::ArgumentGeneration::Unknown) return;
    const ContextPlace place = argument.generation == wire::ArgumentGeneration::ParentByPointer ? ContextPlace::Minus10
                                                                                                : ContextPlace::Minus08;
    examine_place(argument, key, place, expected, context);
  } else if (argument.is(defender::OperationType::Terminate)) {
    const ContextPlace first = expected == ContextPlace::Minus10 ? ContextPlace::Minus10 : ContextPlace::Minus08;
    const ContextPlace second = first == ContextPlace::Minus10 ? ContextPlace::Minus08 : ContextPlace::Minus10;
    const Progress first_progress = examine_place(argument, key, first, expected, context);
    if (first_progress != Progress::Recognised) {
      const Progress second_progress = examine_place(argument, key, second, expected, context);
      // Neither: tell of the one that came nearer.
      if (second_progress < first_progress) examine_place(argument, key, first, expected, context);
    }
  }
  if (context.recognised) read_tail(context);
}

}  // namespace wdscope::observer
