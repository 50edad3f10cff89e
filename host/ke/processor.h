// SPDX-License-Identifier: MIT
// Processors, the stack, and bug checks that drivers raise themselves.
#pragma once

#include "host/nt/base.h"

namespace wdscope::host {

struct ProcessorNumber {  // PROCESSOR_NUMBER
  std::uint16_t group;
  std::uint8_t number;
  std::uint8_t reserved;
};

NTAPI Ulong KeGetCurrentProcessorNumberEx(ProcessorNumber* number);  // the Linux processor, in group 0
NTAPI Ulong KeQueryActiveProcessorCount(std::uint64_t* affinity);
NTAPI Ulong KeQueryActiveProcessorCountEx(std::uint16_t group);
NTAPI Ulong KeQueryMaximumProcessorCount();
NTAPI Ulong KeQueryMaximumProcessorCountEx(std::uint16_t group);
NTAPI std::uint16_t KeQueryActiveGroupCount();
NTAPI std::uint64_t KeQueryActiveProcessors();

// The Linux thread's real limits, which are wider than Windows' 24 KiB.
NTAPI void IoGetStackLimits(std::uintptr_t* low, std::uintptr_t* high);
NTAPI std::uintptr_t IoGetRemainingStackSize();

[[noreturn]] NTAPI void KeBugCheckEx(Ulong code, std::uint64_t p1, std::uint64_t p2, std::uint64_t p3,
                                     std::uint64_t p4);
[[noreturn]] NTAPI void KeBugCheck(Ulong code);

// The handler that images name for __try. An exception never gets that far here: a fault is a bug check.
NTAPI int __C_specific_handler(void* record, void* frame, void* context, void* dispatcher);

}  // namespace wdscope::host
