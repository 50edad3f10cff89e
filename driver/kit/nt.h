// SPDX-License-Identifier: MIT
// The one way to the DDK headers. They come with two faults that this file mends: inline readers of CR8, gs: and the
// shared page (the exported routines are used instead, so that the same file runs on Windows and in the host), and
// declarations they lack.
#pragma once

// mingw's C++ headers define these twice unless told that somebody else has.
#define __INTRINSIC_DEFINED_InterlockedBitTestAndSet
#define __INTRINSIC_DEFINED_InterlockedBitTestAndReset

// The inline readers get other names and are never called; the exports are declared below.
#define KeGetCurrentIrql wdk_inline_KeGetCurrentIrql
#define PsGetCurrentThread wdk_inline_PsGetCurrentThread
#include <ntifs.h>
#undef KeGetCurrentIrql
#undef PsGetCurrentThread

extern "C" {

// The header declares these as imported and as a pointer: one level too many, so that *PsProcessType would be the first
// word of the type object. As on Windows, PsProcessType is the address of the kernel's variable: the import slot's
// content.
extern POBJECT_TYPE* __imp_PsProcessType;
#define PsProcessType __imp_PsProcessType
extern POBJECT_TYPE* __imp_IoFileObjectType;
#define IoFileObjectType __imp_IoFileObjectType

NTKERNELAPI KIRQL NTAPI KeGetCurrentIrql(void);
NTKERNELAPI PETHREAD NTAPI PsGetCurrentThread(void);
NTKERNELAPI VOID NTAPI KeQuerySystemTimePrecise(PLARGE_INTEGER CurrentTime);
NTKERNELAPI ULONG64 NTAPI KeQueryInterruptTimePrecise(PULONG64 QpcTimeStamp);

struct WDK_MM_COPY_ADDRESS {
  PVOID VirtualAddress;
};
inline constexpr ULONG kMmCopyMemoryVirtual = 2;
NTKERNELAPI NTSTATUS NTAPI MmCopyMemory(PVOID TargetAddress, WDK_MM_COPY_ADDRESS SourceAddress, SIZE_T NumberOfBytes,
                                        ULONG Flags, PSIZE_T NumberOfBytesTransferred);

// For MmGetSystemAddressForMdlSafe. The header's enumeration lacks the flag that is or'ed into the priority.
inline constexpr auto kNormalPriorityNoExecute = static_cast<MM_PAGE_PRIORITY>(NormalPagePriority | 0x40000000);

extern NTKERNELAPI PVOID MmHighestUserAddress;
extern NTKERNELAPI PVOID MmSystemRangeStart;

}  // extern "C"

namespace wdscope::kit {

inline constexpr ULONG_PTR kSystemProcessId = 4;  // of the System process, on every Windows

}  // namespace wdscope::kit
