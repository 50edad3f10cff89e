// SPDX-License-Identifier: MIT
#include "cli/status_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>
#include <vector>

#include "abi/defender/process_context.h"
#include "cli/local_time.h"
#include "cli/printable.h"
#include "cli/process_words.h"
#include "event/decode.h"

namespace wdscope::cli {
namespace {

using wire::ArgumentGeneration;
using wire::ContextPlace;

constexpr auto kByPointer = static_cast<std::uint32_t>(ArgumentGeneration::ParentByPointer);
constexpr auto kByValue = static_cast<std::uint32_t>(ArgumentGeneration::ParentByValue);
constexpr auto kNoPlace = static_cast<std::uint32_t>(ContextPlace::None);
constexpr auto kMinus10 = static_cast<std::uint32_t>(ContextPlace::Minus10);
constexpr auto kMinus08 = static_cast<std::uint32_t>(ContextPlace::Minus08);

constexpr std::string_view kUndecided = "undecided";
constexpr std::string_view kUnknown = "unknown";

template <std::size_t kCount>
std::uint64_t total_of(const std::uint64_t (&counts)[kCount]) {
  return std::accumulate(std::begin(counts), std::end(counts), std::uint64_t{0});
}

std::string_view object_name(const ObserverStatus& status) {
  return status.version.callback_object == static_cast<std::uint32_t>(wire::CallbackObjectName::Wd)
             ? "\\Callback\\WdProcessNotificationCallback"
             : "\\Callback\\MpProcessNotificationCallback";
}

std::string version_words(std::uint32_t version) {
  return fmt::format("{}.{}.{}", version >> 16, version >> 8 & 0xFF, version & 0xFF);
}

bool has_capability(const ObserverStatus& status, std::uint64_t capability) {
  return (status.version.capabilities & capability) != 0;
}

std::string_view argument_words(const wire::Evidence& evidence) {
  switch (evidence.generation) {
    case kByPointer:
      return "the parent by pointer (as in 2019)";
    case kByValue:
      return "the parent by value (as in 2025)";
    default:
      return "undecided";
  }
}

std::string place_words(const wire::Evidence& evidence) {
  if (evidence.place_decided == 0) return "undecided";
  if (evidence.place == kNoPlace) return "not near the argument";
  const auto layout = layout_name(evidence.magic);
  return fmt::format("{} bytes before the argument, {}", evidence.place == kMinus10 ? 16 : 8,
                     layout.empty() ? fmt::format("of an unknown layout (magic {:#010x}): not read", evidence.magic)
                                    : fmt::format("layout {} (magic {:#010x})", layout, evidence.magic));
}

// What each counter is called here and in JSON, in the order of the page.
using NamedCounts = std::vector<std::pair<std::string_view, std::uint64_t>>;

NamedCounts agreeing(const wire::Evidence& evidence) {
  return {{"creates_parent_by_pointer", evidence.creates_agreeing[kByPointer]},
          {"creates_parent_by_value", evidence.creates_agreeing[kByValue]},
          {"contexts_at_minus_10", evidence.contexts_agreeing[kMinus10]},
          {"contexts_at_minus_08", evidence.contexts_agreeing[kMinus08]},
          {"no_context_near", evidence.contexts_agreeing[kNoPlace]},
          {"trusted_byte_40", evidence.trusted_as_40},
          {"trusted_byte_01", evidence.trusted_as_01},
          {"byte_1e_set", evidence.byte_1e_set}};
}

NamedCounts disagreeing(const wire::Evidence& evidence) {
  return {{"parent_unclassified", evidence.creates_disagreeing[0]},
          {"parent_by_pointer_not_nts", evidence.creates_disagreeing[kByPointer]},
          {"parent_by_value_not_nts", evidence.creates_disagreeing[kByValue]},
          {"parent_unconfirmed", total_of(evidence.creates_unconfirmed)},
          {"context_magic_unknown", evidence.contexts_other_magic},
          {"context_of_other_process", evidence.contexts_other_process},
          {"context_unreadable", evidence.contexts_unreadable},
          {"against_generation", evidence.against_generation},
          {"against_place", evidence.against_place},
          {"decisions_changed", evidence.decisions_changed}};
}

NamedCounts drop_counts(const wire::Statistics& statistics) {
  return {{"no_buffer", statistics.dropped_no_buffer}, {"too_large", statistics.dropped_too_large}};
}

NamedCounts anomaly_counts(const wire::Statistics& statistics) {
  NamedCounts counts;
  for (std::uint32_t index = 0; index < static_cast<std::uint32_t>(wire::Anomaly::Count); ++index) {
    counts.emplace_back(anomaly_name(static_cast<wire::Anomaly>(index)), statistics.anomalies[index]);
  }
  return counts;
}

std::uint64_t sum_of(const NamedCounts& counts) {
  std::uint64_t sum = 0;
  for (const auto& [name, count] : counts) sum += count;
  return sum;
}

// "3 a, 1 b": those that are not zero.
std::string listed(const NamedCounts& counts) {
  std::vector<std::string> parts;
  for (const auto& [name, count] : counts) {
    if (count != 0) parts.push_back(fmt::format("{} {}", count, name));
  }
  return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", "));
}

class StatusPage {
 public:
  explicit StatusPage(const TextStyle& style) : style_(style) {}

  void title(std::string_view text) {
    out_ += '\n';
    look(Look::Bold, text);
    out_ += '\n';
  }
  void line(std::string_view name, std::string_view value, Look how = Look::Plain) {
    fmt::format_to(std::back_inserter(out_), "  {:<17}", name);
    look(how, value);
    out_ += '\n';
  }
  void comment(std::string_view text) {
    look(Look::Dim, fmt::format("# {}", text));
    out_ += '\n';
  }
  std::string take() { return std::move(out_); }

 private:
  void look(Look how, std::string_view text) {
    begin_look(out_, how, style_.color);
    append_printable(out_, text);
    end_look(out_, how, style_.color);
  }

  const TextStyle& style_;
  std::string out_;
};

void describe_observer(StatusPage& page, const ObserverStatus& status) {
  const wire::Statistics& statistics = status.statistics;
  LocalClock clock;
  page.title("Observer");
  page.line("driver",
            fmt::format("wdscope.sys {}, protocol {}, schema {}", version_words(status.version.driver_version),
                        status.version.protocol_version, status.version.schema_version));
  page.line("callback object", object_name(status));
  page.line("snapshots",
            has_capability(status, wire::capability::Refresh) ? "possible" : "not possible: there is no Nri object");
  page.line("registered since", moment_words(clock, status.version.loaded_at_100ns));
  page.line("events", fmt::format("{} notifications, {} records", statistics.notifications, statistics.produced));
  page.line("drops", listed(drop_counts(statistics)), sum_of(drop_counts(statistics)) != 0 ? Look::Bad : Look::Plain);
  page.line("ring", fmt::format("{} of {} bytes used, {} records overwritten", statistics.ring_used,
                                statistics.ring_size, statistics.overwritten));
  page.line("readers", fmt::format("{}, this one among them", statistics.reader_count));
  page.line("oddities", listed(anomaly_counts(statistics)));
}

void describe_notifier(StatusPage& page, const wire::Evidence& evidence) {
  const auto build = build_of(evidence);
  page.title("Notifier");
  page.line("build", build, build == kUndecided || build == kUnknown ? Look::Notice : Look::Good);
  page.line("argument", argument_words(evidence));
  page.line("context", place_words(evidence));
  page.line("agreeing events", listed(agreeing(evidence)));
  page.line("disagreeing", listed(disagreeing(evidence)));
}

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

void put_member(JsonWriter& json, std::string_view key, std::string_view value) {
  json.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}
void put_member(JsonWriter& json, std::string_view key, std::uint64_t value) {
  json.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  json.Uint64(value);
}
void put_member(JsonWriter& json, const char* key, const NamedCounts& counts) {
  json.Key(key);
  json.StartObject();
  for (const auto& [name, count] : counts) put_member(json, name, count);
  json.EndObject();
}

void put_notifier(JsonWriter& json, const wire::Evidence& evidence) {
  constexpr std::string_view kGenerations[] = {kUndecided, "parent_by_pointer", "parent_by_value"};
  constexpr std::string_view kPlaces[] = {"none", "minus_10", "minus_08"};
  json.Key("notifier");
  json.StartObject();
  put_member(json, "build", build_of(evidence));
  put_member(json, "argument", kGenerations[std::min<std::uint32_t>(evidence.generation, kByValue)]);
  put_member(json, "context_place",
             evidence.place_decided == 0 ? kUndecided : kPlaces[std::min<std::uint32_t>(evidence.place, kMinus08)]);
  if (evidence.magic != 0) put_member(json, "context_magic", fmt::format("{:#010x}", evidence.magic));
  put_member(json, "agreeing", agreeing(evidence));
  put_member(json, "disagreeing", disagreeing(evidence));
  json.Key("context_magics");
  json.StartObject();
  for (const auto& [magic, reserved, count] : evidence.magics) {
    if (count != 0) put_member(json, fmt::format("{:#010x}", magic), count);
  }
  json.EndObject();
  json.EndObject();
}

}  // namespace

Result<ObserverStatus> ask_status(DeviceSource& source) {
  ObserverStatus status;
  status.origin = source.origin();
  status.version = source.version();
  const auto statistics = source.statistics();
  if (!statistics) return tl::unexpected(statistics.error());
  status.statistics = *statistics;
  if (!has_capability(status, wire::capability::Evidence)) return status;
  const auto evidence = source.evidence();
  if (!evidence) return tl::unexpected(evidence.error());
  status.evidence = *evidence;
  return status;
}

std::string_view build_of(const wire::Evidence& evidence) {
  struct Build {
    std::string_view name;
    std::uint32_t generation;
    std::uint32_t place;
    std::uint32_t magic;
  };
  constexpr Build kBuilds[] = {
      {"1910", kByPointer, kMinus10, defender::kProcessContextMagic1910},
      {"20h1", kByPointer, kMinus10, defender::kProcessContextMagic20H1},
      {"25080", kByValue, kNoPlace, 0},
      {"a5", kByValue, kMinus08, defender::kProcessContextMagic25080},
  };
  if (evidence.generation == 0 || evidence.place_decided == 0) return kUndecided;
  for (const Build& build : kBuilds) {
    if (build.generation == evidence.generation && build.place == evidence.place && build.magic == evidence.magic) {
      return build.name;
    }
  }
  return kUnknown;
}

ExitCode exit_code_of(const ObserverStatus& status) {
  if (!status.evidence) return ExitCode::Source;
  const auto build = build_of(*status.evidence);
  if (build == kUndecided) return ExitCode::Source;
  return build == kUnknown ? ExitCode::No : ExitCode::Done;
}

std::string status_text(const ObserverStatus& status, const TextStyle& style) {
  StatusPage page(style);
  page.comment(status.origin.description);
  describe_observer(page, status);
  if (status.evidence) describe_notifier(page, *status.evidence);
  return page.take();
}

std::string status_json(const ObserverStatus& status) {
  rapidjson::StringBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  put_member(json, "schema", "wdscope.status/1");
  put_member(json, "source", status.origin.name());
  put_member(json, "driver_version", version_words(status.version.driver_version));
  put_member(json, "protocol", std::uint64_t{status.version.protocol_version});
  put_member(json, "record_schema", std::uint64_t{status.version.schema_version});
  put_member(json, "callback_object", object_name(status));
  json.Key("can_refresh");
  json.Bool(has_capability(status, wire::capability::Refresh));
  put_member(json, "registered", format_time(status.version.loaded_at_100ns));
  put_member(json, "notifications", status.statistics.notifications);
  put_member(json, "produced", status.statistics.produced);
  put_member(json, "overwritten", status.statistics.overwritten);
  put_member(json, "ring_size", status.statistics.ring_size);
  put_member(json, "ring_used", status.statistics.ring_used);
  put_member(json, "readers", std::uint64_t{status.statistics.reader_count});
  put_member(json, "drops", drop_counts(status.statistics));
  put_member(json, "anomalies", anomaly_counts(status.statistics));
  if (status.evidence) put_notifier(json, *status.evidence);
  json.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + '\n';
}

}  // namespace wdscope::cli
