// SPDX-License-Identifier: MIT
// The notifier against its model: random steps, and each thing that is told compared. What differs is shrunk to the
// fewest steps that still differ and printed as a scenario, which `wdscope lab play` then plays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "lab/scenario_play.h"
#include "lab_stories/notifier_model.h"

namespace wdscope::scenario {
namespace {

constexpr std::size_t kStepsOfARun = 2'000;
constexpr std::uint64_t kRunsOfAProfile = 13;  // of four: more than 100,000 steps

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool one_in(std::uint64_t count) { return below(count) == 0; }
  template <class List>
  const auto& one_of(const List& list) {
    return list[below(std::size(list))];
  }

 private:
  std::mt19937_64 random_;
};

const std::string kNames[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
const std::string kImages[] = {"C:\\t\\One.exe",
                               "C:\\Build\\deep\\one.exe",
                               "C:\\Build\\two.exe",
                               "D:\\Office\\WinWord.exe",
                               "D:\\t\\three.exe",
                               "C:\\Windows\\servicing\\TrustedInstaller.exe",
                               "\\Device\\HarddiskVolume1\\Windows\\System32\\svchost.exe",
                               "\\Device\\HarddiskVolume1\\Windows\\System32\\lsass.exe"};
const std::string kExclusions[] = {"one.exe", "C:\\Build\\*", "d:\\t\\THREE.exe", "nobody.exe", "WINWORD.EXE"};
const std::string kDocuments[] = {"winword.exe", "one.exe", "nobody.exe"};

ServiceWord random_word(Dice& dice) {
  static constexpr std::uint32_t kRules[] = {0, 0x20, 0x4000, 0x4020, 0x8000};
  ServiceWord word;
  word.trusted = dice.one_in(2);
  word.info.rules = dice.one_of(kRules);
  if (dice.one_in(3)) word.info.rules2 = dice.one_in(2) ? 0x402 : 0x2;
  if (dice.one_in(4)) word.info.rules3 = 4;
  if (dice.one_in(4)) word.info.injection_target_mask = 0xF0;
  if (dice.one_in(4)) word.info.injection_request_mask = 0xF000000000000000;
  word.info.cloud_sync = dice.one_in(8);
  if (dice.one_in(4)) word.info.hardening_excluded = {{dice.one_in(2), dice.one_in(2), dice.one_in(2)}};
  return word;
}

Start random_start(Dice& dice) {
  Start start;
  start.name = dice.one_of(kNames);
  start.image = dice.one_of(kImages);
  start.command_line = start.name + " line";
  // A few ids, so that they come back; a name has ids of its own, all of one bucket, so that none is taken.
  start.process_id = 4 * (64 + static_cast<std::uint64_t>(start.name[0] - 'a') + 128 * dice.below(3));
  if (dice.one_in(3)) start.parent = dice.one_of(kNames);
  if (dice.one_in(2)) start.services = {"TrustedInstaller"};
  start.word = random_word(dice);
  if (dice.one_in(3)) start.reply = static_cast<Start::Reply>(dice.below(6));
  if (start.reply == Start::Reply::Delay) start.delay_ms = 50;
  if (dice.one_in(8)) {  // nobody is told of it, so nobody answers
    start.how = Start::How::Adopted;
    start.reply = Start::Reply::Allow;
    start.word = {};
    start.delay_ms = 0;
  }
  return start;
}

Command random_command(Dice& dice) {
  Command command;
  command.kind = static_cast<Command::Kind>(dice.below(8));
  switch (command.kind) {
    case Command::Kind::Exclusions:
      for (std::uint64_t count = dice.below(3); count > 0; --count)
        command.processes.push_back(dice.one_of(kExclusions));
      break;
    case Command::Kind::DocRules:
      for (std::uint64_t count = dice.below(3); count > 0; --count)
        command.rules.push_back({dice.one_of(kDocuments), {"doc"}});
      break;
    case Command::Kind::ProcessInfo:
      command.word = random_word(dice);
      [[fallthrough]];
    case Command::Kind::Friendly:
    case Command::Kind::Taint:
      command.name = dice.one_of(kNames);
      break;
    case Command::Kind::TrustedInstaller:
      command.flags = static_cast<std::uint32_t>(dice.below(8));
      break;
    case Command::Kind::ResetHardening:
    case Command::Kind::Query:
      break;
  }
  return command;
}

Step random_step(Dice& dice) {
  Step step;
  const std::uint64_t what = dice.below(100);
  if (what < 40) {
    step.action = random_start(dice);
    if (dice.one_in(20)) step.fail_allocation = kEveryAllocation;
  } else if (what < 70) {
    step.action = Exit{dice.one_of(kNames)};
  } else if (what < 94) {
    step.action = random_command(dice);
  } else if (what < 96) {
    Service service;
    if (dice.one_in(4)) {
      service.action = Service::Action::Disconnect;
    } else if (dice.one_in(2)) {
      service.name = dice.one_of(kNames);
    }
    step.action = service;
  } else if (what < 98) {
    step.action = Refresh{};
  } else {
    LoadDriver driver;
    if (dice.one_in(3)) driver.action = LoadDriver::Action::Unload;
    step.action = driver;
  }
  return step;
}

// Those of the steps that make sense one after the other, each with what the model says of it.
std::vector<Step> foretold(const std::vector<Step>& steps, Profile profile, Wrong wrong) {
  NotifierModel model(profile, wrong);
  std::vector<Step> sensible;
  for (const Step& step : steps) {
    if (!model.possible(step)) continue;
    sensible.push_back(step);
    model.foretell(sensible.back());
  }
  return sensible;
}

Scenario scenario_of(std::vector<Step> steps, Profile profile) {
  Scenario scenario;
  scenario.name = "model";
  scenario.title = "What the notifier does otherwise than its model";
  scenario.profiles = {profile};
  scenario.messages = true;
  scenario.steps = std::move(steps);
  return scenario;
}

Result<Played> played(const std::vector<Step>& steps, Profile profile) {
  ScenarioLab::Options options;
  options.profile = profile;
  return play(scenario_of(steps, profile), std::move(options));
}

bool differs(const std::vector<Step>& steps, Profile profile, Wrong wrong) {
  const auto done = played(foretold(steps, profile, wrong), profile);
  return done && done->failure.has_value();
}

// The fewest steps that still differ, as far as leaving out runs of them finds.
std::vector<Step> shrunk(std::vector<Step> steps, Profile profile, Wrong wrong) {
  for (std::size_t run = std::max<std::size_t>(steps.size() / 2, 1); run > 0;) {
    bool shorter = false;
    for (std::size_t at = 0; at < steps.size();) {
      std::vector<Step> rest = steps;
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(at),
                 rest.begin() + static_cast<std::ptrdiff_t>(std::min(at + run, steps.size())));
      if (!rest.empty() && differs(rest, profile, wrong)) {
        steps = std::move(rest);
        shorter = true;
      } else {
        at += run;
      }
    }
    if (run == 1 && !shorter) break;
    if (run > 1) run /= 2;
  }
  return foretold(steps, profile, wrong);
}

struct Difference {
  std::uint64_t steps = 0;  // done
  std::string what;         // empty: none
  Scenario smallest;
};

// Random steps against the model, which is wrong where asked to be.
Difference search(Profile profile, std::uint64_t seed, Wrong wrong) {
  Dice dice(seed);
  std::vector<Step> steps;
  for (std::size_t step = 0; step < 3 * kStepsOfARun; ++step) steps.push_back(random_step(dice));
  steps = foretold(steps, profile, wrong);
  if (steps.size() > kStepsOfARun) steps.resize(kStepsOfARun);
  const auto done = played(steps, profile);
  if (!done) return {0, done.error().what, {}};
  Difference difference;
  difference.steps = done->steps;
  if (!done->failure) return difference;
  difference.what = done->failure->what;
  steps.resize(done->steps + 1);
  difference.smallest = scenario_of(shrunk(std::move(steps), profile, wrong), profile);
  return difference;
}

class Model : public testing::TestWithParam<Profile> {};

TEST_P(Model, TellsWhatTheNotifierTells) {
  std::uint64_t steps = 0;
  for (std::uint64_t seed = 1; seed <= kRunsOfAProfile; ++seed) {
    const Difference difference = search(GetParam(), seed, Wrong::Nowhere);
    ASSERT_EQ(difference.what, "") << "seed " << seed << ", as a scenario:\n" << write(difference.smallest);
    steps += difference.steps;
  }
  EXPECT_GE(kProfileCount * steps, 100'000u);
}

TEST_P(Model, AWrongOneIsFoundAndShrunkToAScenarioThatFailsToo) {
  struct Case {
    Wrong wrong;
    std::size_t most_steps;
  };
  for (const auto& [wrong, most_steps] :
       {Case{Wrong::MessageOnChangeOnly, 2}, Case{Wrong::DocRulesForNewOnly, 4}, Case{Wrong::DenialAppliesItsInfo, 2},
        Case{Wrong::ExclusionIsByPathAlone, 3}, Case{Wrong::CountersIgnoreTheEnd, 3},
        Case{Wrong::FamilyIsByNameAlone, 1}, Case{Wrong::EngineIsJudgedLikeAny, 8}}) {
    SCOPED_TRACE(static_cast<int>(wrong));
    // 25080 shows no context, and a doc rule or a type is seen nowhere else; 2019 has no types.
    if (wrong == Wrong::DocRulesForNewOnly && GetParam() == Profile::Wd25080) continue;
    if (wrong == Wrong::FamilyIsByNameAlone && GetParam() != Profile::WdA5) continue;
    if (wrong == Wrong::EngineIsJudgedLikeAny && GetParam() == Profile::Wd25080) continue;
    const Difference difference = search(GetParam(), 1, wrong);
    ASSERT_NE(difference.what, "");
    EXPECT_LE(difference.smallest.steps.size(), most_steps) << write(difference.smallest);
    const auto scenario = parse(write(difference.smallest), "shrunk.toml");
    ASSERT_TRUE(scenario) << scenario.error().what;
    ScenarioLab::Options options;
    options.profile = GetParam();
    const auto again = play(*scenario, std::move(options));
    ASSERT_TRUE(again) << again.error().what;
    EXPECT_TRUE(again->failure);
  }
}

INSTANTIATE_TEST_SUITE_P(Profiles, Model, testing::ValuesIn(kProfiles),
                         [](const auto& parameter) { return std::string(profile_name(parameter.param)); });

}  // namespace
}  // namespace wdscope::scenario
