// SPDX-License-Identifier: MIT
// A ring of records in nonpaged memory: many producers at IRQL <= DISPATCH_LEVEL, any number of readers, each with a
// position of its own. Records are overwritten oldest first; nobody waits for a reader.
//
// Invariants
// - Producers take turns by one spin lock, which no reader ever takes. Under it a record gets its sequence, so that
//   sequences are a total order, consecutive from 0.
// - Records tail .. head - 1 are whole. A producer first moves the tail over what it is about to overwrite, then
//   writes, then moves the head.
// - A reader copies, then looks at the tail again. If the tail has passed its record the copy may be torn and is thrown
//   away; else it is whole. Both sides touch the shared words by relaxed atomics, and by wider moves that no compiler
//   takes apart, ordered by fences.
// - A record lies in one run of words, which may wrap round the end; `index_` says where each sequence begins.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "kit/nt.h"
#include "kit/pool.h"

namespace wdscope::kit {

class EventRing {
 public:
  EventRing() = default;
  EventRing(const EventRing&) = delete;
  EventRing& operator=(const EventRing&) = delete;

  // Allocates `size` bytes (a multiple of 8) and an index for records of at least `minimum_record_size` bytes.
  // STATUS_INVALID_PARAMETER, STATUS_INSUFFICIENT_RESOURCES. Once, before anything else. PASSIVE_LEVEL.
  [[nodiscard]] NTSTATUS start(std::size_t size, std::size_t minimum_record_size);

  enum class Published {
    Quiet,     // stored
    Awaited,   // stored, and it is the record that arm() waits for: signal the waiter. Said once for each arm().
    TooLarge,  // not stored: not smaller than the ring
  };
  // Stores the record that begins with a wire::RecordHeader at `record`: header.size bytes, 8-byte aligned, a multiple
  // of 8, at least the minimum. Writes header.sequence. IRQL <= DISPATCH_LEVEL.
  Published publish(std::uint64_t* record);

  enum class Outcome {
    Copied,
    Empty,      // `sequence` is not produced yet
    TooSmall,   // it needs Read::size bytes
    Overtaken,  // `sequence` is gone: it is below tail_sequence()
  };
  struct Read {
    Outcome outcome;
    std::uint32_t size;  // Copied, TooSmall: of the record
  };
  // Copies record `sequence` to `target` (8-byte aligned); on another outcome than Copied up to `space` bytes of
  // `target` are undefined. Any IRQL, never waits.
  Read read(std::uint64_t sequence, void* target, std::size_t space) const;

  // The oldest record that is there, and the sequence that the next one will get. Equal: the ring is empty.
  std::uint64_t tail_sequence() const { return tail_.load(std::memory_order_acquire); }
  std::uint64_t head_sequence() const { return head_.load(std::memory_order_seq_cst); }

  // Asks that the publish which makes head_sequence() reach `sequence` answers Awaited. For one waiter: look at
  // head_sequence() after arming, before sleeping. A later call replaces an earlier one.
  void arm(std::uint64_t sequence) { awaited_.store(sequence, std::memory_order_seq_cst); }
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  std::size_t size() const { return word_count_ * sizeof(std::uint64_t); }
  // Bytes of the records now in the ring.
  std::size_t used() const { return used_words_.load(std::memory_order_relaxed) * sizeof(std::uint64_t); }

 private:
  static constexpr std::size_t kCacheLine = 64;

  std::size_t start_of(std::uint64_t sequence) const;
  void make_room(std::size_t words, std::uint64_t head);

  // Constant after start().
  PoolBytes memory_;
  PoolBytes index_memory_;
  std::uint64_t* words_ = nullptr;
  std::uint32_t* index_ = nullptr;  // first word of the record with sequence & index_mask_
  std::size_t word_count_ = 0;
  std::size_t index_mask_ = 0;

  // Each on a line of its own: what producers write, what readers poll.
  [[maybe_unused]] UCHAR padding0_[kCacheLine] = {};
  KSPIN_LOCK lock_ = 0;
  std::size_t head_word_ = 0;  // under lock_
  std::atomic<std::size_t> used_words_{0};
  std::atomic<std::uint64_t> tail_{0};
  [[maybe_unused]] UCHAR padding1_[kCacheLine] = {};
  std::atomic<std::uint64_t> head_{0};
  std::atomic<std::uint64_t> awaited_{kNever};
  [[maybe_unused]] UCHAR padding2_[kCacheLine] = {};
};

}  // namespace wdscope::kit
