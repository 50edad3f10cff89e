// SPDX-License-Identifier: MIT
// Memory as drivers import it: checked copies, address tests, and the pages behind MDLs. A driver's "user" and "system"
// views of a buffer are the same memory here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "host/nt/mm.h"

namespace wdscope::host {

union CopyAddress {  // MM_COPY_ADDRESS
  const void* virtual_address;
  std::uint64_t physical_address;
};

inline constexpr Ulong kCopyPhysical = 1, kCopyVirtual = 2;

// <= APC_LEVEL. STATUS_INVALID_PARAMETER_4: not exactly one known flag; STATUS_NOT_SUPPORTED: physical memory, which
// the host has not; STATUS_INVALID_ADDRESS: part of the source is not readable, *transferred says how much was copied
// (assumed: the documentation names no code, only that it is an error).
NTAPI NtStatus MmCopyMemory(void* target, CopyAddress source, SizeT size, Ulong flags, SizeT* transferred);
// MachineOptions::before_copy. Before any driver is loaded.
void set_before_copy(std::function<void(std::uint64_t address, std::size_t size)> before_copy);
NTAPI Boolean MmIsAddressValid(const void* address);

// PASSIVE_LEVEL. Names of the kernel's exports, case-sensitive; null for others, and for fltmgr's.
NTAPI void* MmGetSystemRoutineAddress(const UnicodeString* name);

// Raise on Windows: here a bug check 0x1E with the status.
NTAPI void ProbeForRead(const void* address, SizeT length, Ulong alignment);
NTAPI void ProbeForWrite(void* address, SizeT length, Ulong alignment);
NTAPI void MmProbeAndLockPages(Mdl* mdl, Ulong mode, Ulong operation);  // operation: 0 read, 1 write, 2 modify

// MDLs, at <= DISPATCH_LEVEL. Stricter than NT, a bug check 0xC4: locking what is locked, unmapping what is not mapped
// there, mapping what is not locked, describing paged pool as nonpaged. 0x76: unlocking what is not locked.
NTAPI void MmUnlockPages(Mdl* mdl);
NTAPI void MmBuildMdlForNonPagedPool(Mdl* mdl);
NTAPI void* MmMapLockedPagesSpecifyCache(Mdl* mdl, Ulong mode, Ulong cache_type, void* base, Ulong bug_check_on_failure,
                                         Ulong priority);
NTAPI void MmUnmapLockedPages(void* base, Mdl* mdl);

}  // namespace wdscope::host
