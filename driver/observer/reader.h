// SPDX-License-Identifier: MIT
// One open handle of the device: a position in the ring, and the account of what it was given and what it missed.
//
// Always: head - start = delivered + lost + (head - next). Position and account change only in fill(), under the
// reader's mutex, and only for what the caller really gets.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "abi/wire/control.h"
#include "kit/event_ring.h"

namespace wdscope::observer {

class Reader {
 public:
  // Begins at the oldest record there is. IRQL <= DISPATCH_LEVEL.
  explicit Reader(const kit::EventRing& ring) : Reader(ring, ring.tail_sequence()) {}
  // Begins at `start`, which the ring's head has reached.
  Reader(const kit::EventRing& ring, std::uint64_t start);
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  struct Filled {
    NTSTATUS status;
    std::size_t size;  // bytes of `output` that mean something
  };
  // Writes a ReadReply and whole records, loss records where records are missing, and moves on behind them.
  // `output`: 8-byte aligned, at least a ReadReply long.
  //   STATUS_BUFFER_TOO_SMALL  not even the next record fits: the reply says what would, nothing is skipped
  // IRQL <= APC_LEVEL; waits for another fill() of this reader.
  Filled fill(void* output, std::size_t output_size);

  // The ring's head once `minimum` more records are produced for this reader.
  std::uint64_t awaited_head(std::uint32_t minimum) const { return next() + minimum; }
  // Whether that head is reached. Any IRQL.
  bool has(std::uint32_t minimum) const { return ring_.head_sequence() >= awaited_head(minimum); }

  // Any IRQL.
  std::uint64_t start() const { return start_; }
  std::uint64_t delivered() const { return delivered_.load(std::memory_order_relaxed); }
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

  // The handle is closing: no read of it may wait any more. Set before the waiting ones are cancelled.
  void close() { closing_.store(true, std::memory_order_seq_cst); }
  bool closing() const { return closing_.load(std::memory_order_seq_cst); }

  // Reads of this handle in the waiting queue. Under the queue's lock.
  std::uint32_t waiting_count = 0;

 private:
  std::uint64_t next() const { return next_.load(std::memory_order_relaxed); }

  const kit::EventRing& ring_;
  FAST_MUTEX mutex_;
  const std::uint64_t start_;
  // Written under mutex_, read by anyone.
  std::atomic<std::uint64_t> next_;
  std::atomic<std::uint64_t> delivered_{0};
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<bool> closing_{false};
};

}  // namespace wdscope::observer
