// SPDX-License-Identifier: MIT
// A recording as a source. What is whole is delivered; damage is told at the end, with its offset.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capture/input_file.h"
#include "event/recording.h"
#include "event/source.h"

namespace wdscope {

class RecordingSource final : public Source {
 public:
  // InputUnreadable when the file cannot be read, InputDamaged when its header is not a recording's, Incompatible for a
  // newer format.
  static Result<std::unique_ptr<RecordingSource>> open(const std::filesystem::path& path);

  const Origin& origin() const override { return info_.origin; }
  const RecordingInfo& info() const { return info_; }

  // One block's records. Behind a damaged place a loss record stands for the sequences that are missing. After the last
  // whole block: End, or, once, InputDamaged with the first damaged offset if anything was damaged or the end block is
  // missing; then End. Never waits; End after cancel().
  Result<Batch> next(std::chrono::milliseconds timeout) override;
  void cancel() override { cancelled_ = true; }
  SourceCounts counts() const override { return counts_; }

  // What the writer counted, if the recording was closed.
  std::optional<wire::EndPayload> totals() const { return totals_; }

 private:
  struct Damage {
    std::uint64_t first_offset;
    std::string what;
    std::uint64_t places;
  };
  enum class Found : std::uint8_t { Block, EndOfFile };

  explicit RecordingSource(InputFile file) : file_(std::move(file)) {}
  Result<void> read_header();
  Result<bool> header_at(std::uint64_t offset, wire::BlockHeader& header);
  Result<Found> read_block();
  Result<bool> skip_damaged_block(const wire::BlockHeader& header);
  Result<Found> find_block(std::uint64_t from);
  void note_damage(std::uint64_t offset, std::string what);
  Batch deliver(std::uint64_t block_offset);
  Result<std::optional<Batch>> close_stream();
  Batch missing_records(std::uint64_t count);
  Result<Batch> tell_damage();

  InputFile file_;
  RecordingInfo info_;
  std::uint64_t offset_ = 0;  // of the next block
  wire::BlockHeader header_{};
  std::vector<std::byte> payload_;
  std::vector<std::byte> loss_;   // a loss record made here
  bool payload_pending_ = false;  // the payload follows the loss record that was delivered
  std::uint64_t next_sequence_ = 0;
  bool sequence_known_ = false;
  bool gap_ = false;         // damage since the last delivered block
  bool start_lost_ = false;  // damage before the first one
  std::optional<Damage> damage_;
  std::optional<wire::EndPayload> totals_;
  SourceCounts counts_;
  bool ended_ = false;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace wdscope
