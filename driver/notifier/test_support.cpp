// SPDX-License-Identifier: MIT
#include "notifier/test_support.h"

#include "kit/callback.h"
#include "kit/kernel_string.h"
#include "notifier/copy_cache.h"
#include "notifier/doc_rules.h"
#include "notifier/exclusions.h"
#include "notifier/hardening.h"
#include "notifier/lookaside.h"
#include "notifier/pre_scan.h"

namespace wdscope::notifier::test {

bool has_process(ULONG_PTR process_id) {
  PEPROCESS process = nullptr;
  if (!NT_SUCCESS(PsLookupProcessByProcessId(as_id(process_id), &process))) return false;
  ObDereferenceObject(process);
  return true;
}

bool runs_in_system() {
  return has_process(4) && PsGetProcessId(PsInitialSystemProcess) == as_id(4) && PsGetCurrentProcessId() == as_id(4);
}

bool is_windows_10() {
  RTL_OSVERSIONINFOW version = {};
  version.dwOSVersionInfoSize = sizeof(version);
  return NT_SUCCESS(RtlGetVersion(&version)) && version.dwMajorVersion >= 10;
}

State::State(wire::NotifierProfile profile, void (*adjust)(Parameters& parameters)) {
  const Profile* const chosen = find_profile(static_cast<ULONG>(profile));
  Parameters parameters = default_parameters();
  parameters.profile = chosen;
  parameters.create_timeout_ms = kMinimumCreateTimeoutMs;
  if (adjust) adjust(parameters);
  status_ = start_data(nullptr, parameters);
  if (NT_SUCCESS(status_)) start_copy_caches();
  if (NT_SUCCESS(status_)) status_ = start_service_sids();
  if (NT_SUCCESS(status_)) status_ = MpInitializeProcessExclusions();
  if (NT_SUCCESS(status_)) status_ = MpInitializeDocOpenRules();
  if (NT_SUCCESS(status_)) status_ = MpInitializeProcessTable();
}

State::~State() {
  MpShutdownProcessTable();
  stop_doc_open_rules();
  stop_process_exclusions();
  stop_copy_caches();
  stop_pre_scan();
  stop_service_sids();
  stop_data();
}

Recorder::Recorder() {
  // Not permanent: the name goes with the creating handle, so that each recorder has an object of its own.
  UNICODE_STRING name = kit::counted(u"\\Callback\\WdNotifierTest");
  OBJECT_ATTRIBUTES attributes = kit::named_object(name, OBJ_KERNEL_HANDLE);
  PCALLBACK_OBJECT object = nullptr;
  status_ = ExCreateCallback(&object, &attributes, TRUE, TRUE);
  if (!NT_SUCCESS(status_)) return;
  mp_data(&defender::MpDataLayout::ProcessNotification) = as_address(object);
  status_ = kit::MpRegisterCallback(object, record, this, &registration_);
}

Recorder::~Recorder() {
  if (registration_) ExUnregisterCallback(registration_);
  auto& slot = mp_data(&defender::MpDataLayout::ProcessNotification);
  if (slot) ObDereferenceObject(as_pointer<void>(slot));
  slot = 0;
}

void NTAPI Recorder::record(PVOID context, PVOID argument1, PVOID argument2) {
  auto* const self = static_cast<Recorder*>(context);
  if (self->count_ == kCapacity) {
    ++self->count_;
    return;
  }
  Notification& notification = self->notifications_[self->count_++];
  const auto* const argument = static_cast<const std::uint8_t*>(argument1);
  const bool create = static_cast<const defender::WD_PS_NOTIFY_INFO*>(argument1)->OperationType ==
                      static_cast<std::uint32_t>(defender::OperationType::Create);
  // Every site's frame reaches at least so far to both sides, except that of 1910.
  const std::size_t before = MpProfile->neighbourhood == Neighbourhood::Frame1910 ? 0x10 : sizeof(notification.before);
  const std::size_t after = MpProfile->neighbourhood == Neighbourhood::Frame1910 ? 0x10 : 0x40;
  RtlCopyMemory(notification.before + sizeof(notification.before) - before, argument - before, before);
  RtlCopyMemory(&notification.info, argument, sizeof(notification.info));
  RtlCopyMemory(notification.after, argument + sizeof(notification.info), after);
  notification.argument2 = argument2;
  if (create && MpProfile->parent_member == ParentMember::AddressOfId) {
    notification.parent_behind_pointer = *as_pointer<std::uint64_t>(notification.info.ParentProcessId);
  }
  if (notification.info.ImageName) notification.image_name = *as_pointer<UNICODE_STRING>(notification.info.ImageName);
}

MP_PROCESS_CONTEXT* insert_context(ULONG_PTR process_id, LONGLONG create_time) {
  auto* const context = static_cast<MP_PROCESS_CONTEXT*>(allocate_from(context_lookaside()));
  if (!context) return nullptr;
  RtlZeroMemory(context, MpProfile->context_size);
  context->Magic = MpProfile->context_magic;
  context->ProcessId = process_id;
  context->CreateTime = create_time;
  context->RefCount = 1;
  const ResourceLock lock(table_resource(), LockMode::Exclusive);
  insert_into_table(context);
  return context;
}

}  // namespace wdscope::notifier::test
