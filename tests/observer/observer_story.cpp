// SPDX-License-Identifier: MIT
#include "observer/observer_story.h"

#include <stdexcept>

#include "host/ob/handle.h"
#include "host/ob/namespace.h"
#include "host/ob/object.h"

namespace wdscope::tests {
namespace {

constexpr std::int64_t kSomeDay = 0x01DA'0000'0000'0000;  // FILETIME

std::unique_ptr<host::Machine> boot(host::MachineOptions options) {
  auto machine = host::Machine::boot(std::move(options));
  if (!machine) throw std::runtime_error(machine.error().message);
  return std::move(*machine);
}

}  // namespace

OwnedCallback::OwnedCallback(const char16_t* name) {
  std::u16string text(name);
  const auto length = static_cast<std::uint16_t>(text.size() * 2);
  host::UnicodeString counted{length, length, text.data()};
  host::ObjectAttributes attributes{};
  attributes.length = sizeof(attributes);
  attributes.object_name = &counted;
  attributes.attributes = defender::kCallbackAttributes;
  const host::NtStatus status = host::ExCreateCallback(&object_, &attributes, 1, 1);
  if (!host::nt_success(status)) throw std::runtime_error("no callback object");
}

void OwnedCallback::reset() {
  if (object_ == nullptr) return;
  host::ObfDereferenceObject(object_);
  object_ = nullptr;
}

MachineStory::MachineStory(std::vector<std::string> absent_routines) {
  host::MachineOptions options;
  options.absent_routines = std::move(absent_routines);
  options.debug_output = [this](std::string_view line) {
    std::scoped_lock guard(output_lock_);
    output_ += line;
  };
  options.before_copy = [this](std::uint64_t address, std::size_t size) {
    if (before_copy_) before_copy_(address, size);
  };
  machine_ = boot(std::move(options));
}

host::HostResult<host::LoadedDriver*> MachineStory::load(std::string_view name, host::DriverOptions options) {
  return machine_->load(driver_image(name), std::move(options));
}

std::string MachineStory::debug_output() {
  std::scoped_lock guard(output_lock_);
  return output_;
}

ObserverStory::ObserverStory(std::uint32_t ring_size_kb, std::vector<std::string> absent_routines)
    : MachineStory(std::move(absent_routines)) {
  const auto loaded = load("wdscope.sys", {"wdscope", {{"RingSizeKb", ring_size_kb}, {"SnapshotOnAttach", 0u}}});
  if (!loaded) throw std::runtime_error(loaded.error().message + " " + debug_output());
  driver_ = *loaded;
}

ObserverStory::~ObserverStory() {
  unload();
}

void ObserverStory::unload() {
  if (driver_ == nullptr) return;
  const auto unloaded = machine_->unload(driver_);
  EXPECT_TRUE(unloaded.has_value()) << unloaded.error().message;
  driver_ = nullptr;
}

Client ObserverStory::client(host::Account account) {
  auto file = machine_->open(wire::kUserDeviceName, host::Access::Read, account);
  if (!file) throw std::runtime_error(file.error().message);
  return Client(std::move(*file));
}

void ObserverStory::notify(const void* argument1, const void* argument2) {
  host::ExNotifyCallback(process_callback_.get(), const_cast<void*>(argument1), const_cast<void*>(argument2));
}

void ObserverStory::load_notifier(wire::NotifierProfile profile) {
  const auto loaded = load("wdnotifier.sys", {"wdnotifier", {{"Profile", static_cast<std::uint32_t>(profile)}}});
  if (!loaded) throw std::runtime_error(loaded.error().message + " " + debug_output());
  constexpr std::uint64_t kVotes = 3;
  for (std::uint64_t process = 0; process < kVotes; ++process) live_announced(kAnnounced + 4 * process);
  const wire::Evidence evidence = client().evidence();
  if (evidence.generation == 0 || evidence.place_decided == 0) throw std::runtime_error("the evidence is undecided");
}

void ObserverStory::live_announced(std::uint64_t process_id) {
  host::ProcessStart start;
  start.process_id = process_id;
  start.parent_process_id = 4;
  start.image = kAnnouncedImage;
  start.command_line = u"announced --once";
  EXPECT_EQ(machine_->start_process(start), host::kStatusSuccess);
  EXPECT_EQ(machine_->exit_process(process_id), host::kStatusSuccess);
}

std::int64_t ObserverStory::start_process(std::uint64_t process_id, std::uint64_t parent_id) {
  host::ProcessStart start;
  start.process_id = process_id;
  start.parent_process_id = parent_id;
  start.created_100ns = kSomeDay + static_cast<std::int64_t>(process_id);
  start.image = u"\\Device\\HarddiskVolume1\\Windows\\notepad.exe";
  start.command_line = u"notepad";
  start.session_id = 3;
  start.protection = 0x31;
  EXPECT_EQ(machine_->adopt_process(start), host::kStatusSuccess);
  return start.created_100ns;
}

std::string name_of(wire::NotifierProfile profile) {
  switch (profile) {
    case wire::NotifierProfile::Wd1910:
      return "1910";
    case wire::NotifierProfile::Wd20H1:
      return "20H1";
    case wire::NotifierProfile::Wd25080:
      return "25080";
    case wire::NotifierProfile::WdA5:
      return "A5";
  }
  return "none";
}

Record ObserverStory::record_of(const void* argument1, const void* argument2) {
  Client reader = client();
  reader.drain();
  notify(argument1, argument2);
  std::vector<Record> records = reader.drain();
  if (records.size() != 1) throw std::runtime_error("not one record: " + std::to_string(records.size()));
  return std::move(records.front());
}

}  // namespace wdscope::tests
