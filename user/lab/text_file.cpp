// SPDX-License-Identifier: MIT
#include "lab/text_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <iterator>

namespace wdscope {

Result<std::string> read_text_file(const std::filesystem::path& file, std::string_view kind) {
  const auto unreadable = [&](int reason) {
    return failure(ErrorCode::InputUnreadable, fmt::format("cannot read the {} {}", kind, file.string()), {}, reason);
  };
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) return unreadable(EISDIR);
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return unreadable(errno);
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (stream.bad()) return unreadable(EIO);
  return text;
}

}  // namespace wdscope
