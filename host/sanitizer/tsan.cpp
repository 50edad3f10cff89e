// SPDX-License-Identifier: MIT
// ThreadSanitizer in the drivers: the call-outs go to the host's runtime, with the driver's own address as the place.
#include "host/sanitizer/tables.h"

#ifdef WDSCOPE_TSAN

#include <cstdio>
#include <string>

#include "host/verifier/stack.h"

extern "C" {
void __tsan_read1_pc(void* address, void* pc);
void __tsan_read2_pc(void* address, void* pc);
void __tsan_read4_pc(void* address, void* pc);
void __tsan_read8_pc(void* address, void* pc);
void __tsan_read16_pc(void* address, void* pc);
void __tsan_write1_pc(void* address, void* pc);
void __tsan_write2_pc(void* address, void* pc);
void __tsan_write4_pc(void* address, void* pc);
void __tsan_write8_pc(void* address, void* pc);
void __tsan_write16_pc(void* address, void* pc);
void __tsan_read_range_pc(void* address, unsigned long size, void* pc);
void __tsan_write_range_pc(void* address, unsigned long size, void* pc);
void __tsan_func_entry(void* caller);
void tsan_func_exit() __asm__("__tsan_func_exit");  // GCC knows the name with another type
void __tsan_ignore_thread_begin();
void __tsan_ignore_thread_end();
int __tsan_get_report_data(void* report, const char** description, int* count, int* stack_count, int* mop_count,
                           int* loc_count, int* mutex_count, int* thread_count, int* unique_tid_count,
                           void** sleep_trace, unsigned long trace_size);
int __tsan_get_report_mop(void* report, unsigned long index, int* tid, void** address, int* size, int* write,
                          int* atomic, void** trace, unsigned long trace_size);
}

// A fault's report is written from its signal handler, as the last thing the process does.
extern "C" const char* __tsan_default_options() {
  return "report_signal_unsafe=0";
}

namespace wdscope::host {
namespace {

// The runtime keeps shadow for user addresses only; the shared page of NT, which the host imitates, lies above them.
[[gnu::no_sanitize("thread")]] bool has_shadow(const void* address) {
  return reinterpret_cast<std::uintptr_t>(address) < 0x8000'0000'0000;
}

// These must not be instrumented themselves: the entry and exit of a driver's function would be booked on them.
#define CALL_OUT [[gnu::no_sanitize("thread")]] NTAPI void

#define ACCESS(size)                                                                        \
  CALL_OUT read##size(void* address) {                                                      \
    if (has_shadow(address)) __tsan_read##size##_pc(address, __builtin_return_address(0));  \
  }                                                                                         \
  CALL_OUT write##size(void* address) {                                                     \
    if (has_shadow(address)) __tsan_write##size##_pc(address, __builtin_return_address(0)); \
  }
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)
#undef ACCESS

#define UNALIGNED(size)                                                                         \
  CALL_OUT unaligned_read##size(void* address) {                                                \
    if (has_shadow(address)) __tsan_read_range_pc(address, size, __builtin_return_address(0));  \
  }                                                                                             \
  CALL_OUT unaligned_write##size(void* address) {                                               \
    if (has_shadow(address)) __tsan_write_range_pc(address, size, __builtin_return_address(0)); \
  }
UNALIGNED(2)
UNALIGNED(4)
UNALIGNED(8)
UNALIGNED(16)
#undef UNALIGNED

CALL_OUT read_range(void* address, SizeT size) {
  if (has_shadow(address)) __tsan_read_range_pc(address, size, __builtin_return_address(0));
}
CALL_OUT write_range(void* address, SizeT size) {
  if (has_shadow(address)) __tsan_write_range_pc(address, size, __builtin_return_address(0));
}
CALL_OUT func_entry(void* caller) {
  __tsan_func_entry(caller);
}
CALL_OUT func_exit() {
  tsan_func_exit();
}
CALL_OUT init() {}  // the host's runtime is up

// The host's own compiler turns these into the runtime's calls. Sequential consistency is what the drivers ask for, and
// what Interlocked routines are; a weaker order than asked would hide nothing but could report falsely.
template <class T>
struct Atomic {
  NTAPI static T load(const volatile T* a, int) { return __atomic_load_n(a, __ATOMIC_SEQ_CST); }
  NTAPI static void store(volatile T* a, T v, int) { __atomic_store_n(a, v, __ATOMIC_SEQ_CST); }
  NTAPI static T exchange(volatile T* a, T v, int) { return __atomic_exchange_n(a, v, __ATOMIC_SEQ_CST); }
  NTAPI static T fetch_add(volatile T* a, T v, int) { return __atomic_fetch_add(a, v, __ATOMIC_SEQ_CST); }
  NTAPI static T fetch_sub(volatile T* a, T v, int) { return __atomic_fetch_sub(a, v, __ATOMIC_SEQ_CST); }
  NTAPI static T fetch_and(volatile T* a, T v, int) { return __atomic_fetch_and(a, v, __ATOMIC_SEQ_CST); }
  NTAPI static T fetch_or(volatile T* a, T v, int) { return __atomic_fetch_or(a, v, __ATOMIC_SEQ_CST); }
  NTAPI static T fetch_xor(volatile T* a, T v, int) { return __atomic_fetch_xor(a, v, __ATOMIC_SEQ_CST); }
  NTAPI static int compare_exchange(volatile T* a, T* expected, T desired, int, int) {
    return __atomic_compare_exchange_n(a, expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  }
  NTAPI static T compare_exchange_value(volatile T* a, T expected, T desired, int, int) {
    __atomic_compare_exchange_n(a, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return expected;
  }
};

CALL_OUT vptr_update(void** address, void*) {
  __tsan_write8_pc(address, __builtin_return_address(0));
}
NTAPI void thread_fence(int) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
NTAPI void signal_fence(int) {
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

template <class Routine>
Export row(const char* name, Routine* routine) {
  return {name, reinterpret_cast<void*>(routine)};
}

}  // namespace

void sanitizer_sees_write(void* start, SizeT size, void* caller) {
  __tsan_write_range_pc(start, size, caller);
}

std::span<const Export> sanitizer_exports() {
#define ROW(name) row("__tsan_" #name, &name)
#define ATOMICS(bits, type)                                                                                           \
  row("__tsan_atomic" #bits "_load", &Atomic<type>::load), row("__tsan_atomic" #bits "_store", &Atomic<type>::store), \
      row("__tsan_atomic" #bits "_exchange", &Atomic<type>::exchange),                                                \
      row("__tsan_atomic" #bits "_fetch_add", &Atomic<type>::fetch_add),                                              \
      row("__tsan_atomic" #bits "_fetch_sub", &Atomic<type>::fetch_sub),                                              \
      row("__tsan_atomic" #bits "_fetch_and", &Atomic<type>::fetch_and),                                              \
      row("__tsan_atomic" #bits "_fetch_or", &Atomic<type>::fetch_or),                                                \
      row("__tsan_atomic" #bits "_fetch_xor", &Atomic<type>::fetch_xor),                                              \
      row("__tsan_atomic" #bits "_compare_exchange_strong", &Atomic<type>::compare_exchange),                         \
      row("__tsan_atomic" #bits "_compare_exchange_weak", &Atomic<type>::compare_exchange),                           \
      row("__tsan_atomic" #bits "_compare_exchange_val", &Atomic<type>::compare_exchange_value)
  static const Export table[] = {
      ROW(read1),
      ROW(read2),
      ROW(read4),
      ROW(read8),
      ROW(read16),
      ROW(write1),
      ROW(write2),
      ROW(write4),
      ROW(write8),
      ROW(write16),
      ROW(unaligned_read2),
      ROW(unaligned_read4),
      ROW(unaligned_read8),
      ROW(unaligned_read16),
      ROW(unaligned_write2),
      ROW(unaligned_write4),
      ROW(unaligned_write8),
      ROW(unaligned_write16),
      ROW(read_range),
      ROW(write_range),
      ROW(func_entry),
      ROW(func_exit),
      ROW(init),
      ROW(vptr_update),
      ATOMICS(8, std::uint8_t),
      ATOMICS(16, std::uint16_t),
      ATOMICS(32, std::uint32_t),
      ATOMICS(64, std::uint64_t),
      row("__tsan_atomic_thread_fence", &thread_fence),
      row("__tsan_atomic_signal_fence", &signal_fence),
  };
#undef ATOMICS
#undef ROW
  return table;
}

}  // namespace wdscope::host

// Called by the runtime for each report: it cannot symbolise driver frames, we can.
extern "C" void __tsan_on_report(void* report) {
  const char* description;
  int count, stacks, mops, locations, mutexes, threads, tids;
  void* sleep_trace[1];
  __tsan_ignore_thread_begin();  // the runtime holds its locks: a second report from here would never end
  __tsan_get_report_data(report, &description, &count, &stacks, &mops, &locations, &mutexes, &threads, &tids,
                         sleep_trace, 1);
  for (int i = 0; i < mops; ++i) {
    int tid, size, write, atomic;
    void* address;
    void* trace[32] = {};
    __tsan_get_report_mop(report, static_cast<unsigned long>(i), &tid, &address, &size, &write, &atomic, trace, 32);
    std::fprintf(stderr, "driver frames of access %d (%s of %d bytes at %p):\n", i, write ? "write" : "read", size,
                 address);
    for (void* frame : trace) {
      if (frame) std::fprintf(stderr, "    %s\n", wdscope::host::describe_address(frame).c_str());
    }
  }
  __tsan_ignore_thread_end();
}

#endif
