// SPDX-License-Identifier: MIT
#include "lab/scenario_lab.h"

#include <fmt/format.h>

#include <utility>

#include "abi/defender/messages.h"
#include "abi/wire/engine.h"
#include "event/decode.h"
#include "lab/host_access.h"
#include "lab/scenario_command.h"

namespace wdscope::scenario {
namespace {

constexpr FileTime kBeginning = 134'116'992'000'000'000;                                        // 2026-01-01
constexpr Driver kDrivers[] = {Driver::Notifier, Driver::Observer, Driver::NetworkInspection};  // as DriverName

// Nothing: no notification of the notifier's. A scenario takes no snapshot, so that marks are none.
std::optional<Told> told_of(Operation operation) {
  switch (operation) {
    case Operation::Create:
      return Told::Create;
    case Operation::Terminate:
      return Told::Terminate;
    case Operation::Trust:
      return Told::Trust;
    case Operation::Refresh:
      return Told::Refresh;
    case Operation::SnapshotBegin:
    case Operation::SnapshotEnd:
    case Operation::Unknown:
      break;
  }
  return std::nullopt;
}

}  // namespace

ScenarioLab::ScenarioLab(const Scenario& scenario, Options options)
    : options_(std::move(options)), clock_(kBeginning), random_(scenario.seed) {
  origin_.kind = Origin::Kind::Lab;
  origin_.profile = profile_name(options_.profile);
  origin_.description =
      fmt::format("the lab's notifier, a replica of WdFilter (profile {}), not Defender", origin_.profile);
  origin_.host_name = "scenario";
  origin_.played = true;
  names_[kSystemId] = kSystemName;
  Process& system = processes_[kSystemName];
  system.facts.process_id = kSystemId;
  system.runs = true;
}

ScenarioLab::~ScenarioLab() {
  service_.reset();
  source_.reset();
  machine_.reset();
}

Result<std::unique_ptr<ScenarioLab>> ScenarioLab::start(const Scenario& scenario, Options options) {
  std::unique_ptr<ScenarioLab> lab(new ScenarioLab(scenario, std::move(options)));
  if (auto done = lab->boot(scenario); !done) return tl::unexpected(done.error());
  return lab;
}

Result<void> ScenarioLab::boot(const Scenario& scenario) {
  host::MachineOptions options;
  options.debug_output = options_.debug_output;
  options.system_time_100ns = [this] { return clock_.now(); };
  auto machine = host::Machine::boot(std::move(options));
  if (!machine) return from_host("cannot boot the NT host", machine.error());
  machine_ = std::move(*machine);
  if (scenario.notifier) {
    if (auto done = load(DriverName::Notifier); !done) return done;
  }
  if (scenario.observer) {
    if (auto done = load(DriverName::Observer); !done) return done;
  }
  return scenario.service && scenario.notifier ? connect({}) : Result<void>();
}

Result<void> ScenarioLab::load(DriverName driver) {
  std::map<std::string, host::RegistryValue> parameters;
  if (driver == DriverName::Notifier) parameters = {{"Profile", profile_parameter(options_.profile)}};
  // A scenario refreshes where it says so, and is read after each of its steps.
  if (driver == DriverName::Observer) {
    parameters = {{"SnapshotOnAttach", std::uint32_t{0}}, {"RingSizeKb", std::uint32_t{kPlayedRingKb}}};
  }
  const auto loaded =
      load_driver_of(*machine_, kDrivers[static_cast<std::size_t>(driver)], options_.drivers, std::move(parameters));
  if (!loaded) return tl::unexpected(loaded.error());
  loaded_[static_cast<std::size_t>(driver)] = *loaded;
  return driver == DriverName::Observer ? open_reader() : Result<void>();
}

Result<void> ScenarioLab::open_reader() {
  auto file = machine_->open(wire::kUserDeviceName, host::Access::Read);
  if (!file) return from_host("cannot open the observer's device", file.error());
  auto source = DeviceSource::open(channel_of(std::move(*file)), origin_);
  if (!source) return tl::unexpected(source.error());
  source_ = std::move(*source);
  origin_ = source_->origin();
  return {};
}

Result<void> ScenarioLab::connect(const std::string& process) {
  host::HostResult<std::unique_ptr<host::DeviceFile>> device;
  machine_->run_in_process(facts_of(process.empty() ? kSystemName : process).process_id, [&] {
    device = machine_->open(wire::kEngineUserDeviceName, host::Access::ReadWrite, host::Account::System);
  });
  if (!device) return from_host("cannot connect the service to the notifier", device.error());
  service_ = std::make_unique<PromptService>(
      std::move(*device), clock_, kDefaultCreateTimeoutMs, [this](const CreateMessage&) { return decide(); },
      [this](const EngineMessageFacts& facts) { hear(facts); });
  return {};
}

FeedCounts ScenarioLab::counts() const {
  FeedCounts counts = counts_;
  if (service_) counts.unreadable += service_->unreadable();
  return counts;
}

SourceCounts ScenarioLab::source_counts() const {
  SourceCounts counts = earlier_;
  if (source_) {
    counts.delivered += source_->counts().delivered;
    counts.lost += source_->counts().lost;
  }
  return counts;
}

Result<std::string> ScenarioLab::perform(const Step& step) {
  pass(step.after_ms * k100nsPerMillisecond);
  host::FaultPlan plan({"ExAllocatePool"});
  if (step.fail_allocation) {
    plan.fail_call(*step.fail_allocation);
    machine_->set_fault_plan(&plan);
    failing_ = true;
  }
  auto outcome = std::visit([this](const auto& action) { return act(action); }, step.action);
  if (step.fail_allocation) {
    machine_->set_fault_plan(nullptr);
    failing_ = false;
  }
  if (!outcome) return outcome;
  if (auto done = read(); !done) return tl::unexpected(done.error());
  if (failed_) return tl::unexpected(*std::exchange(failed_, std::nullopt));
  return outcome;
}

Decision ScenarioLab::decide() {
  switch (reply_) {
    case Start::Reply::Dies:
      service_->vanish();
      break;
    case Start::Reply::Deny:
      return decision_of(word_, Answer::Deny);
    case Start::Reply::Delay: {
      Decision late = decision_of(word_, Answer::Delay);
      late.delay_ms = delay_ms_;
      return late;
    }
    case Start::Reply::TimeOut:
      return decision_of(word_, Answer::TimeOut);
    case Start::Reply::Malformed:
      return decision_of(word_, Answer::Malformed);
    case Start::Reply::Allow:
      break;
  }
  return decision_of(word_, Answer::Allow);
}

// In the thread that asks, while a process stands still: what was notified by now comes before the message.
void ScenarioLab::hear(const EngineMessageFacts& facts) {
  if (!keeping_) return;
  if (!failing_) {
    if (auto done = read(); !done) failed_ = done.error();
  }
  Happening happening;
  if (const auto* create = std::get_if<CreateMessage>(&facts.body)) {
    happening.told = Told::MessageCreate;
    happening.name = name_of(create->process_id);
  } else if (const auto* exit = std::get_if<ExitMessage>(&facts.body)) {
    happening.told = Told::MessageExit;
    happening.name = name_of(exit->process_id);
  } else if (const auto* trust = std::get_if<TrustMessage>(&facts.body)) {
    happening.told = trust->one_untrusted ? Told::MessageOneUntrusted : Told::MessageNoneUntrusted;
  } else if (const auto* taint = std::get_if<TaintMessage>(&facts.body)) {
    happening.told = Told::MessageTaint;
    happening.name = name_of(taint->process_id);
  } else {
    return;
  }
  told_.push_back(std::move(happening));
}

Result<void> ScenarioLab::read() {
  while (source_) {
    const auto batch = source_->next(std::chrono::milliseconds(0));
    if (!batch) return tl::unexpected(batch.error());
    if (batch->state != Batch::State::Records) break;
    if (options_.take) {
      if (auto taken = options_.take(origin_, batch->records); !taken) return taken;
    }
    if (keeping_) {
      if (auto kept = keep(batch->records); !kept) return kept;
    }
  }
  return {};
}

Result<void> ScenarioLab::keep(std::span<const std::byte> records) {
  return for_each_record(records, [&](std::span<const std::byte> record) -> Result<void> {
    auto decoded = decode(record, origin_);
    if (!decoded) return tl::unexpected(decoded.error());
    auto* const event = std::get_if<ProcessEvent>(&*decoded);
    if (event == nullptr) return failure(ErrorCode::Internal, "the observer lost records of a scenario");
    const auto told = told_of(event->operation);
    if (!told) return failure(ErrorCode::Internal, "the notifier sent what it never sends");
    Happening happening;
    happening.told = *told;
    happening.name = name_of(event->pid.value_or(0));
    if (event->parent_pid) happening.parent = name_of(*event->parent_pid);
    happening.event = std::move(*event);
    told_.push_back(std::move(happening));
    return {};
  });
}

host::NtStatus ScenarioLab::announce(const host::ProcessStart& start) {
  pass(1);  // so that no two processes of one id are of one time
  const host::NtStatus status = machine_->start_process(start);
  if (host::nt_success(status)) {
    running_.insert(start.process_id);
    ++counts_.started;
  } else if (status == host::kStatusAccessDenied) {
    ++counts_.started;
    ++counts_.exited;
    ++counts_.denied;
  } else {
    ++counts_.refused;
  }
  return status;
}

void ScenarioLab::end(std::uint64_t process_id) {
  machine_->exit_process(process_id);
  running_.erase(process_id);
  ++counts_.exited;
}

std::uint64_t ScenarioLab::free_id() {
  for (;;) {
    const std::uint64_t id = RunningIds::kFirstGiven + 4 * (random_() % RunningIds::kGiven);
    if (!running_.contains(id)) return id;
  }
}

const CreateMessage& ScenarioLab::facts_of(const std::string& name) const {
  return processes_.at(name).facts;
}

std::string ScenarioLab::name_of(std::uint64_t process_id) const {
  const auto found = names_.find(process_id);
  return found != names_.end() ? found->second : fmt::format("the process {}", process_id);
}

}  // namespace wdscope::scenario
