// SPDX-License-Identifier: MIT
#include "host/ke/irql.h"

#include "host/ke/thread.h"
#include "host/verifier/bug_check.h"

namespace wdscope::host {
namespace {

[[noreturn]] NTAPI_ASIDE void unbalanced(std::uint64_t which, const char* text) {
  bug_check(kDriverVerifierDetectedViolation, {0x3E, which, 0, 0}, text);
}

}  // namespace

NTAPI Irql KeGetCurrentIrql() {
  return current_thread().irql;
}
NTAPI Irql KfRaiseIrql(Irql to) {
  return raise_irql(to);
}
NTAPI void KeRaiseIrql(Irql to, Irql* old) {
  *old = raise_irql(to);
}
NTAPI void KeLowerIrql(Irql to) {
  lower_irql(to);
}
NTAPI Irql KeRaiseIrqlToDpcLevel() {
  return raise_irql(kDispatchLevel);
}

NTAPI void KeEnterCriticalRegion() {
  --current_thread().kernel_apc_disable;
}

NTAPI void KeLeaveCriticalRegion() {
  Thread& thread = current_thread();
  if (thread.kernel_apc_disable >= 0) [[unlikely]] {
    unbalanced(0, "KeLeaveCriticalRegion without a KeEnterCriticalRegion before it");
  }
  ++thread.kernel_apc_disable;
}

NTAPI void KeEnterGuardedRegion() {
  --current_thread().special_apc_disable;
}

NTAPI void KeLeaveGuardedRegion() {
  Thread& thread = current_thread();
  if (thread.special_apc_disable >= 0) [[unlikely]] {
    unbalanced(1, "KeLeaveGuardedRegion without a KeEnterGuardedRegion before it");
  }
  ++thread.special_apc_disable;
}

NTAPI Boolean KeAreApcsDisabled() {
  const Thread& thread = current_thread();
  return thread.kernel_apc_disable != 0 || thread.special_apc_disable != 0;
}

NTAPI Boolean KeAreAllApcsDisabled() {
  const Thread& thread = current_thread();
  return thread.special_apc_disable != 0 || thread.irql >= kApcLevel;
}

}  // namespace wdscope::host
