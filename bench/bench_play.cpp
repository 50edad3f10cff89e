// SPDX-License-Identifier: MIT
// `lab play` without its file: a crowd's scenario and a machine's history through host, notifier, service, observer and
// reader to NDJSON, which is written on a thread of its own. The promise is 200,000 process lives a second of real
// time; beside that stands the processor time of both threads. Beside it, in the same run: the same events written
// alone, as a recording would be.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/must.h"
#include "capture/device_source.h"
#include "capture/machine_history.h"
#include "lab/fleet_play.h"
#include "lab/lab.h"
#include "lab/scenario_play.h"
#include "sink/ndjson_sink.h"
#include "sink/sink_thread.h"

namespace wdscope {
namespace {

constexpr std::uint64_t kLives = 100'000;

OutputFile null_output() {
  return must(OutputFile::create("/dev/null", Overwrite::Yes));
}

std::unique_ptr<Sink> ndjson(Origin origin) {
  return std::make_unique<NdjsonSink>(null_output(), std::move(origin), NdjsonSink::FlushPolicy::WhenFull);
}

scenario::Scenario crowd() {
  scenario::Scenario crowd;
  crowd.name = "crowd";
  crowd.profiles = {Profile::WdA5};
  scenario::Step step;
  step.action = scenario::Crowd{kLives, 64};
  crowd.steps.push_back(std::move(step));
  return crowd;
}

void play_crowd(std::function<Result<void>(const Origin&, std::span<const std::byte>)> take) {
  scenario::ScenarioLab::Options options;
  options.take = std::move(take);
  const auto played = must(scenario::play(crowd(), std::move(options)));
  if (played.failure || played.feed.exited != kLives || played.source.lost != 0) {
    give_up("lives were lost on the way");
  }
}

void ScenarioToNdjson(benchmark::State& state) {
  for (auto _ : state) {
    SinkThread sink(ndjson({}));
    play_crowd([&](const Origin&, std::span<const std::byte> records) { return sink.write(records); });
    must(sink.flush());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kLives));
}

// Each process lives as long as 64 others start.
MachineHistory history(std::string host, std::uint32_t lives) {
  constexpr FileTime kBegins = 133'000'000'000'000'000;
  constexpr std::uint32_t kAlive = 64;
  MachineHistory history;
  history.host = std::move(host);
  const auto end = [&](std::uint32_t process, FileTime time) {
    history.steps.push_back({HistoryStep::Kind::End, time, process});
  };
  for (std::uint32_t index = 0; index < lives; ++index) {
    const FileTime now = kBegins + 10'000 * index;
    HistoryProcess process;
    process.pid = 1000 + 4 * (index % 4096);
    process.parent_pid = 800;
    process.created = now;
    const bool system = index % 2 == 0;
    process.image = (system ? "C:\\Windows\\System32\\tool" : "C:\\Users\\someone\\AppData\\Local\\tool") +
                    std::to_string(index % 64) + ".exe";
    process.command_line = process.image + " --with \"arguments as they usually are\" /and /switches";
    history.processes.push_back(std::move(process));
    history.steps.push_back({HistoryStep::Kind::Start, now, index});
    if (index >= kAlive) end(index - kAlive, now + 5'000);
  }
  const FileTime last = history.steps.back().time;
  for (std::uint32_t index = lives - kAlive; index < lives; ++index) end(index, last + index);
  return history;
}

void HistoryToNdjson(benchmark::State& state) {
  const MachineHistory past = history("W1", kLives);
  for (auto _ : state) {
    LabOptions options;
    options.history = &past;
    const auto lab = must(Lab::start(options));
    const auto source = must(DeviceSource::open(must(lab->open_device()), lab->origin()));
    SinkThread sink(ndjson(source->origin()));
    must(lab->play([&]() -> Result<void> {
      for (;;) {
        const Batch batch = must(source->next(std::chrono::milliseconds(0)));
        if (batch.state != Batch::State::Records) return {};
        must(sink.write(batch.records));
      }
    }));
    must(sink.flush());
    if (lab->feed_counts().exited != kLives || source->counts().lost != 0) state.SkipWithError("lives were lost");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kLives));
}

// A log of four machines, as `lab play` plays it: as many at once as there are processors.
void FourMachinesToNdjson(benchmark::State& state) {
  std::vector<MachineHistory> machines;
  for (const char* host : {"W1", "W2", "W3", "W4"}) machines.push_back(history(host, kLives / 4));
  const LabOptions options;
  for (auto _ : state) {
    std::unique_ptr<NdjsonSink> sink;
    std::uint64_t exited = 0;
    std::uint64_t lost = 0;
    PlayListener listener;
    listener.begin = [&](const Origin& origin) -> Result<void> {
      if (sink) {
        sink->continue_with(origin);
      } else {
        sink = std::make_unique<NdjsonSink>(null_output(), origin, NdjsonSink::FlushPolicy::WhenFull);
      }
      return {};
    };
    listener.take = [&](std::span<const std::byte> records, const MachineAccount&) { return sink->write(records); };
    listener.end = [&](const MachineAccount& account) {
      exited += account.feed.exited;
      lost += account.source.lost;
    };
    auto fleet = must(FleetPlay::start(options, machines, std::thread::hardware_concurrency()));
    must(fleet.run(listener));
    must(sink->flush());
    if (exited != kLives || lost != 0) state.SkipWithError("lives were lost");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kLives));
}

void TheSameEventsWrittenAlone(benchmark::State& state) {
  std::vector<std::byte> records;
  play_crowd([&](const Origin&, std::span<const std::byte> more) -> Result<void> {
    records.insert(records.end(), more.begin(), more.end());
    return {};
  });
  for (auto _ : state) {
    NdjsonSink sink(null_output(), {}, NdjsonSink::FlushPolicy::WhenFull);
    must(sink.write(records));
    must(sink.close());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kLives));
}

BENCHMARK(ScenarioToNdjson)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();
BENCHMARK(HistoryToNdjson)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();
BENCHMARK(FourMachinesToNdjson)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();
BENCHMARK(TheSameEventsWrittenAlone)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace wdscope

BENCHMARK_MAIN();
