// SPDX-License-Identifier: MIT
#include "host/mm/memory.h"

#include <string>
#include <utility>

#include "host/ex/pool.h"
#include "host/exports.h"
#include "host/ke/thread.h"
#include "host/mm/guarded_copy.h"
#include "host/nt/export_table.h"
#include "host/sanitizer/tables.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/fault_plan.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

constexpr std::uintptr_t kPageSize = 4096;
constexpr NtStatus kStatusDatatypeMisalignment = nt_status(0x80000002);

// Data exports: drivers read them through their import slot.
std::uint64_t highest_user_address = kSystemRangeStart - 0x10001;
std::uint64_t system_range_start = kSystemRangeStart;
std::uint64_t user_probe_address = kSystemRangeStart - 0x10000;

std::function<void(std::uint64_t, std::size_t)> before_each_copy;

[[gnu::always_inline]] inline NtStatus copy(void* target, CopyAddress source, SizeT size, SizeT* transferred,
                                            void* caller) {
  sanitizer_sees_write(target, size, caller);  // the source may be anything: reading it is never an error
  *transferred = guarded_copy(target, source.virtual_address, size);
  return *transferred == size ? kStatusSuccess : kStatusInvalidAddress;
}

NTAPI_ASIDE NtStatus copy_aside(void* target, CopyAddress source, SizeT size, Ulong flags, SizeT* transferred,
                                void* caller) {
  require_irql_at_most(kApcLevel, "MmCopyMemory");
  if (fault_plan_active() && fault_plan_says_fail("MmCopyMemory", caller)) {
    *transferred = 0;
    return kStatusInvalidAddress;
  }
  if (flags != kCopyVirtual) {
    *transferred = 0;
    return flags == kCopyPhysical ? kStatusNotSupported : kStatusInvalidParameter4;
  }
  if (before_each_copy) before_each_copy(reinterpret_cast<std::uintptr_t>(source.virtual_address), size);
  return copy(target, source, size, transferred, caller);
}

bool is_readable(const void* address) {
  std::byte byte;
  return guarded_copy(&byte, address, 1) == 1;
}

[[noreturn]] void raised(const char* routine, NtStatus status, const void* address, std::string why) {
  bug_check(kKmodeExceptionNotHandled, {static_cast<Ulong>(status), 0, reinterpret_cast<std::uintptr_t>(address), 0},
            std::string(routine) + " raised an exception that nobody handles: " + std::move(why));
}

void probe(const char* routine, const void* address, SizeT length, Ulong alignment) {
  require_irql_at_most(kApcLevel, routine);
  if (length == 0) return;
  const auto start = reinterpret_cast<std::uintptr_t>(address);
  if (alignment != 0 && start % alignment != 0) {
    raised(routine, kStatusDatatypeMisalignment, address, hex(address) + " is not aligned");
  }
  if (start + length < start || start + length > user_probe_address) {
    raised(routine, kStatusAccessViolation, address, hex(address) + " is not an address of user space");
  }
}

void* data_of(const Mdl& mdl) {
  return static_cast<std::byte*>(mdl.start_va) + mdl.byte_offset;
}

[[noreturn, gnu::cold, gnu::noinline]] void misused(const Mdl* mdl, const char* routine, const std::string& why) {
  bug_check(kDriverVerifierDetectedViolation, {0x1013, reinterpret_cast<std::uintptr_t>(mdl), 0, 0},
            std::string(routine) + " on MDL " + hex(mdl) + ", " + why);
}

void set_flags(Mdl* mdl, std::int16_t set, std::int16_t clear) {
  mdl->mdl_flags = static_cast<std::int16_t>((mdl->mdl_flags & ~clear) | set);
}

}  // namespace

void set_before_copy(std::function<void(std::uint64_t address, std::size_t size)> before_copy) {
  before_each_copy = std::move(before_copy);
}

NTAPI NtStatus MmCopyMemory(void* target, CopyAddress source, SizeT size, Ulong flags, SizeT* transferred) {
  void* const caller = __builtin_return_address(0);
  // Nothing beside the way comes back to it, so that the plain copy saves nothing for what might have happened there.
  const Thread* const thread = this_thread;
  if (!thread || thread->irql > kApcLevel || fault_plan_active() || flags != kCopyVirtual || before_each_copy)
      [[unlikely]] {
    return copy_aside(target, source, size, flags, transferred, caller);
  }
  return copy(target, source, size, transferred, caller);
}

NTAPI Boolean MmIsAddressValid(const void* address) {
  return is_readable(address);
}

NTAPI void* MmGetSystemRoutineAddress(const UnicodeString* name) {
  require_irql_at_most(kPassiveLevel, "MmGetSystemRoutineAddress");
  std::string narrow;
  for (const char16_t unit : name->view()) {
    if (unit > 0x7E) return nullptr;
    narrow += static_cast<char>(unit);
  }
  if (narrow.starts_with("Flt") || narrow.starts_with("__asan") || narrow.starts_with("__tsan")) return nullptr;
  return find_nt_export(narrow);
}

NTAPI void ProbeForRead(const void* address, SizeT length, Ulong alignment) {
  probe("ProbeForRead", address, length, alignment);
}

NTAPI void ProbeForWrite(void* address, SizeT length, Ulong alignment) {
  probe("ProbeForWrite", address, length, alignment);
  const auto start = reinterpret_cast<std::uintptr_t>(address);
  for (std::uintptr_t page = start; length != 0 && page < start + length; page = (page | (kPageSize - 1)) + 1) {
    if (!is_readable(reinterpret_cast<const void*>(page))) {
      raised("ProbeForWrite", kStatusAccessViolation, address, "nothing is mapped at " + hex(page));
    }
  }
}

NTAPI void MmProbeAndLockPages(Mdl* mdl, Ulong, Ulong operation) {
  require_irql_at_most(kDispatchLevel, "MmProbeAndLockPages");
  if (mdl->mdl_flags & (kMdlPagesLocked | kMdlSourceIsNonpagedPool)) {
    misused(mdl, "MmProbeAndLockPages", "whose pages are locked already, or never leave memory");
  }
  const auto start = reinterpret_cast<std::uintptr_t>(data_of(*mdl));
  for (std::uintptr_t page = start; page < start + mdl->byte_count; page = (page | (kPageSize - 1)) + 1) {
    if (!is_readable(reinterpret_cast<const void*>(page))) {
      raised("MmProbeAndLockPages", kStatusAccessViolation, data_of(*mdl), "nothing is mapped at " + hex(page));
    }
  }
  mdl->process = current_thread().process;
  set_flags(mdl, static_cast<std::int16_t>(kMdlPagesLocked | (operation != 0 ? kMdlWriteOperation : 0)), 0);
}

NTAPI void MmUnlockPages(Mdl* mdl) {
  require_irql_at_most(kDispatchLevel, "MmUnlockPages");
  if (!(mdl->mdl_flags & kMdlPagesLocked)) {
    bug_check(0x76, {0, 0, 0, 0}, "MmUnlockPages on MDL " + hex(mdl) + ", whose pages are not locked");
  }
  mdl->process = nullptr;
  mdl->mapped_system_va = nullptr;
  set_flags(mdl, 0, kMdlPagesLocked | kMdlMappedToSystemVa | kMdlWriteOperation);
}

NTAPI void MmBuildMdlForNonPagedPool(Mdl* mdl) {
  require_irql_at_most(kDispatchLevel, "MmBuildMdlForNonPagedPool");
  if (is_paged_pool_address(data_of(*mdl))) {
    misused(mdl, "MmBuildMdlForNonPagedPool", "which describes paged pool: " + describe_pool_address(data_of(*mdl)));
  }
  mdl->mapped_system_va = data_of(*mdl);
  set_flags(mdl, kMdlSourceIsNonpagedPool, 0);
}

NTAPI void* MmMapLockedPagesSpecifyCache(Mdl* mdl, Ulong, Ulong, void*, Ulong, Ulong) {
  void* const caller = __builtin_return_address(0);
  require_irql_at_most(kDispatchLevel, "MmMapLockedPagesSpecifyCache");
  if (!(mdl->mdl_flags & (kMdlPagesLocked | kMdlSourceIsNonpagedPool))) {
    bug_check(kDriverVerifierDetectedViolation, {0xB6, reinterpret_cast<std::uintptr_t>(mdl), 0, 0},
              "MmMapLockedPagesSpecifyCache on MDL " + hex(mdl) + ", whose pages are not locked");
  }
  if (fault_plan_active() && fault_plan_says_fail("MmMapLockedPagesSpecifyCache", caller)) return nullptr;
  mdl->mapped_system_va = data_of(*mdl);
  set_flags(mdl, kMdlMappedToSystemVa, 0);
  return mdl->mapped_system_va;
}

NTAPI void MmUnmapLockedPages(void* base, Mdl* mdl) {
  require_irql_at_most(kDispatchLevel, "MmUnmapLockedPages");
  if (!(mdl->mdl_flags & kMdlMappedToSystemVa) || mdl->mapped_system_va != base) {
    misused(mdl, "MmUnmapLockedPages", "which is not mapped at " + hex(base));
  }
  mdl->mapped_system_va = nullptr;
  set_flags(mdl, 0, kMdlMappedToSystemVa);
}

std::span<const Export> mm_exports() {
  static const Export table[] = {
      NT_EXPORT(MmCopyMemory),
      NT_EXPORT(MmIsAddressValid),
      NT_EXPORT(MmGetSystemRoutineAddress),
      NT_EXPORT(ProbeForRead),
      NT_EXPORT(ProbeForWrite),
      NT_EXPORT(MmProbeAndLockPages),
      NT_EXPORT(MmUnlockPages),
      NT_EXPORT(MmBuildMdlForNonPagedPool),
      NT_EXPORT(MmMapLockedPagesSpecifyCache),
      NT_EXPORT(MmUnmapLockedPages),
      {"MmHighestUserAddress", &highest_user_address},
      {"MmSystemRangeStart", &system_range_start},
      {"MmUserProbeAddress", &user_probe_address},
  };
  return table;
}

}  // namespace wdscope::host
