// SPDX-License-Identifier: MIT
// What drivers ask about processes and the current thread: readers of fields that never change while a process lives.
#include <cstring>

#include "host/ex/pool.h"
#include "host/exports.h"
#include "host/ke/thread.h"
#include "host/nt/export_table.h"
#include "host/nt/pool_tag.h"
#include "host/ps/notify.h"
#include "host/ps/process.h"
#include "host/ps/query.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {

NtStatus NTAPI PsLookupProcessByProcessId(std::uint64_t process_id, Process** process) {
  require_irql_at_most(kApcLevel, "PsLookupProcessByProcessId");
  if (fault_plan_says_fail("PsLookupProcessByProcessId", __builtin_return_address(0))) return kStatusInvalidCid;
  Process* found = find_process(process_id);
  if (!found) return kStatusInvalidCid;
  *process = found;
  return kStatusSuccess;
}

Process* NTAPI PsGetCurrentProcess() {
  return current_thread().process;
}
std::int64_t NTAPI PsGetProcessCreateTimeQuadPart(Process* process) {
  return process->created_100ns;
}

namespace {

constexpr std::uint8_t kProtectionTypeMask = 7;  // PS_PROTECTION: type in the low three bits
constexpr std::uint8_t kProtectedLight = 1;
constexpr Ulong kImageNameTag = pool_tag("SNam");

std::uint64_t NTAPI PsGetProcessId(Process* process) {
  return process->process_id;
}
std::uint64_t NTAPI PsGetProcessInheritedFromUniqueProcessId(Process* process) {
  return process->parent_process_id;
}
Ulong NTAPI PsGetProcessSessionId(Process* process) {
  return process->session_id;
}
// The Ex form answers -1 for a process that is in no session, which only the System process is.
Ulong NTAPI PsGetProcessSessionIdEx(Process* process) {
  return process == system_process() ? ~0U : process->session_id;
}
char* NTAPI PsGetProcessImageFileName(Process* process) {
  return process->image_file_name;
}
std::uint8_t NTAPI PsGetProcessProtection(Process* process) {
  return process->protection;
}
NtStatus NTAPI PsGetProcessExitStatus(Process* process) {
  return std::atomic_ref(process->exit_status).load(std::memory_order_acquire);
}
// Windows answers "protected" for both kinds here.
Boolean NTAPI PsIsProtectedProcess(Process* process) {
  return (process->protection & kProtectionTypeMask) != 0;
}
Boolean NTAPI PsIsProtectedProcessLight(Process* process) {
  return (process->protection & kProtectionTypeMask) == kProtectedLight;
}
Boolean NTAPI PsIsSystemProcess(Process* process) {
  return process == system_process();
}
std::uint64_t NTAPI PsGetCurrentProcessId() {
  return current_thread().process->process_id;
}
Thread* NTAPI PsGetCurrentThread() {
  return &current_thread();
}
std::uint64_t NTAPI PsGetCurrentThreadId() {
  return current_thread().thread_id;
}
std::uint64_t NTAPI PsGetThreadId(Thread* thread) {
  return thread->thread_id;
}
Process* NTAPI PsGetThreadProcess(Thread* thread) {
  return thread->process;
}
std::uint64_t NTAPI PsGetThreadProcessId(Thread* thread) {
  return thread->process->process_id;
}

// The name is one pool block, structure first; the caller frees it with ExFreePool.
NtStatus NTAPI SeLocateProcessImageName(Process* process, UnicodeString** image_name) {
  require_irql_at_most(kPassiveLevel, "SeLocateProcessImageName");
  const std::uint16_t length = process->image.length;
  auto* name = static_cast<UnicodeString*>(
      pool_allocate(PoolKind::Paged, sizeof(UnicodeString) + length + 2, kImageNameTag, __builtin_return_address(0)));
  if (!name) return kStatusNoMemory;
  auto* text = reinterpret_cast<char16_t*>(name + 1);
  std::memcpy(text, process->image.buffer, length);
  text[length / 2] = 0;
  *name = {length, static_cast<std::uint16_t>(length + 2), length ? text : nullptr};
  *image_name = name;
  return kStatusSuccess;
}

ObjectType* PsProcessType = &process_type;
Process* PsInitialSystemProcess = system_process();

}  // namespace

std::span<const Export> ps_exports() {
  static const Export table[] = {
      NT_EXPORT(PsLookupProcessByProcessId),
      NT_EXPORT(PsGetCurrentProcess),
      {"IoGetCurrentProcess", reinterpret_cast<void*>(&PsGetCurrentProcess)},
      NT_EXPORT(PsGetProcessCreateTimeQuadPart),
      NT_EXPORT(PsGetProcessId),
      NT_EXPORT(PsGetProcessInheritedFromUniqueProcessId),
      NT_EXPORT(PsGetProcessSessionId),
      NT_EXPORT(PsGetProcessSessionIdEx),
      NT_EXPORT(PsGetProcessImageFileName),
      NT_EXPORT(PsGetProcessProtection),
      NT_EXPORT(PsGetProcessExitStatus),
      NT_EXPORT(PsIsProtectedProcess),
      NT_EXPORT(PsIsProtectedProcessLight),
      NT_EXPORT(PsIsSystemProcess),
      NT_EXPORT(PsGetCurrentProcessId),
      NT_EXPORT(PsGetCurrentThread),
      {"KeGetCurrentThread", reinterpret_cast<void*>(&PsGetCurrentThread)},
      NT_EXPORT(PsGetCurrentThreadId),
      NT_EXPORT(PsGetThreadId),
      NT_EXPORT(PsGetThreadProcess),
      NT_EXPORT(PsGetThreadProcessId),
      NT_EXPORT(SeLocateProcessImageName),
      NT_EXPORT(PsSetCreateProcessNotifyRoutine),
      NT_EXPORT(PsSetCreateProcessNotifyRoutineEx),
      NT_EXPORT(PsSetCreateProcessNotifyRoutineEx2),
      NT_EXPORT(ZwOpenProcess),
      NT_EXPORT(ZwQueryInformationProcess),
      NT_EXPORT(ZwQuerySystemInformation),
      NT_EXPORT(PsProcessType),
      NT_EXPORT(PsInitialSystemProcess),
  };
  return table;
}

}  // namespace wdscope::host
