// SPDX-License-Identifier: MIT
// From notification to decoded event in user memory: one thread notifies at a chosen pace, another reads the device and
// decodes every record. What has to hold: at 1,000,000 events a second for 5 s nothing is lost; at any pace
// produced = delivered + lost, exactly.
//
//   bench_delivery PACE SECONDS     events a second, 0: as fast as it goes
//   bench_delivery --lttng PACE SECONDS     the baseline: the same payload into the LTTng session that is recording
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "bench/announcer.h"
#include "bench/lttng_baseline.h"
#include "capture/device_source.h"
#include "event/decode.h"

namespace {

using Clock = std::chrono::steady_clock;
using wdscope::bench::Announcer;

struct Plan {
  std::uint64_t pace;
  std::uint64_t seconds;
};

struct Production {
  std::uint64_t count = 0;
  double seconds = 0;
};

// Calls `produce` at the planned pace: in small bursts, each not before it is due.
template <class Produce>
Production run(const Plan& plan, Produce produce) {
  constexpr std::uint64_t kBurst = 32;
  Production production;
  const auto start = Clock::now();
  const auto end = start + std::chrono::seconds(plan.seconds);
  auto now = start;
  while (now < end) {
    if (plan.pace != 0) {
      const auto due = start + std::chrono::nanoseconds(production.count * 1'000'000'000 / plan.pace);
      while (now < due) now = Clock::now();
      if (production.count >= plan.pace * plan.seconds) break;
    }
    for (std::uint64_t i = 0; i < kBurst; ++i) produce();
    production.count += kBurst;
    now = Clock::now();
  }
  production.seconds = std::chrono::duration<double>(now - start).count();
  return production;
}

// The device of the machine in this process, as capture/ wants it.
class HostChannel final : public wdscope::DeviceChannel {
 public:
  explicit HostChannel(std::unique_ptr<wdscope::host::DeviceFile> file) : file_(std::move(file)) {}
  wdscope::Result<Reply> control(std::uint32_t code, std::span<const std::byte> input,
                                 std::span<std::byte> output) override {
    const auto completion = file_->control(code, input, output);
    return Reply{completion.status, completion.information};
  }
  void cancel() override { file_->cancel(); }

 private:
  std::unique_ptr<wdscope::host::DeviceFile> file_;
};

struct Reading {
  std::uint64_t decoded = 0;
  std::uint64_t lost = 0;  // by the loss records that were read
  std::uint64_t with_command_line = 0;
  std::string error;
};

void take(Reading& reading, const wdscope::Event& event) {
  if (const auto* process = std::get_if<wdscope::ProcessEvent>(&event)) {
    ++reading.decoded;
    if (process->command_line && process->command_line->value.size() == 100) ++reading.with_command_line;
  } else if (const auto* loss = std::get_if<wdscope::LossEvent>(&event)) {
    reading.lost += loss->lost_count;
  }
}

void read_until_drained(wdscope::DeviceSource& source, const std::atomic<bool>& finished, Reading& reading) {
  for (;;) {
    const bool last = finished.load();
    const auto batch = source.next(std::chrono::milliseconds(100));
    if (!batch) {
      reading.error = batch.error().what;
      return;
    }
    if (batch->state != wdscope::Batch::State::Records) {
      if (last) return;
      continue;
    }
    const auto walked =
        wdscope::for_each_record(batch->records, [&](std::span<const std::byte> record) -> wdscope::Result<void> {
          auto event = wdscope::decode(record, source.origin());
          if (!event) return tl::unexpected(event.error());
          take(reading, *event);
          return {};
        });
    if (!walked) {
      reading.error = walked.error().what;
      return;
    }
  }
}

std::string resident_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return line.substr(line.find_first_not_of(" \t", 6));
  }
  return "unknown";
}

void print(const char* name, const Production& production) {
  std::printf("%s: %llu events in %.2f s, %.0f a second\n", name, static_cast<unsigned long long>(production.count),
              production.seconds, static_cast<double>(production.count) / production.seconds);
}

int measure_observer(const Plan& plan) {
  Announcer announcer(wdscope::bench::observer_image(), 0);
  auto source = wdscope::DeviceSource::open(std::make_unique<HostChannel>(announcer.open_device()), {});
  if (!source) {
    std::fprintf(stderr, "bench_delivery: %s\n", source.error().what.c_str());
    return 1;
  }
  Reading reading;
  std::atomic<bool> finished = false;
  std::thread reader([&] { read_until_drained(**source, finished, reading); });
  Production production;
  announcer.in_kernel([&] { production = run(plan, [&] { announcer.announce(); }); });
  finished = true;
  reader.join();
  if (!reading.error.empty()) {
    std::fprintf(stderr, "bench_delivery: reading: %s\n", reading.error.c_str());
    return 1;
  }
  print("wdscope", production);
  std::printf("  decoded %llu, lost %llu (%.3f %%), resident memory at most %s\n",
              static_cast<unsigned long long>(reading.decoded), static_cast<unsigned long long>(reading.lost),
              100.0 * static_cast<double>(reading.lost) / static_cast<double>(production.count),
              resident_memory().c_str());
  const bool exact = reading.decoded + reading.lost == production.count &&
                     reading.with_command_line == reading.decoded && (*source)->counts().lost == reading.lost;
  std::printf("  produced = delivered + lost: %s\n", exact ? "yes" : "NO");
  return exact ? 0 : 1;
}

int measure_baseline(const Plan& plan) {
  if (!wdscope::bench::baseline_is_recording()) {
    std::fprintf(stderr, "bench_delivery: no LTTng session records wdscope_bench:process\n");
    return 4;
  }
  print("lttng-ust", run(plan, [] { wdscope::bench::record_baseline_event(); }));
  return 0;
}

bool parse(const char* text, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), value);
  return error == std::errc() && *end == '\0';
}

}  // namespace

int main(int argc, char** argv) {
  const bool baseline = argc > 1 && std::strcmp(argv[1], "--lttng") == 0;
  const int first = baseline ? 2 : 1;
  Plan plan{};
  if (argc != first + 2 || !parse(argv[first], plan.pace) || !parse(argv[first + 1], plan.seconds)) {
    std::fprintf(stderr, "usage: bench_delivery [--lttng] PACE SECONDS\n");
    return 2;
  }
  return baseline ? measure_baseline(plan) : measure_observer(plan);
}
