// SPDX-License-Identifier: MIT
// Locks held by scope.
#pragma once

#include "kit/nt.h"

namespace wdscope::kit {

// A spin lock held while the guard lives, at DISPATCH_LEVEL. Take at <= DISPATCH_LEVEL; not recursive.
class SpinGuard {
 public:
  explicit SpinGuard(KSPIN_LOCK& lock) : lock_(lock), irql_(KeAcquireSpinLockRaiseToDpc(&lock)) {}
  ~SpinGuard() { KeReleaseSpinLock(&lock_, irql_); }
  SpinGuard(const SpinGuard&) = delete;
  SpinGuard& operator=(const SpinGuard&) = delete;

 private:
  KSPIN_LOCK& lock_;
  KIRQL irql_;
};

// A fast mutex held while the guard lives, at APC_LEVEL. Take at <= APC_LEVEL; not recursive; may block.
class FastMutexGuard {
 public:
  explicit FastMutexGuard(FAST_MUTEX& mutex) : mutex_(mutex) { ExAcquireFastMutex(&mutex_); }
  ~FastMutexGuard() { ExReleaseFastMutex(&mutex_); }
  FastMutexGuard(const FastMutexGuard&) = delete;
  FastMutexGuard& operator=(const FastMutexGuard&) = delete;

 private:
  FAST_MUTEX& mutex_;
};

// An ERESOURCE held while the guard lives. Every acquisition is bracketed by a critical region and waits without limit,
// as Defender's are. Recursive for an exclusive owner. Take at <= APC_LEVEL.
enum class LockMode { Shared, Exclusive };

class ResourceLock {
 public:
  ResourceLock(PERESOURCE resource, LockMode mode) : resource_(resource) {
    KeEnterCriticalRegion();
    if (mode == LockMode::Exclusive) {
      ExAcquireResourceExclusiveLite(resource_, TRUE);
    } else {
      ExAcquireResourceSharedLite(resource_, TRUE);
    }
  }
  ~ResourceLock() {
    ExReleaseResourceLite(resource_);
    KeLeaveCriticalRegion();
  }
  ResourceLock(const ResourceLock&) = delete;
  ResourceLock& operator=(const ResourceLock&) = delete;

 private:
  PERESOURCE resource_;
};

}  // namespace wdscope::kit
