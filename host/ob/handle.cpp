// SPDX-License-Identifier: MIT
#include "host/ob/handle.h"

#include <fmt/format.h>

#include <bit>

#include "host/image/loaded_image.h"
#include "host/ke/raw_lock.h"
#include "host/ke/thread.h"
#include "host/ob/namespace.h"
#include "host/ps/process.h"
#include "host/se/security.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {
namespace {

struct Entry {
  void* body;  // null: free
  Ulong access;
  const LoadedImage* owner;
  std::size_t next_free;  // of a free one: the slot of another, or kNoSlot
};
constexpr std::size_t kNoSlot = ~std::size_t{0};

// Kernel handles have the upper half set, so that none is ever mistaken for a user handle or a process id.
constexpr Handle kKernelHandleBase = 0xFFFFFFFF'80000000;

std::uint32_t table_lock = 0;
std::vector<Entry> table;
std::size_t first_free = kNoSlot;

// Caller holds the lock.
[[gnu::always_inline]] inline Entry* find(Handle handle) {
  // What is not a multiple of four, or below the first, becomes a slot beyond any table.
  const std::size_t slot = std::rotr(handle - kKernelHandleBase, 2) - 1;
  return slot < table.size() && table[slot].body ? &table[slot] : nullptr;
}

Handle handle_at(std::size_t slot) {
  return kKernelHandleBase + 4 * (slot + 1);
}

// Caller holds the lock.
NTAPI_ASIDE void add_slot() noexcept {
  table.push_back({nullptr, 0, nullptr, first_free});
  first_free = table.size() - 1;
}

NTAPI_ASIDE void last_handle_gone(ObjectHeader& header, void* body) noexcept {
  if (header.type->last_handle_closed) header.type->last_handle_closed(body);
  last_handle_closed(body);
}

NTAPI void give_up(void* body) noexcept {
  ObjectHeader& header = object_header(body, "ZwClose");
  // Only a type or a name has something to do with the last.
  if (header.handle_count.fetch_sub(1) == 1 && (header.type->last_handle_closed || header.directory.load())) {
    last_handle_gone(header, body);
  }
  dereference_object(body);
}

NTAPI_ASIDE void closed_no_handle(Handle handle, void* caller) {
  if (image_containing(caller))
    bug_check(0x93, {handle, 0, 0, 0},
              fmt::format("ZwClose: {:#x} is not an open handle: closed twice, or never opened.", handle));
}

}  // namespace

NTAPI NtStatus open_handle(void* body, Ulong access, void* caller, Handle* handle) {
  reference_object(body);
  return give_handle(body, access, caller, handle);
}

NTAPI NtStatus give_handle(void* body, Ulong access, void* caller, Handle* handle) noexcept {
  object_header(body, "ObInsertObject").handle_count.fetch_add(1);
  const LoadedImage* const owner = image_containing(caller);
  WordLock lock(table_lock);
  if (first_free == kNoSlot) [[unlikely]] {
    add_slot();
  }
  const std::size_t slot = first_free;
  first_free = table[slot].next_free;
  table[slot] = {body, access, owner, kNoSlot};
  *handle = handle_at(slot);
  return kStatusSuccess;
}

NTAPI NtStatus reference_by_handle(Handle handle, Ulong access, ObjectType* type, ProcessorMode mode, void** body) {
  void* found = nullptr;
  Ulong granted = ~0U;
  if (handle == kCurrentProcessHandle) {
    found = current_thread().process;
    reference_object(found);
  } else {
    WordLock lock(table_lock);
    Entry* entry = find(handle);
    if (!entry) return kStatusInvalidHandle;
    found = entry->body;
    granted = entry->access;
    reference_object(found);
  }
  NtStatus status = kStatusSuccess;
  if (type && object_header(found, "ObReferenceObjectByHandle").type != type)
    status = kStatusObjectTypeMismatch;
  else if (mode == ProcessorMode::User && (access & ~granted))
    status = kStatusAccessDenied;
  if (!nt_success(status)) {
    dereference_object(found);
    return status;
  }
  *body = found;
  return kStatusSuccess;
}

NTAPI void* begin_look(Handle handle, const ObjectType& type, NtStatus* status) noexcept {
  take_word(table_lock);
  const Entry* const entry = find(handle);
  void* const body = handle == kCurrentProcessHandle ? current_thread().process : entry ? entry->body : nullptr;
  if (!body) [[unlikely]] {
    *status = kStatusInvalidHandle;
  } else if (object_header(body, "ZwQuery").type != &type) [[unlikely]] {
    *status = kStatusObjectTypeMismatch;
  }
  return body;
}

NTAPI void end_look() noexcept {
  give_word(table_lock);
}

NtStatus granted_access(Handle handle, Ulong* access) {
  WordLock lock(table_lock);
  Entry* entry = find(handle);
  if (!entry) return kStatusInvalidHandle;
  *access = entry->access;
  return kStatusSuccess;
}

NTAPI NtStatus close_handle(Handle handle) {
  void* body = nullptr;
  {
    WordLock lock(table_lock);
    Entry* entry = find(handle);
    if (!entry) return kStatusInvalidHandle;
    body = entry->body;
    *entry = {nullptr, 0, nullptr, first_free};
    first_free = static_cast<std::size_t>(entry - table.data());
  }
  give_up(body);
  return kStatusSuccess;
}

std::vector<std::string> handles_left_by(const LoadedImage& image) {
  WordLock lock(table_lock);
  std::vector<std::string> left;
  for (std::size_t slot = 0; slot < table.size(); ++slot)
    if (table[slot].body && table[slot].owner == &image)
      left.push_back(
          fmt::format("an open handle {:#x} to a {} object", handle_at(slot), object_type(table[slot].body)->name));
  return left;
}

void close_all_handles() {
  std::vector<Entry> open;
  {
    WordLock lock(table_lock);
    open.swap(table);
    first_free = kNoSlot;
  }
  for (const Entry& entry : open)
    if (entry.body) give_up(entry.body);
}

NtStatus NTAPI ObReferenceObjectByHandle(Handle handle, Ulong access, ObjectType* type, ProcessorMode mode, void** body,
                                         void* handle_information) {
  require_irql_at_most(kPassiveLevel, "ObReferenceObjectByHandle");
  if (handle == kCurrentThreadHandle) {
    if (type && object_type(&current_thread()) != type) return kStatusObjectTypeMismatch;
    reference_object(&current_thread());
    *body = &current_thread();
    return kStatusSuccess;
  }
  void* found = nullptr;
  const NtStatus status = reference_by_handle(handle, access, type, mode, &found);
  if (!nt_success(status)) return status;
  if (handle_information) {  // OBJECT_HANDLE_INFORMATION: attributes, granted access
    Ulong granted = ~0U;
    if (handle != kCurrentProcessHandle) granted_access(handle, &granted);
    static_cast<Ulong*>(handle_information)[0] = 0;
    static_cast<Ulong*>(handle_information)[1] = granted;
  }
  *body = found;
  return kStatusSuccess;
}

NtStatus NTAPI ObOpenObjectByPointer(void* body, Ulong attributes, void*, Ulong access, ObjectType* type,
                                     ProcessorMode mode, Handle* handle) {
  require_irql_at_most(kPassiveLevel, "ObOpenObjectByPointer");
  if (fault_plan_says_fail("ObOpenObjectByPointer", __builtin_return_address(0))) return kStatusInsufficientResources;
  if (attributes & ~kObjValidAttributes) return kStatusInvalidParameter;
  const NtStatus status = ObReferenceObjectByPointer(body, access, type, mode);
  if (!nt_success(status)) return status;
  return give_handle(body, map_generic(access, object_type(body)->mapping), __builtin_return_address(0), handle);
}

NtStatus NTAPI ObCloseHandle(Handle handle, ProcessorMode) {
  return ZwClose(handle);
}

NtStatus NTAPI ZwClose(Handle handle) {
  require_irql_at_most(kPassiveLevel, "ZwClose");
  if (handle == kCurrentProcessHandle || handle == kCurrentThreadHandle) return kStatusSuccess;
  const NtStatus status = close_handle(handle);
  if (status == kStatusInvalidHandle) [[unlikely]] {
    closed_no_handle(handle, __builtin_return_address(0));
  }
  return status;
}

}  // namespace wdscope::host
