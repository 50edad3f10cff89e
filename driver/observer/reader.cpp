// SPDX-License-Identifier: MIT
#include "observer/reader.h"

#include "kit/irql.h"
#include "kit/locks.h"

namespace wdscope::observer {
namespace {

using Outcome = kit::EventRing::Outcome;

wire::LossRecord loss_record(std::uint64_t first_lost, std::uint64_t count) {
  return {{sizeof(wire::LossRecord), static_cast<std::uint16_t>(wire::RecordKind::Loss), sizeof(wire::LossRecord),
           first_lost},
          count};
}

}  // namespace

Reader::Reader(const kit::EventRing& ring, std::uint64_t start) : ring_(ring), start_(start), next_(start) {
  ExInitializeFastMutex(&mutex_);
}

Reader::Filled Reader::fill(void* output, std::size_t output_size) {
  kit::expect_irql_at_most(APC_LEVEL);
  kit::FastMutexGuard guard(mutex_);
  auto* const bytes = static_cast<std::uint8_t*>(output);
  // Whole words only: what follows a record begins 8-byte aligned.
  const std::size_t space = output_size / alignof(wire::RecordHeader) * alignof(wire::RecordHeader);
  std::size_t end = sizeof(wire::ReadReply);
  std::uint32_t record_count = 0;
  std::size_t needed = 0;
  std::uint64_t position = next();
  std::uint64_t delivered = this->delivered();
  std::uint64_t lost = this->lost();

  // Not beyond what was there at first: producers faster than this loop must not keep it going.
  std::uint64_t head = ring_.head_sequence();
  while (position < head && needed == 0) {
    const kit::EventRing::Read read = ring_.read(position, bytes + end, space - end);
    switch (read.outcome) {
      case Outcome::Copied:
        end += read.size;
        ++position;
        ++delivered;
        ++record_count;
        break;
      case Outcome::TooSmall:
        needed = end + read.size;
        break;
      case Outcome::Overtaken:
        if (space - end < sizeof(wire::LossRecord)) {
          needed = end + sizeof(wire::LossRecord);
        } else {
          const std::uint64_t tail = ring_.tail_sequence();
          const wire::LossRecord loss = loss_record(position, tail - position);
          RtlCopyMemory(bytes + end, &loss, sizeof(loss));
          end += sizeof(loss);
          lost += tail - position;
          position = tail;
          ++record_count;
        }
        break;
      case Outcome::Empty:
        // Not below a head that was reached. A reader would come back for it: no reason to stop a machine.
        head = position;
        break;
    }
  }

  const bool nothing_fits = record_count == 0 && needed != 0;
  // What would hold the next record alone: a caller that comes back with it makes progress.
  const std::size_t needed_size = needed == 0 ? 0 : needed - end + sizeof(wire::ReadReply);
  const wire::ReadReply reply{record_count, static_cast<std::uint32_t>(needed_size), delivered, lost,
                              ring_.head_sequence()};
  RtlCopyMemory(bytes, &reply, sizeof(reply));
  if (nothing_fits) return {STATUS_BUFFER_TOO_SMALL, sizeof(reply)};
  next_.store(position, std::memory_order_relaxed);
  delivered_.store(delivered, std::memory_order_relaxed);
  lost_.store(lost, std::memory_order_relaxed);
  return {STATUS_SUCCESS, end};
}

}  // namespace wdscope::observer
