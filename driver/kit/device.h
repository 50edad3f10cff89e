// SPDX-License-Identifier: MIT
// A control device that only SYSTEM and Administrators may open. IoCreateDeviceSecure is no export but a library of the
// WDK, so the descriptor is written and set here. Nobody can open the device before: the I/O manager refuses opens
// until DriverEntry has returned.
#pragma once

#include <cstdint>

#include "kit/nt.h"

namespace wdscope::kit {

// Ends a request; for dispatch routines to return. The request is its owner's again: no use of `irp` after it.
// IRQL <= DISPATCH_LEVEL.
inline NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information = 0) {
  irp->IoStatus.Status = status;
  irp->IoStatus.Information = information;
  IoCompleteRequest(irp, IO_NO_INCREMENT);
  return status;
}

enum class Opens { Shared, Exclusive };

// A named device and its DOS name; both go with the owner. PASSIVE_LEVEL throughout.
class ControlDevice {
 public:
  ControlDevice() = default;
  ~ControlDevice() { destroy(); }
  ControlDevice(const ControlDevice&) = delete;
  ControlDevice& operator=(const ControlDevice&) = delete;

  // Only from DriverEntry, once. Both names must outlive the owner. Errors leave nothing behind:
  //   STATUS_OBJECT_NAME_COLLISION  a name is taken; STATUS_INSUFFICIENT_RESOURCES; those of ZwSetSecurityObject
  [[nodiscard]] NTSTATUS create(PDRIVER_OBJECT driver, const UNICODE_STRING& name, const UNICODE_STRING& dos_name,
                                std::uint32_t device_type, Opens opens, std::uint32_t extension_size);
  void destroy();

  PDEVICE_OBJECT object() const { return device_; }

 private:
  PDEVICE_OBJECT device_ = nullptr;
  UNICODE_STRING dos_name_{};  // Buffer null: no link
};

}  // namespace wdscope::kit
