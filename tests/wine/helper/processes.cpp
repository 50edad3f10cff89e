// SPDX-License-Identifier: MIT
// Process notifications, which Wine 8 never sends, and what its process objects do not tell.
#include "wine/helper/executive.h"

namespace wdscope::wine {
namespace {

constexpr ULONG kTag = 0x6E695757;                                       // "WWin"
constexpr auto kSessionInformation = static_cast<PROCESSINFOCLASS>(24);  // ProcessSessionInformation

using NotifyRoutine = PCREATE_PROCESS_NOTIFY_ROUTINE;
using NotifyRoutineEx = PCREATE_PROCESS_NOTIFY_ROUTINE_EX;

struct Registration {
  void* function;
  bool extended;
};
constexpr std::size_t kMost = 8;
Registration registrations[kMost];
KSPIN_LOCK registrations_lock;

NTSTATUS change(void* function, bool extended, BOOLEAN remove) {
  KIRQL irql;
  KeAcquireSpinLock(&registrations_lock, &irql);
  NTSTATUS status = STATUS_INVALID_PARAMETER;
  for (Registration& slot : registrations) {
    if (slot.function != (remove ? function : nullptr)) continue;
    slot = remove ? Registration{} : Registration{function, extended};
    status = STATUS_SUCCESS;
    break;
  }
  KeReleaseSpinLock(&registrations_lock, irql);
  return status;
}

NTSTATUS NTAPI set_notify_routine(NotifyRoutine function, BOOLEAN remove) {
  return change(reinterpret_cast<void*>(function), false, remove);
}

NTSTATUS NTAPI set_notify_routine_ex(NotifyRoutineEx function, BOOLEAN remove) {
  return change(reinterpret_cast<void*>(function), true, remove);
}

NTSTATUS NTAPI set_notify_routine_ex2(ULONG, PVOID function, BOOLEAN remove) {
  return change(function, true, remove);
}

// NT's own status where Wine's differs.
NTSTATUS NTAPI look_up(HANDLE process_id, PEPROCESS* process) {
  const NTSTATUS status = PsLookupProcessByProcessId(process_id, process);
  return status == STATUS_INVALID_PARAMETER ? STATUS_INVALID_CID : status;
}

// A process's information by way of a handle, which Wine's process objects can be asked for.
template <class Information>
bool query(PEPROCESS process, PROCESSINFOCLASS what, Information* information) {
  HANDLE handle = nullptr;
  if (!NT_SUCCESS(ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, nullptr, PROCESS_ALL_ACCESS, *PsProcessType,
                                        KernelMode, &handle))) {
    return false;
  }
  const NTSTATUS status = ZwQueryInformationProcess(handle, what, information, sizeof *information, nullptr);
  ZwClose(handle);
  return NT_SUCCESS(status);
}

LONGLONG NTAPI get_create_time(PEPROCESS process) {
  KERNEL_USER_TIMES times{};
  return query(process, ProcessTimes, &times) ? times.CreateTime.QuadPart : 0;
}

ULONG NTAPI get_session(PEPROCESS process) {
  ULONG session = 0;
  return query(process, kSessionInformation, &session) ? session : 0;
}

// The image's file name as EPROCESS keeps it: at most 14 characters. The answer stands in a slot of the process's own
// id; another process comes there when the id has been given away again, or 256 processes later.
UCHAR* NTAPI get_image_file_name(PEPROCESS process) {
  static UCHAR names[256][16];
  struct {
    UNICODE_STRING text;
    WCHAR room[512];
  } image{};
  UCHAR* const name = names[reinterpret_cast<ULONG_PTR>(PsGetProcessId(process)) / 4 % 256];
  if (!query(process, ProcessImageFileName, &image)) return name;
  const USHORT units = image.text.Length / sizeof(WCHAR);
  USHORT begin = units;
  while (begin > 0 && image.text.Buffer[begin - 1] != L'\\') --begin;
  std::size_t length = 0;
  for (; length < 14 && begin + length < units; ++length) {
    name[length] = static_cast<UCHAR>(image.text.Buffer[begin + length]);
  }
  name[length] = 0;
  return name;
}

// A token is known by its process here, and has no groups.
PACCESS_TOKEN NTAPI reference_token(PEPROCESS process) {
  return process;
}

void NTAPI dereference_token(PACCESS_TOKEN) {}

NTSTATUS NTAPI query_token(PACCESS_TOKEN, TOKEN_INFORMATION_CLASS what, PVOID* information) {
  if (what != TokenGroups) return STATUS_INVALID_INFO_CLASS;
  auto* const groups = static_cast<TOKEN_GROUPS*>(ExAllocatePoolWithTag(PagedPool, sizeof(TOKEN_GROUPS), kTag));
  if (groups == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  groups->GroupCount = 0;
  *information = groups;
  return STATUS_SUCCESS;
}

NTSTATUS NTAPI query_token_session(PACCESS_TOKEN token, PULONG session) {
  *session = get_session(static_cast<PEPROCESS>(token));
  return STATUS_SUCCESS;
}

NTSTATUS announce(HANDLE process_id, HANDLE parent_id, PS_CREATE_NOTIFY_INFO* start) {
  PEPROCESS process = nullptr;
  const NTSTATUS status = PsLookupProcessByProcessId(process_id, &process);
  if (!NT_SUCCESS(status)) return status;
  for (const Registration& one : registrations) {
    if (one.function == nullptr) continue;
    if (one.extended) {
      reinterpret_cast<NotifyRoutineEx>(one.function)(process, process_id, start);
    } else {
      reinterpret_cast<NotifyRoutine>(one.function)(parent_id, process_id, start != nullptr);
    }
  }
  ObDereferenceObject(process);
  return STATUS_SUCCESS;
}

}  // namespace

NTSTATUS announce_start(const ProcessStart& start) {
  UNICODE_STRING image = start.image;
  UNICODE_STRING command_line = start.command_line;
  PS_CREATE_NOTIFY_INFO info{};
  info.Size = sizeof info;
  info.FileOpenNameAvailable = 1;
  info.ParentProcessId = start.parent_process_id;
  info.CreatingThreadId.UniqueProcess = start.parent_process_id;
  info.ImageFileName = &image;
  info.CommandLine = &command_line;
  const NTSTATUS status = announce(start.process_id, start.parent_process_id, &info);
  return NT_SUCCESS(status) ? info.CreationStatus : status;
}

NTSTATUS announce_exit(HANDLE process_id) {
  return announce(process_id, nullptr, nullptr);
}

void* process_routine(std::string_view name) {
  const Routine routines[] = {
      {"PsSetCreateProcessNotifyRoutine", reinterpret_cast<void*>(set_notify_routine)},
      {"PsSetCreateProcessNotifyRoutineEx", reinterpret_cast<void*>(set_notify_routine_ex)},
      {"PsSetCreateProcessNotifyRoutineEx2", reinterpret_cast<void*>(set_notify_routine_ex2)},
      {"PsLookupProcessByProcessId", reinterpret_cast<void*>(look_up)},
      {"PsGetProcessCreateTimeQuadPart", reinterpret_cast<void*>(get_create_time)},
      {"PsGetProcessSessionId", reinterpret_cast<void*>(get_session)},
      {"PsGetProcessImageFileName", reinterpret_cast<void*>(get_image_file_name)},
      {"PsReferencePrimaryToken", reinterpret_cast<void*>(reference_token)},
      {"PsDereferencePrimaryToken", reinterpret_cast<void*>(dereference_token)},
      {"SeQueryInformationToken", reinterpret_cast<void*>(query_token)},
      {"SeQuerySessionIdToken", reinterpret_cast<void*>(query_token_session)},
  };
  return find_routine(routines, name);
}

}  // namespace wdscope::wine
