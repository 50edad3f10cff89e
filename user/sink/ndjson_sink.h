// SPDX-License-Identifier: MIT
// Wire records out as NDJSON (event/json.h).
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "event/event.h"
#include "event/source.h"
#include "sink/output_file.h"

namespace wdscope {

class NdjsonSink final : public Sink {
 public:
  // When lines become visible: EachBatch for a terminal or a live pipe; WhenFull for files, together with flush().
  enum class FlushPolicy : std::uint8_t { WhenFull, EachBatch };

  NdjsonSink(OutputFile output, Origin origin, FlushPolicy policy);
  // Writes what is left; call flush() or close() before to learn of errors.
  ~NdjsonSink() override;

  // A record of a kind unknown to this program is skipped and counted. InputDamaged for a malformed one, BrokenPipe,
  // OutputFailed.
  Result<void> write(std::span<const std::byte> records) override;
  Result<void> flush() override;
  Result<void> close();
  // What comes from now on is of another origin.
  void continue_with(Origin origin) { origin_ = std::move(origin); }

  std::uint64_t lines() const { return lines_; }
  std::uint64_t skipped() const { return skipped_; }

 private:
  Result<void> write_out();

  OutputFile output_;
  Origin origin_;
  FlushPolicy policy_;
  std::string buffer_;
  std::uint64_t lines_ = 0;
  std::uint64_t skipped_ = 0;
};

}  // namespace wdscope
