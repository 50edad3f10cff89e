// SPDX-License-Identifier: MIT
// What each kind of step does to the scenario's machine.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "abi/defender/callback_names.h"
#include "abi/defender/commands.h"
#include "abi/defender/service_sids.h"
#include "abi/wire/wdnis.h"
#include "host/ex/callback.h"
#include "host/ob/object.h"
#include "lab/dos_path.h"
#include "lab/host_access.h"
#include "lab/nt_path.h"
#include "lab/scenario_command.h"
#include "lab/scenario_lab.h"

namespace wdscope::scenario {
namespace {

constexpr std::size_t kCrowdBurst = 256;  // steps of a crowd between two readings
constexpr std::size_t kCrowdImages = 64;

const std::array<std::array<std::uint32_t, 5>, 6> kServiceSids = {
    defender::kWinDefendSid,        defender::kWdNisSvcSid,  defender::kMdDlpSvcSid,
    defender::kTrustedInstallerSid, defender::kMdCoreSvcSid, defender::kCryptSvcSid};

std::string expected_status(std::uint32_t expected, host::NtStatus got) {
  if (static_cast<std::uint32_t>(got) == expected) return {};
  return fmt::format("expected status {:#010x}; got {:#010x}", expected, static_cast<std::uint32_t>(got));
}

}  // namespace

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
    counts_ = counts();
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
