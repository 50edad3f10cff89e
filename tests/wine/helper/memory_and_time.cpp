// SPDX-License-Identifier: MIT
// Small routines that Wine 8 has not. Under Wine a driver is a part of a user process: all of it is what a driver would
// call kernel memory, and the IRQL is always PASSIVE_LEVEL.
#include "wine/helper/executive.h"

namespace wdscope::wine {
namespace {

PVOID system_range_start = reinterpret_cast<PVOID>(0x10000);

NTSTATUS NTAPI copy_memory(PVOID target, WDK_MM_COPY_ADDRESS source, SIZE_T size, ULONG flags, PSIZE_T copied) {
  *copied = 0;
  if (flags != kMmCopyMemoryVirtual) return STATUS_INVALID_PARAMETER;
  constexpr SIZE_T kPage = 0x1000;
  auto* const from = static_cast<const UCHAR*>(source.VirtualAddress);
  while (*copied < size) {
    const auto* const at = from + *copied;
    const SIZE_T in_page = kPage - (reinterpret_cast<ULONG_PTR>(at) & (kPage - 1));
    const SIZE_T part = size - *copied < in_page ? size - *copied : in_page;
    if (!MmIsAddressValid(const_cast<UCHAR*>(at))) return STATUS_ACCESS_VIOLATION;
    RtlCopyMemory(static_cast<UCHAR*>(target) + *copied, at, part);
    *copied += part;
  }
  return STATUS_SUCCESS;
}

KIRQL NTAPI get_current_irql() {
  return PASSIVE_LEVEL;
}

ULONG64 NTAPI query_interrupt_time(PULONG64 counter) {
  LARGE_INTEGER frequency;
  const LARGE_INTEGER now = KeQueryPerformanceCounter(&frequency);
  *counter = static_cast<ULONG64>(now.QuadPart);
  constexpr ULONG64 kTicks = 10'000'000;
  const auto per_second = static_cast<ULONG64>(frequency.QuadPart);
  const auto count = static_cast<ULONG64>(now.QuadPart);
  return count / per_second * kTicks + count % per_second * kTicks / per_second;
}

void NTAPI query_system_time(PLARGE_INTEGER now) {
  // The header's is inline and reads a page that Wine has not.
  using QuerySystemTime = void(NTAPI*)(PLARGE_INTEGER);
  UNICODE_STRING name;
  RtlInitUnicodeString(&name, L"KeQuerySystemTime");
  reinterpret_cast<QuerySystemTime>(MmGetSystemRoutineAddress(&name))(now);
}

NTSTATUS NTAPI parse_file_name(PCUNICODE_STRING path, PUNICODE_STRING, PUNICODE_STRING, PUNICODE_STRING last) {
  USHORT begin = path->Length / sizeof(WCHAR);
  while (begin > 0 && path->Buffer[begin - 1] != L'\\') --begin;
  last->Buffer = path->Buffer + begin;
  last->Length = static_cast<USHORT>(path->Length - begin * sizeof(WCHAR));
  last->MaximumLength = last->Length;
  return STATUS_SUCCESS;
}

PVOID NTAPI get_system_routine_address(PUNICODE_STRING name) {
  char ascii[64] = {};
  const USHORT units = name->Length / sizeof(WCHAR);
  if (units < sizeof ascii) {
    for (USHORT unit = 0; unit < units; ++unit) ascii[unit] = static_cast<char>(name->Buffer[unit]);
    if (void* const ours = replacement({ascii, units})) return ours;
  }
  return MmGetSystemRoutineAddress(name);
}

}  // namespace

void* memory_routine(std::string_view name) {
  const Routine routines[] = {
      {"MmCopyMemory", reinterpret_cast<void*>(copy_memory)},
      {"MmSystemRangeStart", &system_range_start},
      {"MmGetSystemRoutineAddress", reinterpret_cast<void*>(get_system_routine_address)},
      {"KeGetCurrentIrql", reinterpret_cast<void*>(get_current_irql)},
      {"KeQueryInterruptTimePrecise", reinterpret_cast<void*>(query_interrupt_time)},
      {"KeQuerySystemTimePrecise", reinterpret_cast<void*>(query_system_time)},
      {"FltParseFileName", reinterpret_cast<void*>(parse_file_name)},
  };
  return find_routine(routines, name);
}

}  // namespace wdscope::wine
