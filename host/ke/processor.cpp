// SPDX-License-Identifier: MIT
#include "host/ke/processor.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>

#include "host/ke/thread.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

constexpr std::uint16_t kAllGroups = 0xFFFF;

// One group, of 64 processors at most.
Ulong processor_count() {
  static const auto count = static_cast<Ulong>(std::clamp(sysconf(_SC_NPROCESSORS_CONF), 1L, 64L));
  return count;
}

Ulong count_in(std::uint16_t group) {
  return group == 0 || group == kAllGroups ? processor_count() : 0;
}

}  // namespace

NTAPI Ulong KeGetCurrentProcessorNumberEx(ProcessorNumber* number) {
  const auto current = static_cast<Ulong>(std::max(sched_getcpu(), 0)) % processor_count();
  if (number) *number = {0, static_cast<std::uint8_t>(current), 0};
  return current;
}

NTAPI std::uint64_t KeQueryActiveProcessors() {
  return processor_count() == 64 ? ~0ULL : (1ULL << processor_count()) - 1;
}

NTAPI Ulong KeQueryActiveProcessorCount(std::uint64_t* affinity) {
  if (affinity) *affinity = KeQueryActiveProcessors();
  return processor_count();
}

NTAPI Ulong KeQueryActiveProcessorCountEx(std::uint16_t group) {
  return count_in(group);
}
NTAPI Ulong KeQueryMaximumProcessorCount() {
  return processor_count();
}
NTAPI Ulong KeQueryMaximumProcessorCountEx(std::uint16_t group) {
  return count_in(group);
}
NTAPI std::uint16_t KeQueryActiveGroupCount() {
  return 1;
}

NTAPI void IoGetStackLimits(std::uintptr_t* low, std::uintptr_t* high) {
  const Thread& thread = current_thread();
  *low = reinterpret_cast<std::uintptr_t>(thread.stack_low);
  *high = reinterpret_cast<std::uintptr_t>(thread.stack_high);
}

NTAPI std::uintptr_t IoGetRemainingStackSize() {
  return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) -
         reinterpret_cast<std::uintptr_t>(current_thread().stack_low);
}

NTAPI void KeBugCheckEx(Ulong code, std::uint64_t p1, std::uint64_t p2, std::uint64_t p3, std::uint64_t p4) {
  bug_check(code, {p1, p2, p3, p4}, "raised by " + describe_address(__builtin_return_address(0)));
}

NTAPI void KeBugCheck(Ulong code) {
  bug_check(code, {}, "raised by " + describe_address(__builtin_return_address(0)));
}

NTAPI int __C_specific_handler(void*, void*, void*, void*) {
  constexpr int kContinueSearch = 1;
  return kContinueSearch;
}

}  // namespace wdscope::host
