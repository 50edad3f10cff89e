// SPDX-License-Identifier: MIT
// Scoped acquisition of an ERESOURCE. Every acquisition is bracketed by a critical region and waits without limit, as
// Defender's are. Recursive for an exclusive owner. <= APC_LEVEL.
#pragma once

#include "kit/nt.h"

namespace wdscope::notifier {

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
  ResourceLock(const ResourceLock&) = delete;
  ResourceLock& operator=(const ResourceLock&) = delete;
  ~ResourceLock() {
    ExReleaseResourceLite(resource_);
    KeLeaveCriticalRegion();
  }

 private:
  PERESOURCE resource_;
};

}  // namespace wdscope::notifier
