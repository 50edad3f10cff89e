// SPDX-License-Identifier: MIT
// For kernel unit tests: the notifier's state without its registrations, contexts of invented processes, and a callback
// object that remembers what it was told.
#pragma once

#include "abi/defender/notify_info.h"
#include "kit/test.h"
#include "notifier/process_context.h"

namespace wdscope::notifier::test {

// What KERNEL_NEEDS of a machine: processes that the story adopts which loads this driver into the host, and what the
// published facts take for granted of NT itself.
bool has_process(ULONG_PTR process_id);
bool runs_in_system();  // this thread's process is System, known as 4
bool is_windows_10();

// Global data and process table of one profile, for a scope.
class State {
 public:
  // `adjust`: other parameters than the defaults.
  explicit State(wire::NotifierProfile profile = wire::NotifierProfile::WdA5,
                 void (*adjust)(Parameters& parameters) = nullptr);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  NTSTATUS status() const { return status_; }

 private:
  NTSTATUS status_;
};

// What one notification carried: the argument with its neighbours, copied during the call.
struct Notification {
  std::uint8_t before[0x20];
  defender::WD_PS_NOTIFY_INFO info;
  std::uint8_t after[0x44];
  std::uint64_t parent_behind_pointer;  // 1910 create
  PVOID argument2;
  UNICODE_STRING image_name;  // Buffer null: none
};

// Puts a private callback object into MpData and collects up to kCapacity notifications.
class Recorder {
 public:
  static constexpr std::uint32_t kCapacity = 8;
  Recorder();
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  NTSTATUS status() const { return status_; }
  std::uint32_t count() const { return count_; }
  const Notification& operator[](std::uint32_t index) const { return notifications_[index]; }

 private:
  static void NTAPI record(PVOID context, PVOID argument1, PVOID argument2);

  NTSTATUS status_;
  PVOID registration_ = nullptr;
  std::uint32_t count_ = 0;
  Notification notifications_[kCapacity] = {};
};

// A context of a process that need not exist, in the table; the caller owns one reference. Null: no memory.
MP_PROCESS_CONTEXT* insert_context(ULONG_PTR process_id, LONGLONG create_time);

inline HANDLE as_id(ULONG_PTR process_id) {
  return reinterpret_cast<HANDLE>(process_id);
}

}  // namespace wdscope::notifier::test
