// SPDX-License-Identifier: MIT
#include "cli/tally.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "abi/wire/raw_capture.h"
#include "event/facts.h"

namespace wdscope::cli {

void Tally::add(std::span<const std::byte> records) {
  while (records.size() >= sizeof(wire::RecordHeader)) {
    wire::RecordHeader header;
    std::memcpy(&header, records.data(), sizeof header);
    if (header.size < sizeof header || header.size > records.size()) return;
    if (header.kind == static_cast<std::uint16_t>(wire::RecordKind::Process)) {
      wire::ProcessRecord record{};
      std::memcpy(&record, records.data(), std::min<std::size_t>({sizeof record, header.fixed_size, header.size}));
      ++by_operation[static_cast<std::size_t>(operation_of(record))];
      for (std::uint32_t bits = record.anomalies; bits != 0; bits &= bits - 1) {
        const auto index = static_cast<std::size_t>(__builtin_ctz(bits));
        if (index < kAnomalies) ++by_anomaly[index];
      }
    } else if (header.kind == wire::kRawNotificationKind || header.kind == wire::kRawStartKind) {
      ++raw_records;
    } else if (header.kind != static_cast<std::uint16_t>(wire::RecordKind::Loss)) {
      ++unknown_kinds;
    }
    records = records.subspan(header.size);
  }
}

std::uint64_t Tally::events() const {
  return std::accumulate(by_operation.begin(), by_operation.end(), std::uint64_t{0});
}

}  // namespace wdscope::cli
