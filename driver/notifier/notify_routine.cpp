// SPDX-License-Identifier: MIT
#include "notifier/notify_routine.h"

#include "abi/defender/callback_names.h"
#include "kit/callback.h"
#include "kit/irql.h"
#include "notifier/handler.h"
#include "notifier/image_name.h"
#include "notifier/kernel_handle.h"
#include "notifier/nri_owner.h"
#include "notifier/refresh.h"
#include "notifier/trace.h"

namespace wdscope::notifier {

using defender::MpDataLayout;

namespace {

using SetRoutineEx = NTSTATUS(NTAPI*)(PCREATE_PROCESS_NOTIFY_ROUTINE_EX, BOOLEAN);
using SetRoutineEx2 = NTSTATUS(NTAPI*)(ULONG, PVOID, BOOLEAN);
constexpr ULONG kNotifySubsystems = 0;  // PsCreateProcessNotifySubsystems

enum class RoutineKind { None, Plain, Ex, Ex2 };
RoutineKind registered_kind;  // written by start and stop alone

NTSTATUS set_routine(RoutineKind kind, BOOLEAN remove) {
  switch (kind) {
    case RoutineKind::None:
      return STATUS_SUCCESS;
    case RoutineKind::Plain:
      return PsSetCreateProcessNotifyRoutine(MpCreateProcessNotifyRoutine, remove);
    case RoutineKind::Ex:
      return reinterpret_cast<SetRoutineEx>(mp_data(&MpDataLayout::SetCreateProcessNotifyRoutineEx))(
          MpCreateProcessNotifyRoutineEx, remove);
    case RoutineKind::Ex2:
      return reinterpret_cast<SetRoutineEx2>(mp_data(&MpDataLayout::SetCreateProcessNotifyRoutineEx2))(
          kNotifySubsystems, reinterpret_cast<PVOID>(MpCreateProcessNotifyRoutineEx), remove);
  }
  return STATUS_INVALID_PARAMETER;
}

NTSTATUS register_routine() {
  const RoutineKind kind = mp_data(&MpDataLayout::SetCreateProcessNotifyRoutineEx2)  ? RoutineKind::Ex2
                           : mp_data(&MpDataLayout::SetCreateProcessNotifyRoutineEx) ? RoutineKind::Ex
                                                                                     : RoutineKind::Plain;
  const NTSTATUS status = set_routine(kind, FALSE);
  if (NT_SUCCESS(status)) registered_kind = kind;
  return status;
}

NTSTATUS create_object(defender::MpDataMember<defender::KernelAddress> MpDataLayout::*slot, const char16_t* name) {
  PCALLBACK_OBJECT object = nullptr;
  const NTSTATUS status = kit::MpCreateCallback(&object, reinterpret_cast<PCWSTR>(name));
  if (NT_SUCCESS(status)) mp_data(slot) = as_address(object);
  return status;
}

NTSTATUS start_connections() {
  const bool wd = MpParameters.names == CallbackNames::Wd;
  NTSTATUS status = create_object(&MpDataLayout::ProcessNotification, wd ? defender::kWdProcessNotificationCallback
                                                                         : defender::kMpProcessNotificationCallback);
  if (!NT_SUCCESS(status)) return status;
  const char16_t* const nri_name = wd ? defender::kWdNriNotificationCallback : defender::kMpNriNotificationCallback;
  status = create_object(&MpDataLayout::NriNotification, nri_name);
  if (!NT_SUCCESS(status)) return status;
  status = require_no_owner(as_pointer<_CALLBACK_OBJECT>(mp_data(&MpDataLayout::NriNotification)));
  if (!NT_SUCCESS(status)) {
    report_owner(reinterpret_cast<PCWSTR>(nri_name), status);
    return status;
  }
  PVOID registration = nullptr;
  status = kit::MpRegisterCallback(as_pointer<_CALLBACK_OBJECT>(mp_data(&MpDataLayout::NriNotification)),
                                   MpNriNotificationCallback, MpData, &registration);
  if (!NT_SUCCESS(status)) return status;
  mp_data(&MpDataLayout::NriRegistration) = as_address(registration);
  return register_routine();
}

void drop_object(defender::MpDataMember<defender::KernelAddress> MpDataLayout::*slot) {
  if (mp_data(slot)) ObDereferenceObject(as_pointer<void>(mp_data(slot)));
  mp_data(slot) = 0;
}

}  // namespace

NTSTATUS MpSetProcessNotifyRoutine() {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  const NTSTATUS status = start_connections();
  if (!NT_SUCCESS(status)) MpRemoveProcessNotifyRoutine();
  return status;
}

void MpRemoveProcessNotifyRoutine() {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  if (!MpData) return;
  const NTSTATUS status = set_routine(registered_kind, TRUE);
  if (!NT_SUCCESS(status)) trace_error("cannot remove the process-notify routine: status %08X", status);
  registered_kind = RoutineKind::None;
  if (mp_data(&MpDataLayout::NriRegistration)) {
    ExUnregisterCallback(as_pointer<void>(mp_data(&MpDataLayout::NriRegistration)));
    mp_data(&MpDataLayout::NriRegistration) = 0;
  }
  drop_object(&MpDataLayout::NriNotification);
  drop_object(&MpDataLayout::ProcessNotification);
}

void NTAPI MpCreateProcessNotifyRoutineEx(PEPROCESS process, HANDLE process_id, PPS_CREATE_NOTIFY_INFO create_info) {
  if (!create_info) {
    MpHandleProcessNotification({.process = process, .process_id = process_id, .kind = ProcessEvent::Exit});
    return;
  }
  const ImageName image_name(process, *create_info);
  const bool transacted = is_transacted(create_info->FileObject);
  BOOLEAN access_denied = FALSE;
  MpHandleProcessNotification({.process = process,
                               .process_id = process_id,
                               .kind = ProcessEvent::Create,
                               .parent_process_id = create_info->ParentProcessId,
                               .image_name = image_name.get(),
                               .command_line = create_info->CommandLine,
                               .transacted = transacted,
                               .access_denied = &access_denied});
  if (access_denied) create_info->CreationStatus = STATUS_ACCESS_DENIED;
  if (transacted) {
    // Whatever the service said: what runs need not be what lies on the disk.
    create_info->CreationStatus = STATUS_ACCESS_DENIED;
    trace_error("process %p denied: its image was opened in a transaction", process_id);
  }
}

void NTAPI MpCreateProcessNotifyRoutine(HANDLE parent_process_id, HANDLE process_id, BOOLEAN create) {
  ProcessReference process;
  if (!NT_SUCCESS(PsLookupProcessByProcessId(process_id, process.put()))) return;
  if (!create) {
    MpHandleProcessNotification({.process = process.get(), .process_id = process_id, .kind = ProcessEvent::Exit});
    return;
  }
  const ImageName image_name(process.get());
  MpHandleProcessNotification({.process = process.get(),
                               .process_id = process_id,
                               .kind = ProcessEvent::Create,
                               .parent_process_id = parent_process_id,
                               .image_name = image_name.get()});
}

}  // namespace wdscope::notifier
