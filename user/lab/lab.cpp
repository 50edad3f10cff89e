// SPDX-License-Identifier: MIT
#include "lab/lab.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <utility>

#include "abi/defender/messages.h"
#include "abi/wire/control.h"
#include "abi/wire/engine.h"
#include "host/machine.h"
#include "lab/command_tracer.h"
#include "lab/crash.h"
#include "lab/driver_image.h"
#include "lab/feed_counters.h"
#include "lab/history_feed.h"
#include "lab/host_access.h"
#include "lab/lab_clock.h"
#include "lab/lab_origin.h"
#include "lab/machine_feed.h"
#include "lab/machine_listener.h"
#include "lab/nt_path.h"
#include "lab/policy.h"
#include "lab/policy_in_force.h"
#include "lab/process_tracker.h"
#include "lab/prompt_service.h"
#include "lab/running_processes.h"
#include "lab/service.h"
#include "lab/virtual_clock.h"

namespace wdscope {
namespace {

constexpr FileTime kBeforeHistory = 10'000'000;  // 1 s: when a history's machine booted

constexpr int kCrashExitCode = 1;  // the answer is no

// What the executive calls it: the file's name without its ending, as ASCII.
std::string service_name_of(const std::filesystem::path& file) {
  std::string name = file.stem().string();
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    if (!plain) c = '_';
  }
  return name;
}

// What this thread calls the driver for, when it is no notification.
class Doing {
 public:
  explicit Doing(std::string what) { now() = std::move(what); }
  ~Doing() { now().clear(); }
  Doing(const Doing&) = delete;
  Doing& operator=(const Doing&) = delete;

  static std::string& now() {
    thread_local std::string doing;
    return doing;
  }
};

class MachineLab final : public Lab {
 public:
  // The lab as long as it stands, for a crash: the machine is there before and after it.
  using Standing = std::shared_ptr<std::atomic<MachineLab*>>;

  // `virtual_clock`: the clock that the machine was booted with; null: Linux's.
  MachineLab(std::unique_ptr<host::Machine> machine, std::unique_ptr<VirtualClock> virtual_clock, Standing standing)
      : virtual_clock_(std::move(virtual_clock)),
        machine_(std::move(machine)),
        listener_(*machine_),
        tracker_(listener_, counters_),
        standing_(std::move(standing)) {
    *standing_ = this;
  }

  // Members go in reverse order: service, then the machine, which unloads the drivers and checks for leaks.
  ~MachineLab() override {
    stop_feed();
    *standing_ = nullptr;
  }

  Result<void> prepare(const LabOptions& options, Policy policy);

  Result<std::unique_ptr<DeviceChannel>> open_device(DeviceAccess access) override;
  const Origin& origin() const override { return origin_; }
  Result<void> follow_machine() override;
  Result<int> run(const std::vector<std::string>& command) override;
  void signal_command(int signal) override;
  Result<void> play(const std::function<Result<void>()>& between) override;
  Result<std::int32_t> load_driver(const std::filesystem::path& file) override;
  DriverReport examine_driver() const override;
  Result<void> unload_driver() override;
  Result<PolicyEffect> apply_policy(Policy policy) override;
  void stop_feed() override;
  FeedCounts feed_counts() const override;

  // On the thread that broke a rule; the process ends when this returns.
  void crashed(const host::BugCheck& check, const std::function<void(const Crash&)>& tell);

 private:
  Result<void> connect_service(const LabOptions& options, Policy policy);
  Result<void> describe_origin(const LabOptions& options);

  LabClock clock_;
  std::unique_ptr<VirtualClock> virtual_clock_;
  FeedCounters counters_;
  std::unique_ptr<host::Machine> machine_;
  MachineListener listener_;
  ProcessTracker tracker_;
  std::unique_ptr<HistoryFeed> history_feed_;
  std::unique_ptr<PolicyInForce> policy_;
  std::unique_ptr<Service> service_;               // where time is real
  std::unique_ptr<PromptService> prompt_service_;  // where it is virtual
  Origin origin_;

  std::mutex feed_mutex_;  // guards which feed there is; a feed guards itself
  std::unique_ptr<MachineFeed> machine_feed_;
  std::shared_ptr<CommandTracer> tracer_;

  Standing standing_;
  Profile profile_ = Profile::WdA5;
  host::LoadedDriver* examined_ = nullptr;
  std::string examined_name_;
  std::atomic<bool> crashed_{false};
};

Result<void> MachineLab::prepare(const LabOptions& options, Policy policy) {
  profile_ = options.profile;
  if (options.history != nullptr) {
    history_feed_ = std::make_unique<HistoryFeed>(*options.history, listener_, *virtual_clock_, counters_);
    history_feed_->adopt();
  } else {
    for (const RunningProcess& process : read_running_processes(clock_)) tracker_.adopt(process);
  }

  std::map<std::string, host::RegistryValue> notifier_parameters = {{"Profile", profile_parameter(options.profile)}};
  if (policy.create_timeout_ms) notifier_parameters["MaxProcessCreationMessageTimeout"] = *policy.create_timeout_ms;
  if (auto done = load_driver_of(*machine_, Driver::Notifier, options.drivers, std::move(notifier_parameters)); !done)
    return tl::unexpected(done.error());
  // Before anybody listens: what the policy says of processes that run is where things start from, and no change.
  if (auto done = connect_service(options, std::move(policy)); !done) return done;
  if (options.load_observer) {
    std::map<std::string, host::RegistryValue> parameters = {
        {"SnapshotOnAttach", std::uint32_t{options.snapshot_on_attach}}};
    const std::uint32_t ring_size_kb =
        options.ring_size_kb == 0 && options.history != nullptr ? kPlayedRingKb : options.ring_size_kb;
    if (ring_size_kb != 0) parameters["RingSizeKb"] = ring_size_kb;
    if (auto done = load_driver_of(*machine_, Driver::Observer, options.drivers, std::move(parameters)); !done)
      return tl::unexpected(done.error());
  }
  return describe_origin(options);
}

Result<void> MachineLab::connect_service(const LabOptions& options, Policy policy) {
  auto device = machine_->open(wire::kEngineUserDeviceName, host::Access::ReadWrite, host::Account::System);
  if (!device) return from_host("cannot connect the service to the notifier", device.error());
  const std::uint32_t timeout_ms = policy.create_timeout_ms.value_or(kDefaultCreateTimeoutMs);
  const auto world = options.history != nullptr ? Judge::World::Windows : Judge::World::Linux;
  policy_ = std::make_unique<PolicyInForce>(std::move(policy), message_version(options.profile), world,
                                            listener_.roster(), [this](std::span<const std::byte> command) {
                                              return prompt_service_ ? prompt_service_->command(command, {}).status
                                                                     : service_->command(command);
                                            });
  const auto decide = [this](const CreateMessage& message) { return policy_->decide(message); };
  if (virtual_clock_) {
    prompt_service_ = std::make_unique<PromptService>(std::move(*device), *virtual_clock_, timeout_ms, decide);
  } else {
    service_ = std::make_unique<Service>(std::move(*device), decide);
  }
  if (options.policy.empty()) return {};
  return policy_->announce().map([](const PolicyEffect&) {});
}

Result<void> MachineLab::describe_origin(const LabOptions& options) {
  origin_ = lab_origin(options.profile, options.history);
  if (!options.load_observer) return {};
  auto channel = open_device(DeviceAccess::Read);
  if (!channel) return tl::unexpected(channel.error());
  wire::VersionReply version{};
  const auto reply = (*channel)->control(wire::kControlVersion, {}, std::as_writable_bytes(std::span(&version, 1)));
  if (!reply) return tl::unexpected(reply.error());
  if (!host::nt_success(reply->status) || reply->information < sizeof version) {
    return failure(ErrorCode::Incompatible, "the observer does not tell its version", "use drivers of this program",
                   reply->status);
  }
  origin_.boot_id = version.boot_id;
  return {};
}

Result<std::unique_ptr<DeviceChannel>> MachineLab::open_device(DeviceAccess access) {
  const auto wanted = access == DeviceAccess::Read ? host::Access::Read : host::Access::ReadWrite;
  auto file = machine_->open(wire::kUserDeviceName, wanted);
  if (!file) return from_host("cannot open the observer's device", file.error());
  return channel_of(std::move(*file));
}

Result<void> MachineLab::follow_machine() {
  const std::scoped_lock lock(feed_mutex_);
  if (machine_feed_ || tracer_ || history_feed_) return failure(ErrorCode::Usage, "the lab already follows something");
  auto feed = MachineFeed::start(tracker_, clock_, counters_);
  if (!feed) return tl::unexpected(feed.error());
  machine_feed_ = std::move(*feed);
  return {};
}

Result<int> MachineLab::run(const std::vector<std::string>& command) {
  std::shared_ptr<CommandTracer> tracer;
  {
    const std::scoped_lock lock(feed_mutex_);
    if (machine_feed_ || tracer_ || history_feed_)
      return failure(ErrorCode::Usage, "the lab already follows something");
    tracer = tracer_ = std::make_shared<CommandTracer>(tracker_, clock_);
  }
  auto status = tracer->run(command);
  // Let loose by a crash on another thread: that one ends the process, and nothing more is to be said here.
  while (crashed_) pause();
  const std::scoped_lock lock(feed_mutex_);
  tracer_.reset();
  return status;
}

Result<std::int32_t> MachineLab::load_driver(const std::filesystem::path& file) {
  if (examined_ != nullptr) return failure(ErrorCode::Usage, "a driver is being examined already");
  const auto bytes = read_driver_file(file, "name the .sys file of a driver for x64 Windows");
  if (!bytes) return tl::unexpected(bytes.error());
  host::DriverOptions options;
  options.service_name = service_name_of(file);
  examined_name_ = options.service_name + ".sys";
  const Doing doing("DriverEntry of " + examined_name_);
  const auto loaded = machine_->load(*bytes, std::move(options));
  if (loaded) {
    examined_ = *loaded;
    return host::kStatusSuccess;
  }
  const host::HostError& error = loaded.error();
  if (error.by_driver) return error.status;
  auto refused = from_host("cannot load the driver " + file.string(), error);
  if (error.status == host::kStatusEntryPointNotFound) {
    refused.value().advice = "no driver is loaded with an import missing, on Windows neither; docs/lab.md says more";
  } else if (error.status == host::kStatusImageAlreadyLoaded) {
    refused.value().code = ErrorCode::Usage;
    refused.value().advice = "a driver of the lab has this name: rename the file, or leave the observer out";
  }
  return refused;
}

DriverReport MachineLab::examine_driver() const {
  DriverReport report;
  report.name = examined_name_;
  if (examined_ == nullptr) return report;
  host::DriverHoldings holdings = machine_->holdings_of(examined_);
  report.registrations = std::move(holdings.registrations);
  report.devices = std::move(holdings.devices);
  report.objects = std::move(holdings.objects);
  for (auto& sum : holdings.pool) {
    report.pool.push_back({std::move(sum.tag), sum.paged ? "paged" : "nonpaged", sum.allocations, sum.bytes});
  }
  for (auto& lock : holdings.locks) report.locks.push_back({std::move(lock.kind), std::move(lock.place), lock.taken});
  report.can_unload = holdings.can_unload;
  return report;
}

Result<void> MachineLab::unload_driver() {
  if (examined_ == nullptr) return failure(ErrorCode::Usage, "no driver is being examined");
  const Doing doing("DriverUnload of " + examined_name_);
  if (auto unloaded = machine_->unload(examined_); !unloaded) {
    return from_host("cannot unload " + examined_name_, unloaded.error());
  }
  examined_ = nullptr;
  return {};
}

void MachineLab::crashed(const host::BugCheck& check, const std::function<void(const Crash&)>& tell) {
  CrashScene scene;
  scene.doing = Doing::now();
  scene.image_of = [this](std::uint64_t process_id) { return machine_->image_of(process_id); };
  if (const Announcement& announced = announcement_in_progress; announced.kind != Announcement::Kind::None) {
    scene.doing =
        fmt::format("the process-notify routines' calls for the {} of process {} (NT {}), {}",
                    announced.kind == Announcement::Kind::Start ? "start" : "exit", to_linux_pid(announced.process_id),
                    announced.process_id, to_utf8(machine_->image_of(announced.process_id)));
  }
  Crash crash = explain_crash(check, profile_, scene);
  crashed_ = true;
  std::shared_ptr<CommandTracer> tracer;
  {
    const std::scoped_lock lock(feed_mutex_);
    tracer = tracer_;
  }
  if (tracer) crash.command = tracer->abandon();
  tell(crash);
}

void MachineLab::signal_command(int signal) {
  const std::scoped_lock lock(feed_mutex_);
  if (tracer_) tracer_->signal_command(signal);
}

Result<void> MachineLab::play(const std::function<Result<void>()>& between) {
  if (!history_feed_) return failure(ErrorCode::Usage, "the lab has no history to play");
  return history_feed_->play(between);
}

Result<PolicyEffect> MachineLab::apply_policy(Policy policy) {
  const auto held = listener_.between_announcements();
  return policy_->exchange(std::move(policy));
}

FeedCounts MachineLab::feed_counts() const {
  FeedCounts counts = counters_.read();
  counts.unreadable = service_ ? service_->unreadable() : prompt_service_->unreadable();
  return counts;
}

void MachineLab::stop_feed() {
  std::unique_ptr<MachineFeed> feed;
  {
    const std::scoped_lock lock(feed_mutex_);
    if (tracer_) tracer_->stop();
    feed = std::move(machine_feed_);
  }
}

}  // namespace

Result<std::unique_ptr<Lab>> Lab::start(const LabOptions& options) {
  Policy policy;
  if (!options.policy.empty()) {
    auto loaded = load_policy(options.policy);
    if (!loaded) return tl::unexpected(loaded.error());
    policy = std::move(*loaded);
  }
  host::MachineOptions machine_options;
  machine_options.debug_output = options.debug_output;
  std::unique_ptr<VirtualClock> virtual_clock;
  if (options.history != nullptr) {
    const auto& steps = options.history->steps;
    virtual_clock = std::make_unique<VirtualClock>(steps.empty() ? 0 : steps.front().time - kBeforeHistory);
    machine_options.system_time_100ns = [clock = virtual_clock.get()] { return clock->now(); };
  }
  machine_options.debug_output_by_driver = options.debug_output_by_driver;
  if (options.debug_levels == DebugLevels::All) machine_options.debug_level_mask = ~0U;
  const auto standing = std::make_shared<std::atomic<MachineLab*>>(nullptr);
  if (options.on_crash) {
    machine_options.watch_locks = true;
    machine_options.bug_check_exit_code = kCrashExitCode;
    machine_options.on_bug_check = [standing, profile = options.profile,
                                    tell = options.on_crash](const host::BugCheck& check) {
      if (MachineLab* lab = *standing) {
        lab->crashed(check, tell);
      } else {
        tell(explain_crash(check, profile, {"the end of the lab, which unloads its drivers", nullptr}));
      }
    };
  }
  auto machine = host::Machine::boot(std::move(machine_options));
  if (!machine) return from_host("cannot boot the NT host", machine.error());
  auto lab = std::make_unique<MachineLab>(std::move(*machine), std::move(virtual_clock), standing);
  if (auto done = lab->prepare(options, std::move(policy)); !done) return tl::unexpected(done.error());
  return lab;
}

}  // namespace wdscope
