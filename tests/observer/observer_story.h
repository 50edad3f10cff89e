// SPDX-License-Identifier: MIT
// A machine with the callback objects that Defender would make, and the observer loaded.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "abi/defender/callback_names.h"
#include "abi/wire/engine.h"
#include "host/ex/callback.h"
#include "host/machine.h"
#include "host/testing/driver_image.h"
#include "observer/records.h"

namespace wdscope::tests {

using host::testing::driver_image;

// A permanent callback object of the test's own; deleted with it.
class OwnedCallback {
 public:
  explicit OwnedCallback(const char16_t* name);
  ~OwnedCallback() { reset(); }
  OwnedCallback(const OwnedCallback&) = delete;
  OwnedCallback& operator=(const OwnedCallback&) = delete;
  void reset();
  host::CallbackObject* get() const { return object_; }

 private:
  host::CallbackObject* object_ = nullptr;
};

// A machine and what its drivers print. Nothing is loaded.
class MachineStory : public testing::Test {
 protected:
  // `absent_routines`: an older NT, as MachineOptions says.
  explicit MachineStory(std::vector<std::string> absent_routines = {});

  host::HostResult<host::LoadedDriver*> load(std::string_view name, host::DriverOptions options);
  std::string debug_output();

  std::mutex output_lock_;
  std::string output_;
  // What happens before each checked copy of a driver, as MachineOptions says; null: nothing.
  std::function<void(std::uint64_t address, std::size_t size)> before_copy_;
  std::unique_ptr<host::Machine> machine_;
};

inline constexpr std::uint64_t kAnnounced = 0x7000;
inline constexpr char16_t kAnnouncedImage[] = u"\\Device\\HarddiskVolume1\\Windows\\announced.exe";

// Loads wdscope.sys over both Wd objects.
class ObserverStory : public MachineStory {
 protected:
  explicit ObserverStory(std::uint32_t ring_size_kb = 1024, std::vector<std::string> absent_routines = {});
  ~ObserverStory() override;

  Client client(host::Account account = host::Account::Administrator);
  // Notifies the process object as a driver would.
  void notify(const void* argument1, const void* argument2 = nullptr);
  // Starts a process that the observer can ask NT about; nobody is notified. Returns its creation time.
  std::int64_t start_process(std::uint64_t process_id, std::uint64_t parent_id = 4);
  // Notifies, and returns the one record that comes of it.
  Record record_of(const void* argument1, const void* argument2 = nullptr);
  void unload();
  // Loads wdnotifier.sys in this profile and lets it announce as many processes as the observer's evidence takes to
  // decide what kind of notifier this machine has.
  void load_notifier(wire::NotifierProfile profile);
  // A process of kAnnouncedImage that the notifier announces, from its start to its end.
  void live_announced(std::uint64_t process_id);

  OwnedCallback process_callback_{defender::kWdProcessNotificationCallback};
  OwnedCallback nri_callback_{defender::kWdNriNotificationCallback};
  host::LoadedDriver* driver_ = nullptr;
};

inline constexpr wire::NotifierProfile kAllProfiles[] = {wire::NotifierProfile::Wd1910, wire::NotifierProfile::Wd20H1,
                                                         wire::NotifierProfile::Wd25080, wire::NotifierProfile::WdA5};
// "1910", "20H1", "25080", "A5"
std::string name_of(wire::NotifierProfile profile);

}  // namespace wdscope::tests
