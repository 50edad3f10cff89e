// SPDX-License-Identifier: MIT
#include "capture/log_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

#include "capture/in_parallel.h"
#include "capture/input_file.h"

namespace wdscope {
namespace {

constexpr std::size_t kFirstCapacity = 1 << 20;  // of what does not tell its size
constexpr std::size_t kPart = 16 << 20;          // of a file: read by one thread

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
  const auto size = std::filesystem::is_regular_file(file, error) ? std::filesystem::file_size(file, error) : 0;
  LogText text;
  // Files that are made as they are read say that they are empty.
  auto done = error || size == 0 ? text.read_stream(file) : text.read_file(file, static_cast<std::size_t>(size));
  if (!done) return tl::unexpected(done.error());
  text.characters_[text.size_] = '\0';
  return text;
}

Result<void> LogText::read_file(const std::filesystem::path& file, std::size_t size) {
  auto input = InputFile::open(file);
  if (!input) return tl::unexpected(input.error());
  reserve(size);
  std::vector<Result<std::size_t>> outcomes((size + kPart - 1) / kPart, std::size_t{0});
  in_parallel(outcomes.size(), [&](std::size_t index) {
    const auto part = std::span(characters_.get(), size).subspan(index * kPart);
    outcomes[index] = input->read_at(index * kPart, std::as_writable_bytes(part.first(std::min(kPart, part.size()))));
  });
  for (const auto& outcome : outcomes) {
    if (!outcome) return tl::unexpected(outcome.error());
    size_ += *outcome;
    if (*outcome < kPart) break;  // the end, be it of a file that has become shorter meanwhile
  }
  return {};
}

Result<void> LogText::read_stream(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    const int reason = errno;
    return failure(ErrorCode::InputUnreadable, fmt::format("cannot read {}: {}", file.string(), std::strerror(reason)),
                   {}, reason);
  }
  reserve(kFirstCapacity);
  while (stream) {
    if (size_ == capacity_) reserve(2 * capacity_);
    stream.read(characters_.get() + size_, static_cast<std::streamsize>(capacity_ - size_));
    size_ += static_cast<std::size_t>(stream.gcount());
  }
  if (stream.bad()) return failure(ErrorCode::InputUnreadable, fmt::format("cannot read {}", file.string()));
  return {};
}

}  // namespace wdscope
