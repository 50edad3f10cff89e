// SPDX-License-Identifier: MIT
#include "capture/log_record.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "capture/log_time.h"
#include "event/ascii_case.h"

namespace wdscope {
namespace {

enum Field : std::size_t {
  kChannel,
  kEventId,
  kHostname,
  kComputer,
  kUtcTime,
  kTimeCreated,
  kEventTime,
  kTimestamp,
  kProcessGuid,
  kProcessId,
  kImage,
  kCommandLine,
  kParentProcessGuid,
  kParentProcessId,
  kParentImage,
  kParentCommandLine,
  kTerminalSessionId,
  kNewProcessId,
  kNewProcessName,
  kProcessName,
  kParentProcessName,
  kMessage,
  kFieldCount
};

constexpr std::array<std::string_view, kFieldCount> kFieldNames = {
    "Channel",           "EventID",         "Hostname",       "Computer",
    "UtcTime",           "TimeCreated",     "EventTime",      "@timestamp",
    "ProcessGuid",       "ProcessId",       "Image",          "CommandLine",
    "ParentProcessGuid", "ParentProcessId", "ParentImage",    "ParentCommandLine",
    "TerminalSessionId", "NewProcessId",    "NewProcessName", "ProcessName",
    "ParentProcessName", "Message"};

// The fields of one line that matter, as they then stand in it; numbers as their digits. Only those of the outermost
// object count.
class FieldCollector : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, FieldCollector> {
 public:
  explicit FieldCollector(const char* line) : line_(line) {}

  std::string_view operator[](Field field) const { return values_[field]; }
  // Of the field's name, from 1; the first when the field is not there.
  std::size_t column_of(Field field) const { return columns_[field]; }
  bool is_object() const { return is_object_; }

  bool Default() { return true; }
  bool Key(const char* name, rapidjson::SizeType size, bool) {
    if (depth_ != 1) return true;
    current_ = field_named({name, size});
    if (current_ < kFieldCount) columns_[current_] = static_cast<std::size_t>(name - line_);  // of the quote before it
    return true;
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    keep({text, size});
    return true;
  }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view number(text, size);
    if (number.find_first_of(".eE") == std::string_view::npos) keep(number);
    return true;
  }
  bool StartObject() {
    if (depth_ == 0) is_object_ = true;
    ++depth_;
    return true;
  }
  bool EndObject(rapidjson::SizeType) {
    --depth_;
    return true;
  }
  bool StartArray() {
    ++depth_;
    return true;
  }
  bool EndArray(rapidjson::SizeType) {
    --depth_;
    return true;
  }

 private:
  static std::size_t field_named(std::string_view name) {
    return static_cast<std::size_t>(std::ranges::find(kFieldNames, name) - kFieldNames.begin());
  }
  void keep(std::string_view value) {
    if (depth_ == 1 && current_ < kFieldCount) values_[current_] = value;
  }

  static constexpr std::array<std::size_t, kFieldCount> kNowhere = [] {
    std::array<std::size_t, kFieldCount> columns{};
    columns.fill(1);
    return columns;
  }();

  const char* line_;
  std::array<std::string_view, kFieldCount> values_;
  std::array<std::size_t, kFieldCount> columns_ = kNowhere;
  std::size_t current_ = kFieldCount;
  std::size_t depth_ = 0;
  bool is_object_ = false;
};

// What stands behind "NAME:" in a line of the event's message.
std::string_view message_field(std::string_view message, std::string_view name) {
  while (!message.empty()) {
    const std::size_t end = std::min(message.find('\n'), message.size());
    std::string_view line = message.substr(0, end);
    message.remove_prefix(std::min(end + 1, message.size()));
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (!line.starts_with(name) || !line.substr(name.size()).starts_with(':')) continue;
    line.remove_prefix(name.size() + 1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    return line;
  }
  return {};
}

tl::unexpected<Error> damaged(std::size_t column, std::string_view what) {
  return failure(ErrorCode::InputDamaged, fmt::format("{}: {}", column, what));
}

// Sysmon writes - where it knows nothing, the collectors an empty text.
bool known(std::string_view value) {
  return !value.empty() && value != "-";
}

// Decimal, or hexadecimal behind 0x. Nothing for an empty text; `right` is cleared for anything else.
std::optional<std::uint64_t> read_number(std::string_view text, bool& right) {
  if (!known(text)) return std::nullopt;
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  right = false;
  return std::nullopt;
}

// The line is ours to change.
std::string_view read_guid(std::string_view text) {
  const bool zero = text.find_first_not_of("{}-0") == std::string_view::npos;
  if (!known(text) || zero) return {};
  std::transform(text.begin(), text.end(), const_cast<char*>(text.data()), ascii_lower);
  return text;
}

class RecordReader {
 public:
  explicit RecordReader(const FieldCollector& fields) : fields_(fields) {}

  Result<LogRecord> read(LogRecord::Channel channel, LogRecord::Kind kind) {
    record_.channel = channel;
    record_.kind = kind;
    const std::string_view host = known(fields_[kHostname]) ? fields_[kHostname] : fields_[kComputer];
    if (!known(host)) return damaged(1, "a process event without the name of its machine: expected Hostname");
    record_.host = host;
    if (auto done = read_times(); !done) return tl::unexpected(done.error());
    if (auto done = channel == LogRecord::Channel::Sysmon ? read_sysmon() : read_security(); !done)
      return tl::unexpected(done.error());
    return record_;
  }

 private:
  Result<void> read_time(Field field, std::optional<FileTime>& time) const {
    if (!known(fields_[field])) return {};
    time = parse_log_time(fields_[field]);
    if (time) return {};
    return damaged(fields_.column_of(field), fmt::format("'{}' is no time: expected {} as 2020-09-14 12:06:01.826",
                                                         fields_[field], kFieldNames[field]));
  }

  Result<void> read_times() {
    for (const auto& [field, time] : {std::pair{kUtcTime, &record_.utc_time},
                                      {kTimeCreated, &record_.time_created},
                                      {kEventTime, &record_.event_time},
                                      {kTimestamp, &record_.received_time}}) {
      if (auto done = read_time(field, *time); !done) return done;
    }
    if (record_.utc_time || record_.time_created || record_.event_time || record_.received_time) return {};
    return damaged(1, "a process event without a time: expected UtcTime, TimeCreated, EventTime or @timestamp");
  }

  // The field, or what the message says under `in_message`.
  std::string_view text(Field field, std::string_view in_message) const {
    return known(fields_[field]) ? fields_[field] : message_field(fields_[kMessage], in_message);
  }
  std::string_view command_line() const {
    return known(fields_[kCommandLine]) ? fields_[kCommandLine] : std::string_view();
  }
  Result<void> read_id(Field field, std::string_view in_message, std::optional<std::uint64_t>& id) const {
    bool right = true;
    const std::string_view value = text(field, in_message);
    id = read_number(value, right);
    if (right) return {};
    return damaged(fields_.column_of(known(fields_[field]) ? field : kMessage),
                   fmt::format("'{}' is no process id: expected {} as 4242 or 0x1092", value, kFieldNames[field]));
  }
  Result<void> read_image(Field field, std::string_view in_message) {
    const std::string_view image = text(field, in_message);
    if (!known(image)) {
      return damaged(fields_.column_of(field),
                     fmt::format("a process event without an image: expected {}", kFieldNames[field]));
    }
    record_.image = image;
    return {};
  }

  Result<void> read_sysmon() {
    if (auto done = read_image(kImage, "Image"); !done) return done;
    if (auto done = read_id(kProcessId, "ProcessId", record_.pid); !done) return done;
    record_.guid = read_guid(text(kProcessGuid, "ProcessGuid"));
    if (record_.kind == LogRecord::Kind::End) return {};
    record_.command_line = command_line();
    record_.parent_guid = read_guid(text(kParentProcessGuid, "ParentProcessGuid"));
    record_.parent_image = text(kParentImage, "ParentImage");
    record_.parent_command_line = text(kParentCommandLine, "ParentCommandLine");
    std::optional<std::uint64_t> session;
    if (auto done = read_id(kParentProcessId, "ParentProcessId", record_.parent_pid); !done) return done;
    if (auto done = read_id(kTerminalSessionId, "TerminalSessionId", session); !done) return done;
    if (session) record_.session_id = static_cast<std::uint32_t>(*session);
    return {};
  }

  // In a 4688 ProcessId is the creator's, in a 4689 the process' own.
  Result<void> read_security() {
    if (record_.kind == LogRecord::Kind::End) {
      if (auto done = read_image(kProcessName, "Process Name"); !done) return done;
      return read_id(kProcessId, "Process ID", record_.pid);
    }
    if (auto done = read_image(kNewProcessName, "New Process Name"); !done) return done;
    if (auto done = read_id(kNewProcessId, "New Process ID", record_.pid); !done) return done;
    if (auto done = read_id(kProcessId, "Creator Process ID", record_.parent_pid); !done) return done;
    record_.parent_image = text(kParentProcessName, "Creator Process Name");
    record_.command_line = command_line();
    return {};
  }

  const FieldCollector& fields_;
  LogRecord record_;
};

}  // namespace

Result<std::optional<LogRecord>> read_log_record(std::span<char> line) {
  rapidjson::InsituStringStream stream(line.data());
  FieldCollector fields(line.data());
  rapidjson::Reader reader;
  constexpr unsigned kFlags =
      rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
  const auto parsed = reader.Parse<kFlags>(stream, fields);
  if (!parsed) {
    return damaged(parsed.Offset() + 1, fmt::format("no JSON: {}", rapidjson::GetParseError_En(parsed.Code())));
  }
  if (stream.Tell() != line.size()) return damaged(stream.Tell() + 1, "no JSON: a NUL character");
  if (!fields.is_object()) return damaged(1, "expected a JSON object");

  constexpr std::string_view kSysmon = "Microsoft-Windows-Sysmon/Operational";
  const bool sysmon = same_but_case(fields[kChannel], kSysmon);
  const bool security = same_but_case(fields[kChannel], "Security");
  const std::string_view id = fields[kEventId];
  const bool start = (sysmon && id == "1") || (security && id == "4688");
  const bool end = (sysmon && id == "5") || (security && id == "4689");
  if (!start && !end) return std::optional<LogRecord>();
  auto record = RecordReader(fields).read(sysmon ? LogRecord::Channel::Sysmon : LogRecord::Channel::Security,
                                          start ? LogRecord::Kind::Start : LogRecord::Kind::End);
  if (!record) return tl::unexpected(record.error());
  return std::optional<LogRecord>(*record);
}

}  // namespace wdscope
