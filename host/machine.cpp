// SPDX-License-Identifier: MIT
#include "host/machine.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include <fmt/format.h>

#include "host/cm/registry.h"
#include "host/dbg/debug_output.h"
#include "host/ex/callback.h"
#include "host/ex/pool.h"
#include "host/exports.h"
#include "host/io/driver.h"
#include "host/io/file.h"
#include "host/io/work_item.h"
#include "host/ke/thread.h"
#include "host/ke/time.h"
#include "host/machine_drivers.h"
#include "host/mm/guarded_copy.h"
#include "host/mm/memory.h"
#include "host/ob/handle.h"
#include "host/ob/namespace.h"
#include "host/ps/notify.h"
#include "host/ps/process.h"
#include "host/rtl/text.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/fault_plan.h"
#include "host/verifier/lock_watch.h"

namespace wdscope::host {
namespace {

std::atomic<bool> machine_stands{false};

constexpr std::uint64_t kNoCode = 0;

DebugOutput both(std::function<void(std::string_view)> plain, DebugOutput by_driver) {
  if (!plain) return by_driver;
  return [plain = std::move(plain), by_driver = std::move(by_driver)](std::string_view driver, std::string_view line) {
    plain(line);
    if (by_driver) by_driver(driver, line);
  };
}

class TheMachine final : public Machine {
 public:
  explicit TheMachine(MachineOptions options) : check_leaks_(options.check_leaks) {
    install_fault_handler();
    set_system_time_source(std::move(options.system_time_100ns));
    set_before_copy(std::move(options.before_copy));
    set_bug_check_handler(std::move(options.on_bug_check), options.bug_check_exit_code);
    set_debug_output(both(std::move(options.debug_output), std::move(options.debug_output_by_driver)),
                     options.debug_level_mask);
    watch_locks(options.watch_locks ? LockWatch::On : LockWatch::Off);
    set_system_process(system_process());
    start_processes();
    start_namespace(options.case_sensitive_names ? NameCase::Strict : NameCase::Ignore);
    start_notify(options.refuse_duplicate_routines ? DuplicateRoutines::Refuse : DuplicateRoutines::Accept);
    start_callbacks();
  }

  ~TheMachine() override {
    std::vector<LoadedDriver*> loaded;
    for (const auto& driver : drivers_) loaded.push_back(driver.get());
    std::reverse(loaded.begin(), loaded.end());
    for (LoadedDriver* driver : loaded) {
      if (driver->open_files != 0)
        bug_check(kDriverVerifierDetectedViolation, {kNoCode, reinterpret_cast<std::uint64_t>(driver->object), 0, 0},
                  fmt::format("The machine is shut down while {} file(s) of {} are still open.",
                              driver->open_files.load(), driver->image->name()));
      const auto unloaded = unload(driver);
      // Only a driver without an unload routine refuses now; it goes down with the machine, as on Windows.
      if (!unloaded) discard_driver(*driver);
    }
    drivers_.clear();
    forget_notify_routines();
    shut_down_work_items();
    shut_down_processes();
    shut_down_callbacks();
    close_all_handles();
    shut_down_namespace();
    shut_down_registry();
    set_current_fault_plan(nullptr);
    watch_locks(LockWatch::Off);
    set_debug_output(nullptr, 0);
    set_bug_check_handler(nullptr);
    set_before_copy(nullptr);
    set_system_time_source(nullptr);
    hide_exports({});
    machine_stands = false;
  }

  HostResult<LoadedDriver*> load(std::span<const std::byte> image, DriverOptions options) override {
    std::scoped_lock lock(drivers_lock_);
    for (const auto& driver : drivers_)
      if (driver->service_name == options.service_name)
        return tl::unexpected(HostError{kStatusImageAlreadyLoaded, "service " + options.service_name + " is loaded"});
    ProcessContext context(system_process());
    auto loaded = load_driver(image, options, check_leaks_ ? LeakCheck::On : LeakCheck::Off);
    if (!loaded) return tl::unexpected(std::move(loaded.error()));
    drivers_.push_back(std::move(*loaded));
    return drivers_.back().get();
  }

  HostResult<void> unload(LoadedDriver* driver) override {
    std::scoped_lock lock(drivers_lock_);
    ProcessContext context(system_process());
    auto unloaded = unload_driver(*driver, check_leaks_ ? LeakCheck::On : LeakCheck::Off);
    if (!unloaded) return unloaded;
    std::erase_if(drivers_, [&](const auto& owned) { return owned.get() == driver; });
    return {};
  }

  NtStatus start_process(const ProcessStart& start) override {
    Process* process = nullptr;
    const NtStatus status = make_process(start, &process);
    if (!nt_success(status)) return status;
    Process* creator = creator_of(start);
    NtStatus verdict = kStatusSuccess;
    {
      ProcessContext context(creator);
      verdict = notify_process_created(*process);
    }
    dereference_object(creator);
    if (!nt_success(verdict) && !process->exiting.exchange(true)) finish_process(process, verdict);
    dereference_object(process);
    return nt_success(verdict) ? kStatusSuccess : verdict;
  }

  NtStatus exit_process(std::uint64_t process_id) override {
    Process* process = find_process(process_id);
    if (!process) return kStatusInvalidCid;
    NtStatus status = kStatusInvalidCid;
    if (process != system_process() && !process->exiting.exchange(true)) {
      finish_process(process, kStatusSuccess);
      status = kStatusSuccess;
    }
    dereference_object(process);
    return status;
  }

  NtStatus adopt_process(const ProcessStart& start) override {
    Process* process = nullptr;
    const NtStatus status = make_process(start, &process);
    if (nt_success(status)) dereference_object(process);
    return status;
  }

  std::size_t process_count() const override { return running_process_count(); }

  HostResult<std::unique_ptr<DeviceFile>> open(std::string_view name, Access access, Account account) override {
    constexpr std::string_view kDosPrefix = "\\\\.\\";
    if (name.starts_with(kDosPrefix)) return open_device(u"\\??\\" + to_utf16(name.substr(4)), access, account);
    return open_device(to_utf16(name), access, account);
  }

  void* driver_export(LoadedDriver* driver, std::string_view name) override { return driver->image->find_export(name); }

  PoolUse pool_use(LoadedDriver* driver) const override { return pool_use_of(driver->image.get()); }

  DriverHoldings holdings_of(LoadedDriver* driver) const override { return driver_holdings(*driver); }

  std::u16string image_of(std::uint64_t process_id) const override {
    Process* process = find_process(process_id);
    if (!process) return {};
    std::u16string image(process->image.view());
    dereference_object(process);
    return image;
  }

  void run_in_process(std::uint64_t process_id, const std::function<void()>& body) override {
    Process* process = find_process(process_id);
    if (!process)
      bug_check(kDriverVerifierDetectedViolation, {kNoCode, process_id, 0, 0},
                fmt::format("run_in_process: there is no process {}.", process_id));
    {
      ProcessContext context(process);
      const CallGuard guard("run_in_process");
      body();
      guard.check();
    }
    dereference_object(process);
  }

  void set_fault_plan(FaultPlan* plan) override { set_current_fault_plan(plan); }

 private:
  // Made and entered in the tables; the caller gets a reference of its own.
  static NtStatus make_process(const ProcessStart& start, Process** process) {
    Process* made = create_process(start);
    if (!made) return kStatusInsufficientResources;
    const NtStatus status = insert_process(made);
    if (!nt_success(status)) {
      dereference_object(made);
      return status;
    }
    *process = made;
    return kStatusSuccess;
  }

  // With a reference.
  static Process* creator_of(const ProcessStart& start) {
    Process* creator = find_process(start.creator_process_id ? start.creator_process_id : start.parent_process_id);
    if (creator && creator->exited_100ns == 0) return creator;
    if (creator) dereference_object(creator);
    reference_object(system_process());
    return system_process();
  }

  static void finish_process(Process* process, NtStatus exit_status) {
    {
      ProcessContext context(process);
      notify_process_exited(*process);
    }
    end_process(process, exit_status);
    drop_running_reference(process);
  }

  const bool check_leaks_;
  std::recursive_mutex drivers_lock_;
  std::vector<std::unique_ptr<LoadedDriver>> drivers_;  // in order of loading
};

}  // namespace

HostResult<std::unique_ptr<Machine>> Machine::boot(MachineOptions options) {
  if (machine_stands.exchange(true))
    return tl::unexpected(HostError{kStatusUnsuccessful, "a machine already stands in this process"});
  if (const auto unknown = hide_exports(options.absent_routines); !unknown.empty()) {
    machine_stands = false;
    return tl::unexpected(
        HostError{kStatusProcedureNotFound,
                  fmt::format("the host never had the routines said to be absent: {}", fmt::join(unknown, ", "))});
  }
  return std::make_unique<TheMachine>(std::move(options));
}

}  // namespace wdscope::host
