// SPDX-License-Identifier: MIT
// A consumer of the process notification, as WdNisDrv is one: registers on the callback object and keeps what it saw.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "abi/defender/callback_names.h"
#include "abi/defender/notify_info.h"
#include "abi/defender/process_context.h"
#include "abi/wire/engine.h"
#include "host/ex/callback.h"

namespace wdscope::test {

// The generation of 2019: 1910 and the preview before it.
constexpr bool is_2019(wire::NotifierProfile profile) {
  return profile == wire::NotifierProfile::Wd1910 || profile == wire::NotifierProfile::Wd20H1;
}

struct Notification {
  std::array<std::uint8_t, 0x20> before;
  defender::WD_PS_NOTIFY_INFO info;
  std::array<std::uint8_t, 0x44> after;
  bool argument2_null;
  std::uint64_t argument1;
  std::optional<std::uint64_t> parent;  // create: by value or through the pointer
  std::optional<std::u16string> image;
  std::uint64_t current_process_id;
  std::uint8_t irql;
  bool in_critical_region;
  std::string held_locks;  // empty: none
  // What the profile's place next to the argument led to; absent for type 3 and for 25080.
  std::uint64_t context_address = 0;
  std::optional<defender::MP_PROCESS_CONTEXT_25080> context;  // 1910: the tail is zero
  std::u16string context_image;
  std::u16string context_command_line;

  defender::OperationType operation() const { return static_cast<defender::OperationType>(info.OperationType); }
  // The eight bytes at Argument1 + offset.
  std::uint64_t at(std::int64_t offset) const;
};

class Notifications {
 public:
  // Opens `name`, which must exist.
  Notifications(wire::NotifierProfile profile, const char16_t* name = defender::kWdProcessNotificationCallback);
  ~Notifications();
  Notifications(const Notifications&) = delete;
  Notifications& operator=(const Notifications&) = delete;

  // Called for each notification, in its thread, before it is kept.
  void on_notification(std::function<void(const Notification&)> hook);

  std::vector<Notification> all() const;
  // Those of one process, in order.
  std::vector<Notification> of(std::uint64_t process_id) const;
  void clear();

 private:
  static void NTAPI receive(void* context, void* argument1, void* argument2);
  Notification observe(const std::uint8_t* argument, void* argument2) const;

  wire::NotifierProfile profile_;
  host::CallbackObject* object_ = nullptr;
  host::CallbackRegistration* registration_ = nullptr;
  mutable std::mutex mutex_;
  std::function<void(const Notification&)> hook_;
  std::vector<Notification> kept_;
};

// Notifies the Nri object of these arguments, as WdNisDrv would.
void notify_nri(void* argument1, void* argument2 = nullptr);
// The notification that asks for a refresh.
void ask_for_refresh();

// Opens an existing callback object; null when there is none. The caller owes ObfDereferenceObject.
host::CallbackObject* open_callback(const char16_t* name);

}  // namespace wdscope::test
