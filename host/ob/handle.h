// SPDX-License-Identifier: MIT
// Handles. There is one table, that of the kernel: drivers run in any process's context but their handles are
// kernel handles. Each remembers the driver that opened it.
#pragma once

#include <string>
#include <vector>

#include "host/ob/object.h"

namespace wdscope::host {

class LoadedImage;

// Opens a handle to `body`, which gains a pointer and a handle count. `caller` is the code address that asked; it names
// the owner. Errors: none but memory.
NTAPI NtStatus open_handle(void* body, Ulong granted_access, void* caller, Handle* handle);

// The same, with a reference of the caller's, which the handle takes over.
NTAPI NtStatus give_handle(void* body, Ulong granted_access, void* caller, Handle* handle) noexcept;

// The body with one more reference, or null and a status: INVALID_HANDLE, OBJECT_TYPE_MISMATCH (`type` may be null:
// any), ACCESS_DENIED (user mode only: the kernel may do what it likes with its handles).
NTAPI NtStatus reference_by_handle(Handle handle, Ulong access, ObjectType* type, ProcessorMode mode, void** body);

// The object behind a kernel handle, which nobody closes while this stands: a look at words of it that never change, at
// half the price of a reference. Held for a few instructions, never while calling out or writing to a driver's memory.
class HandleLook {
 public:
  HandleLook(Handle handle, const ObjectType& type);
  ~HandleLook();
  HandleLook(const HandleLook&) = delete;
  HandleLook& operator=(const HandleLook&) = delete;

  NtStatus status() const { return status_; }  // INVALID_HANDLE, OBJECT_TYPE_MISMATCH
  template <class Body>
  const Body& as() const {
    return *static_cast<const Body*>(body_);
  }

 private:
  NtStatus status_ = kStatusSuccess;
  const void* body_;
};
// What it is made of. Writes `status` only when there is no such object.
NTAPI void* begin_look(Handle handle, const ObjectType& type, NtStatus* status) noexcept;
NTAPI void end_look() noexcept;
inline HandleLook::HandleLook(Handle handle, const ObjectType& type) : body_(begin_look(handle, type, &status_)) {}
inline HandleLook::~HandleLook() {
  end_look();
}

// What a handle was opened for.
NtStatus granted_access(Handle handle, Ulong* access);

NTAPI NtStatus close_handle(Handle handle);

// Handles that code of `image` opened and did not close: "Process 4120 (handle 0x80000010)".
std::vector<std::string> handles_left_by(const LoadedImage& image);
void close_all_handles();

NtStatus NTAPI ObReferenceObjectByHandle(Handle handle, Ulong access, ObjectType* type, ProcessorMode mode, void** body,
                                         void* handle_information);
NtStatus NTAPI ObOpenObjectByPointer(void* body, Ulong attributes, void* access_state, Ulong access, ObjectType* type,
                                     ProcessorMode mode, Handle* handle);
NtStatus NTAPI ObCloseHandle(Handle handle, ProcessorMode mode);
NtStatus NTAPI ZwClose(Handle handle);

}  // namespace wdscope::host
