// SPDX-License-Identifier: MIT
// Recordings that follow one another in a folder: when one has its size the next begins, and the oldest goes. For what
// records without end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "sink/recording_sink.h"

namespace wdscope {

class RecordingFolder final : public Sink {
 public:
  struct Limits {
    std::uint64_t file_size = 64 << 20;  // bytes of records; a batch is never parted
    std::size_t file_count = 16;         // with the one that is being written
  };
  // Makes the folder if there is none, and the first file: wdscope-<UTC time>-<number>.wdrec, by name in the order of
  // their making. `info` is that of each, but for its start. Errors as RecordingSink::create; OutputFailed without a
  // folder.
  static Result<std::unique_ptr<RecordingFolder>> create(std::filesystem::path folder, RecordingInfo info,
                                                         Limits limits);

  // A file that is whole is closed, and a new one made, before what no longer fits.
  Result<void> write(std::span<const std::byte> records) override;
  Result<void> flush() override;
  Result<void> close();

  // Files of this folder that were too many and could not be removed, as somebody has them open: tried again with each
  // new file.
  std::size_t left_over() const { return left_over_; }

 private:
  RecordingFolder(std::filesystem::path folder, RecordingInfo info, Limits limits);
  Result<void> begin_file();
  void remove_oldest();

  std::filesystem::path folder_;
  RecordingInfo info_;
  Limits limits_;
  std::unique_ptr<RecordingSink> file_;
  std::uint64_t file_size_ = 0;
  unsigned number_ = 0;
  std::size_t left_over_ = 0;
};

}  // namespace wdscope
