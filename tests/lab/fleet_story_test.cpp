// SPDX-License-Identifier: MIT
// Several machines at once, each in a child: what comes out is what comes out of one after the other.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>

#include "event/decode.h"
#include "event/json.h"
#include "lab/fleet_play.h"

namespace wdscope {
namespace {

using testing::HasSubstr;

constexpr FileTime kBegins = 133'000'000'000'000'000;

MachineHistory machine_named(const std::string& host, std::uint32_t lives) {
  MachineHistory machine;
  machine.host = host;
  for (std::uint32_t index = 0; index < lives; ++index) {
    const FileTime now = kBegins + 10'000 * FileTime{index};
    HistoryProcess process;
    process.pid = 1000 + 4 * (index % 1000);
    process.parent_pid = 800;
    process.created = now;
    process.image = fmt::format("C:\\t\\{}-{}.exe", host, index % 7);
    process.command_line = fmt::format("{} {}", process.image, index);
    machine.processes.push_back(std::move(process));
    machine.steps.push_back({HistoryStep::Kind::Start, now, index});
    machine.steps.push_back({HistoryStep::Kind::End, now + 5'000, index});
  }
  return machine;
}

// Everything that a listener hears.
struct Heard {
  std::vector<std::string> hosts;
  std::string lines;  // of all, as NDJSON: records hold addresses too, which differ
  std::size_t bytes = 0;
  Origin origin;
  std::vector<MachineAccount> accounts;

  PlayListener listener() {
    return {[this](const Origin& from) -> Result<void> {
              EXPECT_NE(from.boot_id, 0u);
              hosts.push_back(from.host_name + ' ' + from.profile + (from.played ? " played" : ""));
              origin = from;
              return {};
            },
            [this](std::span<const std::byte> more, const MachineAccount&) -> Result<void> {
              bytes += more.size();
              return for_each_record(more, [&](std::span<const std::byte> record) -> Result<void> {
                return append_json_record(lines, record, origin);
              });
            },
            [this](const MachineAccount& account) { accounts.push_back(account); }};
  }
};

class FleetStory : public testing::Test {
 protected:
  // Small enough that no child is done before somebody reads.
  static constexpr std::size_t kAhead = 4 << 20;
  static constexpr std::uint32_t kManyLives = 20'000;

  Result<void> play(unsigned at_once, Heard& heard) {
    auto fleet = FleetPlay::start(options_, machines_, at_once, kAhead);
    if (!fleet) return tl::unexpected(fleet.error());
    return fleet->run(heard.listener());
  }

  static void expect_no_child() {
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
  }

  LabOptions options_;
  std::vector<MachineHistory> machines_;
};

TEST_F(FleetStory, ItTellsWhatOneAfterTheOtherTells) {
  for (const std::uint32_t lives : {5U, 0U, 300U, 1U, 40U}) {
    machines_.push_back(machine_named(fmt::format("W{}", machines_.size()), lives));
  }
  options_.profile = Profile::Wd1910;
  Heard one_by_one;
  for (const MachineHistory& machine : machines_) {
    options_.history = &machine;
    const auto played = play_machine(options_, one_by_one.listener());
    ASSERT_TRUE(played) << played.error().what;
  }
  options_.history = nullptr;
  for (const unsigned at_once : {1U, 2U, 3U, 99U}) {
    Heard heard;
    const auto played = play(at_once, heard);
    ASSERT_TRUE(played) << played.error().what;
    EXPECT_EQ(heard.hosts, one_by_one.hosts);
    EXPECT_EQ(heard.lines, one_by_one.lines);
    ASSERT_EQ(heard.accounts.size(), machines_.size());
    for (std::size_t i = 0; i < machines_.size(); ++i) {
      EXPECT_EQ(heard.accounts[i].feed.started, machines_[i].processes.size());
      EXPECT_EQ(heard.accounts[i].source.delivered, one_by_one.accounts[i].source.delivered);
      EXPECT_EQ(heard.accounts[i].source.lost, 0u);
    }
    expect_no_child();
  }
}

TEST_F(FleetStory, AMachineLargerThanTheStreamComesOutWhole) {
  machines_ = {machine_named("W0", kManyLives), machine_named("W1", kManyLives)};
  Heard heard;
  const auto played = play(2, heard);
  ASSERT_TRUE(played) << played.error().what;
  ASSERT_EQ(heard.accounts.size(), 2u);
  EXPECT_EQ(heard.accounts[0].feed.exited, kManyLives);
  EXPECT_EQ(heard.accounts[1].feed.exited, kManyLives);
  EXPECT_EQ(heard.accounts[1].source.lost, 0u);
  EXPECT_GT(heard.bytes, 4 * kAhead);
}

TEST_F(FleetStory, AListenerThatWantsNoMoreEndsItAndKnowsHowFarItCame) {
  machines_ = {machine_named("W0", kManyLives), machine_named("W1", kManyLives)};
  Heard heard;
  PlayListener listener = heard.listener();
  int batches = 0;
  listener.take = [&](std::span<const std::byte>, const MachineAccount&) -> Result<void> {
    if (++batches < 3) return {};
    return failure(ErrorCode::Usage, "enough");
  };
  {
    auto fleet = FleetPlay::start(options_, machines_, 2, kAhead);
    ASSERT_TRUE(fleet) << fleet.error().what;
    const auto played = fleet->run(listener);
    ASSERT_FALSE(played);
    EXPECT_EQ(played.error().what, "enough");
  }
  expect_no_child();
  ASSERT_EQ(heard.accounts.size(), 1u);
  EXPECT_GT(heard.accounts[0].feed.started, 0u);
  EXPECT_LT(heard.accounts[0].feed.started, kManyLives);
}

TEST_F(FleetStory, WhatAChildCannotDoIsTheErrorThatItHad) {
  machines_ = {machine_named("W0", 1), machine_named("W1", 1)};
  options_.policy = "/nonexistent/policy.toml";
  Heard heard;
  const auto played = play(2, heard);
  ASSERT_FALSE(played);
  EXPECT_EQ(played.error().code, ErrorCode::InputUnreadable);
  EXPECT_THAT(played.error().what, HasSubstr("/nonexistent/policy.toml"));
  EXPECT_TRUE(heard.hosts.empty());
}

TEST_F(FleetStory, AChildThatDiesIsNamedByItsMachine) {
  machines_ = {machine_named("W0", kManyLives), machine_named("W1", 1)};
  Heard heard;
  PlayListener listener = heard.listener();
  listener.begin = [](const Origin&) -> Result<void> {
    // The first child is the one that has W0.
    std::ifstream children("/proc/thread-self/children");
    pid_t first = 0;
    children >> first;
    EXPECT_GT(first, 0);
    EXPECT_EQ(kill(first, SIGKILL), 0);
    return {};
  };
  listener.take = [](std::span<const std::byte>, const MachineAccount&) { return Result<void>(); };
  auto fleet = FleetPlay::start(options_, machines_, 2, kAhead);
  ASSERT_TRUE(fleet) << fleet.error().what;
  const auto played = fleet->run(listener);
  ASSERT_FALSE(played);
  EXPECT_EQ(played.error().code, ErrorCode::Internal);
  EXPECT_THAT(played.error().what, HasSubstr("the machine W0 ended with signal 9"));
  EXPECT_THAT(played.error().advice, HasSubstr("--jobs 1"));
}

}  // namespace
}  // namespace wdscope
