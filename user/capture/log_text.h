// SPDX-License-Identifier: MIT
// The text of a log, in memory. Its parser works in place, and what the records say points into it: the text lives as
// long as they do, wherever it is moved to.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "event/result.h"

namespace wdscope {

class LogText {
 public:
  LogText() = default;
  explicit LogText(std::string_view copied);
  // A file, or a pipe to its end. InputUnreadable.
  static Result<LogText> load(const std::filesystem::path& file);

  // Without the NUL that stands behind.
  std::span<char> characters() { return {characters_.get(), size_}; }

 private:
  void reserve(std::size_t capacity);
  Result<void> read_file(const std::filesystem::path& file, std::size_t size);
  Result<void> read_stream(const std::filesystem::path& file);

  std::unique_ptr<char[]> characters_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace wdscope
