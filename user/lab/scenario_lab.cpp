// SPDX-License-Identifier: MIT
#include "lab/scenario_lab.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "abi/defender/callback_names.h"
#include "abi/defender/commands.h"
#include "abi/defender/messages.h"
#include "abi/defender/service_sids.h"
#include "abi/wire/engine.h"
#include "abi/wire/wdnis.h"
#include "event/decode.h"
#include "host/ex/callback.h"
#include "host/ob/object.h"
#include "lab/dos_path.h"
#include "lab/host_access.h"
#include "lab/nt_path.h"
#include "lab/scenario_command.h"

namespace wdscope::scenario {
namespace {

constexpr FileTime kBeginning = 134'116'992'000'000'000;  // 2026-01-01
constexpr FileTime k100nsPerMillisecond = 10'000;
constexpr std::uint64_t kSystemId = 4;
constexpr std::uint64_t kIds = 16'384;    // that are given to processes, as on a machine that runs for a while
constexpr std::size_t kCrowdBurst = 256;  // steps of a crowd between two readings
constexpr std::size_t kCrowdImages = 64;
const std::string kSystemName = "System";
constexpr Driver kDrivers[] = {Driver::Notifier, Driver::Observer, Driver::NetworkInspection};  // as DriverName

const std::array<std::array<std::uint32_t, 5>, 6> kServiceSids = {
    defender::kWinDefendSid,        defender::kWdNisSvcSid,  defender::kMdDlpSvcSid,
    defender::kTrustedInstallerSid, defender::kMdCoreSvcSid, defender::kCryptSvcSid};

std::string expected_status(std::uint32_t expected, host::NtStatus got) {
  if (static_cast<std::uint32_t>(got) == expected) return {};
  return fmt::format("expected status {:#010x}; got {:#010x}", expected, static_cast<std::uint32_t>(got));
}

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
    const std::uint64_t id = 4 * (2 + random_() % kIds);
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

Result<std::string> ScenarioLab::act(const Start& start) {
  Process& process = processes_[start.name];
  if (process.runs) return fmt::format("expected {} not to run; it runs", start.name);
  host::ProcessStart what;
  what.process_id = start.process_id.value_or(0);
  if (running_.contains(what.process_id))
    return fmt::format("expected the id {} to be free; it is {}'s", what.process_id, name_of(what.process_id));
  if (!start.process_id) what.process_id = free_id();
  what.parent_process_id = facts_of(start.parent.empty() ? kSystemName : start.parent).process_id;
  what.created_100ns = clock_.now() + 1;
  what.image = dos_to_nt_path(start.image.empty() ? "C:\\t\\" + start.name + ".exe" : start.image);
  append_utf16(what.command_line, start.command_line.empty() ? start.name : start.command_line);
  what.session_id = start.session_id;
  what.protection = start.protection;
  what.subsystem_process = start.subsystem;
  for (const std::string& service : start.services)
    what.services.push_back(kServiceSids.at(static_cast<std::size_t>(
        std::find(kServiceWords.begin(), kServiceWords.end(), service) - kServiceWords.begin())));
  process.facts.process_id = static_cast<std::uint32_t>(what.process_id);
  process.facts.created_100ns = what.created_100ns;
  names_[what.process_id] = start.name;

  if (start.how == Start::How::Adopted) {
    pass(1);
    process.runs = host::nt_success(machine_->adopt_process(what));
    if (process.runs) running_.insert(what.process_id);
    return process.runs ? std::string() : fmt::format("expected NT to have {}; it refused", start.name);
  }
  reply_ = start.reply;
  delay_ms_ = start.delay_ms;
  word_ = start.word;
  const host::NtStatus status = announce(what);
  process.runs = host::nt_success(status);
  const auto outcome = process.runs                          ? Start::Outcome::Accepted
                       : status == host::kStatusAccessDenied ? Start::Outcome::Denied
                                                             : Start::Outcome::Refused;
  if (outcome == start.outcome) return std::string();
  return fmt::format("expected the start of {} to be {}; it was {}", start.name,
                     kOutcomeWords[static_cast<std::size_t>(start.outcome)],
                     kOutcomeWords[static_cast<std::size_t>(outcome)]);
}

Result<std::string> ScenarioLab::act(const Exit& exit) {
  Process& process = processes_.at(exit.name);
  if (!process.runs || process.facts.process_id == kSystemId)
    return fmt::format("expected {} to be a process that can end; it does not run or is System", exit.name);
  process.runs = false;
  end(process.facts.process_id);
  return std::string();
}

Result<std::string> ScenarioLab::act(const Command& command) {
  if (!service_) return std::string("expected a connected service to send the command; there is none");
  static const CreateMessage kNone;
  const auto bytes =
      write_command(message_version(options_.profile), command, command.name.empty() ? kNone : facts_of(command.name));
  if (bytes.empty()) {
    return fmt::format("expected the command {} in profile {}; it has none",
                       kCommandWords[static_cast<std::size_t>(command.kind)], profile_name(options_.profile));
  }
  defender::COMMAND_REPLY counts{};
  const bool query = command.kind == Command::Kind::Query;
  const auto done =
      service_->command(bytes, query ? std::as_writable_bytes(std::span(&counts, 1)) : std::span<std::byte>());
  if (auto wrong = expected_status(command.status, done.status); !wrong.empty()) return wrong;
  if ((command.trusted && counts.TrustedCount != *command.trusted) ||
      (command.untrusted && counts.UntrustedCount != *command.untrusted)) {
    return fmt::format("expected {} trusted and {} untrusted; got {} and {}",
                       command.trusted ? std::to_string(*command.trusted) : "any",
                       command.untrusted ? std::to_string(*command.untrusted) : "any", counts.TrustedCount,
                       counts.UntrustedCount);
  }
  return std::string();
}

Result<std::string> ScenarioLab::act(const Service& service) {
  const bool connected = service_ && service_->connected();
  if (service.action == Service::Action::Disconnect) {
    service_.reset();
    return connected ? std::string() : "expected a connected service; there is none";
  }
  if (connected) return std::string("expected no service yet; one is connected");
  if (auto done = connect(service.name); !done) return tl::unexpected(done.error());
  return std::string();
}

Result<std::string> ScenarioLab::act(const LoadDriver& load) {
  host::LoadedDriver*& driver = loaded_[static_cast<std::size_t>(load.driver)];
  bool refused = false;
  std::string why;
  if (load.action == LoadDriver::Action::Load) {
    if (driver != nullptr) return std::string("expected a driver that is not there yet; it is loaded");
    const auto done = this->load(load.driver);
    refused = !done;
    if (refused) why = done.error().what;
  } else {
    if (driver == nullptr) return std::string("expected a loaded driver; it is not there");
    if (load.driver == DriverName::Observer) {
      if (auto done = read(); !done) return tl::unexpected(done.error());
      earlier_ = source_counts();
      source_.reset();
    }
    const auto done = machine_->unload(driver);
    refused = !done;
    if (refused) why = done.error().message;
    if (!refused) driver = nullptr;
  }
  if (refused == load.refused) return std::string();
  return refused ? "expected it to be done; it was refused: " + why : "expected it to be refused; it was done";
}

// As whoever changes process exceptions does it: two zeros are all that is looked at.
Result<std::string> ScenarioLab::act(const Refresh&) {
  std::u16string name(defender::kWdNriNotificationCallback);
  const auto length = static_cast<std::uint16_t>(name.size() * sizeof(char16_t));
  host::UnicodeString text{length, length, name.data()};
  host::ObjectAttributes attributes{};
  attributes.length = sizeof attributes;
  attributes.object_name = &text;
  attributes.attributes = defender::kCallbackAttributes;
  bool found = false;
  machine_->run_in_process(kSystemId, [&] {
    host::CallbackObject* object = nullptr;
    found = host::nt_success(host::ExCreateCallback(&object, &attributes, 0, 0));
    if (!found) return;
    std::uint64_t zero = 0;
    host::ExNotifyCallback(object, &zero, nullptr);
    host::ObfDereferenceObject(object);
  });
  return found ? std::string() : "expected the Nri object, which the notifier makes; there is none";
}

Result<std::string> ScenarioLab::act(const Exceptions& exceptions) {
  auto device = machine_->open(wire::kNisUserDeviceName, host::Access::ReadWrite, host::Account::System);
  if (!device) return "expected wdnis to take exceptions; " + device.error().message;
  std::u16string texts;
  for (const std::string& image : exceptions.images) texts.append(dos_to_nt_path(image)).push_back(u'\0');
  const auto done = (*device)->control(wire::kNisSetProcessExceptions, std::as_bytes(std::span(texts)), {});
  return expected_status(0, done.status);
}

Result<std::string> ScenarioLab::act(const Crowd& crowd) {
  keeping_ = false;
  reply_ = Start::Reply::Allow;
  word_ = {};
  std::vector<std::u16string> images;
  for (std::size_t image = 0; image < kCrowdImages; ++image)
    images.push_back(dos_to_nt_path(fmt::format("C:\\Program Files\\Crowd\\member{}.exe", image)));
  host::ProcessStart start;
  append_utf16(start.command_line, "member --of \"C:\\Program Files\\Crowd\" --with arguments as they usually are");
  start.parent_process_id = kSystemId;
  std::vector<std::uint64_t> members;
  std::uint64_t begun = 0;
  Result<void> done;
  for (std::size_t step = 0; done && (begun < crowd.lives || !members.empty()); ++step) {
    if (step % kCrowdBurst == 0) done = read();
    pass(k100nsPerMillisecond);
    const std::uint64_t dice = random_();
    const bool begins = begun < crowd.lives && (members.empty() || (members.size() < crowd.running && (dice & 1)));
    if (begins) {
      start.process_id = free_id();
      start.created_100ns = clock_.now() + 1;
      start.image = images[(dice >> 1) % kCrowdImages];
      word_.trusted = ((dice >> 32) & 1) != 0;
      ++begun;
      if (host::nt_success(announce(start))) members.push_back(start.process_id);
    } else {
      std::uint64_t& chosen = members[(dice >> 1) % members.size()];
      end(chosen);
      chosen = members.back();
      members.pop_back();
    }
  }
  if (done) done = read();
  keeping_ = true;
  if (!done) return tl::unexpected(done.error());
  return std::string();
}

}  // namespace wdscope::scenario
