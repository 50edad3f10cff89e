// SPDX-License-Identifier: MIT
#include "wdnis/network_inspection.h"

#include <utility>

#include "abi/defender/callback_names.h"
#include "abi/defender/notify_info.h"
#include "kit/callback.h"
#include "kit/checked_copy.h"
#include "kit/irql.h"
#include "kit/kernel_string.h"
#include "kit/registry.h"

namespace wdscope::wdnis {
namespace {

// "MpNames" as wdnotifier has it: 1 for the names of the product called MpFilter.
constexpr kit::NumberParameter kMpNames{u"MpNames", 0, 0, 1};

struct DeviceExtension {
  NetworkInspection* inspection;
};

NTSTATUS say(const char* what, NTSTATUS status) {
  DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "wdnis: not started: %s: 0x%08X.\n", what, status);
  return status;
}

kit::ForeignAddress foreign(const void* pointer) {
  return static_cast<kit::ForeignAddress>(reinterpret_cast<std::uint64_t>(pointer));
}

// A longer name is the same as no exception.
struct ImageName {
  UNICODE_STRING text;
  WCHAR units[wire::kMaximumNisExceptionUnits];
};

// False when the name cannot be read. Text.Length 0: it is empty, as System's, or longer than any exception.
bool read_name(kit::ForeignAddress address, ImageName* name) {
  UNICODE_STRING described;
  if (!NT_SUCCESS(kit::checked_read(address, described))) return false;
  name->text = {};
  if (described.Length == 0 || described.Length > sizeof(name->units)) return true;
  if (!NT_SUCCESS(kit::checked_copy(name->units, foreign(described.Buffer), described.Length))) return false;
  name->text = {described.Length, described.Length, name->units};
  return true;
}

}  // namespace

NTSTATUS NetworkInspection::start(PDRIVER_OBJECT driver, const UNICODE_STRING& registry_path) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  std::uint32_t mp_names = 0;
  NTSTATUS status = kit::read_number(registry_path, kMpNames, mp_names);
  if (!NT_SUCCESS(status)) return say("its parameters cannot be read", status);
  status = exceptions_.start();
  if (!NT_SUCCESS(status)) return say("no lock for the exceptions", status);
  status = kit::MpCreateCallback(&process_object_,
                                 reinterpret_cast<PCWSTR>(mp_names ? defender::kMpProcessNotificationCallback
                                                                   : defender::kWdProcessNotificationCallback));
  if (!NT_SUCCESS(status)) return say("no process-notification object", status);
  status = kit::MpCreateCallback(
      &nri_object_,
      reinterpret_cast<PCWSTR>(mp_names ? defender::kMpNriNotificationCallback : defender::kWdNriNotificationCallback));
  if (!NT_SUCCESS(status)) return say("no Nri object", status);
  status = device_.create(driver, kit::counted(wire::kNisDeviceName), kit::counted(wire::kNisDosDeviceName),
                          wire::kDeviceType, kit::Opens::Shared, sizeof(DeviceExtension));
  if (!NT_SUCCESS(status)) return say("the device cannot be made", status);
  static_cast<DeviceExtension*>(device_.object()->DeviceExtension)->inspection = this;
  status = kit::MpRegisterCallback(process_object_, process_notification_callback, this, &registration_);
  if (!NT_SUCCESS(status)) return say("no registration on the process-notification object", status);
  return STATUS_SUCCESS;
}

void NetworkInspection::stop() {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  if (registration_) ExUnregisterCallback(std::exchange(registration_, nullptr));
  device_.destroy();
  if (nri_object_) ObDereferenceObject(std::exchange(nri_object_, nullptr));
  if (process_object_) ObDereferenceObject(std::exchange(process_object_, nullptr));
  exceptions_.stop();
}

NTSTATUS NetworkInspection::set_process_exceptions(const void* texts, std::size_t size) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  const NTSTATUS status = exceptions_.replace(texts, size);
  if (!NT_SUCCESS(status)) return status;
  ++exception_changes_;
  std::uint64_t zero = 0;
  ExNotifyCallback(nri_object_, &zero, nullptr);
  return STATUS_SUCCESS;
}

VOID NTAPI NetworkInspection::process_notification_callback(PVOID self, PVOID argument1, PVOID argument2) {
  static_cast<NetworkInspection*>(self)->count(argument1, argument2);
}

// Anybody may notify the object: nothing is believed, and nothing is read twice.
void NetworkInspection::count(PVOID argument1, PVOID argument2) {
  defender::WD_PS_NOTIFY_INFO info;
  if (KeGetCurrentIrql() != PASSIVE_LEVEL || argument2 || !NT_SUCCESS(kit::checked_read(foreign(argument1), info))) {
    ++malformed_;
    return;
  }
  ImageName image = {};
  if (info.ImageName && !read_name(kit::ForeignAddress{info.ImageName}, &image)) {
    ++malformed_;
    return;
  }
  switch (static_cast<defender::OperationType>(info.OperationType)) {
    case defender::OperationType::Create:
      ++creates_;
      break;
    case defender::OperationType::Terminate:
      ++terminates_;
      break;
    case defender::OperationType::Trust:
      ++(info.ImageName ? refreshes_ : trust_changes_);
      break;
    default:
      ++malformed_;
      return;
  }
  if (image.text.Length != 0 && exceptions_.contains(image.text)) ++excepted_;
}

wire::NisStatistics NetworkInspection::statistics() const {
  return {.creates = creates_,
          .terminates = terminates_,
          .trust_changes = trust_changes_,
          .refreshes = refreshes_,
          .malformed = malformed_,
          .excepted = excepted_,
          .exception_changes = exception_changes_};
}

NetworkInspection& inspection_of(PDEVICE_OBJECT device) {
  return *static_cast<DeviceExtension*>(device->DeviceExtension)->inspection;
}

}  // namespace wdscope::wdnis
