// SPDX-License-Identifier: MIT
#include "host/ke/raw_lock.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace wdscope::host {

[[gnu::cold, gnu::noinline]] NTAPI void yield_processor() noexcept {
  sched_yield();
}

void futex_wake(const void* word, int count) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

void futex_wait(const void* word, std::uint32_t expected, std::int64_t deadline_ns) {
  timespec deadline{deadline_ns / 1'000'000'000, deadline_ns % 1'000'000'000};
  // The bitset form takes an absolute deadline of CLOCK_MONOTONIC, so spurious wake-ups do not stretch a timeout.
  syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, deadline_ns < 0 ? nullptr : &deadline, nullptr,
          FUTEX_BITSET_MATCH_ANY);
}

}  // namespace wdscope::host
