// SPDX-License-Identifier: MIT
// Which rule the rule breaker breaks.
#pragma once

#include <cstdint>

namespace rule_breaker {

enum class Rule : std::uint32_t {
  None,
  CompleteTwice,
  NeitherCompletedNorPending,
  PendingWithoutMark,
  MarkWithoutPending,
  OtherStatusReturned,
  TooMuchInformation,
  CompleteWithPending,
  ReturnAtDispatch,
  LeaveCallback,
  LeaveRoutine,
  LeaveDevice,
  LeavePool,
  LeaveHandle,
  LeaveLink,
  LeaveThread,
  LeaveTimer,
  LeaveLookaside,
  LeaveMdl,
  HoldGuardedMutex,
  UnregisterInsideCallback,
  RaiseIrqlInCallback,
  RemoveRoutineInsideItself,
  DereferenceTooOften,
  FailEntryCleanly,
  FailEntryLeaving,
  NoUnloadRoutine,
  OverflowPool,
  CopyPastPool,
  ReadFreedPool,
  RaceForCounter,  // two threads must ask at once
};

}  // namespace rule_breaker
