// SPDX-License-Identifier: MIT
#include "capture/log_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

namespace wdscope {
namespace {

constexpr std::size_t kFirstCapacity = 1 << 20;  // of what does not tell its size

}  // namespace

LogText::LogText(std::string_view copied) {
  reserve(copied.size());
  std::ranges::copy(copied, characters_.get());
  size_ = copied.size();
  characters_[size_] = '\0';
}

// Large texts are not cleared first.
void LogText::reserve(std::size_t capacity) {
  auto larger = std::make_unique_for_overwrite<char[]>(capacity + 1);
  if (size_ != 0) std::memcpy(larger.get(), characters_.get(), size_);
  characters_ = std::move(larger);
  capacity_ = capacity;
}

Result<LogText> LogText::load(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    return failure(ErrorCode::InputUnreadable, fmt::format("cannot read {}: it is a folder", file.string()));
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    const int reason = errno;
    return failure(ErrorCode::InputUnreadable, fmt::format("cannot read {}: {}", file.string(), std::strerror(reason)),
                   {}, reason);
  }
  const auto told = std::filesystem::is_regular_file(file, error) ? std::filesystem::file_size(file, error) : 0;
  LogText text;
  // One more than the file is said to have, so that its end is seen at once.
  text.reserve(error || told == 0 ? kFirstCapacity : static_cast<std::size_t>(told) + 1);
  while (stream) {
    if (text.size_ == text.capacity_) text.reserve(2 * text.capacity_);
    stream.read(text.characters_.get() + text.size_, static_cast<std::streamsize>(text.capacity_ - text.size_));
    text.size_ += static_cast<std::size_t>(stream.gcount());
  }
  if (stream.bad()) return failure(ErrorCode::InputUnreadable, fmt::format("cannot read {}", file.string()));
  text.characters_[text.size_] = '\0';
  return text;
}

}  // namespace wdscope
