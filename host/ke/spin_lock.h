// SPDX-License-Identifier: MIT
// Spin locks. A held lock holds its owner's Thread address, which tells recursion and a foreign release apart from
// contention. Taking one raises to DISPATCH_LEVEL; <= DISPATCH_LEVEL.
#pragma once

#include "host/nt/base.h"
#include "host/nt/ke.h"

namespace wdscope::host {

NTAPI void KeInitializeSpinLock(KSpinLock* lock);
NTAPI Irql KeAcquireSpinLockRaiseToDpc(KSpinLock* lock);  // the old IRQL
NTAPI void KeReleaseSpinLock(KSpinLock* lock, Irql old_irql);
NTAPI void KeAcquireSpinLockAtDpcLevel(KSpinLock* lock);  // the caller is at DISPATCH_LEVEL already
NTAPI void KeReleaseSpinLockFromDpcLevel(KSpinLock* lock);
NTAPI Boolean KeTryToAcquireSpinLockAtDpcLevel(KSpinLock* lock);
NTAPI void KeAcquireInStackQueuedSpinLock(KSpinLock* lock, KLockQueueHandle* handle);
NTAPI void KeReleaseInStackQueuedSpinLock(KLockQueueHandle* handle);
NTAPI void KeAcquireInStackQueuedSpinLockAtDpcLevel(KSpinLock* lock, KLockQueueHandle* handle);
NTAPI void KeReleaseInStackQueuedSpinLockFromDpcLevel(KLockQueueHandle* handle);
NTAPI Boolean KeTestSpinLock(KSpinLock* lock);  // 1 if free

// For the executive's own locks in structures that drivers see: scoped, raises to DISPATCH_LEVEL.
class SpinLockHolder {
 public:
  explicit SpinLockHolder(KSpinLock* lock) : lock_(lock), old_irql_(KeAcquireSpinLockRaiseToDpc(lock)) {}
  ~SpinLockHolder() { KeReleaseSpinLock(lock_, old_irql_); }
  SpinLockHolder(const SpinLockHolder&) = delete;
  SpinLockHolder& operator=(const SpinLockHolder&) = delete;

 private:
  KSpinLock* lock_;
  Irql old_irql_;
};

}  // namespace wdscope::host
