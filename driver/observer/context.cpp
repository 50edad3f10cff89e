// SPDX-License-Identifier: MIT
#include "observer/context.h"

namespace wdscope::observer {
namespace {

using defender::ContextLayout;
using defender::ContextMember;
using kit::ForeignAddress;
using wire::Anomaly;
using wire::anomaly_bit;
using wire::ContextPlace;

// How far a candidate got, for telling which of two to report.
enum class Progress { NoPointer, Unreadable, UnknownMagic, OtherProcess, Recognised };

Progress stop_at(Progress progress, Anomaly anomaly, Context& context) {
  context.anomalies = anomaly_bit(anomaly);
  return progress;
}

// Reads the context in the layout that its magic names. With a guess all of it is read at once; else, what stands there
// being likely something else, no more than its first word before that is known.
Progress read_by_layout(ForeignAddress address, const ContextLayout* guess, Context& context) {
  if (guess != nullptr && kit::checked_copy(context.bytes, address, guess->span) == STATUS_SUCCESS) {
    __builtin_memcpy(&context.magic, context.bytes, sizeof(context.magic));
    context.layout = guess;
    if (context.magic == guess->magic) return Progress::Recognised;
  }
  if (kit::checked_read(address, context.magic) != STATUS_SUCCESS) {
    return stop_at(Progress::Unreadable, Anomaly::ContextUnreadable, context);
  }
  const std::uint32_t first_magic = context.magic;
  context.layout = defender::catalogued_context(first_magic);
  if (context.layout == nullptr) {
    return stop_at(Progress::UnknownMagic, Anomaly::ContextMagicUnknown, context);
  }
  if (kit::checked_copy(context.bytes, address, context.layout->span) != STATUS_SUCCESS) {
    return stop_at(Progress::Unreadable, Anomaly::ContextUnreadable, context);
  }
  // Read anew: the copy is what is judged, and it must be of the kind that its length was chosen for.
  __builtin_memcpy(&context.magic, context.bytes, sizeof(context.magic));
  if (context.magic != first_magic) {
    return stop_at(Progress::UnknownMagic, Anomaly::ContextMagicUnknown, context);
  }
  return Progress::Recognised;
}

Progress examine(ForeignAddress address, const ProcessKey* key, const ContextLayout* guess, Context& context) {
  if (!kit::is_kernel_pointer(address, alignof(std::uint64_t))) return Progress::NoPointer;
  context.address = static_cast<std::uint64_t>(address);
  const Progress progress = read_by_layout(address, guess, context);
  if (progress != Progress::Recognised) return progress;
  if (key == nullptr) return Progress::OtherProcess;
  if (context.number<ContextMember::ProcessId>() != key->process_id) {
    context.anomalies |= anomaly_bit(Anomaly::ContextPidMismatch);
  }
  if (static_cast<std::int64_t>(context.number<ContextMember::CreateTime>()) != key->created_100ns) {
    context.anomalies |= anomaly_bit(Anomaly::ContextTimeMismatch);
  }
  return context.anomalies == 0 ? Progress::Recognised : Progress::OtherProcess;
}

Progress examine_place(const Argument& argument, const ProcessKey* key, ContextPlace place, const ContextGuess& guess,
                       Context& context) {
  context.anomalies = 0;
  context.magic = 0;
  const std::uint64_t candidate = argument.before[place == ContextPlace::Minus10 ? 0 : 1];
  const Progress progress =
      examine(static_cast<ForeignAddress>(candidate), key, place == guess.place ? guess.layout : nullptr, context);
  context.place = place;
  context.located = progress > Progress::Unreadable;
  context.recognised = progress == Progress::Recognised;
  return progress;
}

ContextPlace likeliest_place(const Argument& argument, const ContextGuess& guess) {
  if (guess.place != ContextPlace::None) return guess.place;
  return argument.generation == wire::ArgumentGeneration::ParentByPointer ? ContextPlace::Minus10
                                                                          : ContextPlace::Minus08;
}

bool has_context_near(const Argument& argument) {
  if (!argument.readable || !argument.on_stack) return false;
  // Of an argument that is not understood, nothing around it is either.
  if (argument.is(defender::OperationType::Create)) return argument.generation != wire::ArgumentGeneration::Unknown;
  return argument.is(defender::OperationType::Terminate);
}

}  // namespace

void find_context(const Argument& argument, const ProcessKey* key, const ContextGuess& guess, Context& context) {
  context.located = false;
  context.recognised = false;
  context.place = ContextPlace::None;
  context.anomalies = 0;
  if (!has_context_near(argument)) return;
  const ContextPlace first = likeliest_place(argument, guess);
  const ContextPlace second = first == ContextPlace::Minus10 ? ContextPlace::Minus08 : ContextPlace::Minus10;
  const Progress first_progress = examine_place(argument, key, first, guess, context);
  if (first_progress == Progress::Recognised) return;
  const Progress second_progress = examine_place(argument, key, second, guess, context);
  // Neither: tell of the one that came nearer.
  if (second_progress < first_progress) examine_place(argument, key, first, guess, context);
}

}  // namespace wdscope::observer
