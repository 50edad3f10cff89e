// SPDX-License-Identifier: MIT
#include "host/io/mdl.h"

#include "host/ex/pool.h"
#include "host/ke/thread.h"
#include "host/nt/pool_tag.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {
namespace {

constexpr std::uintptr_t kPageSize = 4096;
constexpr Ulong kMdlTag = pool_tag("Mdl ");
constexpr Ulong kLargestBuffer = 0xFFFFFFFF - kPageSize;

}  // namespace

Mdl* NTAPI IoAllocateMdl(void* address, Ulong length, Boolean secondary, Boolean, Irp* irp) {
  require_irql_at_most(kDispatchLevel, "IoAllocateMdl");
  if (fault_plan_says_fail("IoAllocateMdl", __builtin_return_address(0))) return nullptr;
  if (length > kLargestBuffer) return nullptr;
  const auto start = reinterpret_cast<std::uintptr_t>(address);
  const std::uintptr_t offset = start % kPageSize;
  const std::uintptr_t pages = (offset + length + kPageSize - 1) / kPageSize;
  const std::size_t size = sizeof(Mdl) + pages * sizeof(std::uint64_t);
  auto* mdl = static_cast<Mdl*>(pool_allocate_for_host(size, kMdlTag));
  if (!mdl) return nullptr;
  *mdl = {nullptr, static_cast<std::int16_t>(size),         0,      nullptr,
          nullptr, reinterpret_cast<void*>(start - offset), length, static_cast<Ulong>(offset)};
  auto* frames = reinterpret_cast<std::uint64_t*>(mdl + 1);
  for (std::uintptr_t page = 0; page < pages; ++page) frames[page] = start / kPageSize + page;
  if (irp) {
    Mdl** link = &irp->mdl_address;
    if (secondary)
      while (*link) link = &(*link)->next;
    *link = mdl;
  }
  return mdl;
}

void NTAPI IoFreeMdl(Mdl* mdl) {
  require_irql_at_most(kDispatchLevel, "IoFreeMdl");
  pool_free_for_host(mdl);
}

Mdl* lock_user_buffer(std::span<std::byte> buffer, BufferUse use) {
  Mdl* mdl = IoAllocateMdl(buffer.data(), static_cast<Ulong>(buffer.size()), 0, 0, nullptr);
  if (!mdl) return nullptr;
  mdl->mdl_flags = static_cast<std::int16_t>(kMdlPagesLocked | (use == BufferUse::Write ? kMdlWriteOperation : 0));
  mdl->process = current_thread().process;
  return mdl;
}

}  // namespace wdscope::host
