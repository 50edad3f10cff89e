// SPDX-License-Identifier: MIT
// A decision by majority, kept up while evidence goes on coming: Boyer and Moore's vote with a ceiling. Each vote for
// what leads strengthens it, each other one weakens it; at nothing the next vote leads. So one odd event changes
// nothing, and a notifier that really changed is believed after some forty events at most.
//
// Any IRQL, any thread. Once decided, a vote for what leads only reads.
#pragma once

#include <atomic>
#include <cstdint>

namespace wdscope::observer {

class Verdict {
 public:
  static constexpr std::uint32_t kDecisive = 3;  // so many more votes for than against decide
  static constexpr std::uint32_t kCeiling = 32;

  struct Standing {
    std::uint64_t value;  // what leads; any value below 2^56
    bool decided;
    bool leads;  // false: no vote at all
  };
  Standing standing() const { return of(state_.load(std::memory_order_relaxed)); }

  enum class Effect { Nothing, Against, Overturned };  // Against: of a decision that stands
  Effect vote(std::uint64_t value) {
    std::uint64_t state = state_.load(std::memory_order_relaxed);
    for (;;) {
      const std::uint64_t strength = state & kStrengthMask;
      const bool leads = strength != 0 && state >> kStrengthBits == value;
      const bool decided = (state & kDecidedBit) != 0;
      std::uint64_t next = 0;
      if (leads) {
        if ((strength & kCountMask) == kCeiling) return Effect::Nothing;
        next = with_count(state, (strength & kCountMask) + 1);
      } else if (strength != 0 && (strength & kCountMask) > 1) {
        next = with_count(state, (strength & kCountMask) - 1);
      } else {
        next = value << kStrengthBits | 1;
      }
      if (!state_.compare_exchange_weak(state, next, std::memory_order_relaxed)) continue;
      if (leads || !decided) return Effect::Nothing;
      return next >> kStrengthBits == value ? Effect::Overturned : Effect::Against;
    }
  }

 private:
  static constexpr unsigned kStrengthBits = 8;
  static constexpr std::uint64_t kStrengthMask = 0xFF;
  static constexpr std::uint64_t kCountMask = 0x7F;
  static constexpr std::uint64_t kDecidedBit = 0x80;  // stays while the value leads
  static_assert(kCeiling <= kCountMask);

  static std::uint64_t with_count(std::uint64_t state, std::uint64_t count) {
    const std::uint64_t decided = (state & kDecidedBit) | (count >= kDecisive ? kDecidedBit : 0);
    return (state & ~kStrengthMask) | decided | count;
  }
  static Standing of(std::uint64_t state) {
    return {state >> kStrengthBits, (state & kDecidedBit) != 0, (state & kStrengthMask) != 0};
  }

  std::atomic<std::uint64_t> state_{0};
};

}  // namespace wdscope::observer
