// SPDX-License-Identifier: MIT
// What a callback object is, without the executive around it: its structures, with their Windows layout (source:
// several independent public tools agree), and how registrations come, are called and go. Freestanding: the host and a
// driver that stands in for a missing executive (tests/wine) both compile it.
//
// Invariants. An object's lock guards its list, and Busy and UnregisterWaiting of each registration on it. The lock is
// never held during a call: Busy keeps the registration on the list meanwhile, so the walk can go on from it. A
// registration that is being unregistered is not started again; it leaves the list when Busy has come to 0. The waiters
// share one event, as on Windows, so each tests its own registration again when it wakes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "host/nt/base.h"

namespace wdscope::host {

using CallbackFunction = void(NTAPI*)(void* context, void* argument1, void* argument2);

struct CallbackObject {  // CALLBACK_OBJECT
  Ulong signature;       // "Call" in memory
  std::uint64_t lock;    // KSPIN_LOCK
  ListEntry registered_callbacks;
  Boolean allow_multiple_callbacks;
  ListEntry all_objects;
};
static_assert(sizeof(CallbackObject) == 0x38);
static_assert(offsetof(CallbackObject, registered_callbacks) == 0x10);
static_assert(offsetof(CallbackObject, all_objects) == 0x28);

struct CallbackRegistration {  // CALLBACK_REGISTRATION: the handle that ExRegisterCallback returns
  ListEntry link;
  CallbackObject* callback_object;
  CallbackFunction function;
  void* context;
  Ulong busy;  // calls in progress
  Boolean unregister_waiting;
};
static_assert(sizeof(CallbackRegistration) == 0x30);
static_assert(offsetof(CallbackRegistration, busy) == 0x28);

inline constexpr Ulong kCallbackSignature = 0x6C6C6143;  // "Call"

// Whether a list is empty is asked without its lock, so forward links are written whole.
inline void set_callback_flink(ListEntry& entry, ListEntry* next) {
  std::atomic_ref(entry.flink).store(next, std::memory_order_relaxed);
}

inline void append_callback_link(ListEntry& head, ListEntry& entry) {
  entry.flink = &head;
  entry.blink = head.blink;
  set_callback_flink(*head.blink, &entry);
  head.blink = &entry;
}

inline void remove_callback_link(ListEntry& entry) {
  set_callback_flink(*entry.blink, entry.flink);
  entry.flink->blink = entry.blink;
}

inline void initialise_callback_object(CallbackObject& object, Boolean allow_multiple) {
  object.signature = kCallbackSignature;
  object.lock = 0;
  object.registered_callbacks = {&object.registered_callbacks, &object.registered_callbacks};
  object.allow_multiple_callbacks = allow_multiple;
}

// The routines' common part. Executive is a type of static members:
//   lock(object), unlock(object)         short, not recursive; of that object alone
//   call(registration, argument1, 2)     calls its function
//   unlink(entry)                        takes an entry off its list; may refuse what is corrupt
//   idle_mark()                          what wait_idle() takes; read before the object is looked at
//   wait_idle(mark)                      until announce_idle() was called after that mark was read
//   announce_idle()
template <class Executive>
struct CallbackList {
  // Appends a registration whose members are set; false when the object takes one registration and has it.
  static bool add(CallbackObject& object, CallbackRegistration& registration) {
    ListEntry& head = object.registered_callbacks;
    Executive::lock(object);
    const bool room = object.allow_multiple_callbacks || head.flink == &head;
    if (room) append_callback_link(head, registration.link);
    Executive::unlock(object);
    return room;
  }

  static bool empty(CallbackObject& object) {
    ListEntry* const head = &object.registered_callbacks;
    return std::atomic_ref(head->flink).load(std::memory_order_relaxed) == head;
  }

  // Calls every registration in order, with no lock held.
  static void notify(CallbackObject& object, void* argument1, void* argument2) {
    if (empty(object)) return;
    ListEntry* const head = &object.registered_callbacks;
    Executive::lock(object);
    for (ListEntry* at = head->flink; at != head; at = at->flink) {
      auto& registration = *reinterpret_cast<CallbackRegistration*>(at);
      if (registration.unregister_waiting) continue;
      ++registration.busy;
      Executive::unlock(object);
      Executive::call(registration, argument1, argument2);
      Executive::lock(object);
      if (--registration.busy == 0 && registration.unregister_waiting) Executive::announce_idle();
    }
    Executive::unlock(object);
  }

  // Returns when no call of the registration runs or will; it is off the list then.
  static void remove(CallbackRegistration& registration) {
    CallbackObject& object = *registration.callback_object;
    for (;;) {
      const auto mark = Executive::idle_mark();
      Executive::lock(object);
      const bool idle = registration.busy == 0;
      if (idle) {
        Executive::unlink(registration.link);
      } else {
        registration.unregister_waiting = 1;
      }
      Executive::unlock(object);
      if (idle) return;
      Executive::wait_idle(mark);
    }
  }
};

}  // namespace wdscope::host
