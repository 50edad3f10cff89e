// SPDX-License-Identifier: MIT
#include "sink/recording_folder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <string_view>
#include <system_error>
#include <vector>

#include "event/time.h"

namespace wdscope {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBegin = "wdscope-";
constexpr std::string_view kExtension = ".wdrec";

bool is_ours(const fs::path& path) {
  return path.extension() == kExtension && path.filename().string().starts_with(kBegin);
}

}  // namespace

RecordingFolder::RecordingFolder(fs::path folder, RecordingInfo info, Limits limits)
    : folder_(std::move(folder)), info_(std::move(info)), limits_(limits) {}

Result<std::unique_ptr<RecordingFolder>> RecordingFolder::create(fs::path folder, RecordingInfo info, Limits limits) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return failure(ErrorCode::OutputFailed,
                   fmt::format("cannot make the folder '{}': {}", folder.string(), error.message()),
                   "name one that can be written to");
  }
  std::unique_ptr<RecordingFolder> made(new RecordingFolder(std::move(folder), std::move(info), limits));
  if (auto begun = made->begin_file(); !begun) return tl::unexpected(begun.error());
  return made;
}

Result<void> RecordingFolder::begin_file() {
  info_.started = current_time();
  // The number keeps two files of one second apart, and in order.
  fs::path path;
  do {
    path = folder_ /
           fmt::format("{}{:%Y%m%d-%H%M%S}-{:06}{}", kBegin, fmt::gmtime(std::time(nullptr)), number_++, kExtension);
  } while (fs::exists(path));
  auto file = RecordingSink::create(path, info_, Overwrite::No);
  if (!file) return tl::unexpected(file.error());
  file_ = std::move(*file);
  file_size_ = 0;
  remove_oldest();
  return {};
}

void RecordingFolder::remove_oldest() {
  std::vector<fs::path> files;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, error)) {
    if (is_ours(entry.path())) files.push_back(entry.path());
  }
  left_over_ = 0;
  if (files.size() <= limits_.file_count) return;
  std::sort(files.begin(), files.end());
  files.resize(files.size() - limits_.file_count);
  for (const fs::path& file : files) {
    if (!fs::remove(file, error) && error) ++left_over_;
  }
}

Result<void> RecordingFolder::write(std::span<const std::byte> records) {
  if (file_size_ != 0 && file_size_ + records.size() > limits_.file_size) {
    if (auto closed = file_->close(); !closed) return closed;
    if (auto begun = begin_file(); !begun) return begun;
  }
  file_size_ += records.size();
  return file_->write(records);
}

Result<void> RecordingFolder::flush() {
  return file_->flush();
}

Result<void> RecordingFolder::close() {
  return file_->close();
}

}  // namespace wdscope
