// SPDX-License-Identifier: MIT
// Defender's callback objects: opening the process notifications, registering on them, and asking for a refresh.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "abi/wire/control.h"
#include "kit/nt.h"

namespace wdscope::observer {

// A reference on an executive callback object. PASSIVE_LEVEL.
class CallbackObject {
 public:
  CallbackObject() = default;
  ~CallbackObject() { close(); }
  CallbackObject(const CallbackObject&) = delete;
  CallbackObject& operator=(const CallbackObject&) = delete;

  // Opens an existing object; never makes one. ExCreateCallback's status; STATUS_UNSUCCESSFUL when it claims success
  // without an object.
  [[nodiscard]] NTSTATUS open(UNICODE_STRING name);
  void close() {
    if (object_ != nullptr) ObDereferenceObject(std::exchange(object_, nullptr));
  }
  PCALLBACK_OBJECT get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  PCALLBACK_OBJECT object_ = nullptr;
};

class Subscription {
 public:
  Subscription() = default;
  ~Subscription() { stop(); }
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  // Opens \Callback\WdProcessNotificationCallback, else \Callback\MpProcessNotificationCallback, and the Nri object of
  // the same name family if it exists. STATUS_NOT_FOUND: neither is there. PASSIVE_LEVEL.
  [[nodiscard]] NTSTATUS open();
  // From here on `callback` is called. STATUS_UNSUCCESSFUL: the executive gave no registration. PASSIVE_LEVEL.
  [[nodiscard]] NTSTATUS start(PCALLBACK_FUNCTION callback, void* context);
  // Waits for running calls; afterwards none comes. Harmless when never started. PASSIVE_LEVEL, not from the callback.
  void stop();

  wire::CallbackObjectName name() const { return name_; }
  bool can_refresh() const { return static_cast<bool>(refresh_object_); }

  // Whether start() is over. Any IRQL.
  bool is_registered() const { return registered_.load(std::memory_order_acquire); }

  // Asks the notifier to repeat what it knows. The notifications come on this thread, inside this call. Only when
  // can_refresh(). PASSIVE_LEVEL.
  void ask_for_refresh();

 private:
  wire::CallbackObjectName name_ = wire::CallbackObjectName::Wd;
  CallbackObject process_object_;
  CallbackObject refresh_object_;
  void* registration_ = nullptr;
  std::atomic<bool> registered_{false};
};

}  // namespace wdscope::observer
