// SPDX-License-Identifier: MIT
#include "host/ex/callback.h"

#include <atomic>

#include <fmt/format.h>

#include "host/ex/pool.h"
#include "host/exports.h"
#include "host/image/loaded_image.h"
#include "host/ke/raw_lock.h"
#include "host/ke/thread.h"
#include "host/nt/export_table.h"
#include "host/nt/pool_tag.h"
#include "host/ob/handle.h"
#include "host/ob/namespace.h"
#include "host/ob/object.h"
#include "host/rtl/text.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/fault_plan.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

constexpr Ulong kObjectTag = pool_tag("Call");
constexpr Ulong kRegistrationTag = pool_tag("CBRe");
constexpr Ulong kCallbackModifyState = 1;

void destroy_callback(void* body);

ObjectType callback_type{"Callback", {0x20000, 0x20001, 0x120000, 0x1F0001}, kObjOpenLink, destroy_callback, nullptr};

// The KSPIN_LOCK word. The executive's threads are not interrupted by one another's IRQL, so the holder need
// not raise; the callers' own IRQL is checked at entry.
using ObjectLock = WordLock<KSpinLock>;

std::uint32_t list_lock_word = 0;
using ListLock = WordLock<std::uint32_t>;
ListEntry all_objects{&all_objects, &all_objects};

// Rises whenever a registration that somebody waits for becomes idle.
std::uint32_t idle_event = 0;

// The registrations that this thread is inside of, innermost first.
struct Call {
  const CallbackRegistration* registration;
  const void* argument1;
  const void* argument2;
  const Call* outer;
};
thread_local const Call* innermost_call = nullptr;

void unlink_checked(ListEntry& entry) {
  if (entry.flink->blink != &entry || entry.blink->flink != &entry)
    bug_check(kKernelSecurityCheckFailure, {3, reinterpret_cast<std::uint64_t>(&entry), 0, 0},
              fmt::format("A list of callback registrations is corrupt at {}.", static_cast<void*>(&entry)));
  remove_callback_link(entry);
}

// What CallbackList asks of an executive.
struct Executive {
  static void lock(CallbackObject& object) { take_word(object.lock); }
  static void unlock(CallbackObject& object) { give_word(object.lock); }
  static void call(CallbackRegistration& registration, void* argument1, void* argument2) {
    const Call call{&registration, argument1, argument2, innermost_call};
    innermost_call = &call;
    const CallGuard guard("callback function");
    registration.function(registration.context, argument1, argument2);
    guard.check();
    innermost_call = call.outer;
  }
  static void unlink(ListEntry& entry) { unlink_checked(entry); }
  static std::uint32_t idle_mark() { return std::atomic_ref(idle_event).load(std::memory_order_acquire); }
  static void wait_idle(std::uint32_t mark) { futex_wait(&idle_event, mark, -1); }
  NTAPI_ASIDE static void announce_idle() {
    std::atomic_ref(idle_event).fetch_add(1, std::memory_order_release);
    futex_wake(&idle_event, 0x7FFFFFFF);
  }
};
using Callbacks = CallbackList<Executive>;

void destroy_callback(void* body) {
  auto* object = static_cast<CallbackObject*>(body);
  if (object->registered_callbacks.flink != &object->registered_callbacks)
    bug_check(kDriverVerifierDetectedViolation, {0, reinterpret_cast<std::uint64_t>(object), 0, 0},
              "A callback object is deleted with registrations on it: a reference too many was given back.");
  ListLock lock(list_lock_word);
  unlink_checked(object->all_objects);
}

std::string describe_function(const void* function) {
  const LoadedImage* image = image_containing(function);
  return image ? image->describe(function, LoadedImage::CodeAddress::Exact) : describe_address(function);
}

[[noreturn]] NTAPI_ASIDE void not_a_callback_object(CallbackObject* object, const char* routine) {
  bug_check(kKernelSecurityCheckFailure, {0, reinterpret_cast<std::uint64_t>(object), 0, 0},
            fmt::format("{}: {} is not a callback object.", routine, static_cast<void*>(object)));
}

void require_object(CallbackObject* object, const char* routine) {
  if (!object || object->signature != kCallbackSignature) [[unlikely]] {
    not_a_callback_object(object, routine);
  }
}

CallbackObject* make_object(Boolean allow_multiple) {
  auto* object = static_cast<CallbackObject*>(create_object(callback_type, sizeof(CallbackObject), kObjectTag));
  if (!object) return nullptr;
  initialise_callback_object(*object, allow_multiple);
  ListLock lock(list_lock_word);
  append_callback_link(all_objects, object->all_objects);
  return object;
}

// `opening` is what opening it said.
NtStatus create_named(const ObjectAttributes& attributes, Boolean allow_multiple, NtStatus opening,
                      CallbackObject** object) {
  CallbackObject* made = make_object(allow_multiple);
  if (!made) return kStatusInsufficientResources;
  const Lifetime lifetime = attributes.attributes & kObjPermanent ? Lifetime::Permanent : Lifetime::Temporary;
  NtStatus status = insert_name(made, attributes.object_name->view(), lifetime);
  if (status == kStatusObjectNameCollision && (attributes.attributes & kObjOpenIf) &&
      opening == kStatusObjectTypeMismatch)
    status = kStatusObjectTypeMismatch;
  if (!nt_success(status)) {
    dereference_object(made);
    return status;
  }
  *object = made;
  return kStatusSuccess;
}

}  // namespace

NtStatus NTAPI ExCreateCallback(CallbackObject** object, const ObjectAttributes* attributes, Boolean create,
                                Boolean allow_multiple_callbacks) {
  void* const caller = __builtin_return_address(0);
  require_irql_at_most(kPassiveLevel, "ExCreateCallback");
  if (fault_plan_says_fail("ExCreateCallback", caller)) return kStatusInsufficientResources;
  NtStatus status = check_attributes(attributes);
  if (nt_success(status) && attributes && (attributes->attributes & callback_type.invalid_attributes))
    status = kStatusInvalidParameter;
  if (!nt_success(status)) return status;
  if (!attributes || !attributes->object_name || attributes->object_name->length == 0) return kStatusUnsuccessful;

  void* opened = nullptr;
  status = look_up_object(attributes->object_name->view(), callback_type, &opened);
  auto* found = static_cast<CallbackObject*>(opened);
  if (!nt_success(status)) {
    if (!create) return status;
    status = create_named(*attributes, allow_multiple_callbacks, status, &found);
    if (!nt_success(status)) return status;
  }
  // The handle that NT makes on the way lives for these few lines; its end takes away the name of a temporary object.
  Handle handle = 0;
  status = open_handle(found, kCallbackModifyState, nullptr, &handle);
  if (nt_success(status)) {
    close_handle(handle);
    *object = found;
  }
  return status;
}

CallbackRegistration* NTAPI ExRegisterCallback(CallbackObject* object, CallbackFunction function, void* context) {
  require_irql_at_most(kApcLevel, "ExRegisterCallback");
  require_object(object, "ExRegisterCallback");
  if (fault_plan_says_fail("ExRegisterCallback", __builtin_return_address(0))) return nullptr;
  if (!function) bug_check(kDriverVerifierDetectedViolation, {}, "ExRegisterCallback: the function is NULL.");
  reference_object(object);
  auto* registration =
      static_cast<CallbackRegistration*>(pool_allocate_for_host(sizeof(CallbackRegistration), kRegistrationTag));
  if (registration) {
    *registration = {{}, object, function, context, 0, 0};
    if (Callbacks::add(*object, *registration)) return registration;
  }
  if (registration) pool_free_for_host(registration);
  dereference_object(object);
  return nullptr;
}

void NTAPI ExNotifyCallback(CallbackObject* object, void* argument1, void* argument2) {
  require_irql_at_most(kDispatchLevel, "ExNotifyCallback");
  if (!object) return;
  require_object(object, "ExNotifyCallback");
  Callbacks::notify(*object, argument1, argument2);
}

void NTAPI ExUnregisterCallback(CallbackRegistration* registration) {
  require_irql_at_most(kApcLevel, "ExUnregisterCallback");
  if (!registration || !registration->callback_object || registration->callback_object->signature != kCallbackSignature)
    bug_check(kKernelSecurityCheckFailure, {0, reinterpret_cast<std::uint64_t>(registration), 0, 0},
              fmt::format("ExUnregisterCallback: {} is not a registration: unregistered twice, or never registered.",
                          static_cast<void*>(registration)));
  for (const Call* call = innermost_call; call; call = call->outer)
    if (call->registration == registration)
      bug_check(kDriverVerifierDetectedViolation, {0, reinterpret_cast<std::uint64_t>(registration), 0, 0},
                "ExUnregisterCallback: a callback unregisters itself from inside its own call. Unregistering waits "
                "until the callback is not running, so this thread would wait for itself for ever.");
  CallbackObject* object = registration->callback_object;
  Callbacks::remove(*registration);
  registration->callback_object = nullptr;
  pool_free_for_host(registration);
  dereference_object(object);
}

std::vector<CallbackCall> callbacks_in_progress() {
  std::vector<CallbackCall> calls;
  for (const Call* call = innermost_call; call; call = call->outer) {
    CallbackObject* object = call->registration->callback_object;
    calls.push_back({object ? to_utf8(full_name_if_free(object)) : std::string(),
                     describe_function(reinterpret_cast<const void*>(call->registration->function)), call->argument1,
                     call->argument2});
  }
  return calls;
}

std::vector<std::string> callbacks_left_by(const LoadedImage& image) {
  std::vector<std::string> left;
  ListLock list_lock(list_lock_word);
  for (ListEntry* at = all_objects.flink; at != &all_objects; at = at->flink) {
    auto* object =
        reinterpret_cast<CallbackObject*>(reinterpret_cast<std::byte*>(at) - offsetof(CallbackObject, all_objects));
    ObjectLock lock(object->lock);
    for (ListEntry* entry = object->registered_callbacks.flink; entry != &object->registered_callbacks;
         entry = entry->flink) {
      const auto* function = reinterpret_cast<void*>(reinterpret_cast<CallbackRegistration*>(entry)->function);
      if (image.contains(function))
        left.push_back(fmt::format("the callback function {} on callback object {}", describe_function(function),
                                   to_utf8(full_name(object))));
    }
  }
  return left;
}

void start_callbacks() {
  for (const char16_t* name : {u"\\Callback\\SetSystemTime", u"\\Callback\\SetSystemState", u"\\Callback\\PowerState",
                               u"\\Callback\\ProcessorAdd"}) {
    CallbackObject* object = make_object(1);
    if (!object) return;
    insert_name(object, name, Lifetime::Permanent);
    dereference_object(object);
  }
}

void shut_down_callbacks() {
  // What is still registered belongs to drivers that are gone, on a machine that does not check leaks.
  ListLock list_lock(list_lock_word);
  for (ListEntry* at = all_objects.flink; at != &all_objects; at = at->flink) {
    auto* object =
        reinterpret_cast<CallbackObject*>(reinterpret_cast<std::byte*>(at) - offsetof(CallbackObject, all_objects));
    ListEntry& head = object->registered_callbacks;
    while (head.flink != &head) {
      auto* registration = reinterpret_cast<CallbackRegistration*>(head.flink);
      unlink_checked(registration->link);
      pool_free_for_host(registration);
      // Only the registration's own reference: the name still holds the object, or its maker does.
      object_header(object, "shutdown").pointer_count.fetch_sub(1);
    }
  }
}

std::span<const Export> ex_callback_exports() {
  static const Export table[] = {
      NT_EXPORT(ExCreateCallback),
      NT_EXPORT(ExRegisterCallback),
      NT_EXPORT(ExNotifyCallback),
      NT_EXPORT(ExUnregisterCallback),
  };
  return table;
}

}  // namespace wdscope::host
