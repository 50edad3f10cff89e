// SPDX-License-Identifier: MIT
#include "notifications.h"

#include <gtest/gtest.h>

#include <cstring>
#include <stdexcept>

#include "host/ke/thread.h"
#include "host/mm/guarded_copy.h"
#include "host/ob/object.h"
#include "host/ps/process.h"
#include "host/verifier/lock_order.h"

namespace wdscope::test {
namespace {

std::u16string text_at(std::uint64_t address) {
  if (!address) return {};
  return std::u16string(reinterpret_cast<const host::UnicodeString*>(address)->view());
}

}  // namespace

std::uint64_t Notification::at(std::int64_t offset) const {
  std::uint64_t value = 0;
  if (offset < 0) {
    std::memcpy(&value, before.data() + before.size() + offset, sizeof value);
  } else {
    std::memcpy(&value, after.data() + (offset - 0x20), sizeof value);
  }
  return value;
}

host::CallbackObject* open_callback(const char16_t* name) {
  const std::u16string_view view(name);
  const auto length = static_cast<std::uint16_t>(view.size() * sizeof(char16_t));
  host::UnicodeString text{length, length, const_cast<char16_t*>(name)};
  host::ObjectAttributes attributes{};
  attributes.length = sizeof attributes;
  attributes.object_name = &text;
  attributes.attributes = defender::kCallbackAttributes;
  host::CallbackObject* object = nullptr;
  return host::nt_success(host::ExCreateCallback(&object, &attributes, 0, 0)) ? object : nullptr;
}

void notify_nri(void* argument1, void* argument2) {
  host::CallbackObject* const nri = open_callback(defender::kWdNriNotificationCallback);
  ASSERT_NE(nri, nullptr);
  host::ExNotifyCallback(nri, argument1, argument2);
  host::ObfDereferenceObject(nri);
}

void ask_for_refresh() {
  std::uint64_t zero = 0;
  notify_nri(&zero);
}

Notifications::Notifications(wire::NotifierProfile profile, const char16_t* name) : profile_(profile) {
  object_ = open_callback(name);
  if (!object_) throw std::runtime_error("no process-notification callback object");
  registration_ = host::ExRegisterCallback(object_, receive, this);
  if (!registration_) throw std::runtime_error("the callback object takes no registration");
}

Notifications::~Notifications() {
  host::ExUnregisterCallback(registration_);
  host::ObfDereferenceObject(object_);
}

void Notifications::on_notification(std::function<void(const Notification&)> hook) {
  const std::scoped_lock lock(mutex_);
  hook_ = std::move(hook);
}

std::vector<Notification> Notifications::all() const {
  const std::scoped_lock lock(mutex_);
  return kept_;
}

std::vector<Notification> Notifications::of(std::uint64_t process_id) const {
  std::vector<Notification> result;
  for (const Notification& notification : all()) {
    if (notification.info.ProcessId == process_id) result.push_back(notification);
  }
  return result;
}

void Notifications::clear() {
  const std::scoped_lock lock(mutex_);
  kept_.clear();
}

void NTAPI Notifications::receive(void* context, void* argument1, void* argument2) {
  auto* const self = static_cast<Notifications*>(context);
  Notification seen = self->observe(static_cast<const std::uint8_t*>(argument1), argument2);
  std::function<void(const Notification&)> hook;
  {
    const std::scoped_lock lock(self->mutex_);
    hook = self->hook_;
  }
  if (hook) hook(seen);
  const std::scoped_lock lock(self->mutex_);
  self->kept_.push_back(std::move(seen));
}

Notification Notifications::observe(const std::uint8_t* argument, void* argument2) const {
  Notification seen{};
  std::memcpy(seen.before.data(), argument - seen.before.size(), seen.before.size());
  std::memcpy(&seen.info, argument, sizeof seen.info);
  // The 1910 frame ends after two pointers.
  const std::size_t after = is_2019(profile_) ? 0x10 : seen.after.size();
  std::memcpy(seen.after.data(), argument + sizeof seen.info, after);
  seen.argument2_null = argument2 == nullptr;
  seen.argument1 = reinterpret_cast<std::uint64_t>(argument);
  const host::Thread& thread = host::current_thread();
  seen.current_process_id = thread.process->process_id;
  seen.irql = thread.irql;
  seen.in_critical_region = thread.kernel_apc_disable != 0;
  seen.held_locks = host::describe_held_locks();
  if (seen.info.ImageName) seen.image = text_at(seen.info.ImageName);
  if (seen.operation() == defender::OperationType::Create) {
    seen.parent = is_2019(profile_) ? *reinterpret_cast<const std::uint64_t*>(seen.info.ParentProcessId)
                                    : seen.info.ParentProcessId;
  }
  if (seen.operation() == defender::OperationType::Trust || profile_ == wire::NotifierProfile::Wd25080) return seen;

  const bool older = is_2019(profile_);
  seen.context_address = seen.at(older ? defender::kContextOffset1910 : defender::kContextOffsetA5);
  defender::MP_PROCESS_CONTEXT_25080 context{};
  // As an observer copies: the notifier goes on counting references and setting flags meanwhile.
  const std::size_t size = profile_ == wire::NotifierProfile::Wd1910 ? 0xC0 : older ? 0xC8 : 0x130;
  EXPECT_EQ(host::guarded_copy(&context, reinterpret_cast<const void*>(seen.context_address), size), size);
  seen.context = context;
  seen.context_image = text_at(context.Common.ImageName);
  seen.context_command_line = text_at(context.Common.CommandLine);
  return seen;
}

}  // namespace wdscope::test
