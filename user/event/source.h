// SPDX-License-Identifier: MIT
// Where wire records come from and where they go. The device, the lab and a recording are peers behind Source; a
// terminal, a file and a recording are peers behind Sink. Both carry wire records, so nothing is decoded that nobody
// reads.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "abi/wire/record.h"
#include "event/event.h"
#include "event/result.h"

namespace wdscope {

// Whole records, back to back, each 8-byte aligned; valid until the next call on the source.
struct Batch {
  enum class State : std::uint8_t {
    Records,   // at least one record
    TimedOut,  // none within the time; ask again
    End,       // none will ever come
  };
  State state = State::TimedOut;
  std::span<const std::byte> records;
};

struct SourceCounts {
  std::uint64_t delivered = 0;  // process records handed out
  std::uint64_t lost = 0;       // process records that loss records stand for
};

class Source {
 public:
  virtual ~Source() = default;
  virtual const Origin& origin() const = 0;
  // Waits at most `timeout`. One thread at a time.
  virtual Result<Batch> next(std::chrono::milliseconds timeout) = 0;
  // Makes a waiting next() return; any thread, also a signal-driven one.
  virtual void cancel() = 0;
  virtual SourceCounts counts() const = 0;
};

class Sink {
 public:
  virtual ~Sink() = default;
  // Takes whole records; on error nothing of this batch after the failing record was written.
  virtual Result<void> write(std::span<const std::byte> records) = 0;
  // Makes everything written so far durable or visible.
  virtual Result<void> flush() = 0;
};

}  // namespace wdscope
