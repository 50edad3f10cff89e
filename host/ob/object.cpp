// SPDX-License-Identifier: MIT
#include "host/ob/object.h"

#include <cstring>
#include <new>

#include <fmt/format.h>

#include "host/ex/pool.h"
#include "host/exports.h"
#include "host/ke/thread.h"
#include "host/nt/export_table.h"
#include "host/ob/handle.h"
#include "host/ob/namespace.h"
#include "host/se/security.h"
#include "host/verifier/bug_check.h"

namespace wdscope::host {
namespace {

constexpr std::uint32_t kGone = 0xDEAD0B1E;

constexpr Ulong kReferenceByPointer = 0x18;  // bug check REFERENCE_BY_POINTER

ObjectHeader* header_of(void* body) {
  return reinterpret_cast<ObjectHeader*>(static_cast<std::byte*>(body) - kObjectHeaderSize);
}

// The last reference is gone, or one too many.
NTAPI_ASIDE void last_reference_gone(ObjectHeader& header, void* body, std::int64_t left) noexcept {
  const std::int64_t handles = header.handle_count.load(std::memory_order_relaxed);
  if (left < 0 || handles != 0 || !header.in_pool)
    bug_check(kReferenceByPointer,
              {reinterpret_cast<std::uint64_t>(header.type), reinterpret_cast<std::uint64_t>(body), 2,
               static_cast<std::uint64_t>(left)},
              fmt::format("ObDereferenceObject: the {} object {} was dereferenced once too often ({} references, {} "
                          "handles left).",
                          header.type->name, body, left, handles));
  if (header.type->destroy) header.type->destroy(body);
  delete header.name;
  delete header.security;
  header.signature = kGone;
  pool_free_for_host(&header);
}

[[noreturn]] NTAPI_ASIDE void referenced_while_going(const ObjectHeader& header, void* body,
                                                     std::int64_t before) noexcept {
  bug_check(kReferenceByPointer,
            {reinterpret_cast<std::uint64_t>(header.type), reinterpret_cast<std::uint64_t>(body), 1,
             static_cast<std::uint64_t>(before)},
            fmt::format("ObReferenceObject: the {} object {} has no references left and is being deleted.",
                        header.type->name, body));
}

}  // namespace

void* create_object(ObjectType& type, std::size_t size, Ulong tag) {
  void* memory = pool_allocate_for_host(kObjectHeaderSize + size, tag, PoolFill::Zero);
  if (!memory) return nullptr;
  void* body = create_static_object(type, static_cast<std::byte*>(memory));
  header_of(body)->in_pool = true;
  return body;
}

void* create_static_object(ObjectType& type, std::byte* storage) {
  auto* header = new (storage) ObjectHeader{};
  header->signature = kLiveObject;
  header->pointer_count.store(1, std::memory_order_relaxed);  // nobody else knows it yet
  header->type = &type;
  header->self = storage + kObjectHeaderSize;
  return header->self;
}

[[noreturn]] NTAPI_ASIDE __attribute__((no_sanitize("address"))) void not_an_object(void* body,
                                                                                    const char* routine) noexcept {
  if (!body || reinterpret_cast<std::uintptr_t>(body) % 16 != 0)
    bug_check(kReferenceByPointer, {0, reinterpret_cast<std::uint64_t>(body), 0, 0},
              fmt::format("{}: {} is not the address of an object.", routine, body));
  const std::uint32_t signature = header_of(body)->signature;
  bug_check(kReferenceByPointer, {0, reinterpret_cast<std::uint64_t>(body), 0, signature},
            fmt::format("{}: {} is {}.", routine, body,
                        signature == kGone ? "an object that is already gone: one reference too many was given back, "
                                             "or it was used after the last"
                                           : "not an object"));
}

std::int64_t NTAPI ObfReferenceObject(void* body) noexcept {
  ObjectHeader& header = object_header(body, "ObReferenceObject");
  const std::int64_t before = header.pointer_count.fetch_add(1, std::memory_order_relaxed);
  if (before <= 0) [[unlikely]] {
    referenced_while_going(header, body, before);
  }
  return before + 1;
}

std::int64_t NTAPI ObfDereferenceObject(void* body) noexcept {
  ObjectHeader& header = object_header(body, "ObDereferenceObject");
  const std::int64_t left = header.pointer_count.fetch_sub(1, std::memory_order_acq_rel) - 1;
  if (left > 0) return left;  // from here on the object may be gone at any time
  last_reference_gone(header, body, left);
  return 0;
}

std::int64_t NTAPI ObfReferenceObjectWithTag(void* body, Ulong) {
  return ObfReferenceObject(body);
}
std::int64_t NTAPI ObfDereferenceObjectWithTag(void* body, Ulong) {
  return ObfDereferenceObject(body);
}

void NTAPI ObDereferenceObjectDeferDelete(void* body) {
  ObfDereferenceObject(body);
}

NtStatus NTAPI ObReferenceObjectByPointer(void* body, Ulong, ObjectType* type, ProcessorMode mode) {
  require_irql_at_most(kDispatchLevel, "ObReferenceObjectByPointer");
  ObjectHeader& header = object_header(body, "ObReferenceObjectByPointer");
  // The kernel may leave the type out, or be wrong only about symbolic links; user mode must name the right one.
  if (header.type != type && (mode == ProcessorMode::User || type != nullptr)) return kStatusObjectTypeMismatch;
  ObfReferenceObject(body);
  return kStatusSuccess;
}

std::span<const Export> ob_exports() {
  static const Export table[] = {
      NT_EXPORT(ObfReferenceObject),
      NT_EXPORT(ObfDereferenceObject),
      NT_EXPORT(ObfReferenceObjectWithTag),
      NT_EXPORT(ObfDereferenceObjectWithTag),
      {"ObDereferenceObject", reinterpret_cast<void*>(&ObfDereferenceObject)},
      NT_EXPORT(ObDereferenceObjectDeferDelete),
      NT_EXPORT(ObReferenceObjectByPointer),
      NT_EXPORT(ObReferenceObjectByHandle),
      NT_EXPORT(ObOpenObjectByPointer),
      NT_EXPORT(ObCloseHandle),
      NT_EXPORT(ObQueryNameString),
      NT_EXPORT(ZwClose),
      NT_EXPORT(ZwMakeTemporaryObject),
  };
  return table;
}

}  // namespace wdscope::host
