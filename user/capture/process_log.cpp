// SPDX-License-Identifier: MIT
#include "capture/process_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

namespace wdscope {

Result<ProcessLog> parse_process_log(std::string_view text, std::string_view name) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  ProcessLog log;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++log.lines;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto record = read_log_record(line);
    if (!record) {
      return failure(ErrorCode::InputDamaged, fmt::format("{}:{}:{}", name, log.lines, record.error().what),
                     "expected one event a line, as JSON: docs/cli.md names the fields");
    }
    if (!*record) {
      ++log.other_records;
      continue;
    }
    (*record)->line = log.lines;
    log.records.push_back(std::move(**record));
  }
  return log;
}

Result<ProcessLog> load_process_log(const std::filesystem::path& file) {
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
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (stream.bad()) return failure(ErrorCode::InputUnreadable, fmt::format("cannot read {}", file.string()));
  return parse_process_log(text, file.string());
}

}  // namespace wdscope
