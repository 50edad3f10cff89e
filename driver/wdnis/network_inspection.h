// SPDX-License-Identifier: MIT
// The driver as a whole: both callback objects, the registration on the process notification, the exceptions and the
// device. Source of what it does on the objects: research ExecutiveCallbackObjects.
//
// Nothing is locked while the Nri object is notified: the refresh comes back as notifications on the same thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "abi/wire/wdnis.h"
#include "kit/device.h"
#include "kit/nt.h"
#include "wdnis/process_exceptions.h"

namespace wdscope::wdnis {

class NetworkInspection {
 public:
  NetworkInspection() = default;
  ~NetworkInspection() { stop(); }
  NetworkInspection(const NetworkInspection&) = delete;
  NetworkInspection& operator=(const NetworkInspection&) = delete;

  // PASSIVE_LEVEL, from DriverEntry. Makes whichever of the two objects is not there yet, and registers last of all. On
  // an error nothing is left behind but the objects, which are permanent; a message says what was wrong.
  [[nodiscard]] NTSTATUS start(PDRIVER_OBJECT driver, const UNICODE_STRING& registry_path);
  // Unregisters first, and waits. PASSIVE_LEVEL.
  void stop();

  // kNisSetProcessExceptions: takes the list, then notifies the Nri object on this thread. PASSIVE_LEVEL.
  [[nodiscard]] NTSTATUS set_process_exceptions(const void* texts, std::size_t size);

  wire::NisStatistics statistics() const;

 private:
  static VOID NTAPI process_notification_callback(PVOID self, PVOID argument1, PVOID argument2);
  void count(PVOID argument1, PVOID argument2);

  ProcessExceptions exceptions_;
  kit::ControlDevice device_;
  PCALLBACK_OBJECT process_object_ = nullptr;
  PCALLBACK_OBJECT nri_object_ = nullptr;
  PVOID registration_ = nullptr;

  std::atomic<std::uint64_t> creates_{0}, terminates_{0}, trust_changes_{0}, refreshes_{0}, malformed_{0};
  std::atomic<std::uint64_t> excepted_{0}, exception_changes_{0};
};

// The driver behind a device object. Valid from start() to stop().
NetworkInspection& inspection_of(PDEVICE_OBJECT device);

}  // namespace wdscope::wdnis
