// SPDX-License-Identifier: MIT
// What the observer counts besides the ring's own sequences. Any IRQL.
#pragma once

#include <atomic>
#include <cstdint>

#include "abi/wire/control.h"

namespace wdscope::observer {

class Counters {
 public:
  // Counts each anomaly whose bit is set.
  void add_anomalies(std::uint32_t bits) {
    for (; bits != 0; bits &= bits - 1) {
      anomalies_[__builtin_ctz(bits)].fetch_add(1, std::memory_order_relaxed);
    }
  }
  void text_left_out() { dropped_no_buffer_.fetch_add(1, std::memory_order_relaxed); }
  // A record that stands for no notification was published.
  void marked() { marks_.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t marks() const { return marks_.load(std::memory_order_relaxed); }
  void record_too_large() { dropped_too_large_.fetch_add(1, std::memory_order_relaxed); }

  // Fills the members that are counted here.
  void describe(wire::Statistics& statistics) const {
    statistics.dropped_no_buffer = dropped_no_buffer_.load(std::memory_order_relaxed);
    statistics.dropped_too_large = dropped_too_large_.load(std::memory_order_relaxed);
    for (std::uint32_t index = 0; index < kAnomalyCount; ++index) {
      statistics.anomalies[index] = anomalies_[index].load(std::memory_order_relaxed);
    }
  }

 private:
  static constexpr std::uint32_t kAnomalyCount = static_cast<std::uint32_t>(wire::Anomaly::Count);
  static_assert(kAnomalyCount <= 32, "anomalies are bits of a 32-bit word");

  std::atomic<std::uint64_t> dropped_no_buffer_{0};
  std::atomic<std::uint64_t> dropped_too_large_{0};
  std::atomic<std::uint64_t> marks_{0};
  std::atomic<std::uint64_t> anomalies_[kAnomalyCount]{};
};

}  // namespace wdscope::observer
