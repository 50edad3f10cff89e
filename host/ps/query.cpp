// SPDX-License-Identifier: MIT
#include "host/ps/query.h"

#include <cstring>
#include <string_view>
#include <type_traits>
#include <vector>

#include "host/ke/thread.h"
#include "host/ob/handle.h"
#include "host/ps/process.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {
namespace {

constexpr NtStatus kStatusInvalidParameterMix = nt_status(0xC0000030);
constexpr Ulong kSystemProcessInformationClass = 5;
constexpr std::int32_t kNormalBasePriority = 8;

template <class T>
NtStatus answer(const T& value, void* information, Ulong length, Ulong* returned) {
  if (returned) *returned = sizeof value;
  if (length != sizeof value) return kStatusInfoLengthMismatch;
  std::memcpy(information, &value, sizeof value);
  return kStatusSuccess;
}

NTAPI NtStatus answer_string(const UnicodeString& text, void* information, Ulong length, Ulong* returned) {
  const Ulong needed = sizeof(UnicodeString) + text.length + (text.length ? 2U : 0U);
  if (returned) *returned = needed;
  if (length < needed) return kStatusInfoLengthMismatch;
  auto* result = static_cast<UnicodeString*>(information);
  auto* characters = reinterpret_cast<char16_t*>(result + 1);
  *result = {text.length, static_cast<std::uint16_t>(text.length + 2), characters};
  if (!text.length) {
    *result = {};
    return kStatusSuccess;
  }
  std::memcpy(characters, text.buffer, text.length);
  characters[text.length / 2] = 0;
  return kStatusSuccess;
}

// A fact of a few words is looked up: that needs no reference. `fact_of` reads words that never change, or atomics.
template <class FactOf>
NtStatus answer_fact(Handle handle, void* information, Ulong length, Ulong* returned, FactOf fact_of) {
  std::invoke_result_t<FactOf, const Process&> fact;
  {
    const HandleLook look(handle, process_type);
    if (!nt_success(look.status())) return look.status();
    fact = fact_of(look.as<Process>());
  }
  return answer(fact, information, length, returned);
}

NTAPI NtStatus answer_of_process(Handle handle, UnicodeString Process::*text, void* information, Ulong length,
                                 Ulong* returned) {
  void* process = nullptr;
  const NtStatus status = reference_by_handle(handle, 0, &process_type, ProcessorMode::Kernel, &process);
  if (!nt_success(status)) return status;
  const NtStatus result = text ? answer_string(static_cast<Process*>(process)->*text, information, length, returned)
                               : kStatusInvalidInfoClass;
  dereference_object(process);
  return result;
}

std::u16string_view leaf_of(const Process& process) {
  if (&process == system_process()) return u"System";
  const std::u16string_view image = process.image.view();
  return image.substr(image.rfind(u'\\') + 1);
}

// One entry: the process, its first thread, the name. 8-byte aligned.
std::size_t entry_size(const Process& process) {
  const std::size_t name = leaf_of(process).size() * 2 + 2;
  return (sizeof(SystemProcessInformation) + sizeof(SystemThreadInformation) + name + 7) & ~std::size_t{7};
}

void write_entry(const Process& process, std::byte* at) {
  const std::size_t size = entry_size(process);
  std::memset(at, 0, size);
  auto* entry = reinterpret_cast<SystemProcessInformation*>(at);
  auto* thread = reinterpret_cast<SystemThreadInformation*>(entry + 1);
  auto* name = reinterpret_cast<char16_t*>(thread + 1);
  const std::u16string_view leaf = leaf_of(process);
  leaf.copy(name, leaf.size());
  entry->next_entry_offset = static_cast<Ulong>(size);
  entry->number_of_threads = 1;
  entry->create_time = process.created_100ns;
  entry->image_name = {static_cast<std::uint16_t>(leaf.size() * 2), static_cast<std::uint16_t>(leaf.size() * 2 + 2),
                       name};
  entry->base_priority = kNormalBasePriority;
  entry->unique_process_id = process.process_id;
  entry->inherited_from_unique_process_id = process.parent_process_id;
  entry->session_id = process.session_id;
  thread->create_time = process.created_100ns;
  thread->client_id = {process.process_id, process.first_thread_id};
  thread->base_priority = thread->priority = kNormalBasePriority;
}

NtStatus query_processes(const std::vector<Process*>& processes, void* information, Ulong length, Ulong* returned) {
  std::size_t needed = 0;
  for (const Process* process : processes) needed += entry_size(*process);
  if (returned) *returned = static_cast<Ulong>(needed);
  if (length < needed) return kStatusInfoLengthMismatch;
  auto* at = static_cast<std::byte*>(information);
  for (const Process* process : processes) {
    write_entry(*process, at);
    if (process == processes.back()) reinterpret_cast<SystemProcessInformation*>(at)->next_entry_offset = 0;
    at += entry_size(*process);
  }
  return kStatusSuccess;
}

}  // namespace

NtStatus NTAPI ZwOpenProcess(Handle* handle, Ulong access, const ObjectAttributes* attributes, const ClientId* client) {
  require_irql_at_most(kPassiveLevel, "ZwOpenProcess");
  if (fault_plan_says_fail("ZwOpenProcess", __builtin_return_address(0))) return kStatusInsufficientResources;
  if (!attributes || attributes->length != sizeof(ObjectAttributes) || (attributes->attributes & ~kObjValidAttributes))
    return kStatusInvalidParameter;
  if (attributes->object_name || !client) return kStatusInvalidParameterMix;
  Process* process = find_process(client->process_id);
  if (!process) return kStatusInvalidCid;
  NtStatus status = kStatusInvalidCid;
  if (client->thread_id == 0 || client->thread_id == process->first_thread_id)
    status = open_handle(process, access, __builtin_return_address(0), handle);
  dereference_object(process);
  return status;
}

NtStatus NTAPI ZwQueryInformationProcess(Handle handle, ProcessInfoClass info_class, void* information, Ulong length,
                                         Ulong* returned) {
  require_irql_at_most(kPassiveLevel, "ZwQueryInformationProcess");
  if (fault_plan_says_fail("ZwQueryInformationProcess", __builtin_return_address(0)))
    return kStatusInsufficientResources;
  switch (info_class) {
    case ProcessInfoClass::BasicInformation:
      return answer_fact(handle, information, length, returned, [](const Process& process) {
        ProcessBasicInformation basic{};
        basic.exit_status = std::atomic_ref(const_cast<NtStatus&>(process.exit_status)).load(std::memory_order_acquire);
        basic.affinity_mask = 1;
        basic.base_priority = kNormalBasePriority;
        basic.unique_process_id = process.process_id;
        basic.inherited_from_unique_process_id = process.parent_process_id;
        return basic;
      });
    case ProcessInfoClass::Times:
      return answer_fact(handle, information, length, returned, [](const Process& process) {
        return KernelUserTimes{process.created_100ns, process.exited_100ns, 0, 0};
      });
    case ProcessInfoClass::SessionInformation:
      return answer_fact(handle, information, length, returned,
                         [](const Process& process) { return process.session_id; });
    case ProcessInfoClass::ProtectionInformation:
      return answer_fact(handle, information, length, returned,
                         [](const Process& process) { return process.protection; });
    case ProcessInfoClass::SubsystemInformation:
      return answer_fact(handle, information, length, returned,
                         [](const Process& process) { return Ulong{process.subsystem_process}; });
    case ProcessInfoClass::ImageFileName:
    // The host has no drive letters: as for an image on a volume without one, Windows gives the device name.
    case ProcessInfoClass::ImageFileNameWin32:
      return answer_of_process(handle, &Process::image, information, length, returned);
    case ProcessInfoClass::CommandLineInformation:
      return answer_of_process(handle, &Process::command_line, information, length, returned);
  }
  return answer_of_process(handle, nullptr, information, length, returned);
}

NtStatus NTAPI ZwQuerySystemInformation(Ulong info_class, void* information, Ulong length, Ulong* returned) {
  require_irql_at_most(kPassiveLevel, "ZwQuerySystemInformation");
  if (fault_plan_says_fail("ZwQuerySystemInformation", __builtin_return_address(0)))
    return kStatusInsufficientResources;
  if (info_class != kSystemProcessInformationClass) return kStatusInvalidInfoClass;
  const std::vector<Process*> processes = running_processes();
  const NtStatus status = query_processes(processes, information, length, returned);
  for (Process* process : processes) dereference_object(process);
  return status;
}

}  // namespace wdscope::host
