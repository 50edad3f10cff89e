// SPDX-License-Identifier: MIT
// Structures of the process manager, at their x64 layout (source: the published headers, and for the process
// notification the documentation of PS_CREATE_NOTIFY_INFO).
#pragma once

#include "host/nt/base.h"

namespace wdscope::host {

struct Process;

struct ClientId {  // CLIENT_ID
  std::uint64_t process_id;
  std::uint64_t thread_id;
};

struct CreateNotifyInfo {  // PS_CREATE_NOTIFY_INFO
  SizeT size;
  Ulong flags;
  Ulong padding;
  std::uint64_t parent_process_id;
  ClientId creating_thread;
  void* file_object;
  const UnicodeString* image_file_name;
  const UnicodeString* command_line;
  NtStatus creation_status;
};
static_assert(sizeof(CreateNotifyInfo) == 0x48);
static_assert(offsetof(CreateNotifyInfo, file_object) == 0x28);
static_assert(offsetof(CreateNotifyInfo, creation_status) == 0x40);

inline constexpr Ulong kFileOpenNameAvailable = 1;
inline constexpr Ulong kIsSubsystemProcess = 2;

using CreateProcessNotifyRoutine = void(NTAPI*)(std::uint64_t parent_id, std::uint64_t process_id, Boolean create);
using CreateProcessNotifyRoutineEx = void(NTAPI*)(Process* process, std::uint64_t process_id, CreateNotifyInfo* info);

enum class ProcessInfoClass : Ulong {  // PROCESSINFOCLASS
  BasicInformation = 0,
  Times = 4,
  SessionInformation = 0x18,
  ImageFileName = 0x1B,
  ImageFileNameWin32 = 0x2B,
  CommandLineInformation = 0x3C,
  ProtectionInformation = 0x3D,
  SubsystemInformation = 0x4B,
};

struct ProcessBasicInformation {  // PROCESS_BASIC_INFORMATION
  NtStatus exit_status;
  Ulong padding;
  std::uint64_t peb_base_address;
  std::uint64_t affinity_mask;
  std::int32_t base_priority;
  Ulong padding2;
  std::uint64_t unique_process_id;
  std::uint64_t inherited_from_unique_process_id;
};
static_assert(sizeof(ProcessBasicInformation) == 0x30);

struct KernelUserTimes {  // KERNEL_USER_TIMES
  std::int64_t create_time, exit_time, kernel_time, user_time;
};
static_assert(sizeof(KernelUserTimes) == 0x20);

struct SystemThreadInformation {  // SYSTEM_THREAD_INFORMATION
  std::int64_t kernel_time, user_time, create_time;
  Ulong wait_time;
  Ulong padding;
  std::uint64_t start_address;
  ClientId client_id;
  std::int32_t priority, base_priority;
  Ulong context_switches, thread_state, wait_reason, padding2;
};
static_assert(sizeof(SystemThreadInformation) == 0x50);

struct SystemProcessInformation {  // SYSTEM_PROCESS_INFORMATION; threads and the image name follow
  Ulong next_entry_offset;
  Ulong number_of_threads;
  std::int64_t working_set_private_size;
  Ulong hard_fault_count;
  Ulong number_of_threads_high_watermark;
  std::uint64_t cycle_time;
  std::int64_t create_time, user_time, kernel_time;
  UnicodeString image_name;
  std::int32_t base_priority;
  Ulong padding;
  std::uint64_t unique_process_id;
  std::uint64_t inherited_from_unique_process_id;
  Ulong handle_count;
  Ulong session_id;
  std::uint64_t unique_process_key;
  std::uint64_t peak_virtual_size, virtual_size;
  Ulong page_fault_count;
  Ulong padding2;
  std::uint64_t peak_working_set_size, working_set_size;
  std::uint64_t quota_peak_paged_pool_usage, quota_paged_pool_usage;
  std::uint64_t quota_peak_non_paged_pool_usage, quota_non_paged_pool_usage;
  std::uint64_t pagefile_usage, peak_pagefile_usage, private_page_count;
  std::int64_t io_counters[6];
};
static_assert(sizeof(SystemProcessInformation) == 0x100);
static_assert(offsetof(SystemProcessInformation, create_time) == 0x20);
static_assert(offsetof(SystemProcessInformation, image_name) == 0x38);
static_assert(offsetof(SystemProcessInformation, unique_process_id) == 0x50);
static_assert(offsetof(SystemProcessInformation, session_id) == 0x64);

}  // namespace wdscope::host
