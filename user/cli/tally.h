// SPDX-License-Identifier: MIT
// Counts what passed by, from the wire records themselves: no decoding, no allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "abi/wire/record.h"
#include "event/event.h"

namespace wdscope::cli {

struct Tally {
  static constexpr std::size_t kOperations = static_cast<std::size_t>(Operation::Unknown) + 1;
  static constexpr std::size_t kAnomalies = static_cast<std::size_t>(wire::Anomaly::Count);

  std::array<std::uint64_t, kOperations> by_operation{};  // index: Operation
  std::array<std::uint64_t, kAnomalies> by_anomaly{};     // index: wire::Anomaly
  std::uint64_t raw_records = 0;                          // of a raw capture: no events
  std::uint64_t unknown_kinds = 0;                        // records this program has no words for

  // Counts whole records; stops at the first whose header is impossible (the sink reports it).
  void add(std::span<const std::byte> records);

  std::uint64_t events() const;
};

}  // namespace wdscope::cli
