// SPDX-License-Identifier: MIT
// The executive's innermost lock: a bit or a word that is held for a few instructions, never while calling out.
// It knows no IRQL and no owner. Spins briefly, then yields: the holder may be off the processor.
#pragma once

#include <atomic>
#include <cstdint>

#include "host/nt/base.h"

namespace wdscope::host {

NTAPI void yield_processor() noexcept;

class Backoff {
 public:
  void pause() {
    if (++spins_ < 64) {
      __builtin_ia32_pause();
    } else {
      yield_processor();
    }
  }

 private:
  unsigned spins_ = 0;
};

// Takes the given bit of the word for a scope.
template <class Word, Word kBit>
class BitLock {
 public:
  explicit BitLock(Word& word) : word_(word) {
    if (word_.fetch_or(kBit, std::memory_order_acquire) & kBit) [[unlikely]] {
      wait();
    }
  }
  ~BitLock() { word_.fetch_and(static_cast<Word>(~kBit), std::memory_order_release); }
  BitLock(const BitLock&) = delete;
  BitLock& operator=(const BitLock&) = delete;

 private:
  NTAPI_ASIDE void wait() noexcept {
    for (Backoff backoff; word_.fetch_or(kBit, std::memory_order_acquire) & kBit; backoff.pause()) {
    }
  }

  std::atomic_ref<Word> word_;
};

// A word that is nothing but a lock: half as dear to give back as a bit.
template <class Word>
NTAPI_ASIDE void wait_for_word(Word& word) noexcept {
  for (Backoff backoff; std::atomic_ref(word).exchange(1, std::memory_order_acquire) != 0; backoff.pause()) {
  }
}
template <class Word>
bool try_take_word(Word& word) {
  return std::atomic_ref(word).exchange(1, std::memory_order_acquire) == 0;
}
template <class Word>
void take_word(Word& word) {
  if (!try_take_word(word)) [[unlikely]] {
    wait_for_word(word);
  }
}
template <class Word>
void give_word(Word& word) {
  std::atomic_ref(word).store(0, std::memory_order_release);
}

// Takes such a word for a scope.
template <class Word>
class WordLock {
 public:
  explicit WordLock(Word& word) : word_(word) { take_word(word_); }
  ~WordLock() { give_word(word_); }
  WordLock(const WordLock&) = delete;
  WordLock& operator=(const WordLock&) = delete;

 private:
  Word& word_;
};

// Linux futexes, on words private to this process.
void futex_wake(const void* word, int count);
// Returns when woken, when *word is not `expected`, or at `deadline_ns` of CLOCK_MONOTONIC (negative: never).
void futex_wait(const void* word, std::uint32_t expected, std::int64_t deadline_ns);

}  // namespace wdscope::host
