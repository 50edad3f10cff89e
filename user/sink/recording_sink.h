// SPDX-License-Identifier: MIT
// Wire records into a recording (abi/wire/recording.h), block by block.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "event/recording.h"
#include "event/source.h"
#include "sink/output_file.h"

namespace wdscope {

class RecordingSink final : public Sink {
 public:
  // Writes the header at once. Errors as OutputFile::create and write.
  static Result<std::unique_ptr<RecordingSink>> create(const std::filesystem::path& path, const RecordingInfo& info,
                                                       Overwrite overwrite);
  // Closes as close() does; call that before to learn of errors.
  ~RecordingSink() override;

  // A block goes out when it is full (1 MiB) or its oldest record has waited a second; call flush() when the source is
  // idle, so that a second is kept then too. InputDamaged when `records` are not whole records.
  Result<void> write(std::span<const std::byte> records) override;
  // Gives the block so far to the operating system: it survives the end of this process, not that of the machine.
  Result<void> flush() override;
  // Writes the last block and the end block and syncs. Nothing may be written afterwards.
  Result<void> close();

  SourceCounts counts() const { return counts_; }

 private:
  explicit RecordingSink(OutputFile output);
  void note_sequence(std::uint64_t first, std::uint64_t count);
  Result<void> write_block(wire::BlockKind kind);

  OutputFile output_;
  std::vector<std::byte> block_;  // room for the header, then the payload: one write
  std::uint32_t record_count_ = 0;
  std::uint64_t first_sequence_ = 0;  // of the block's records that have one
  std::uint64_t next_sequence_ = 0;   // behind the last of them
  bool first_known_ = false;
  std::chrono::steady_clock::time_point oldest_{};
  SourceCounts counts_;
  bool closed_ = false;
};

}  // namespace wdscope
