// SPDX-License-Identifier: MIT
// The machine that a scenario happens to: the NT host, our drivers and the service in virtual time, on the calling
// thread alone. The same scenario, profile and seed give the same bytes.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "capture/device_source.h"
#include "event/event.h"
#include "event/result.h"
#include "host/machine.h"
#include "host/verifier/fault_plan.h"
#include "lab/feed_counts.h"
#include "lab/prompt_service.h"
#include "lab/running_ids.h"
#include "lab/scenario.h"
#include "lab/virtual_clock.h"

namespace wdscope::scenario {

// Something that was told.
struct Happening {
  Told told = Told::Create;
  std::string name;                   // of the process; empty for a message about none
  std::string parent;                 // of a create
  std::optional<ProcessEvent> event;  // of a notification
};

class ScenarioLab {
 public:
  struct Options {
    Profile profile = Profile::WdA5;
    std::filesystem::path drivers;                       // folder; empty: those embedded in this program
    std::function<void(std::string_view)> debug_output;  // null: dropped
    // Gets the observer's records, in order and without loss. Its error ends the step that it belongs to. Null: nobody.
    std::function<Result<void>(const Origin&, std::span<const std::byte>)> take;
  };

  // What is there at the beginning of `scenario`, which is not needed any more afterwards.
  static Result<std::unique_ptr<ScenarioLab>> start(const Scenario& scenario, Options options);
  ~ScenarioLab();  // disconnects the service, unloads the drivers, checks for leaks

  // Does one step, whatever its profiles. What comes back is how it did not come out as the step says, beside what was
  // told: "expected status 0xc000000d; got 0x0". Empty: it did.
  Result<std::string> perform(const Step& step);
  // What was told since the last call.
  std::vector<Happening> take_told() { return std::exchange(told_, {}); }

  const Origin& origin() const { return origin_; }
  FeedCounts counts() const;
  SourceCounts source_counts() const;

 private:
  struct Process {
    CreateMessage facts;
    bool runs = false;
  };

  explicit ScenarioLab(const Scenario& scenario, Options options);
  Result<void> boot(const Scenario& scenario);

  Result<std::string> act(const Start& start);
  Result<std::string> act(const Exit& exit);
  Result<std::string> act(const Command& command);
  Result<std::string> act(const Service& service);
  Result<std::string> act(const LoadDriver& load);
  Result<std::string> act(const Refresh& refresh);
  Result<std::string> act(const Exceptions& exceptions);
  Result<std::string> act(const Crowd& crowd);

  Result<void> load(DriverName driver);
  Result<void> connect(const std::string& process);
  Result<void> open_reader();
  Result<void> read();
  Result<void> keep(std::span<const std::byte> records);
  void hear(const EngineMessageFacts& facts);
  Decision decide();

  host::NtStatus announce(const host::ProcessStart& start);
  void end(std::uint64_t process_id);
  void pass(std::uint64_t ticks) { clock_.advance_to(clock_.now() + static_cast<FileTime>(ticks)); }
  std::uint64_t free_id();
  const CreateMessage& facts_of(const std::string& name) const;
  std::string name_of(std::uint64_t process_id) const;

  static constexpr FileTime k100nsPerMillisecond = 10'000;
  static constexpr std::uint64_t kSystemId = 4;
  static inline const std::string kSystemName = "System";

  Options options_;
  Origin origin_;
  VirtualClock clock_;
  std::mt19937_64 random_;
  std::unique_ptr<host::Machine> machine_;
  std::array<host::LoadedDriver*, 3> loaded_{};  // by DriverName
  std::unique_ptr<PromptService> service_;
  std::unique_ptr<DeviceSource> source_;
  SourceCounts earlier_;  // of readers that are closed

  std::unordered_map<std::string, Process> processes_;
  std::unordered_map<std::uint64_t, std::string> names_;  // of those that run or ran last with the id
  RunningIds running_;

  // What the service says to the creation that is under way.
  Start::Reply reply_ = Start::Reply::Allow;
  std::uint32_t delay_ms_ = 0;
  ServiceWord word_;

  bool keeping_ = true;   // what is told is kept, messages in their place among it
  bool failing_ = false;  // allocations fail: nothing is read meanwhile
  std::vector<Happening> told_;
  std::optional<Error> failed_;  // of what was done while a process stood still
  FeedCounts counts_;
};

}  // namespace wdscope::scenario
