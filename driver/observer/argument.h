// SPDX-License-Identifier: MIT
// What stands at Argument1 of a notification, and which generation of the notifier wrote it.
//
// Member 0x08 of a create (research: ExecutiveCallbackObjects, wdfilter-research) was the address of the parent's id on
// the notifier's stack in 2019 and is the id itself in 2025. Nothing announces which, so it is judged by value:
//   within the current kernel stack          -> an address, read through
//   below 2^32 and a multiple of 4           -> the id
//   anything else                            -> unknown: not touched
#pragma once

#include <cstdint>

#include "abi/defender/notify_info.h"
#include "abi/wire/record.h"
#include "kit/checked_copy.h"
#include "observer/stack_limits.h"

namespace wdscope::observer {

struct Argument {
  bool readable;      // `info` is a copy of the 0x20 bytes
  bool on_stack;      // it lies, with the 0x10 bytes before it, in the current stack: `before` is a copy of those
  bool parent_known;  // `parent_process_id`
  wire::ArgumentGeneration generation;
  std::uint32_t anomalies;  // wire::anomaly_bit()s
  std::uint64_t before[2];  // at Argument1 - 0x10 and - 0x08
  defender::WD_PS_NOTIFY_INFO info;
  std::uint64_t parent_process_id;

  bool is(defender::OperationType type) const { return info.OperationType == static_cast<std::uint32_t>(type); }
};

// Reads and judges; members that the flags do not vouch for are undefined. IRQL <= APC_LEVEL.
void read_argument(kit::ForeignAddress address, const StackLimits& stack, Argument& argument);

// Whether a number can be a process id.
constexpr bool is_plausible_id(std::uint64_t id) {
  return id <= 0xFFFFFFFF && id % 4 == 0;
}

}  // namespace wdscope::observer
