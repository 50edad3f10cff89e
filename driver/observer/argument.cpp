// SPDX-License-Identifier: MIT
#include "observer/argument.h"

namespace wdscope::observer {
namespace {

using defender::OperationType;
using defender::WD_PS_NOTIFY_INFO;
using kit::ForeignAddress;
using wire::Anomaly;
using wire::anomaly_bit;

constexpr std::uint64_t kBeforeSize = sizeof(Argument::before);

// The argument and what stands before it: one copy.
struct Neighbourhood {
  std::uint64_t before[2];
  WD_PS_NOTIFY_INFO info;
};
static_assert(sizeof(Neighbourhood) == kBeforeSize + sizeof(WD_PS_NOTIFY_INFO));

bool copy_argument(std::uint64_t address, const StackLimits& stack, Argument& argument) {
  argument.on_stack = stack.contains(address, sizeof(WD_PS_NOTIFY_INFO)) && stack.contains(address - kBeforeSize, 1);
  if (!argument.on_stack) {
    return kit::checked_copy(&argument.info, static_cast<ForeignAddress>(address), sizeof(argument.info)) ==
           STATUS_SUCCESS;
  }
  static_assert(offsetof(Argument, info) == offsetof(Argument, before) + kBeforeSize);
  return kit::checked_copy(argument.before, static_cast<ForeignAddress>(address - kBeforeSize),
                           sizeof(Neighbourhood)) == STATUS_SUCCESS;
}

void classify_create(std::uint64_t address, const StackLimits& stack, Argument& argument) {
  const std::uint64_t member = argument.info.ParentProcessId;
  if (stack.contains(member, sizeof(std::uint64_t)) && member % alignof(std::uint64_t) == 0) {
    if (argument.on_stack && member == address - sizeof(std::uint64_t)) {
      argument.parent_process_id = argument.before[1];
    } else if (kit::checked_read(static_cast<ForeignAddress>(member), argument.parent_process_id) != STATUS_SUCCESS) {
      argument.anomalies |= anomaly_bit(Anomaly::ParentUnclassified);
      return;
    }
    argument.generation = wire::ArgumentGeneration::ParentByPointer;
    argument.parent_known = true;
  } else if (is_plausible_id(member)) {
    argument.parent_process_id = member;
    argument.generation = wire::ArgumentGeneration::ParentByValue;
    argument.parent_known = true;
  } else {
    argument.anomalies |= anomaly_bit(Anomaly::ParentUnclassified);
  }
}

}  // namespace

void read_argument(ForeignAddress foreign, const StackLimits& stack, Argument& argument) {
  const auto address = static_cast<std::uint64_t>(foreign);
  argument.readable = false;
  argument.on_stack = false;
  argument.parent_known = false;
  argument.generation = wire::ArgumentGeneration::Unknown;
  argument.anomalies = 0;
  if (address == 0) {
    argument.anomalies = anomaly_bit(Anomaly::ArgumentNull);
    return;
  }
  if (!kit::is_kernel_pointer(foreign, alignof(WD_PS_NOTIFY_INFO)) || !copy_argument(address, stack, argument)) {
    argument.on_stack = false;
    argument.anomalies = anomaly_bit(Anomaly::ArgumentUnreadable);
    return;
  }
  argument.readable = true;
  if (argument.is(OperationType::Create)) {
    classify_create(address, stack, argument);
  } else if (!argument.is(OperationType::Terminate) && !argument.is(OperationType::Trust)) {
    argument.anomalies = anomaly_bit(Anomaly::UnknownOperation);
  }
}

}  // namespace wdscope::observer
