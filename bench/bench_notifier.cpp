// SPDX-License-Identifier: MIT
// What one process's life costs in the lab host with wdnotifier.sys in it: create, classify, notify and exit, no
// service connected, one consumer that does nothing. The baseline is the same life in the same machine without a
// driver: what the host itself takes. Names say what else there is: life/<live processes> of one parent's children,
// parents/<live processes> with another parent each time, exclusions/<entries>, doc_rules/<entries>.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "abi/defender/callback_names.h"
#include "abi/wire/engine.h"
#include "host/ex/callback.h"
#include "host/machine.h"
#include "host/ob/object.h"
#include "host/testing/driver_image.h"
#include "lab/engine_command.h"

namespace {

using namespace wdscope;

constexpr std::uint64_t kFirstLiveId = 1000;
constexpr std::uint64_t kFirstBriefId = 4'000'000;
constexpr std::uint64_t kBriefIds = 4096;  // all buckets, many times over
constexpr std::uint64_t kBuckets = 128;    // of the notifier's process table
constexpr std::int64_t kManyProcesses = 10'000;

[[noreturn]] void give_up(const char* doing, const std::string& why) {
  std::fprintf(stderr, "bench_notifier: %s: %s\n", doing, why.c_str());
  std::exit(1);
}

void NTAPI consume(void*, void* argument1, void*) {
  benchmark::DoNotOptimize(argument1);
}

// A machine full of processes, with the notifier or without.
class Stage {
 public:
  enum class Notifier { Absent, Loaded };

  Stage(Notifier notifier, std::int64_t live_processes) {
    host::MachineOptions options;
    // Only failures are printed, and what failed is not to be measured.
    options.debug_output = [](std::string_view line) { give_up("a driver says", std::string(line)); };
    auto machine = host::Machine::boot(std::move(options));
    if (!machine) give_up("booting the host", machine.error().message);
    machine_ = std::move(*machine);
    for (std::int64_t index = 0; index < live_processes; ++index) {
      const auto id = kFirstLiveId + 4 * static_cast<std::uint64_t>(index);
      if (machine_->adopt_process(describe(id)) != 0) give_up("adopting a process", std::to_string(id));
    }
    brief_ = describe(kFirstBriefId);
    // In the middle of its bucket's chain.
    brief_.parent_process_id = kFirstLiveId + 4 * static_cast<std::uint64_t>(live_processes / 2);
    if (notifier == Notifier::Absent) return;
    static const std::vector<std::byte> image = host::testing::driver_image("wdnotifier.sys");
    auto driver = machine_->load(image, {.service_name = "wdnotifier", .parameters = {}});
    if (!driver) give_up("loading wdnotifier.sys", driver.error().message);
    subscribe();
  }

  ~Stage() {
    if (registration_) host::ExUnregisterCallback(registration_);
    if (object_) host::ObfDereferenceObject(object_);
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // One service comes, gives this command and goes.
  void command(const std::vector<std::byte>& bytes) {
    auto file = machine_->open(wire::kEngineUserDeviceName, host::Access::ReadWrite);
    if (!file) give_up("connecting", file.error().message);
    const auto answer = (*file)->control(wire::kEngineCommand, bytes, {});
    if (answer.status != 0) give_up("a command", fmt::format("status {:08X}", answer.status));
  }

  void live() {
    brief_.process_id = kFirstBriefId + 4 * (lives_++ % kBriefIds);
    if (machine_->start_process(brief_) != 0 || machine_->exit_process(brief_.process_id) != 0) std::abort();
  }

  // The same with another parent each time: one from the middle of each bucket's chain in turn.
  void live_of_another_parent(std::int64_t live_processes) {
    brief_.parent_process_id = kFirstLiveId + 4 * (static_cast<std::uint64_t>(live_processes / 2) + lives_ % kBuckets);
    live();
  }

  // Every process is announced again, as a consumer asks for it.
  void refresh() {
    std::uint64_t zero = 0;
    host::ExNotifyCallback(nri_, &zero, nullptr);
  }
  void find_nri() { nri_ = open(defender::kWdNriNotificationCallback); }
  void drop_nri() { host::ObfDereferenceObject(nri_); }

 private:
  static host::ProcessStart describe(std::uint64_t process_id) {
    host::ProcessStart start;
    start.process_id = process_id;
    start.parent_process_id = 4;
    start.image = u"\\Device\\HarddiskVolume1\\Program Files\\Vendor\\Product\\bin\\compiler.exe";
    start.command_line = u"\"C:\\Program Files\\Vendor\\Product\\bin\\compiler.exe\" --optimise --output a.obj a.cpp";
    return start;
  }

  static host::CallbackObject* open(const char16_t* name) {
    const std::u16string_view view(name);
    const auto length = static_cast<std::uint16_t>(view.size() * sizeof(char16_t));
    host::UnicodeString text{length, length, const_cast<char16_t*>(name)};
    host::ObjectAttributes attributes{};
    attributes.length = sizeof attributes;
    attributes.object_name = &text;
    attributes.attributes = defender::kCallbackAttributes;
    host::CallbackObject* object = nullptr;
    if (!host::nt_success(host::ExCreateCallback(&object, &attributes, 0, 0))) give_up("opening", "a callback object");
    return object;
  }

  void subscribe() {
    object_ = open(defender::kWdProcessNotificationCallback);
    registration_ = host::ExRegisterCallback(object_, consume, nullptr);
    if (!registration_) give_up("registering", "the object takes no consumer");
  }

  std::unique_ptr<host::Machine> machine_;
  host::ProcessStart brief_;
  std::uint64_t lives_ = 0;
  host::CallbackObject* object_ = nullptr;
  host::CallbackRegistration* registration_ = nullptr;
  host::CallbackObject* nri_ = nullptr;
};

void host_alone(benchmark::State& state) {
  Stage stage(Stage::Notifier::Absent, kManyProcesses);
  for (auto _ : state) stage.live();
}

void life(benchmark::State& state) {
  Stage stage(Stage::Notifier::Loaded, state.range(0));
  for (auto _ : state) stage.live();
}

void parents(benchmark::State& state) {
  Stage stage(Stage::Notifier::Loaded, state.range(0));
  for (auto _ : state) stage.live_of_another_parent(state.range(0));
}

// Entries of every kind, none of which fits: a bare name, a folder, a full path of the same length as the image's.
void exclusions(benchmark::State& state) {
  std::vector<std::string> entries;
  for (std::int64_t index = 0; index < state.range(0); ++index) {
    switch (index % 3) {
      case 0:
        entries.push_back(fmt::format("tool{:04}.exe", index));
        break;
      case 1:
        entries.push_back(fmt::format("\\Device\\HarddiskVolume1\\Program Files\\Vendor{:04}\\*", index));
        break;
      default:
        entries.push_back(
            fmt::format("\\Device\\HarddiskVolume1\\Program Files\\Vendor\\Tool{:04}\\compiler.exe", index));
    }
  }
  Stage stage(Stage::Notifier::Loaded, kManyProcesses);
  stage.command(write_exclusions(0xA5, entries));
  for (auto _ : state) stage.live();
}

void doc_rules(benchmark::State& state) {
  std::vector<DocRule> rules;
  for (std::int64_t index = 0; index < state.range(0); ++index) {
    rules.push_back({fmt::format("reader{:02}.exe", index), {"pdf", "docx"}});
  }
  Stage stage(Stage::Notifier::Loaded, kManyProcesses);
  stage.command(write_doc_rules(0xA5, rules));
  for (auto _ : state) stage.live();
}

// Per process named: linear by design.
void refresh(benchmark::State& state) {
  Stage stage(Stage::Notifier::Loaded, state.range(0));
  stage.find_nri();
  for (auto _ : state) stage.refresh();
  stage.drop_nri();
  state.SetItemsProcessed(state.iterations() * (state.range(0) + 1));
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::RegisterBenchmark("host_alone", host_alone);
  benchmark::RegisterBenchmark("life", life)->Arg(100)->Arg(1'000)->Arg(kManyProcesses)->Arg(100'000);
  benchmark::RegisterBenchmark("parents", parents)->Arg(kManyProcesses);
  benchmark::RegisterBenchmark("exclusions", exclusions)->Arg(1'000);
  benchmark::RegisterBenchmark("doc_rules", doc_rules)->Arg(200);
  benchmark::RegisterBenchmark("refresh", refresh)->Arg(1'000)->Arg(kManyProcesses);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
