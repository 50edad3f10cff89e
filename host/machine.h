// SPDX-License-Identifier: MIT
// The machine: an NT executive in this Linux process. It loads kernel drivers (.sys files, as Windows loads them),
// holds processes, and lets user-mode code open the drivers' devices. It knows nothing of Defender.
//
// One machine at a time: the NT routines that drivers import are free functions over this one executive.
// Every member may be called from any thread unless it says otherwise; the calling thread becomes an NT thread at
// PASSIVE_LEVEL in the System process on its first call.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "host/nt/base.h"

namespace wdscope::host {

// Why the executive refused: the NTSTATUS a Windows caller would see, and words for a person.
struct HostError {
  NtStatus status;
  std::string message;
  bool by_driver = false;  // the status is a driver's own answer (DriverEntry's)
};

template <class T>
using HostResult = tl::expected<T, HostError>;

// An access that the processor refused.
struct Fault {
  enum class Access : std::uint8_t { Read, Write, Execute };
  Access access;
  std::uint64_t address;    // what was touched
  std::string instruction;  // by whom: "wdscope.sys!observe_notification+0x42 (observe.cpp:31)"
};

// A callback function in progress, of a driver that registered with ExRegisterCallback.
struct CallbackCall {
  std::string object;  // "\\Callback\\PowerState"; empty when it has no name
  std::string function;
  const void* argument1;
  const void* argument2;
};

// One rule that a driver broke, in the words of KeBugCheckEx and Driver Verifier.
struct BugCheck {
  Ulong code;  // e.g. 0xC4 DRIVER_VERIFIER_DETECTED_VIOLATION
  std::uint64_t parameters[4];
  std::string name;                // symbolic name of the code
  std::string explanation;         // which rule, by whom, with which values
  std::vector<std::string> stack;  // innermost first: "wdscope.sys!observe_notification+0x42 (observe.cpp:31)"
  std::optional<Fault> fault = std::nullopt;  // when an access to memory was what broke it
  std::vector<CallbackCall> callbacks = {};   // what the thread was called for, innermost first
  std::uint8_t irql = 0;

  std::string report() const;  // the readable page
};

struct MachineOptions {
  // Gets each line that DbgPrint(Ex) lets through; null: dropped. Called at any IRQL, must not call back.
  std::function<void(std::string_view line)> debug_output;
  // The same with the name of the driver that printed ("wdscope.sys"), or an empty one for the host itself.
  std::function<void(std::string_view driver, std::string_view line)> debug_output_by_driver;
  // Called on a bug check, before the process ends with bug_check_exit_code. Tests set it to throw nothing and
  // longjmp nothing: it may only record and _exit. Null: the report goes to stderr.
  std::function<void(const BugCheck&)> on_bug_check;
  int bug_check_exit_code = 134;  // as by abort
  // The levels that every component's DbgPrintEx shows (bit n: level n), as the registry value "DEFAULT" sets it.
  // Windows' own default is 1: errors only. 0xFFFFFFFF shows everything.
  std::uint32_t debug_level_mask = 1;
  bool case_sensitive_names = false;      // strict object names; Windows' default ignores case
  bool refuse_duplicate_routines = true;  // PsSetCreateProcessNotifyRoutine: the documented answer
  // Routines that this NT does not have, as an older one: MmGetSystemRoutineAddress answers null, and a driver that
  // imports one is refused by its name. Each must be one that the host has: else boot refuses
  // (STATUS_PROCEDURE_NOT_FOUND), so that a misspelt name cannot go unnoticed.
  std::vector<std::string> absent_routines;
  // NT's system time in 100 ns since 1601, asked for whenever it is wanted; null: Linux's. Interrupt time and relative
  // time-outs stay Linux's. Called at any IRQL, from any thread; must not call back.
  std::function<std::int64_t()> system_time_100ns;
  // What other processors do while a driver reads foreign memory: called before each MmCopyMemory, on its thread, with
  // what is about to be read. It may change any memory of the caller's, must not call drivers. Null: nothing happens.
  std::function<void(std::uint64_t address, std::size_t size)> before_copy;
  bool check_leaks = true;   // bug-check at unload on leaked pool, registrations, devices, locks
  bool watch_locks = false;  // keep count of which locks were taken, for Machine::holdings_of
};

// A value under the driver's Parameters key.
using RegistryValue = std::variant<std::uint32_t, std::u16string>;

struct DriverOptions {
  std::string service_name;  // ASCII, e.g. "wdscope": \Registry\Machine\System\CurrentControlSet\Services\wdscope
  std::map<std::string, RegistryValue> parameters;
};

struct LoadedDriver;  // opaque; owned by the machine

// How a process is described to the executive when it starts. Strings are copied.
struct ProcessStart {
  std::uint64_t process_id = 0;          // a free multiple of 4
  std::uint64_t parent_process_id = 0;   // the inherited-from parent; need not be alive
  std::uint64_t creator_process_id = 0;  // in whose context it is announced; 0: the parent if alive, else System
  std::int64_t created_100ns = 0;        // FILETIME; 0: now, made unique for this pid
  std::u16string image;                  // NT path, e.g. \Device\HarddiskVolume1\usr\bin\cc; its true name
  // The name that the creator opened the image by, where that is another one: with short names, a drive letter, a
  // stream. It is what a notify routine is shown; empty: `image`.
  std::u16string opened_as;
  std::u16string command_line;
  std::uint32_t session_id = 0;
  std::uint8_t protection = 0;     // PS_PROTECTION
  bool subsystem_process = false;  // e.g. WSL: only Ex2 routines are told
  bool file_open_name_available = true;
  bool image_file_closed = false;  // the file object that a notify routine is shown has had its cleanup
  bool transacted = false;         // the image was opened in a transaction
  // Services whose SID is a group of the process's token: the five numbers behind S-1-5-80-.
  std::vector<std::array<std::uint32_t, 5>> services;
  std::uint32_t elevation_type = 1;        // TOKEN_ELEVATION_TYPE: 1 default, 2 full, 3 limited
  bool elevated = false;                   // the token is an administrator's, in force
  std::uint32_t integrity_level = 0x2000;  // the last number of S-1-16-...: medium
  bool app_container = false;
};

enum class Access : std::uint32_t { None = 0, Read = 1, Write = 2, ReadWrite = 3 };

// Who opens a device. The device's security descriptor decides.
enum class Account : std::uint8_t { System, Administrator, User };

// An open file object on a driver's device. Closing is by destruction: CLEANUP (cancels what is pending), then CLOSE.
class DeviceFile {
 public:
  virtual ~DeviceFile() = default;

  // Sends IRP_MJ_DEVICE_CONTROL and waits for it to complete. Output beyond IoStatus.Information is untouched.
  // Returns the final NTSTATUS (also on errors) and IoStatus.Information. Any number of threads may be in here.
  struct Completion {
    NtStatus status;
    std::size_t information;
  };
  virtual Completion control(std::uint32_t code, std::span<const std::byte> input, std::span<std::byte> output) = 0;

  // The same without waiting. `completed` is called once, by the thread that completes the request, which may be this
  // one inside submit(): at that thread's IRQL and with the locks that its driver holds. `output` must live until then.
  // It may use the file and close it; but when it is the closing that cancels a request (STATUS_CANCELLED), the file is
  // going already.
  using Completed = std::function<void(Completion)>;
  virtual void submit(std::uint32_t code, std::span<const std::byte> input, std::span<std::byte> output,
                      Completed completed) = 0;

  // Cancels every request now pending on this file (CancelIoEx); they complete with STATUS_CANCELLED.
  virtual void cancel() = 0;
};

struct PoolUse {
  std::size_t paged_bytes, nonpaged_bytes, allocations;
};

// What a driver holds at a moment, each as text for a report unless it says otherwise.
struct DriverHoldings {
  struct PoolTag {
    std::string tag;  // four characters; a dot for what cannot be printed
    bool paged;
    std::size_t allocations, bytes;
  };
  // A lock of the driver's own (in its image, its pool or a device extension of its) that was taken.
  struct Lock {
    std::string kind;  // "spin lock", "ERESOURCE", "fast mutex", "push lock", "KMUTEX"
    std::string place;
    std::uint64_t taken;  // how often
  };
  std::vector<std::string> registrations;  // callback functions and process-notify routines
  std::vector<std::string> devices;        // with symbolic links
  std::vector<std::string> objects;        // handles, work items, threads, timers, ERESOURCEs, lookaside lists
  std::vector<PoolTag> pool;
  std::vector<Lock> locks;  // only what was taken while MachineOptions::watch_locks
  bool can_unload;          // it has an unload routine
};

// Makes chosen allocations and NT calls fail, each distinct call stack once. See host/verifier/fault_plan.h.
class FaultPlan;

class Machine {
 public:
  // Refuses if a machine already stands in this process (STATUS_UNSUCCESSFUL), or if the options name an absent routine
  // that never was there (STATUS_PROCEDURE_NOT_FOUND).
  static HostResult<std::unique_ptr<Machine>> boot(MachineOptions options = {});
  virtual ~Machine() = default;  // unloads drivers in reverse order of loading, ends processes, checks for leaks

  // Maps a PE image, binds its imports and calls DriverEntry at PASSIVE_LEVEL in the System process. Errors:
  // STATUS_INVALID_IMAGE_FORMAT (no PE, truncated, wrong machine, not native, executable and writable section),
  // STATUS_ENTRYPOINT_NOT_FOUND (the message names every routine that the host lacks),
  // STATUS_IMAGE_ALREADY_LOADED (service name in use), or DriverEntry's own failure, after which nothing is left.
  virtual HostResult<LoadedDriver*> load(std::span<const std::byte> image, DriverOptions options) = 0;
  // Calls DriverUnload and unmaps. STATUS_INVALID_DEVICE_REQUEST if the driver has no unload routine,
  // STATUS_DEVICE_BUSY while a file is open on one of its devices (Windows would put the unload off until then).
  virtual HostResult<void> unload(LoadedDriver* driver) = 0;

  // Makes a process, then runs the process-notify routines as Windows does: PASSIVE_LEVEL, critical region, in the
  // creator's context on the calling thread, returning when the last routine has. Returns the status NT would give the
  // creator: a routine's CreationStatus error means that the process was denied, notified as exited, and is gone.
  virtual NtStatus start_process(const ProcessStart& start) = 0;
  // Runs the routines for exit in the dying process's own context, then lets its object go.
  // STATUS_INVALID_CID if there is no such process.
  virtual NtStatus exit_process(std::uint64_t process_id) = 0;
  // A process that is there without ever being announced, as those before the drivers' load.
  virtual NtStatus adopt_process(const ProcessStart& start) = 0;
  virtual std::size_t process_count() const = 0;  // running ones, without System

  // Opens a device by NT name (\Device\wdscope) or DOS name (\\.\wdscope). STATUS_OBJECT_NAME_NOT_FOUND,
  // STATUS_ACCESS_DENIED (descriptor, or exclusive and already open), or the driver's own IRP_MJ_CREATE status.
  virtual HostResult<std::unique_ptr<DeviceFile>> open(std::string_view name, Access access,
                                                       Account account = Account::Administrator) = 0;

  // Address of an export of a loaded driver (for test drivers), or null.
  virtual void* driver_export(LoadedDriver* driver, std::string_view name) = 0;
  virtual PoolUse pool_use(LoadedDriver* driver) const = 0;
  virtual DriverHoldings holdings_of(LoadedDriver* driver) const = 0;
  // The NT path that a process was started with; empty when there is none of that id.
  virtual std::u16string image_of(std::uint64_t process_id) const = 0;

  // Runs `body` as kernel code: on an NT thread at PASSIVE_LEVEL whose current process is `process_id`, which must be
  // there (4 is System): else a bug check.
  virtual void run_in_process(std::uint64_t process_id, const std::function<void()>& body) = 0;

  virtual void set_fault_plan(FaultPlan* plan) = 0;  // null: none

  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

 protected:
  Machine() = default;
};

}  // namespace wdscope::host
