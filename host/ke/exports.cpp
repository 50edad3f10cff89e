// SPDX-License-Identifier: MIT
#include "host/exports.h"

#include <strings.h>

#include <cctype>
#include <cstring>

#include "host/ke/dispatcher.h"
#include "host/ke/dpc.h"
#include "host/ke/irql.h"
#include "host/ke/processor.h"
#include "host/ke/spin_lock.h"
#include "host/ke/system_thread.h"
#include "host/ke/time.h"
#include "host/nt/export_table.h"

namespace wdscope::host {
namespace {

// --- what ntoskrnl exports of the C runtime, but for memcpy and its like: those stand in rtl/ ---

NTAPI const void* nt_memchr(const void* start, int value, std::size_t size) {
  return std::memchr(start, value, size);
}
NTAPI std::size_t nt_strnlen(const char* text, std::size_t limit) {
  return strnlen(text, limit);
}
NTAPI int nt_stricmp(const char* a, const char* b) {
  return strcasecmp(a, b);
}
NTAPI int nt_strnicmp(const char* a, const char* b, std::size_t count) {
  return strncasecmp(a, b, count);
}
NTAPI const char* nt_strchr(const char* text, int value) {
  return std::strchr(text, value);
}
NTAPI const char* nt_strrchr(const char* text, int value) {
  return std::strrchr(text, value);
}
NTAPI const char* nt_strstr(const char* text, const char* part) {
  return std::strstr(text, part);
}

NTAPI std::size_t nt_wcsnlen(const char16_t* text, std::size_t limit) {
  std::size_t units = 0;
  while (units < limit && text[units]) ++units;
  return units;
}

// The C locale's case: ASCII only, as in the kernel's own wcsicmp for what drivers compare with it.
int fold(char16_t unit) {
  return unit >= u'A' && unit <= u'Z' ? unit + 32 : unit;
}

template <class Fold>
int compare_wide(const char16_t* a, const char16_t* b, std::size_t limit, Fold folded) {
  for (std::size_t i = 0; i < limit; ++i) {
    const int difference = folded(a[i]) - folded(b[i]);
    if (difference != 0) return difference < 0 ? -1 : 1;
    if (a[i] == 0) return 0;
  }
  return 0;
}

constexpr auto kAsIs = [](char16_t unit) { return static_cast<int>(unit); };

NTAPI int nt_wcscmp(const char16_t* a, const char16_t* b) {
  return compare_wide(a, b, SIZE_MAX, kAsIs);
}
NTAPI int nt_wcsncmp(const char16_t* a, const char16_t* b, std::size_t limit) {
  return compare_wide(a, b, limit, kAsIs);
}
NTAPI int nt_wcsicmp(const char16_t* a, const char16_t* b) {
  return compare_wide(a, b, SIZE_MAX, fold);
}
NTAPI int nt_wcsnicmp(const char16_t* a, const char16_t* b, std::size_t limit) {
  return compare_wide(a, b, limit, fold);
}

NTAPI const char16_t* nt_wcschr(const char16_t* text, char16_t unit) {
  for (;; ++text) {
    if (*text == unit) return text;
    if (*text == 0) return nullptr;
  }
}

NTAPI const char16_t* nt_wcsrchr(const char16_t* text, char16_t unit) {
  const char16_t* last = nullptr;
  for (;; ++text) {
    if (*text == unit) last = text;
    if (*text == 0) return last;
  }
}

NTAPI int nt_towupper(int unit) {
  return unit >= 'a' && unit <= 'z' ? unit - 32 : unit;
}
NTAPI int nt_towlower(int unit) {
  return unit >= 'A' && unit <= 'Z' ? unit + 32 : unit;
}

template <class Routine>
constexpr Export routine(const char* name, Routine* address) {
  return {name, reinterpret_cast<void*>(address)};
}

}  // namespace

std::span<const Export> ke_exports() {
  static const Export table[] = {
      NT_EXPORT(KeInitializeEvent),
      NT_EXPORT(KeSetEvent),
      NT_EXPORT(KeResetEvent),
      NT_EXPORT(KeClearEvent),
      NT_EXPORT(KePulseEvent),
      NT_EXPORT(KeReadStateEvent),
      NT_EXPORT(KeInitializeSemaphore),
      NT_EXPORT(KeReleaseSemaphore),
      NT_EXPORT(KeReadStateSemaphore),
      NT_EXPORT(KeInitializeMutex),
      NT_EXPORT(KeReleaseMutex),
      NT_EXPORT(KeReadStateMutex),
      NT_EXPORT(KeWaitForSingleObject),
      routine("KeWaitForMutexObject", &KeWaitForSingleObject),
      NT_EXPORT(KeWaitForMultipleObjects),
      NT_EXPORT(KeDelayExecutionThread),

      NT_EXPORT(KeInitializeSpinLock),
      NT_EXPORT(KeAcquireSpinLockRaiseToDpc),
      NT_EXPORT(KeReleaseSpinLock),
      NT_EXPORT(KeAcquireSpinLockAtDpcLevel),
      NT_EXPORT(KeReleaseSpinLockFromDpcLevel),
      NT_EXPORT(KeTryToAcquireSpinLockAtDpcLevel),
      NT_EXPORT(KeAcquireInStackQueuedSpinLock),
      NT_EXPORT(KeReleaseInStackQueuedSpinLock),
      NT_EXPORT(KeAcquireInStackQueuedSpinLockAtDpcLevel),
      NT_EXPORT(KeReleaseInStackQueuedSpinLockFromDpcLevel),
      NT_EXPORT(KeTestSpinLock),
      routine("KfAcquireSpinLock", &KeAcquireSpinLockRaiseToDpc),
      routine("KfReleaseSpinLock", &KeReleaseSpinLock),
      routine("KefAcquireSpinLockAtDpcLevel", &KeAcquireSpinLockAtDpcLevel),
      routine("KefReleaseSpinLockFromDpcLevel", &KeReleaseSpinLockFromDpcLevel),

      NT_EXPORT(KeGetCurrentIrql),
      NT_EXPORT(KfRaiseIrql),
      NT_EXPORT(KeRaiseIrql),
      NT_EXPORT(KeLowerIrql),
      routine("KfLowerIrql", &KeLowerIrql),
      NT_EXPORT(KeRaiseIrqlToDpcLevel),
      NT_EXPORT(KeEnterCriticalRegion),
      NT_EXPORT(KeLeaveCriticalRegion),
      NT_EXPORT(KeEnterGuardedRegion),
      NT_EXPORT(KeLeaveGuardedRegion),
      NT_EXPORT(KeAreApcsDisabled),
      NT_EXPORT(KeAreAllApcsDisabled),
      routine("FsRtlEnterFileSystem", &KeEnterCriticalRegion),
      routine("FsRtlExitFileSystem", &KeLeaveCriticalRegion),

      NT_EXPORT(KeInitializeDpc),
      NT_EXPORT(KeInsertQueueDpc),
      NT_EXPORT(KeRemoveQueueDpc),
      NT_EXPORT(KeFlushQueuedDpcs),
      NT_EXPORT(KeSetImportanceDpc),
      NT_EXPORT(KeSetTargetProcessorDpc),
      NT_EXPORT(KeInitializeTimer),
      NT_EXPORT(KeInitializeTimerEx),
      NT_EXPORT(KeSetTimer),
      NT_EXPORT(KeSetTimerEx),
      NT_EXPORT(KeSetCoalescableTimer),
      NT_EXPORT(KeCancelTimer),
      NT_EXPORT(KeReadStateTimer),

      NT_EXPORT(KeQuerySystemTime),
      NT_EXPORT(KeQuerySystemTimePrecise),
      NT_EXPORT(KeQueryInterruptTime),
      NT_EXPORT(KeQueryInterruptTimePrecise),
      NT_EXPORT(KeQueryUnbiasedInterruptTime),
      NT_EXPORT(KeQueryPerformanceCounter),
      NT_EXPORT(KeQueryTickCount),
      NT_EXPORT(KeQueryTimeIncrement),
      NT_EXPORT(ExSystemTimeToLocalTime),
      NT_EXPORT(ExLocalTimeToSystemTime),

      NT_EXPORT(KeGetCurrentProcessorNumberEx),
      NT_EXPORT(KeQueryActiveProcessorCount),
      NT_EXPORT(KeQueryActiveProcessorCountEx),
      NT_EXPORT(KeQueryMaximumProcessorCount),
      NT_EXPORT(KeQueryMaximumProcessorCountEx),
      NT_EXPORT(KeQueryActiveGroupCount),
      NT_EXPORT(KeQueryActiveProcessors),
      NT_EXPORT(IoGetStackLimits),
      NT_EXPORT(IoGetRemainingStackSize),
      NT_EXPORT(KeBugCheckEx),
      NT_EXPORT(KeBugCheck),
      NT_EXPORT(__C_specific_handler),
      NT_EXPORT(PsCreateSystemThread),
      NT_EXPORT(PsTerminateSystemThread),
      routine("memchr", &nt_memchr),
      routine("strnlen", &nt_strnlen),
      routine("_stricmp", &nt_stricmp),
      routine("_strnicmp", &nt_strnicmp),
      routine("strchr", &nt_strchr),
      routine("strrchr", &nt_strrchr),
      routine("strstr", &nt_strstr),
      routine("wcsnlen", &nt_wcsnlen),
      routine("wcscmp", &nt_wcscmp),
      routine("wcsncmp", &nt_wcsncmp),
      routine("_wcsicmp", &nt_wcsicmp),
      routine("_wcsnicmp", &nt_wcsnicmp),
      routine("wcschr", &nt_wcschr),
      routine("wcsrchr", &nt_wcsrchr),
      routine("towupper", &nt_towupper),
      routine("towlower", &nt_towlower),
  };
  return table;
}

}  // namespace wdscope::host
