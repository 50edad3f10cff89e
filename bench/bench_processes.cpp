// SPDX-License-Identifier: MIT
// bench_processes WDSCOPE: ps, tree and explain of a recording with 10,000 processes, and calibrate of the raw captures
// of 1,000, each from the start of the program to its end, as a user waits for it. Beside them the same records decoded
// and thrown away in this process.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/must.h"
#include "event/decode.h"
#include "event/record_builder.h"
#include "sink/recording_sink.h"

namespace {

using namespace wdscope;

constexpr std::uint64_t kProcesses = 10'000;
constexpr std::uint64_t kRawProcesses = 1'000;
constexpr std::uint64_t kFirstPid = 4000;
constexpr std::uint64_t kChildren = 32;

// Each with image, command line and context, thirty-two below each parent.
std::vector<std::byte> make_records() {
  std::vector<std::byte> records;
  for (std::uint64_t index = 0; index < kProcesses; ++index) {
    RecordBuilder builder = RecordBuilder::typical_create(index);
    wire::ProcessRecord& fixed = builder.fixed();
    fixed.process_id = kFirstPid + 4 * index;
    fixed.argument_parent_process_id = fixed.nt_parent_process_id = kFirstPid + 4 * (index / kChildren);
    fixed.context_created_100ns = fixed.nt_created_100ns = kBuilderTime + static_cast<std::int64_t>(index);
    builder.append_to(records);
  }
  return records;
}

void decode_alone(benchmark::State& state, const std::vector<std::byte>& records) {
  for (auto _ : state) {
    const auto began = std::chrono::steady_clock::now();
    must(for_each_record(records, [](std::span<const std::byte> record) -> Result<void> {
      benchmark::DoNotOptimize(decode(record, {}));
      return {};
    }));
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kProcesses));
}

struct Run {
  double seconds;
  long largest_kib;
  int exit_code;
};

// Runs the program with its output thrown away, from its start to its end.
std::optional<Run> run_program(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY, 0);
  }
  const auto began = std::chrono::steady_clock::now();
  pid_t child = 0;
  int status = 0;
  rusage usage{};
  const bool ended = posix_spawn(&child, arguments.front(), &actions, nullptr, arguments.data(), environ) == 0 &&
                     wait4(child, &status, 0, &usage) == child && WIFEXITED(status);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  posix_spawn_file_actions_destroy(&actions);
  if (!ended) return std::nullopt;
  return Run{took.count(), usage.ru_maxrss, WEXITSTATUS(status)};
}

// Exit code 1 is an answer too: "no", "not enough for a layout".
void measure(benchmark::State& state, const std::vector<std::string>& words, std::uint64_t processes) {
  long largest_kib = 0;
  for (auto _ : state) {
    const auto run = run_program(words);
    if (!run || run->exit_code > 1) {
      state.SkipWithError("the program does not answer");
      break;
    }
    state.SetIterationTime(run->seconds);
    largest_kib = std::max(largest_kib, run->largest_kib);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(processes));
  state.counters["largest_kib"] = static_cast<double>(largest_kib);
}

// Raw captures come from the driver alone: a thousand true processes of this machine, through the lab.
void record_raw(const std::string& program, const std::string& file) {
  const std::string loop =
      "i=0; while [ $i -lt " + std::to_string(kRawProcesses) + " ]; do /bin/true $i; i=$((i+1)); done";
  const auto run = run_program({program, "record", "--raw", "-o", file, "--", "sh", "-c", loop});
  if (run && run->exit_code == 0) return;
  give_up("'" + program + " record --raw' does not record");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "bench_processes WDSCOPE [BENCHMARK OPTIONS]\n");
    return 2;
  }
  const std::string program = argv[1];
  const std::string file = std::filesystem::temp_directory_path() / ("wdscope-" + std::to_string(getpid()));
  const std::string raw_file = file + "-raw";
  const std::vector<std::byte> records = make_records();
  RecordingInfo info;
  info.origin.pid_factor = 4;
  auto sink = must(RecordingSink::create(file, info, Overwrite::No));
  must(sink->write(records));
  must(sink->close());

  record_raw(program, raw_file);

  const std::string pid = std::to_string(kFirstPid / 4 + kProcesses / 2);
  const auto add = [](const char* name, auto&& body) {
    benchmark::RegisterBenchmark(name, body)->UseManualTime()->Unit(benchmark::kMillisecond);
  };
  add("decode_alone", [&](benchmark::State& state) { decode_alone(state, records); });
  const auto add_program = [&](const char* name, const std::vector<std::string>& words, std::uint64_t processes) {
    add(name, [=](benchmark::State& state) { measure(state, words, processes); });
  };
  add_program("ps", {program, "ps", "--from", file}, kProcesses);
  add_program("tree", {program, "tree", "--from", file}, kProcesses);
  add_program("explain", {program, "explain", "--from", file, pid}, kProcesses);
  add_program("calibrate", {program, "calibrate", "--from", raw_file}, kRawProcesses);
  --argc;
  std::copy(argv + 2, argv + argc + 1, argv + 1);
  benchmark::Initialize(&argc, argv);
  const bool misunderstood = benchmark::ReportUnrecognizedArguments(argc, argv);
  if (!misunderstood) benchmark::RunSpecifiedBenchmarks();
  for (const std::string& made : {file, raw_file}) std::filesystem::remove(made);
  return misunderstood ? 2 : 0;
}
