// SPDX-License-Identifier: MIT
#include "capture/process_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "capture/in_parallel.h"

namespace wdscope {
namespace {

constexpr std::size_t kWorthAThread = 1 << 20;  // characters
constexpr std::size_t kLeastRecord = 100;  // characters of a line that is one, with all the names that it must have

// Whole lines of a text, and what they say.
struct Part {
  std::span<char> text;  // behind its last character stands a line's end or a NUL, which is the part's to change
  std::size_t lines = 0;
  std::size_t other_records = 0;
  std::vector<LogRecord> records;     // lines counted within the part
  std::optional<std::string> damage;  // of the last line: "COLUMN: what"

  void read();
};

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

void Part::read() {
  records.reserve(text.size() / kLeastRecord);  // memory that is not used is not taken
  char* line = text.data();
  char* const end = text.data() + text.size();
  while (line < end) {
    auto* line_end = static_cast<char*>(std::memchr(line, '\n', static_cast<std::size_t>(end - line)));
    if (line_end == nullptr) line_end = end;
    *line_end = '\0';
    ++lines;
    if (!is_blank({line, line_end})) {
      auto record = read_log_record({line, line_end});
      if (!record) {
        damage = std::move(record.error().what);
        return;
      }
      if (*record) {
        (*record)->line = lines;
        records.push_back(**record);
      } else {
        ++other_records;
      }
    }
    line = line_end + 1;
  }
}

std::vector<Part> divide(std::span<char> text) {
  const std::size_t threads = std::max(1u, std::thread::hardware_concurrency());
  const std::size_t least = std::max(kWorthAThread, text.size() / threads + 1);
  std::vector<Part> parts;
  while (!text.empty()) {
    std::size_t size = text.size();
    if (size > least) {
      const auto line_end = std::find(text.begin() + static_cast<std::ptrdiff_t>(least), text.end(), '\n');
      size = static_cast<std::size_t>(line_end - text.begin());
    }
    parts.emplace_back().text = text.first(size);
    text = text.subspan(std::min(size + 1, text.size()));
  }
  return parts;
}

}  // namespace

Result<ProcessLog> parse_process_log(LogText text, std::string_view name) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  ProcessLog log;
  log.text = std::move(text);
  std::span<char> characters = log.text.characters();
  if (std::string_view(characters.data(), characters.size()).starts_with(kByteOrderMark))
    characters = characters.subspan(kByteOrderMark.size());
  std::vector<Part> parts = divide(characters);
  in_parallel(parts.size(), [&](std::size_t index) { parts[index].read(); });

  for (Part& part : parts) {
    if (part.damage) {
      return failure(ErrorCode::InputDamaged, fmt::format("{}:{}:{}", name, log.lines + part.lines, *part.damage),
                     "expected one event a line, as JSON: docs/cli.md names the fields");
    }
    for (LogRecord& record : part.records) record.line += log.lines;
    log.lines += part.lines;
    log.other_records += part.other_records;
  }
  if (parts.size() == 1) {
    log.records = std::move(parts.front().records);
    return log;
  }
  std::size_t count = 0;
  for (const Part& part : parts) count += part.records.size();
  log.records.reserve(count);
  for (const Part& part : parts) log.records.insert(log.records.end(), part.records.begin(), part.records.end());
  return log;
}

Result<ProcessLog> load_process_log(const std::filesystem::path& file) {
  auto text = LogText::load(file);
  if (!text) return tl::unexpected(text.error());
  return parse_process_log(std::move(*text), file.string());
}

}  // namespace wdscope
