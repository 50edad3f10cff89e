// SPDX-License-Identifier: MIT
#include "host/ex/pool_routines.h"

#include "host/ex/pool.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

constexpr Ulong kTypePaged = 1, kTypeQuotaFailInstead = 8, kTypeRaise = 0x10;
constexpr Ulong kBigTag = 0x0047'4942, kNoneTag = 0x656E'6F4E;  // "BIG\0", "None"

constexpr std::uint64_t kFlagQuota = 0x1, kFlagUninitialized = 0x2, kFlagSession = 0x4, kFlagCacheAligned = 0x8,
                        kFlagRaise = 0x20, kFlagNonpaged = 0x40, kFlagNonpagedExecute = 0x80, kFlagPaged = 0x100,
                        kFlagReserved = 0x10;
constexpr std::uint64_t kKnownFlags = kFlagQuota | kFlagUninitialized | kFlagSession | kFlagCacheAligned |
                                      kFlagReserved | kFlagRaise | kFlagNonpaged | kFlagNonpagedExecute | kFlagPaged;

[[noreturn]] NTAPI_ASIDE void raised(NtStatus status, SizeT size, void* caller) noexcept {
  bug_check(kKmodeExceptionNotHandled, {static_cast<Ulong>(status), reinterpret_cast<std::uintptr_t>(caller), size, 0},
            "an allocation of " + std::to_string(size) + " bytes by " + describe_address(caller) +
                " failed and was asked to raise an exception, which nobody handles");
}

[[noreturn]] NTAPI_ASIDE void zero_bytes(Ulong pool_type, Ulong tag, void* caller) noexcept {
  bug_check(kBadPoolCaller, {0, 0, pool_type, tag}, "an allocation of zero bytes by " + describe_address(caller));
}

[[noreturn]] NTAPI_ASIDE void system_tag(Ulong pool_type, SizeT size, void* caller) noexcept {
  bug_check(kBadPoolCaller, {0x9C, pool_type, size, reinterpret_cast<std::uintptr_t>(caller)},
            "pool tag 'BIG' is the system's, used by " + describe_address(caller));
}

[[gnu::always_inline]] inline void* allocate_by_type(Ulong pool_type, SizeT size, Ulong tag, void* caller,
                                                     bool raises) {
  if (size == 0) [[unlikely]] {
    zero_bytes(pool_type, tag, caller);
  }
  if (tag == kBigTag) [[unlikely]] {
    system_tag(pool_type, size, caller);
  }
  void* const block = pool_allocate(pool_type & kTypePaged ? PoolKind::Paged : PoolKind::Nonpaged, size, tag, caller);
  if (!block && raises) [[unlikely]] {
    raised(kStatusInsufficientResources, size, caller);
  }
  return block;
}

NTAPI void* allocate_by_flags(std::uint64_t flags, SizeT size, Ulong tag, void* caller) noexcept {
  const std::uint64_t kinds = flags & (kFlagNonpaged | kFlagNonpagedExecute | kFlagPaged);
  const bool one_kind = kinds != 0 && (kinds & (kinds - 1)) == 0;
  const bool valid = tag != 0 && size != 0 && one_kind && !(flags & 0xFFFF'FFFF & ~kKnownFlags);
  void* const block = valid ? pool_allocate(kinds == kFlagPaged ? PoolKind::Paged : PoolKind::Nonpaged, size, tag,
                                            caller, flags & kFlagUninitialized ? PoolFill::Garbage : PoolFill::Zero)
                            : nullptr;
  if (!block && (flags & kFlagRaise)) [[unlikely]] {
    raised(valid ? kStatusInsufficientResources : kStatusInvalidParameter, size, caller);
  }
  return block;
}

}  // namespace

NTAPI void* ExAllocatePool(Ulong pool_type, SizeT size) {
  void* const caller = __builtin_return_address(0);
  return allocate_by_type(pool_type, size, kNoneTag, caller, pool_type & kTypeRaise);
}

NTAPI void* ExAllocatePoolWithTag(Ulong pool_type, SizeT size, Ulong tag) {
  void* const caller = __builtin_return_address(0);
  return allocate_by_type(pool_type, size, tag, caller, pool_type & kTypeRaise);
}

NTAPI void* ExAllocatePoolWithTagPriority(Ulong pool_type, SizeT size, Ulong tag, Ulong) {
  void* const caller = __builtin_return_address(0);
  return allocate_by_type(pool_type, size, tag, caller, pool_type & kTypeRaise);
}

NTAPI void* ExAllocatePoolWithQuotaTag(Ulong pool_type, SizeT size, Ulong tag) {
  void* const caller = __builtin_return_address(0);
  return allocate_by_type(pool_type, size, tag, caller, !(pool_type & kTypeQuotaFailInstead));
}

NTAPI void* ExAllocatePool2(std::uint64_t flags, SizeT size, Ulong tag) {
  void* const caller = __builtin_return_address(0);
  return allocate_by_flags(flags, size, tag, caller);
}

NTAPI void* ExAllocatePool3(std::uint64_t flags, SizeT size, Ulong tag, const void*, Ulong) {
  void* const caller = __builtin_return_address(0);
  return allocate_by_flags(flags, size, tag, caller);
}

NTAPI void ExFreePool(void* block) {
  pool_free(block, 0, __builtin_return_address(0));
}
NTAPI void ExFreePoolWithTag(void* block, Ulong tag) {
  pool_free(block, tag, __builtin_return_address(0));
}
NTAPI void ExFreePool2(void* block, Ulong tag, const void*, Ulong) {
  pool_free(block, tag, __builtin_return_address(0));
}

void* allocate_for_lookaside(Ulong pool_type, SizeT size, Ulong tag, void* caller) {
  return allocate_by_type(pool_type, size, tag, caller, pool_type & kTypeRaise);
}

}  // namespace wdscope::host
