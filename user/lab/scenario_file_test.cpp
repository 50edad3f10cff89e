// SPDX-License-Identifier: MIT
#include "lab/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wdscope::scenario {
namespace {

using testing::HasSubstr;

Scenario taken(const std::string& steps) {
  const auto scenario = parse("title = \"t\"\n" + steps, "s");
  EXPECT_TRUE(scenario) << scenario.error().what;
  return scenario ? *scenario : Scenario{};
}

// `what` with its place, of a file whose first line is the title.
void expect_refused(const std::string& steps, const std::string& what) {
  const auto scenario = parse("title = \"t\"\n" + steps, "s");
  ASSERT_FALSE(scenario) << steps;
  EXPECT_EQ(scenario.error().code, ErrorCode::InputDamaged);
  EXPECT_THAT(scenario.error().what, HasSubstr(what));
}

TEST(ScenarioFile, AStepSaysWhatHappensAndWhatIsTold) {
  const Scenario scenario = taken(
      "seed = 7\nprofiles = [\"1910\", \"a5\"]\n[lab]\nservice = false\n"
      "[[step]]\nstart = \"a\"\nimage = 'C:\\a.exe'\nprocess_id = 400\nanswer = \"delay\"\ndelay_ms = 5\n"
      "rules = 0x20\nafter_ms = 9\nfail_allocation = 3\nprofiles = [\"a5\"]\n"
      "expect = [{ told = \"create\", process = \"a\", trusted = false, flags = [\"excluded\", \"trusted\"] }]\n"
      "expect_1910 = []\n");
  EXPECT_EQ(scenario.seed, 7u);
  EXPECT_EQ(scenario.profiles, (std::vector<Profile>{Profile::Wd1910, Profile::WdA5}));
  EXPECT_FALSE(scenario.service);
  ASSERT_EQ(scenario.steps.size(), 1u);
  const Step& step = scenario.steps[0];
  EXPECT_EQ(step.place.line, 6u);
  EXPECT_EQ(step.after_ms, 9u);
  EXPECT_EQ(step.fail_allocation, 3u);
  EXPECT_TRUE(step.happens_in(Profile::WdA5));
  EXPECT_FALSE(step.happens_in(Profile::Wd1910));
  const auto& start = std::get<Start>(step.action);
  EXPECT_EQ(start.image, "C:\\a.exe");
  EXPECT_EQ(start.process_id, 400u);
  EXPECT_EQ(start.reply, Start::Reply::Delay);
  EXPECT_EQ(start.word.info.rules, 0x20u);
  const auto expected_in = [&](Profile profile) { return *step.expected[static_cast<std::size_t>(profile)]; };
  EXPECT_TRUE(expected_in(Profile::Wd1910).empty());
  EXPECT_TRUE(expected_in(Profile::Wd20H1).empty());  // as in the build that it is the preview of
  ASSERT_EQ(expected_in(Profile::WdA5).size(), 1u);
  const Expected expected = expected_in(Profile::WdA5).front();
  EXPECT_EQ(expected.flags, 0x41u);
  EXPECT_EQ(expected.trusted, false);
  EXPECT_EQ(expected.place.line, 16u);
}

TEST(ScenarioFile, EveryCommandHasItsKeys) {
  const Scenario scenario = taken(
      "[[step]]\nadopt = \"a\"\n"
      "[[step]]\ncommand = \"exclusions\"\nprocesses = [\"x\"]\n"
      "[[step]]\ncommand = \"doc_rules\"\nrules = [{ process = \"w\", extensions = [\"d\"] }]\n"
      "[[step]]\ncommand = \"process_info\"\nprocess = \"a\"\ntrusted = true\n"
      "[[step]]\ncommand = \"friendly\"\nprocess = \"a\"\n[[step]]\ncommand = \"taint\"\nprocess = \"a\"\n"
      "[[step]]\ncommand = \"reset_hardening\"\n"
      "[[step]]\ncommand = \"trusted_installer\"\nhardening_excluded = [\"registry\", \"object\"]\n"
      "[[step]]\ncommand = \"query\"\ntrusted = 1\nsize = 12\nstatus = 0xC000000D\n"
      "patch = [{ offset = 4, value = \"0xFFFFFFFFFFFFFFFF\", size = 8 }]\n");
  ASSERT_EQ(scenario.steps.size(), 9u);
  EXPECT_EQ(std::get<Command>(scenario.steps[7].action).flags, 5u);
  const auto& query = std::get<Command>(scenario.steps[8].action);
  EXPECT_EQ(query.status, 0xC000000Du);
  EXPECT_EQ(query.size, 12u);
  EXPECT_EQ(query.patches.at(0).value, ~std::uint64_t{0});
  EXPECT_EQ(write(*parse(write(scenario), "again")), write(scenario));
}

TEST(ScenarioFile, WhatIsNotUnderstoodIsNamedWithItsPlaceAndWhatWasExpected) {
  expect_refused("[[step]]\nstart = \"a\"\nimge = \"x\"\n",
                 "scenario s:4:1: unknown key 'step.imge': did you mean 'image'? expected one of ");
  expect_refused("[[step]]\nstart = \"a\"\nexit = \"a\"\n", "scenario s:2:1: a step does one thing");
  expect_refused("[[step]]\nafter_ms = 1\n", "scenario s:2:1: a step does something: expected one of start, ");
  expect_refused("[[step]]\nstart = \"first\"\n[[step]]\nexit = \"fisrt\"\n",
                 "scenario s:5:8: no process is named 'fisrt' up to here, did you mean 'first'?");
  expect_refused("[[step]]\nstart = \"a\"\nexpect = [{ told = \"craete\", process = \"a\" }]\n",
                 "scenario s:4:20: 'told' must be one of \"create\", ");
  expect_refused("[[step]]\nstart = \"a\"\nexpect = [{ told = \"create\", process = \"b\" }]\n",
                 "scenario s:4:11: no process is named 'b'");
  expect_refused("[[step]]\nstart = \"a\"\nexpect = [{ told = \"one_untrusted\", process = \"a\" }]\n",
                 "about no process");
  expect_refused("[[step]]\ncommand = \"exclude\"\n", "scenario s:3:11: 'command' must be one of \"exclusions\"");
  expect_refused("[[step]]\ncommand = \"friendly\"\n", "scenario s:2:1: the command is about one process");
  expect_refused("[[step]]\ncommand = \"query\"\nprocesses = []\n", "unknown key 'step.processes'");
  expect_refused("[[step]]\nstart = \"a\"\nprocess_id = 401\n", "multiple of 4");
  expect_refused("[[step]]\nstart = \"a\"\ndelay_ms = 4\n", "delay_ms belongs to answer = \"delay\"");
  expect_refused("[[step]]\nstart = \"a\"\nanswer = \"delay\"\n", "answer = \"delay\" needs delay_ms");
  expect_refused("[[step]]\nstart = \"a\"\nfail_allocation = 0\n", "scenario s:4:19: 'fail_allocation' must be");
  expect_refused("[[step]]\nstart = \"a\"\nprofiles = [\"2019\"]\n", "is no profile");
  expect_refused("[[step]]\nrefresh = false\n", "'refresh' must be true");
  expect_refused("[[step]]\nload = \"wdscope\"\n", "'load' must be one of \"notifier\", \"observer\", \"wdnis\"");
  expect_refused("version = 2\n", "version must be 1");
  expect_refused("", "a scenario has steps");
  expect_refused("[[step]\n", "scenario s:2:");
  EXPECT_THAT(parse("[[step]]\nstart = \"a\"\n", "s").error().what, HasSubstr("title"));
  EXPECT_EQ(load("/nonexistent").error().code, ErrorCode::InputUnreadable);
}

}  // namespace
}  // namespace wdscope::scenario
