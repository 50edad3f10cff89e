// SPDX-License-Identifier: MIT
// A whole Defender machine in this process: the NT host, wdnotifier.sys and wdscope.sys as they ship, a feed of
// processes, and the service that answers the notifier as Defender's engine would. The processes are this Linux
// machine's real ones, or those of a Windows machine's recorded past, which is played in virtual time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/device_channel.h"
#include "capture/machine_history.h"
#include "event/event.h"
#include "event/result.h"
#include "lab/driver_report.h"
#include "lab/feed_counts.h"
#include "lab/policy.h"
#include "lab/profile.h"

namespace wdscope {

struct Crash;

// Which DbgPrintEx levels are shown: those that Windows shows by itself, or all.
enum class DebugLevels : std::uint8_t { Errors, All };

struct LabOptions {
  Profile profile = Profile::WdA5;
  // Folder with wdscope.sys and wdnotifier.sys; empty: those embedded in this program.
  std::filesystem::path drivers;
  bool load_observer = true;        // false: the notifier alone, nobody watches
  std::uint32_t ring_size_kb = 0;   // 0: the driver's default; for a history kPlayedRingKb
  bool snapshot_on_attach = false;  // the stream begins with the processes that were there before
  // Policy file of the service (docs/policy.md); empty: the built-in trust in system folders, and nothing is said of
  // processes that run already.
  std::filesystem::path policy;
  // Set: the lab is the machine of this history and knows no process of Linux. Must outlive the lab.
  const MachineHistory* history = nullptr;
  // Lines the drivers print by DbgPrintEx; null: dropped.
  std::function<void(std::string_view)> debug_output;
  // The same with the file name of the driver that printed.
  std::function<void(std::string_view driver, std::string_view line)> debug_output_by_driver;
  DebugLevels debug_levels = DebugLevels::Errors;
  // For a lab that examines a driver (load_driver): called when a driver does what stops Windows, on the thread that
  // did it, after the command was ended. It may report; then the process ends with exit code 1. Null: the host's own
  // report goes to standard error and the process aborts.
  std::function<void(const Crash&)> on_crash;
};

// Change: also what changes the observer's state, as raw capture and loaded layouts do.
enum class DeviceAccess : std::uint8_t { Read, Change };

// What a policy told the notifier of processes that ran already.
struct PolicyEffect {
  std::size_t told = 0;      // infos
  std::size_t friendly = 0;  // registered as friendly
};

class Lab {
 public:
  // Boots the host, adopts this machine's running processes, loads the drivers and connects the service.
  static Result<std::unique_ptr<Lab>> start(const LabOptions& options);
  virtual ~Lab() = default;  // stops the feed, disconnects the service, unloads the drivers, checks for leaks

  // A new handle of the observer's device, a reader of its own; any number. Must be gone before the lab is.
  virtual Result<std::unique_ptr<DeviceChannel>> open_device(DeviceAccess access = DeviceAccess::Read) = 0;
  virtual const Origin& origin() const = 0;

  // Follows every process of the machine by the process connector until stop_feed(). NotPermitted without root in the
  // initial namespaces (the error's advice names `run`).
  virtual Result<void> follow_machine() = 0;

  // Starts `command` and follows its whole process tree by ptrace; returns its wait status as a shell gives it (exit
  // code, 128 + signal) when the whole tree is gone. Needs no privilege. SourceUnavailable when it cannot be started
  // (127 and 126 as a shell: in Error::native).
  virtual Result<int> run(const std::vector<std::string>& command) = 0;
  // Sends a signal to the command that run() follows; any thread, but not from inside a signal handler. The command
  // shares this program's process group, so what the terminal sends (Ctrl-C, Ctrl-Z) reaches it by itself: forward only
  // what was sent to this program alone. Nothing happens when the command has ended.
  virtual void signal_command(int signal) = 0;

  // Plays LabOptions::history from beginning to end on the calling thread, once. A lab without a history refuses
  // (Usage), as one with a history refuses the two above. `between` is called before the observer's ring could overflow
  // and at the end: a reader that takes everything then loses nothing. Its error ends the play and is returned.
  virtual Result<void> play(const std::function<Result<void>()>& between) = 0;
  // Loads somebody else's driver from a file beside ours; one. Returns what its DriverEntry did: anything negative is
  // its refusal, and it is not loaded. InputUnreadable; InputDamaged: no driver for x64, or it imports routines that
  // the host has not (all are named); Usage: the observer has that name.
  virtual Result<std::int32_t> load_driver(const std::filesystem::path& file) = 0;
  // What that driver holds now.
  virtual DriverReport examine_driver() const = 0;
  // Calls its unload routine, which must be there, and unmaps it. What it leaves behind is a crash.
  virtual Result<void> unload_driver() = 0;

  // Puts a policy in the place of the one in force, for new processes and for those that run, between two
  // announcements: a process that waits for the service's answer is waited for. All of it or nothing: see
  // PolicyInForce::exchange for the errors. Any thread.
  virtual Result<PolicyEffect> apply_policy(Policy policy) = 0;

  // Ends what follow_machine() or run() follows. What happened before is announced first. A run() still going lets its
  // processes loose and returns the command's status, or SourceUnavailable if that had not ended.
  virtual void stop_feed() = 0;
  virtual FeedCounts feed_counts() const = 0;
};

}  // namespace wdscope
