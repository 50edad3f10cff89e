// SPDX-License-Identifier: MIT
#include "notifier_machine.h"

#include <stdexcept>

namespace wdscope::test {

void DebugOutput::add(std::string_view line) {
  // A kernel test's failure, told at once: what it leaves behind may stop the machine before anybody asks.
  if (line.starts_with("FAIL")) ADD_FAILURE() << line;
  const std::scoped_lock lock(mutex_);
  lines_.emplace_back(line);
}

bool DebugOutput::contains(std::string_view text) const {
  const std::scoped_lock lock(mutex_);
  for (const std::string& line : lines_) {
    if (line.find(text) != std::string::npos) return true;
  }
  return false;
}

std::vector<std::string> DebugOutput::lines() const {
  const std::scoped_lock lock(mutex_);
  return lines_;
}

void DebugOutput::clear() {
  const std::scoped_lock lock(mutex_);
  lines_.clear();
}

NotifierMachine::NotifierMachine(std::vector<std::string> absent_routines) {
  host::MachineOptions options;
  options.absent_routines = std::move(absent_routines);
  options.debug_output = [this](std::string_view line) { debug_output_.add(line); };
  options.debug_level_mask = 0xFFFFFFFF;
  auto machine = host::Machine::boot(std::move(options));
  if (!machine) throw std::runtime_error(machine.error().message);
  machine_ = std::move(*machine);
}

host::HostResult<host::LoadedDriver*> NotifierMachine::try_load(Parameters parameters) {
  static const std::vector<std::byte> image = driver_image("wdnotifier.sys");
  auto driver = machine_->load(image, {.service_name = "wdnotifier", .parameters = std::move(parameters)});
  if (driver) driver_ = *driver;
  return driver;
}

void NotifierMachine::load(Parameters parameters) {
  const auto driver = try_load(std::move(parameters));
  if (!driver) throw std::runtime_error(driver.error().message);
}

void NotifierMachine::unload() {
  const auto result = machine_->unload(driver_);
  ASSERT_TRUE(result) << result.error().message;
  driver_ = nullptr;
}

host::ProcessStart NotifierMachine::describe(std::uint64_t process_id, std::uint64_t parent_process_id,
                                             std::u16string name) {
  host::ProcessStart start;
  start.process_id = process_id;
  start.parent_process_id = parent_process_id;
  start.image = u"\\Device\\HarddiskVolume1\\bin\\" + name;
  start.command_line = name + u" --flag";
  start.session_id = 3;
  return start;
}

host::NtStatus NotifierMachine::start(std::uint64_t process_id, std::uint64_t parent_process_id, std::u16string name) {
  return machine_->start_process(describe(process_id, parent_process_id, std::move(name)));
}

std::string profile_name(const testing::TestParamInfo<wire::NotifierProfile>& parameter) {
  switch (parameter.param) {
    case wire::NotifierProfile::Wd1910:
      return "Wd1910";
    case wire::NotifierProfile::Wd20H1:
      return "Wd20H1";
    case wire::NotifierProfile::Wd25080:
      return "Wd25080";
    case wire::NotifierProfile::WdA5:
      return "WdA5";
  }
  return "Unknown";
}

}  // namespace wdscope::test
