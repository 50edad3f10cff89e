// SPDX-License-Identifier: MIT
// Callback objects as the host has them (host/ex/callback_object.h), around which Wine's locks and pool stand. Names
// are a list of their own: Wine's namespace does not know the type. An object goes with its last reference.
#include "wine/helper/executive.h"

// Both sides' headers have a word for the calling convention.
#pragma push_macro("NTAPI")
#undef NTAPI
#include "host/ex/callback_object.h"
#pragma pop_macro("NTAPI")

namespace wdscope::wine {
namespace {

using host::CallbackObject;
using host::CallbackRegistration;

constexpr ULONG kTag = 0x6E695757;  // "WWin"

struct NamedObject {
  CallbackObject object;  // first: what drivers hold
  LIST_ENTRY link;
  LONG references;
  USHORT name_length;  // bytes
  WCHAR name[128];
};

KSPIN_LOCK objects_lock;
LIST_ENTRY objects{&objects, &objects};
LONG idle_count;

struct Executive {
  static void lock(CallbackObject& object) {
    while (InterlockedBitTestAndSet64(reinterpret_cast<LONG64*>(&object.lock), 0)) YieldProcessor();
  }
  static void unlock(CallbackObject& object) {
    InterlockedBitTestAndReset64(reinterpret_cast<LONG64*>(&object.lock), 0);
  }
  static void call(CallbackRegistration& registration, void* argument1, void* argument2) {
    registration.function(registration.context, argument1, argument2);
  }
  static void unlink(host::ListEntry& entry) { host::remove_callback_link(entry); }
  static LONG idle_mark() { return InterlockedCompareExchange(&idle_count, 0, 0); }
  static void wait_idle(LONG mark) {
    LARGE_INTEGER moment;
    moment.QuadPart = -10'000;  // 1 ms
    while (idle_mark() == mark) KeDelayExecutionThread(KernelMode, FALSE, &moment);
  }
  static void announce_idle() { InterlockedIncrement(&idle_count); }
};
using Callbacks = host::CallbackList<Executive>;

class ObjectsLock {
 public:
  ObjectsLock() { KeAcquireSpinLock(&objects_lock, &irql_); }
  ~ObjectsLock() { KeReleaseSpinLock(&objects_lock, irql_); }
  ObjectsLock(const ObjectsLock&) = delete;
  ObjectsLock& operator=(const ObjectsLock&) = delete;

 private:
  KIRQL irql_;
};

NamedObject* find(const void* body) {
  for (LIST_ENTRY* at = objects.Flink; at != &objects; at = at->Flink) {
    NamedObject* const found = CONTAINING_RECORD(at, NamedObject, link);
    if (found == body) return found;
  }
  return nullptr;
}

NamedObject* find_name(const UNICODE_STRING& name) {
  for (LIST_ENTRY* at = objects.Flink; at != &objects; at = at->Flink) {
    NamedObject* const found = CONTAINING_RECORD(at, NamedObject, link);
    UNICODE_STRING known{found->name_length, found->name_length, found->name};
    if (RtlEqualUnicodeString(&known, &name, TRUE)) return found;
  }
  return nullptr;
}

// The new count, or -1 when `body` is no callback object.
LONG add_references(const void* body, LONG count) {
  NamedObject* gone = nullptr;
  LONG left = -1;
  {
    const ObjectsLock lock;
    NamedObject* const object = find(body);
    if (object == nullptr) return -1;
    left = object->references += count;
    if (left == 0) {
      RemoveEntryList(&object->link);
      gone = object;
    }
  }
  if (gone != nullptr) ExFreePoolWithTag(gone, kTag);
  return left;
}

NTSTATUS NTAPI create_callback(CallbackObject** object, const OBJECT_ATTRIBUTES* attributes, BOOLEAN create,
                               BOOLEAN allow_multiple) {
  const UNICODE_STRING& name = *attributes->ObjectName;
  NamedObject* made = nullptr;
  if (create && name.Length <= sizeof(made->name)) {
    made = static_cast<NamedObject*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(NamedObject), kTag));
    if (made == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  }
  NamedObject* found = nullptr;
  {
    const ObjectsLock lock;
    found = find_name(name);
    if (found == nullptr && made != nullptr) {
      host::initialise_callback_object(made->object, allow_multiple);
      made->references = 0;
      made->name_length = name.Length;
      for (USHORT unit = 0; unit < name.Length / sizeof(WCHAR); ++unit) made->name[unit] = name.Buffer[unit];
      InsertTailList(&objects, &made->link);
      found = made;
      made = nullptr;
    }
    if (found != nullptr) ++found->references;
  }
  if (made != nullptr) ExFreePoolWithTag(made, kTag);
  if (found == nullptr) return STATUS_OBJECT_NAME_NOT_FOUND;
  *object = &found->object;
  return STATUS_SUCCESS;
}

CallbackRegistration* NTAPI register_callback(CallbackObject* object, host::CallbackFunction function, void* context) {
  auto* const registration =
      static_cast<CallbackRegistration*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(CallbackRegistration), kTag));
  if (registration == nullptr) return nullptr;
  *registration = {{}, object, function, context, 0, 0};
  if (!Callbacks::add(*object, *registration)) {
    ExFreePoolWithTag(registration, kTag);
    return nullptr;
  }
  add_references(object, 1);
  return registration;
}

void NTAPI notify_callback(CallbackObject* object, void* argument1, void* argument2) {
  if (object != nullptr) Callbacks::notify(*object, argument1, argument2);
}

void NTAPI unregister_callback(CallbackRegistration* registration) {
  Callbacks::remove(*registration);
  add_references(registration->callback_object, -1);
  ExFreePoolWithTag(registration, kTag);
}

LONG_PTR FASTCALL reference_object(void* body) {
  const LONG count = add_references(body, 1);
  return count >= 0 ? count : ObfReferenceObject(body);
}

LONG_PTR FASTCALL dereference_object(void* body) {
  const LONG count = add_references(body, -1);
  return count >= 0 ? count : ObfDereferenceObject(body);
}

}  // namespace

void* callback_routine(std::string_view name) {
  const Routine routines[] = {
      {"ExCreateCallback", reinterpret_cast<void*>(create_callback)},
      {"ExRegisterCallback", reinterpret_cast<void*>(register_callback)},
      {"ExNotifyCallback", reinterpret_cast<void*>(notify_callback)},
      {"ExUnregisterCallback", reinterpret_cast<void*>(unregister_callback)},
      {"ObfReferenceObject", reinterpret_cast<void*>(reference_object)},
      {"ObfDereferenceObject", reinterpret_cast<void*>(dereference_object)},
  };
  return find_routine(routines, name);
}

}  // namespace wdscope::wine
