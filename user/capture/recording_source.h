// SPDX-License-Identifier: MIT
// A recording as a source. What is whole is delivered; damage is told at the end, with its offset.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "event/recording.h"
#include "event/source.h"

namespace wdscope {

class RecordingSource final : public Source {
 public:
  // InputUnreadable when the file cannot be read, InputDamaged when its header is not a recording's, Incompatible for a
  // newer format.
  static Result<std::unique_ptr<RecordingSource>> open(const std::filesystem::path& path);
  ~RecordingSource() override;

  const Origin& origin() const override { return info_.origin; }
  const RecordingInfo& info() const { return info_; }

  // One block's records. Behind a damaged place a loss record stands for the sequences that are missing. After the last
  // whole block: End, or, once, InputDamaged with the first damaged offset if anything was damaged or the end block is
  // missing; then End. Never waits; TimedOut only after cancel().
  Result<Batch> next(std::chrono::milliseconds timeout) override;
  void cancel() override { cancelled_ = true; }
  SourceCounts counts() const override { return counts_; }

  // What the writer counted, if the recording was closed.
  std::optional<wire::EndPayload> totals() const { return totals_; }

 private:
  RecordingSource(int descriptor, std::string name);
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out);
  Result<bool> read_block();
  Result<bool> find_block(std::uint64_t from);
  void note_damage(std::uint64_t offset, std::string what);
  Result<Batch> deliver();
  Result<Batch> finish();

  struct Damage {
    std::uint64_t first_offset;
    std::string what;
    std::uint64_t places;
  };

  int descriptor_;
  std::string name_;
  RecordingInfo info_;
  std::uint64_t offset_ = 0;  // of the next block
  wire::BlockHeader header_{};
  std::vector<std::byte> payload_;
  std::vector<std::byte> repaired_;  // a loss record before the payload
  std::uint64_t next_sequence_ = 0;
  bool sequence_known_ = false;
  bool gap_ = false;  // damage since the last delivered block
  std::optional<Damage> damage_;
  std::optional<wire::EndPayload> totals_;
  SourceCounts counts_;
  bool ended_ = false;
  bool told_ = false;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace wdscope
