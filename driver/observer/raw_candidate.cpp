// SPDX-License-Identifier: MIT
#include "observer/raw_candidate.h"

#include "abi/defender/notify_info.h"
#include "abi/defender/process_context.h"
#include "abi/wire/layout.h"

namespace wdscope::observer {
namespace {

using kit::ForeignAddress;

constexpr std::int32_t kSlotSize = sizeof(std::uint64_t);

// The slots in the order of preference: below the argument from the nearest on, then above it.
constexpr std::int32_t next_slot(std::int32_t offset) {
  if (offset == wire::kFirstRawSlot) return sizeof(defender::WD_PS_NOTIFY_INFO);
  return offset < 0 ? offset - kSlotSize : offset + kSlotSize;
}

bool has_context_type(std::uint32_t magic) {
  return defender::type_in(magic) == defender::kProcessContextType;
}

}  // namespace

bool read_slot(std::uint64_t argument, std::int32_t offset, const StackLimits& stack, std::uint64_t& value) {
  const std::uint64_t slot = argument + static_cast<std::uint64_t>(std::int64_t{offset});
  return stack.contains(slot, sizeof(value)) &&
         kit::checked_read(static_cast<ForeignAddress>(slot), value) == STATUS_SUCCESS;
}

RawCandidate find_raw_candidate(std::uint64_t argument, const StackLimits& stack) {
  RawCandidate found;
  if (!stack.contains(argument, sizeof(defender::WD_PS_NOTIFY_INFO))) return found;
  for (std::int32_t offset = -kSlotSize; offset <= wire::kLastRawSlot; offset = next_slot(offset)) {
    std::uint64_t value = 0;
    if (!read_slot(argument, offset, stack, value)) continue;
    const auto address = static_cast<ForeignAddress>(value);
    std::uint32_t magic = 0;
    if (stack.contains(value, 1) || !kit::is_kernel_pointer(address, alignof(std::uint64_t)) ||
        kit::checked_read(address, magic) != STATUS_SUCCESS || !wire::is_plausible_context_magic(magic)) {
      continue;
    }
    ++found.count;
    const bool better = found.slot_offset == 0 || (has_context_type(magic) && !has_context_type(found.magic));
    if (!better) continue;
    found.slot_offset = offset;
    found.magic = magic;
    found.address = value;
  }
  return found;
}

}  // namespace wdscope::observer
