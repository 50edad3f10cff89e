// SPDX-License-Identifier: MIT
#include "host/io/mdl.h"

#include "host/ex/pool.h"
#include "host/ke/thread.h"
#include "host/mm/memory.h"
#include "host/nt/pool_tag.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

constexpr std::uintptr_t kPageSize = 4096;
constexpr Ulong kMdlTag = pool_tag("Mdl ");
constexpr Ulong kLargestBuffer = 0xFFFFFFFF - kPageSize;

// `caller` owns the memory: an MDL that a driver leaves behind is counted as its pool.
Mdl* make_mdl(void* address, Ulong length, void* caller) {
  if (length > kLargestBuffer) return nullptr;
  const auto start = reinterpret_cast<std::uintptr_t>(address);
  const std::uintptr_t offset = start % kPageSize;
  const std::uintptr_t pages = (offset + length + kPageSize - 1) / kPageSize;
  const std::size_t size = sizeof(Mdl) + pages * sizeof(std::uint64_t);
  auto* mdl = static_cast<Mdl*>(pool_allocate(PoolKind::Nonpaged, size, kMdlTag, caller));
  if (!mdl) return nullptr;
  *mdl = {nullptr, static_cast<std::int16_t>(size),         0,      nullptr,
          nullptr, reinterpret_cast<void*>(start - offset), length, static_cast<Ulong>(offset)};
  auto* frames = reinterpret_cast<std::uint64_t*>(mdl + 1);
  for (std::uintptr_t page = 0; page < pages; ++page) frames[page] = start / kPageSize + page;
  return mdl;
}

// One that is freed already is the pool's to report, and its fill does not look locked: not the sanitizer's business.
__attribute__((no_sanitize("address"))) bool is_locked(const Mdl& mdl) {
  return mdl.mdl_flags & kMdlPagesLocked;
}

}  // namespace

Mdl* NTAPI IoAllocateMdl(void* address, Ulong length, Boolean secondary, Boolean, Irp* irp) {
  require_irql_at_most(kDispatchLevel, "IoAllocateMdl");
  Mdl* const mdl = make_mdl(address, length, __builtin_return_address(0));
  if (mdl && irp) {
    Mdl** link = &irp->mdl_address;
    if (secondary)
      while (*link) link = &(*link)->next;
    *link = mdl;
  }
  return mdl;
}

void NTAPI IoFreeMdl(Mdl* mdl) {
  void* const caller = __builtin_return_address(0);
  require_irql_at_most(kDispatchLevel, "IoFreeMdl");
  if (is_locked(*mdl)) {
    bug_check(kDriverVerifierDetectedViolation, {0x1012, reinterpret_cast<std::uintptr_t>(mdl), 0, 0},
              "IoFreeMdl on MDL " + hex(mdl) + " by " + describe_address(caller) +
                  " while its pages are locked; MmUnlockPages comes first");
  }
  pool_free(mdl, kMdlTag, caller);
}

Mdl* lock_user_buffer(std::span<std::byte> buffer, BufferUse use) {
  Mdl* mdl = make_mdl(buffer.data(), static_cast<Ulong>(buffer.size()), __builtin_return_address(0));
  if (!mdl) return nullptr;
  mdl->mdl_flags = static_cast<std::int16_t>(kMdlPagesLocked | (use == BufferUse::Write ? kMdlWriteOperation : 0));
  mdl->process = current_thread().process;
  return mdl;
}

void unlock_user_buffer(Mdl* mdl) {
  MmUnlockPages(mdl);
  IoFreeMdl(mdl);
}

}  // namespace wdscope::host
