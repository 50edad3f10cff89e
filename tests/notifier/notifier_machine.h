// SPDX-License-Identifier: MIT
// A machine with wdnotifier.sys in it, and the few words that the stories need.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "abi/wire/engine.h"
#include "host/machine.h"
#include "host/testing/driver_image.h"

namespace wdscope::test {

using host::testing::driver_image;

// What the drivers printed. May be asked from any thread.
class DebugOutput {
 public:
  void add(std::string_view line);
  bool contains(std::string_view text) const;
  std::vector<std::string> lines() const;
  void clear();

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

using Parameters = std::map<std::string, host::RegistryValue>;

inline Parameters with_profile(wire::NotifierProfile profile) {
  return {{"Profile", static_cast<std::uint32_t>(profile)}};
}

class NotifierMachine {
 public:
  // `absent_routines`: an older NT, as MachineOptions says.
  explicit NotifierMachine(std::vector<std::string> absent_routines = {});

  // Loads wdnotifier.sys; the test fails when that fails.
  void load(Parameters parameters);
  void load(wire::NotifierProfile profile) { load(with_profile(profile)); }
  host::HostResult<host::LoadedDriver*> try_load(Parameters parameters);
  void unload();

  host::Machine& machine() { return *machine_; }
  host::LoadedDriver* driver() { return driver_; }
  DebugOutput& debug_output() { return debug_output_; }

  // Starts \Device\HarddiskVolume1\bin\<name> with command line "<name> --flag".
  host::NtStatus start(std::uint64_t process_id, std::uint64_t parent_process_id = 4, std::u16string name = u"a.exe");
  host::NtStatus exit(std::uint64_t process_id) { return machine_->exit_process(process_id); }

  static host::ProcessStart describe(std::uint64_t process_id, std::uint64_t parent_process_id, std::u16string name);

 private:
  DebugOutput debug_output_;
  std::unique_ptr<host::Machine> machine_;
  host::LoadedDriver* driver_ = nullptr;
};

inline constexpr wire::NotifierProfile kAllProfiles[] = {wire::NotifierProfile::Wd1910, wire::NotifierProfile::Wd20H1,
                                                         wire::NotifierProfile::Wd25080, wire::NotifierProfile::WdA5};
std::string profile_name(const testing::TestParamInfo<wire::NotifierProfile>& parameter);

}  // namespace wdscope::test
