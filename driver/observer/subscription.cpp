// SPDX-License-Identifier: MIT
#include "observer/subscription.h"

#include "abi/defender/callback_names.h"
#include "kit/checked_copy.h"
#include "kit/irql.h"
#include "kit/kernel_string.h"

namespace wdscope::observer {
namespace {

// Some stand-ins for NT answer with success and no object, or with a number that is no address.
bool is_object(const void* pointer) {
  return kit::is_kernel_pointer(static_cast<kit::ForeignAddress>(reinterpret_cast<std::uint64_t>(pointer)), 8);
}

}  // namespace

NTSTATUS CallbackObject::open(UNICODE_STRING name) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  OBJECT_ATTRIBUTES attributes = kit::named_object(name, defender::kCallbackAttributes);
  PCALLBACK_OBJECT object = nullptr;
  const NTSTATUS status = ExCreateCallback(&object, &attributes, FALSE, FALSE);
  if (!NT_SUCCESS(status)) return status;
  if (!is_object(object)) return STATUS_UNSUCCESSFUL;
  object_ = object;
  return STATUS_SUCCESS;
}

NTSTATUS Subscription::open() {
  const UNICODE_STRING wd_name = kit::counted(defender::kWdProcessNotificationCallback);
  const UNICODE_STRING mp_name = kit::counted(defender::kMpProcessNotificationCallback);
  name_ = wire::CallbackObjectName::Wd;
  NTSTATUS status = process_object_.open(wd_name);
  if (status == STATUS_OBJECT_NAME_NOT_FOUND || status == STATUS_OBJECT_PATH_NOT_FOUND) {
    name_ = wire::CallbackObjectName::Mp;
    status = process_object_.open(mp_name);
  }
  if (status == STATUS_OBJECT_NAME_NOT_FOUND || status == STATUS_OBJECT_PATH_NOT_FOUND) {
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL,
               "wdscope: neither %wZ nor %wZ exists: load Defender's driver (or wdnotifier) first.\n", &wd_name,
               &mp_name);
    return STATUS_NOT_FOUND;
  }
  if (!NT_SUCCESS(status)) {
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "wdscope: %wZ cannot be opened: 0x%08X.\n",
               name_ == wire::CallbackObjectName::Wd ? &wd_name : &mp_name, status);
    return status;
  }

  const UNICODE_STRING refresh_name = name_ == wire::CallbackObjectName::Wd
                                          ? kit::counted(defender::kWdNriNotificationCallback)
                                          : kit::counted(defender::kMpNriNotificationCallback);
  if (const NTSTATUS refresh_status = refresh_object_.open(refresh_name); !NT_SUCCESS(refresh_status)) {
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_WARNING_LEVEL, "wdscope: no refresh: %wZ cannot be opened: 0x%08X.\n",
               &refresh_name, refresh_status);
  }
  return STATUS_SUCCESS;
}

NTSTATUS Subscription::start(PCALLBACK_FUNCTION callback, void* context) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  void* const registration = ExRegisterCallback(process_object_.get(), callback, context);
  if (!is_object(registration)) {
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL,
               "wdscope: the executive gave no registration on the callback object (%p).\n", registration);
    return STATUS_UNSUCCESSFUL;
  }
  registration_ = registration;
  registered_.store(true, std::memory_order_release);
  return STATUS_SUCCESS;
}

void Subscription::stop() {
  if (registration_ == nullptr) return;
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  registered_.store(false, std::memory_order_release);
  ExUnregisterCallback(std::exchange(registration_, nullptr));
}

void Subscription::ask_for_refresh() {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  // The notifier looks at the 32 bits that Argument1 points to and at Argument2: both must be zero.
  std::uint64_t zero = 0;
  ExNotifyCallback(refresh_object_.get(), &zero, nullptr);
}

}  // namespace wdscope::observer
