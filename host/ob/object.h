// SPDX-License-Identifier: MIT
// Executive objects: a header with two counts in front of every body that drivers may reference (processes, threads,
// files, devices, callback objects, keys). A named object holds one pointer reference for its name. When the last
// handle of an object that is not permanent closes, the name goes; when the last pointer reference goes, the object.
// Referencing or dereferencing what is no object, or is already gone, is a bug check.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "host/nt/base.h"
#include "host/nt/ob.h"

namespace wdscope::host {

struct Directory;
class SecurityDescriptor;

// How the bits of GENERIC_* translate for one type: GENERIC_MAPPING.
struct GenericMapping {
  Ulong read, write, execute, all;
};

struct ObjectType {  // OBJECT_TYPE: opaque to drivers
  const char* name;
  GenericMapping mapping;
  Ulong invalid_attributes;
  void (*destroy)(void* body);             // the last reference is gone: release what the body owns. May be null
  void (*last_handle_closed)(void* body);  // may be null
};

struct alignas(16) ObjectHeader {
  std::uint32_t signature;
  bool in_pool;    // false: the body is static storage and is never freed
  bool permanent;  // written under the namespace lock
  std::atomic<std::int64_t> pointer_count;
  std::atomic<std::int64_t> handle_count;
  ObjectType* type;
  std::atomic<Directory*> directory;  // where the name stands; null: nameless. Written under the namespace lock
  std::u16string* name;               // as given at creation; lives as long as the object. Namespace lock
  SecurityDescriptor* security;       // owned; null: the type's default. Security lock (se/security.h)
  void* self;                         // the body, for checking
};

// A zeroed body of `size` bytes in nonpaged pool with one pointer reference, which the caller owns. Null: no memory.
void* create_object(ObjectType& type, std::size_t size, Ulong tag);
// The same in storage that is never freed: `storage` must hold kObjectHeaderSize + the body, 16-byte aligned.
inline constexpr std::size_t kObjectHeaderSize = (sizeof(ObjectHeader) + 15) & ~std::size_t{15};
void* create_static_object(ObjectType& type, std::byte* storage);

inline constexpr std::uint32_t kLiveObject = 0x6A624F21;  // ObjectHeader::signature: "!Obj"

[[noreturn]] NTAPI_ASIDE void not_an_object(void* body, const char* routine) noexcept;

// Bug-checks when `body` is no live object; `routine` is named in the report.
// Looks at objects that may be gone already: that is what it is for, so AddressSanitizer keeps out of it.
__attribute__((no_sanitize("address"))) inline ObjectHeader& object_header(void* body, const char* routine) {
  auto* const header = reinterpret_cast<ObjectHeader*>(static_cast<std::byte*>(body) - kObjectHeaderSize);
  if (!body || reinterpret_cast<std::uintptr_t>(body) % 16 != 0 || header->signature != kLiveObject ||
      header->self != body) [[unlikely]] {
    not_an_object(body, routine);
  }
  return *header;
}
inline ObjectType* object_type(void* body) {
  return object_header(body, "ObGetObjectType").type;
}

// Takes a reference only if the object is not already on its way out.
inline bool try_reference_object(void* body) {
  ObjectHeader& header = object_header(body, "ObReferenceObjectSafe");
  std::int64_t count = header.pointer_count.load(std::memory_order_relaxed);
  while (count > 0)
    if (header.pointer_count.compare_exchange_weak(count, count + 1, std::memory_order_acquire)) return true;
  return false;
}

// Objects' types that the object manager itself defines.
extern ObjectType directory_type;
extern ObjectType symbolic_link_type;

std::int64_t NTAPI ObfReferenceObject(void* body) noexcept;
std::int64_t NTAPI ObfDereferenceObject(void* body) noexcept;
inline void reference_object(void* body) {
  ObfReferenceObject(body);
}
inline void dereference_object(void* body) {
  ObfDereferenceObject(body);
}
std::int64_t NTAPI ObfReferenceObjectWithTag(void* body, Ulong tag);
std::int64_t NTAPI ObfDereferenceObjectWithTag(void* body, Ulong tag);
void NTAPI ObDereferenceObjectDeferDelete(void* body);
NtStatus NTAPI ObReferenceObjectByPointer(void* body, Ulong access, ObjectType* type, ProcessorMode mode);

}  // namespace wdscope::host
