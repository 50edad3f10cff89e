// SPDX-License-Identifier: MIT
// A machine with the callback objects that Defender would make, and the observer loaded.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "abi/defender/callback_names.h"
#include "host/ex/callback.h"
#include "host/machine.h"
#include "observer/records.h"

namespace wdscope::tests {

// The bytes of a driver that was built beside these tests.
std::vector<std::byte> driver_image(std::string_view name);

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
  std::unique_ptr<host::Machine> machine_;
};

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

  OwnedCallback process_callback_{defender::kWdProcessNotificationCallback};
  OwnedCallback nri_callback_{defender::kWdNriNotificationCallback};
  host::LoadedDriver* driver_ = nullptr;
};

}  // namespace wdscope::tests
