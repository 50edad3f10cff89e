// SPDX-License-Identifier: MIT
#include "kit/event_ring.h"

#include <bit>

#include "abi/wire/record.h"
#include "kit/irql.h"
#include "kit/locks.h"

namespace wdscope::kit {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);

// Two words by one unaligned move. Not as a C++ atomic, which has no such width here: the compiler neither moves,
// merges nor tears a volatile asm, and to the processor it is ordered among other moves and by fences like two of a
// word. It need not be one access: whoever reads beside a writer throws the copy away.
void copy_pair(std::uint64_t* target, const std::uint64_t* source) {
  struct Pair {
    std::uint64_t words[2];
  };
  std::uint64_t pair [[gnu::vector_size(16)]];
  asm volatile("movdqu %[source], %[pair]\n\tmovdqu %[pair], %[target]"
               : [target] "=m"(*reinterpret_cast<Pair*>(target)), [pair] "=&x"(pair)
               : [source] "m"(*reinterpret_cast<const Pair*>(source)));
}

// Between the ring and somebody's own memory, whichever way. The last words, at least one, go as relaxed atomics, so
// that a sanitiser sees how far the copy reaches.
void copy_words(std::uint64_t* target, const std::uint64_t* source, std::size_t count) {
  std::size_t index = 0;
  for (; index + 8 < count; index += 8) {
    copy_pair(target + index + 0, source + index + 0);
    copy_pair(target + index + 2, source + index + 2);
    copy_pair(target + index + 4, source + index + 4);
    copy_pair(target + index + 6, source + index + 6);
  }
  for (; index < count; ++index) {
    __atomic_store_n(target + index, __atomic_load_n(source + index, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
  }
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
    copy_words(words_ + head_word_, record, words);
  } else {
    copy_words(words_ + head_word_, record, until_end);
    copy_words(words_, record + until_end, words - until_end);
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
    copy_words(copy, words_ + first, words);
  } else {
    copy_words(copy, words_ + first, until_end);
    copy_words(copy + until_end, words_, words - until_end);
  }
  if (overtaken()) return {Outcome::Overtaken, 0};
  return {Outcome::Copied, size};
}

}  // namespace wdscope::kit
