// SPDX-License-Identifier: MIT
// A recording to NDJSON on one core: the promise is 1,000,000 events a second with a 100-character image and command
// line. Beside it, in the same run: the same lines by RapidJSON's Writer from the decoded events, and the bare copy of
// as many bytes.
#include <benchmark/benchmark.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "abi/defender/flags.h"
#include "bench/must.h"
#include "capture/recording_source.h"
#include "event/decode.h"
#include "event/json.h"
#include "event/names.h"
#include "event/record_builder.h"
#include "sink/ndjson_sink.h"
#include "sink/recording_sink.h"

namespace wdscope {
namespace {

constexpr std::uint64_t kEvents = 100'000;

class Fixture {
 public:
  Fixture() {
    std::string folder = (std::filesystem::temp_directory_path() / "bench_replayXXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) std::exit(1);
    folder_ = folder;
    for (std::uint64_t i = 0; i < kEvents; ++i) RecordBuilder::typical_create(i).append_to(records_);
    RecordingInfo info;
    info.origin = origin_;
    const auto sink = must(RecordingSink::create(path(), info, Overwrite::No));
    must(sink->write(records_));
    must(sink->close());
  }
  ~Fixture() { std::filesystem::remove_all(folder_); }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  std::filesystem::path path() const { return folder_ / "events.wdscope"; }
  std::span<const std::byte> records() const { return records_; }
  const Origin& origin() const { return origin_; }

 private:
  Origin origin_ = [] {
    Origin origin;
    origin.pid_factor = 4;
    return origin;
  }();
  std::filesystem::path folder_;
  std::vector<std::byte> records_;
};

const Fixture* fixture = nullptr;

OutputFile null_output() {
  return must(OutputFile::create("/dev/null", Overwrite::Yes));
}

void set_rates(benchmark::State& state, std::uint64_t bytes_per_pass) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kEvents));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes_per_pass));
}

std::string all_lines() {
  std::string lines;
  must(for_each_record(fixture->records(), [&](std::span<const std::byte> record) {
    return append_json_record(lines, record, fixture->origin());
  }));
  return lines;
}

void RecordingToNdjson(benchmark::State& state) {
  std::uint64_t events = 0;
  for (auto _ : state) {
    const auto source = must(RecordingSource::open(fixture->path()));
    NdjsonSink sink(null_output(), source->origin(), NdjsonSink::FlushPolicy::WhenFull);
    for (;;) {
      const Batch batch = must(source->next(std::chrono::milliseconds(0)));
      if (batch.state == Batch::State::End) break;
      must(sink.write(batch.records));
    }
    must(sink.close());
    events += sink.lines();
  }
  if (events != state.iterations() * kEvents) state.SkipWithError("events were lost on the way");
  set_rates(state, all_lines().size());
}

void RecordsToEvents(benchmark::State& state) {
  for (auto _ : state) {
    must(for_each_record(fixture->records(), [](std::span<const std::byte> record) -> Result<void> {
      benchmark::DoNotOptimize(must(decode(record, fixture->origin())));
      return {};
    }));
  }
  set_rates(state, fixture->records().size());
}

// ---- The same object by RapidJSON: what a typical create holds, no more. ----

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void string_member(Writer& writer, const char* key, std::string_view value) {
  writer.Key(key);
  writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void hex_member(Writer& writer, const char* key, int digits, std::uint64_t value) {
  char text[24];
  const int size = std::snprintf(text, sizeof text, "0x%0*llx", digits, static_cast<unsigned long long>(value));
  string_member(writer, key, {text, static_cast<std::size_t>(size)});
}

template <std::size_t kCount>
void bits_member(Writer& writer, const char* key, const defender::BitName (&names)[kCount], std::uint32_t bits) {
  writer.Key(key);
  writer.StartArray();
  for (const auto& name : names) {
    if ((bits & name.bit) != 0) writer.String(name.name.data(), static_cast<rapidjson::SizeType>(name.name.size()));
  }
  writer.EndArray();
}

void write_typical(rapidjson::StringBuffer& buffer, const ProcessEvent& event, const Origin& origin) {
  Writer writer(buffer);
  writer.StartObject();
  string_member(writer, "schema", kEventSchema);
  writer.Key("seq");
  writer.Uint64(event.sequence);
  string_member(writer, "time", format_time(event.time));
  string_member(writer, "operation", operation_name(event.operation));
  writer.Key("pid");
  writer.Uint64(*event.pid);
  writer.Key("parent_pid");
  writer.Uint64(*event.parent_pid);
  string_member(writer, "created", format_time(*event.created()));
  writer.Key("host_pid");
  writer.Uint(*event.host_pid);
  string_member(writer, "image", event.image->value);
  string_member(writer, "command_line", event.command_line->value);
  writer.Key("trusted");
  writer.Bool(*event.trusted);
  bits_member(writer, "flags", defender::kProcessFlagNames, event.context->flags);
  hex_member(writer, "flags_raw", 8, event.context->flags);
  hex_member(writer, "rules", 8, event.context->rules);
  hex_member(writer, "rules2", 8, event.context->rules2);
  hex_member(writer, "rules3", 8, event.context_tail->rules3);
  hex_member(writer, "injection_target_mask", 16, event.context->injection_target_mask);
  hex_member(writer, "injection_request_mask", 16, event.context->injection_request_mask);
  writer.Key("context");
  writer.StartObject();
  hex_member(writer, "magic", 8, event.context->magic);
  string_member(writer, "layout", layout_name(event.context->magic));
  hex_member(writer, "address", 16, event.context->address);
  writer.EndObject();
  writer.Key("protection");
  writer.StartObject();
  string_member(writer, "type", protection_type_name(*event.context->protection));
  string_member(writer, "signer", protection_signer_name(*event.context->protection));
  hex_member(writer, "raw", 2, *event.context->protection);
  writer.EndObject();
  string_member(writer, "subsystem", subsystem_name(event.context->subsystem));
  writer.Key("session_id");
  writer.Uint(event.context_tail->session_id);
  string_member(writer, "known_type", known_type_name(event.context_tail->known_type));
  bits_member(writer, "state", defender::kStateNames, event.context_tail->state);
  hex_member(writer, "state_raw", 8, event.context_tail->state);
  string_member(writer, "send_result", send_result_name(event.context_tail->send_result));
  writer.Key("info_applications");
  writer.Uint(event.context_tail->info_applications);
  string_member(writer, "nt_image_name", *event.nt_image_name);
  writer.Key("nt_notifier_pid");
  writer.Uint64(event.notifier_pid);
  string_member(writer, "source", origin.name());
  writer.EndObject();
  buffer.Put('\n');
}

void RapidJsonFromEvents(benchmark::State& state) {
  rapidjson::StringBuffer buffer;
  const auto write_all = [&] {
    must(for_each_record(fixture->records(), [&](std::span<const std::byte> record) -> Result<void> {
      write_typical(buffer, std::get<ProcessEvent>(must(decode(record, fixture->origin()))), fixture->origin());
      return {};
    }));
  };
  write_all();
  if (all_lines() != std::string_view(buffer.GetString(), buffer.GetSize())) {
    state.SkipWithError("the baseline writes other bytes");
    return;
  }
  for (auto _ : state) {
    buffer.Clear();
    write_all();
    benchmark::DoNotOptimize(buffer.GetString());
  }
  set_rates(state, buffer.GetSize());
}

void CopyOfTheLines(benchmark::State& state) {
  const std::string lines = all_lines();
  std::vector<char> copy(lines.size());
  for (auto _ : state) {
    std::memcpy(copy.data(), lines.data(), lines.size());
    benchmark::DoNotOptimize(copy.data());
    benchmark::ClobberMemory();
  }
  set_rates(state, lines.size());
}

void register_all() {
  for (auto* registered : {benchmark::RegisterBenchmark("RecordingToNdjson", RecordingToNdjson),
                           benchmark::RegisterBenchmark("RecordsToEvents", RecordsToEvents),
                           benchmark::RegisterBenchmark("RapidJsonFromEvents", RapidJsonFromEvents),
                           benchmark::RegisterBenchmark("CopyOfTheLines", CopyOfTheLines)}) {
    registered->Unit(benchmark::kMillisecond);
  }
}

}  // namespace
}  // namespace wdscope

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  const wdscope::Fixture made;
  wdscope::fixture = &made;
  wdscope::register_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
