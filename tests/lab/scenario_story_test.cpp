// SPDX-License-Identifier: MIT
// Every scenario of tests/scenarios and examples/scenarios, in each profile that it is for; and what a play promises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "event/decode.h"
#include "event/json.h"
#include "lab/scenario_play.h"

namespace wdscope::scenario {
namespace {

using testing::HasSubstr;

constexpr const char* kFolders[] = {WDSCOPE_SOURCE "/tests/scenarios", WDSCOPE_SOURCE "/examples/scenarios"};

std::vector<std::filesystem::path> scenario_files() {
  std::vector<std::filesystem::path> files;
  for (const char* folder : kFolders)
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (entry.path().extension() == ".toml") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

Result<Played> play_in(const Scenario& scenario, Profile profile, std::string* lines = nullptr) {
  ScenarioLab::Options options;
  options.profile = profile;
  if (lines != nullptr) {
    options.take = [lines](const Origin& origin, std::span<const std::byte> records) {
      return for_each_record(
          records, [&](std::span<const std::byte> record) { return append_json_record(*lines, record, origin); });
    };
  }
  return play(scenario, std::move(options));
}

class EveryScenario : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(EveryScenario, ComesOutInEachOfItsProfiles) {
  const auto scenario = load(GetParam());
  ASSERT_TRUE(scenario) << scenario.error().what;
  for (const Profile profile : scenario->profiles) {
    SCOPED_TRACE(profile_name(profile));
    const auto played = play_in(*scenario, profile);
    ASSERT_TRUE(played) << played.error().what;
    if (played->failure) {
      ADD_FAILURE() << scenario->name << ":" << played->failure->place.line << ": " << played->failure->what;
    }
  }
}

TEST_P(EveryScenario, IsTheSameWhenWrittenAgain) {
  const auto scenario = load(GetParam());
  ASSERT_TRUE(scenario) << scenario.error().what;
  const std::string text = write(*scenario);
  const auto again = parse(text, "again");
  ASSERT_TRUE(again) << again.error().what << "\n" << text;
  EXPECT_EQ(write(*again), text);
}

INSTANTIATE_TEST_SUITE_P(Files, EveryScenario, testing::ValuesIn(scenario_files()), [](const auto& parameter) {
  std::string name = parameter.param.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-'; }, '_');
  return "S" + name;
});

Scenario crowd_of(std::uint64_t lives, std::uint64_t seed) {
  Scenario scenario;
  scenario.name = "crowd";
  scenario.profiles.assign(kProfiles.begin(), kProfiles.end());
  scenario.seed = seed;
  Step step;
  step.action = Crowd{lives, 32};
  scenario.steps.push_back(std::move(step));
  return scenario;
}

TEST(Scenario, OneSeedIsOneStreamOfBytesAndAnotherSeedAnother) {
  for (const Profile profile : kProfiles) {
    std::string first, second, other;
    ASSERT_TRUE(play_in(crowd_of(500, 7), profile, &first));
    ASSERT_TRUE(play_in(crowd_of(500, 7), profile, &second));
    ASSERT_TRUE(play_in(crowd_of(500, 8), profile, &other));
    EXPECT_FALSE(first.empty());
    EXPECT_TRUE(first == second);
    EXPECT_TRUE(first != other);
  }
}

TEST(Scenario, EveryLifeOfACrowdIsAnnouncedOnceAndNoneIsLost) {
  const auto played = play_in(crowd_of(5'000, 1), Profile::WdA5);
  ASSERT_TRUE(played) << played.error().what;
  EXPECT_EQ(played->feed.started, 5'000u);
  EXPECT_EQ(played->feed.exited, 5'000u);
  EXPECT_EQ(played->source.lost, 0u);
  EXPECT_GE(played->source.delivered, 10'000u);
}

Failure failure_of(std::string_view steps) {
  const auto scenario = parse("title = \"t\"\n" + std::string(steps), "s.toml");
  EXPECT_TRUE(scenario) << scenario.error().what;
  const auto played = play_in(*scenario, Profile::WdA5);
  EXPECT_TRUE(played) << played.error().what;
  return played->failure.value_or(Failure{});
}

TEST(Scenario, AFailureNamesItsLineWhatWasExpectedAndWhatCame) {
  const Failure trust =
      failure_of("[[step]]\nstart = \"a\"\nexpect = [\n  { told = \"create\", process = \"a\", trusted = true },\n]\n");
  EXPECT_EQ(trust.place.line, 5u);
  EXPECT_THAT(trust.what, HasSubstr("trusted true, got false"));
  const Failure missing = failure_of(
      "[[step]]\nstart = \"a\"\nexpect = [{ told = \"create\", process = \"a\" },\n"
      "{ told = \"terminate\", process = \"a\" }]\n");
  EXPECT_EQ(missing.place.line, 5u);
  EXPECT_EQ(missing.what, "expected terminate of a; got nothing more");
  const Failure extra = failure_of("[[step]]\nstart = \"a\"\nexpect = []\n");
  EXPECT_EQ(extra.place.line, 2u);
  EXPECT_EQ(extra.what, "expected nothing; got create of a, not trusted");
  EXPECT_EQ(failure_of("[[step]]\nstart = \"a\"\nanswer = \"deny\"\n").what,
            "expected the start of a to be accepted; it was denied");
  EXPECT_EQ(failure_of("[[step]]\ncommand = \"query\"\nuntrusted = 9\n").what,
            "expected any trusted and 9 untrusted; got 1 and 0");
  EXPECT_EQ(failure_of("[[step]]\ncommand = \"query\"\nstatus = 0xC000000D\n").what,
            "expected status 0xc000000d; got 0x00000000");
}

TEST(Scenario, AProfileThatItIsNotForIsRefused) {
  const auto scenario = parse("title = \"t\"\nprofiles = [\"1910\"]\n[[step]]\nstart = \"a\"\n", "s.toml");
  ASSERT_TRUE(scenario);
  const auto played = play_in(*scenario, Profile::WdA5);
  ASSERT_FALSE(played);
  EXPECT_EQ(played.error().code, ErrorCode::Usage);
  EXPECT_THAT(played.error().advice, HasSubstr("1910"));
}

}  // namespace
}  // namespace wdscope::scenario
