// SPDX-License-Identifier: MIT
// The observer as an ETW provider (abi/wire/tracing.h): one event for each record, while somebody listens. When nobody
// does, a record costs the look at one flag.
#pragma once

#include <atomic>

#include "abi/wire/record.h"
#include "kit/nt.h"

namespace wdscope::observer {

class EventTracing {
 public:
  EventTracing() = default;
  ~EventTracing() { stop(); }
  EventTracing(const EventTracing&) = delete;
  EventTracing& operator=(const EventTracing&) = delete;

  // Registers. A refusal is told, and there are no ETW events then: the records do not depend on it. PASSIVE_LEVEL.
  void start();
  // No write() may be running any more. PASSIVE_LEVEL.
  void stop();

  bool wanted() const { return wanted_.load(std::memory_order_relaxed); }
  // `record` is whole and published. What a session has no room for, ETW counts as lost there. IRQL <= DISPATCH_LEVEL.
  void write(const wire::ProcessRecord& record) const;

 private:
  static VOID NTAPI enabled(LPCGUID source, ULONG control, UCHAR level, ULONGLONG any, ULONGLONG all,
                            PEVENT_FILTER_DESCRIPTOR filter, PVOID self);

  REGHANDLE registration_ = 0;
  std::atomic<bool> wanted_{false};
};

}  // namespace wdscope::observer
