// SPDX-License-Identifier: MIT
#include "observer/loaded_layout.h"

#include "kit/irql.h"
#include "kit/locks.h"
#include "observer/raw_candidate.h"

namespace wdscope::observer {
namespace {

using wire::Anomaly;
using wire::anomaly_bit;
using wire::LayoutFault;
using wire::LayoutMember;

NTSTATUS status_of(LayoutFault fault) {
  switch (fault) {
    case LayoutFault::None:
      return STATUS_SUCCESS;
    case LayoutFault::Size:
    case LayoutFault::Version:
      return STATUS_INFO_LENGTH_MISMATCH;
    case LayoutFault::Machine:
      return STATUS_NOT_SUPPORTED;
    default:
      return STATUS_INVALID_PARAMETER;
  }
}

}  // namespace

std::uint64_t LoadedContext::word(LayoutMember member) const {
  std::uint64_t value = 0;
  RtlCopyMemory(&value, bytes + layout.offset(member),
                wire::kLayoutMemberRules[static_cast<std::uint32_t>(member)].size);
  return value;
}

NTSTATUS LoadedLayout::load(const wire::ContextLayout& layout) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  const NTSTATUS status = status_of(wire::check_layout(layout).fault);
  if (NT_SUCCESS(status)) exchange(layout);
  return status;
}

void LoadedLayout::unload() {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  exchange({});
}

void LoadedLayout::exchange(const wire::ContextLayout& layout) {
  std::uint64_t words[kWords];
  RtlCopyMemory(words, &layout, sizeof(layout));
  const kit::FastMutexGuard guard(mutex_);
  generation_.fetch_add(1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  for (std::size_t index = 0; index < kWords; ++index) words_[index].store(words[index], std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
}

bool LoadedLayout::copy(wire::ContextLayout& layout) const {
  const std::uint64_t before = generation_.load(std::memory_order_acquire);
  if (before % 2 != 0) return false;
  std::uint64_t words[kWords];
  for (std::size_t index = 0; index < kWords; ++index) words[index] = words_[index].load(std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_acquire);
  if (generation_.load(std::memory_order_relaxed) != before) return false;
  RtlCopyMemory(&layout, words, sizeof(layout));
  return layout.size == sizeof(layout);  // an empty one says that nothing is loaded
}

bool LoadedLayout::find(const Argument& argument, std::uint64_t argument_address, const ProcessKey* key,
                        LoadedContext& context) const {
  context.claimed = false;
  context.recognised = false;
  const bool has_frame =
      argument.readable && argument.on_stack &&
      (argument.is(defender::OperationType::Create) || argument.is(defender::OperationType::Terminate));
  if (!has_frame || !copy(context.layout)) return false;
  const wire::ContextLayout& layout = context.layout;
  const auto foreign = [&context] { return static_cast<kit::ForeignAddress>(context.address); };
  if (!read_slot(argument_address, layout.slot_offset, StackLimits::current(), context.address) ||
      !kit::is_kernel_pointer(foreign(), alignof(std::uint64_t)) ||
      kit::checked_read(foreign(), context.magic) != STATUS_SUCCESS || context.magic != layout.magic) {
    return false;
  }
  context.claimed = true;
  context.anomalies = 0;
  if (kit::checked_copy(context.bytes, foreign(), layout.context_size()) != STATUS_SUCCESS) {
    context.anomalies = anomaly_bit(Anomaly::ContextUnreadable);
    return true;
  }
  // Read anew: the copy is what is judged.
  RtlCopyMemory(&context.magic, context.bytes, sizeof(context.magic));
  if (context.magic != layout.magic) {
    context.anomalies = anomaly_bit(Anomaly::ContextMagicUnknown);
    return true;
  }
  if (key == nullptr) return true;
  if (context.word(LayoutMember::ProcessId) != key->process_id) {
    context.anomalies |= anomaly_bit(Anomaly::ContextPidMismatch);
  }
  if (static_cast<std::int64_t>(context.word(LayoutMember::CreateTime)) != key->created_100ns) {
    context.anomalies |= anomaly_bit(Anomaly::ContextTimeMismatch);
  }
  context.recognised = context.anomalies == 0;
  return true;
}

}  // namespace wdscope::observer
