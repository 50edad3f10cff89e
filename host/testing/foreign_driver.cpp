// SPDX-License-Identifier: MIT
// A driver as anybody writes one: plain DDK headers, whose inline routines read CR8, gs: and the shared page where
// Windows keeps them. Its exports tell a test what they read.
#define __INTRINSIC_DEFINED_InterlockedBitTestAndSet
#define __INTRINSIC_DEFINED_InterlockedBitTestAndReset
#include <ntddk.h>

// The header's macros name it and leave it undefined.
#define KI_USER_SHARED_DATA 0xFFFFF78000000000ULL

constexpr ULONG_PTR kSharedPage = KI_USER_SHARED_DATA;

#define TOLD extern "C" __declspec(dllexport)

TOLD KIRQL irql_now() {
  return KeGetCurrentIrql();
}

// The IRQL before, while raised to `to`, and after: one byte each, lowest first.
TOLD ULONG irql_while_raised(KIRQL to) {
  KIRQL before;
  KeRaiseIrql(to, &before);
  const ULONG raised = KeGetCurrentIrql();
  KeLowerIrql(before);
  return before | raised << 8 | static_cast<ULONG>(KeGetCurrentIrql()) << 16;
}

TOLD void leave_raised() {
  KIRQL before;
  KeRaiseIrql(DISPATCH_LEVEL, &before);
}

TOLD PETHREAD thread_now() {
  return PsGetCurrentThread();
}

TOLD LONGLONG system_time() {
  LARGE_INTEGER now;
  KeQuerySystemTime(&now);
  return now.QuadPart;
}

TOLD ULONGLONG interrupt_time() {
  return KeQueryInterruptTime();
}

TOLD LONGLONG tick_count() {
  LARGE_INTEGER now;
  KeQueryTickCount(&now);
  return now.QuadPart;
}

// Each width and signedness of load that compilers emit.
TOLD ULONG build_number() {
  return *reinterpret_cast<volatile ULONG*>(kSharedPage + 0x260);
}
TOLD USHORT build_number_16() {
  return *reinterpret_cast<volatile USHORT*>(kSharedPage + 0x260);
}
TOLD LONGLONG build_number_low_byte_signed() {
  return *reinterpret_cast<volatile signed char*>(kSharedPage + 0x260);
}
TOLD ULONG major_version_at(SIZE_T offset) {
  return reinterpret_cast<volatile UCHAR*>(kSharedPage)[offset];
}

extern "C" VOID NTAPI on_unload(PDRIVER_OBJECT) {}

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
  driver->DriverUnload = on_unload;
  const ULONG irqls = irql_while_raised(DISPATCH_LEVEL);
  DbgPrint("irql %lu, raised to %lu, then %lu; thread %p of %p\n", irqls & 0xFF, irqls >> 8 & 0xFF, irqls >> 16,
           static_cast<PVOID>(thread_now()), static_cast<PVOID>(KeGetCurrentThread()));
  DbgPrint("system time %I64u, build %lu\n", system_time(), build_number());
  return STATUS_SUCCESS;
}
