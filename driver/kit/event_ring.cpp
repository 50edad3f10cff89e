// SPDX-License-Identifier: MIT
#include "kit/event_ring.h"

#include <bit>

#include "abi/wire/record.h"
#include "kit/irql.h"
#include "kit/locks.h"

namespace wdscope::kit {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);

// Relaxed atomic words are plain moves to the processor, but not vectorised by the compiler: four at a time keep the
// loop's own cost out of sight.
void store_words(std::uint64_t* target, const std::uint64_t* source, std::size_t count) {
  while (count >= 4) {
    __atomic_store_n(target + 0, source[0], __ATOMIC_RELAXED);
    __atomic_store_n(target + 1, source[1], __ATOMIC_RELAXED);
    __atomic_store_n(target + 2, source[2], __ATOMIC_RELAXED);
    __atomic_store_n(target + 3, source[3], __ATOMIC_RELAXED);
    target += 4;
    source += 4;
    count -= 4;
  }
  while (count-- != 0) __atomic_store_n(target++, *source++, __ATOMIC_RELAXED);
}

void load_words(std::uint64_t* target, const std::uint64_t* source, std::size_t count) {
  while (count >= 4) {
    target[0] = __atomic_load_n(source + 0, __ATOMIC_RELAXED);
    target[1] = __atomic_load_n(source + 1, __ATOMIC_RELAXED);
    target[2] = __atomic_load_n(source + 2, __ATOMIC_RELAXED);
    target[3] = __atomic_load_n(source + 3, __ATOMIC_RELAXED);
    target += 4;
    source += 4;
    count -= 4;
  }
  while (count-- != 0) *target++ = __atomic_load_n(source++, __ATOMIC_RELAXED);
}

std::uint32_t record_size(std::uint64_t first_word) {
  static_assert(offsetof(wire::RecordHeader, size) == 0 && sizeof(wire::RecordHeader::size) == 4);
  return static_cast<std::uint32_t>(first_word);
}

}  // namespace

NTSTATUS EventRing::start(std::size_t size, std::size_t minimum_record_size) {
  expect_irql_at_most(PASSIVE_LEVEL);
  if (size == 0 || size % kWord != 0 || size / kWord > 0xFFFFFFFF || minimum_record_size < sizeof(wire::RecordHeader)) {
    return STATUS_INVALID_PARAMETER;
  }
  // More entries than records: the entry of a live record is never another's.
  const std::size_t entries = std::bit_ceil(size / minimum_record_size + 1);
  if (const NTSTATUS status = memory_.allocate(Pool::NonPaged, size, tag::Ring); !NT_SUCCESS(status)) return status;
  if (const NTSTATUS status = index_memory_.allocate(Pool::NonPaged, entries * sizeof(std::uint32_t), tag::RingIndex);
      !NT_SUCCESS(status)) {
    memory_.reset();
    return status;
  }
  words_ = memory_.as<std::uint64_t>();
  index_ = index_memory_.as<std::uint32_t>();
  word_count_ = size / kWord;
  index_mask_ = entries - 1;
  KeInitializeSpinLock(&lock_);
  return STATUS_SUCCESS;
}

std::size_t EventRing::start_of(std::uint64_t sequence) const {
  return __atomic_load_n(&index_[sequence & index_mask_], __ATOMIC_RELAXED);
}

// Moves the tail until `words` fit. Under the lock.
void EventRing::make_room(std::size_t words, std::uint64_t head) {
  std::size_t used = used_words_.load(std::memory_order_relaxed);
  if (used + words <= word_count_) return;
  std::uint64_t tail = tail_.load(std::memory_order_relaxed);
  std::size_t first = start_of(tail);
  do {
    ++tail;
    const std::size_t next = tail == head ? head_word_ : start_of(tail);
    used -= next > first ? next - first : next + word_count_ - first;
    first = next;
  } while (used + words > word_count_);
  used_words_.store(used, std::memory_order_relaxed);
  tail_.store(tail, std::memory_order_relaxed);
  // A reader that sees any word written after this sees this tail too (with the fence in read()).
  std::atomic_thread_fence(std::memory_order_release);
}

EventRing::Published EventRing::publish(std::uint64_t* record) {
  const std::size_t words = record_size(record[0]) / kWord;
  if (words >= word_count_) return Published::TooLarge;
  SpinGuard guard(lock_);
  const std::uint64_t sequence = head_.load(std::memory_order_relaxed);
  make_room(words, sequence);

  static_assert(offsetof(wire::RecordHeader, sequence) == kWord);
  record[1] = sequence;
  const std::size_t until_end = word_count_ - head_word_;
  if (words < until_end) {
    store_words(words_ + head_word_, record, words);
  } else {
    store_words(words_ + head_word_, record, until_end);
    store_words(words_, record + until_end, words - until_end);
  }
  __atomic_store_n(&index_[sequence & index_mask_], static_cast<std::uint32_t>(head_word_), __ATOMIC_RELAXED);
  head_word_ = words < until_end ? head_word_ + words : words - until_end;
  used_words_.store(used_words_.load(std::memory_order_relaxed) + words, std::memory_order_relaxed);

  // Sequentially consistent with arm(): either we see what is awaited, or the waiter sees this head.
  head_.store(sequence + 1, std::memory_order_seq_cst);
  std::uint64_t awaited = awaited_.load(std::memory_order_seq_cst);
  while (sequence + 1 >= awaited) {
    if (awaited_.compare_exchange_weak(awaited, kNever, std::memory_order_seq_cst)) return Published::Awaited;
  }
  return Published::Quiet;
}

EventRing::Read EventRing::read(std::uint64_t sequence, void* target, std::size_t space) const {
  if (sequence >= head_.load(std::memory_order_acquire)) return {Outcome::Empty, 0};
  const auto overtaken = [&] {
    std::atomic_thread_fence(std::memory_order_acquire);
    return tail_.load(std::memory_order_relaxed) > sequence;
  };
  const std::size_t first = start_of(sequence);
  const std::uint32_t size = record_size(__atomic_load_n(words_ + first, __ATOMIC_RELAXED));
  // `first` and `size` mean something only if the record is still there.
  if (overtaken()) return {Outcome::Overtaken, 0};
  if (size > space) return {Outcome::TooSmall, size};

  const std::size_t words = size / kWord;
  const std::size_t until_end = word_count_ - first;
  auto* const copy = static_cast<std::uint64_t*>(target);
  if (words <= until_end) {
    load_words(copy, words_ + first, words);
  } else {
    load_words(copy, words_ + first, until_end);
    load_words(copy + until_end, words_, words - until_end);
  }
  if (overtaken()) return {Outcome::Overtaken, 0};
  return {Outcome::Copied, size};
}

}  // namespace wdscope::kit
