// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <fstream>

#include "cli/event_output.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/lab_options.h"
#include "cli/source_words.h"
#include "cli/stop_request.h"
#include "cli/summary.h"
#include "cli/talk.h"
#include "cli/verbs.h"
#include "lab/scenario_play.h"

namespace wdscope::cli {
namespace {

class ScenarioRun {
 public:
  ScenarioRun(const Arguments& arguments, const scenario::Scenario& scenario)
      : arguments_(arguments), scenario_(scenario) {}

  Result<int> run() {
    scenario::ScenarioLab::Options options;
    LabOptions lab = lab_options(arguments_);
    options.profile = lab.profile;
    options.drivers = lab.drivers;
    options.debug_output = std::move(lab.debug_output);
    options.take = [this](const Origin& origin, std::span<const std::byte> records) { return take(origin, records); };
    const auto played = scenario::play(scenario_, std::move(options), [this]() -> Result<void> {
      return interrupted() ? failure(ErrorCode::Usage, "interrupted") : Result<void>();
    });
    if (output_.close) {
      if (auto closed = output_.close(); !closed) return tl::unexpected(closed.error());
    }
    if (interrupted()) return static_cast<int>(ExitCode::Interrupted);
    if (!played) return tl::unexpected(played.error());
    return conclude(*played);
  }

 private:
  Result<void> take(const Origin& origin, std::span<const std::byte> records) {
    if (!output_.sink) {
      Origin machine = origin;
      machine.played = false;  // no recorded past
      auto words = source_words(machine);
      words.push_back(fmt::format("scenario {}: {}", scenario_.name, scenario_.title));
      auto opened = open_view(arguments_, origin, words);
      if (!opened) return tl::unexpected(opened.error());
      output_ = on_own_thread(std::move(*opened));
      boot_id_ = origin.boot_id;
    }
    if (origin.boot_id != boot_id_ && output_.continue_with) {
      output_.continue_with(origin, {"the observer is loaded anew"});
      boot_id_ = origin.boot_id;
    }
    account_.tally.add(records);
    return output_.sink->write(records);
  }

  int conclude(const scenario::Played& played) {
    account_.feed = played.feed;
    account_.counts = played.source;
    for (const std::string& line : loss_lines(account_)) say(line);
    if (arguments_.talk == Talk::Normal) {
      for (const std::string& line : summary_lines(account_)) say(line);
    }
    if (played.failure) {
      const auto& [place, what] = *played.failure;
      say(fmt::format("FAILED: {}:{}:{}: {}", scenario_.name, place.line, place.column, what));
      say("what was told up to there stands above; docs/scenarios.md says how a scenario is read");
      return static_cast<int>(ExitCode::No);
    }
    if (arguments_.talk != Talk::Quiet) {
      say(fmt::format("scenario {}: {} steps, {} things told as expected{}", scenario_.name, played.steps,
                      played.expected,
                      played.untold == 0 ? ""
                                         : fmt::format("; {} members not compared, as profile {} does not tell them",
                                                       played.untold, profile_name(arguments_.profile))));
    }
    return static_cast<int>(account_.lost_anything() ? ExitCode::Lost : ExitCode::Done);
  }

  bool interrupted() const { return stop_.reason() != StopRequest::Reason::None; }

  const Arguments& arguments_;
  const scenario::Scenario& scenario_;
  EventOutput output_;
  std::uint64_t boot_id_ = 0;
  Account account_;
  StopRequest stop_;
  const Interrupts interrupts_{[this](int, Interrupts::Sender) { stop_.ask(StopRequest::Reason::Interrupted); }};
};

}  // namespace

bool is_scenario(const std::string& file) {
  if (file.ends_with(".toml")) return true;
  for (const char* ending : {".ndjson", ".json", ".jsonl"})
    if (file.ends_with(ending)) return false;
  // A log is one of JSON objects; a scenario cannot begin with one.
  std::ifstream stream(file);
  char first = 0;
  return static_cast<bool>(stream >> first) && first != '{';
}

Result<int> lab_play_scenario(const Arguments& arguments) {
  if (!arguments.policy.empty()) {
    return failure(ErrorCode::Usage, "a scenario says itself what the service answers: --policy is for logs",
                   "leave --policy out, or give the steps an answer (docs/scenarios.md)");
  }
  const auto scenario = scenario::load(arguments.file);
  if (!scenario) return tl::unexpected(scenario.error());
  return ScenarioRun(arguments, *scenario).run();
}

}  // namespace wdscope::cli
