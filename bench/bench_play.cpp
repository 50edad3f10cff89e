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
#include "capture/machine_history.h"
#include "lab/fleet_play.h"
#include "lab/machine_play.h"
#include "lab/scenario_play.h"
#include "sink/ndjson_sink.h"
#include "sink/sink_thread.h"

namespace wdscope {
namespace {

constexpr std::uint64_t kLives = 100'000;

OutputFile null_output() {
  return must(OutputFile::create("/dev/null", Overwrite::Yes));
}

std::unique_ptr<NdjsonSink> ndjson(const Origin& origin) {
  return std::make_unique<NdjsonSink>(null_output(), origin, NdjsonSink::FlushPolicy::WhenFull);
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

// What is played goes to one NDJSON file; every life must come out.
class OneFile {
 public:
  explicit OneFile(bool on_own_thread) : on_own_thread_(on_own_thread) {}

  PlayListener listener() {
    return {[this](const Origin& origin) { return begin(origin); },
            [this](std::span<const std::byte> records, const MachineAccount&) { return sink_->write(records); },
            [this](const MachineAccount& account) {
              exited_ += account.feed.exited;
              lost_ += account.source.lost;
            }};
  }

  void finish() {
    must(sink_->flush());
    if (exited_ != kLives || lost_ != 0) give_up("lives were lost on the way");
  }

 private:
  Result<void> begin(const Origin& origin) {
    if (file_ != nullptr) {
      file_->continue_with(origin);
      return {};
    }
    auto file = ndjson(origin);
    file_ = file.get();
    sink_ = std::move(file);
    if (on_own_thread_) sink_ = std::make_unique<SinkThread>(std::move(sink_));
    return {};
  }

  bool on_own_thread_;
  std::unique_ptr<Sink> sink_;
  NdjsonSink* file_ = nullptr;
  std::uint64_t exited_ = 0;
  std::uint64_t lost_ = 0;
};

void HistoryToNdjson(benchmark::State& state) {
  const MachineHistory past = history("W1", kLives);
  LabOptions options;
  options.history = &past;
  for (auto _ : state) {
    OneFile file(true);
    must(play_machine(options, file.listener()));
    file.finish();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kLives));
}

// A log of four machines, as `lab play` plays it: as many at once as there are processors.
void FourMachinesToNdjson(benchmark::State& state) {
  std::vector<MachineHistory> machines;
  for (const char* host : {"W1", "W2", "W3", "W4"}) machines.push_back(history(host, kLives / 4));
  const LabOptions options;
  for (auto _ : state) {
    OneFile file(false);
    auto fleet = must(FleetPlay::start(options, machines, std::thread::hardware_concurrency()));
    must(fleet.run(file.listener()));
    file.finish();
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
