// SPDX-License-Identifier: MIT
#include "lab/history_feed.h"

#include <gtest/gtest.h>

#include "lab/recording_listener.h"

namespace wdscope {
namespace {

using Kind = RecordingListener::Entry::Kind;

constexpr FileTime kStart = 132'600'000'000'000'000;

class HistoryFeedTest : public testing::Test {
 protected:
  HistoryFeedTest() { history_.host = "W1"; }

  std::uint32_t add(std::uint64_t pid, const std::string& image, FileTime created) {
    HistoryProcess process;
    process.pid = pid;
    process.parent_pid = 8;
    process.created = created;
    process.image = image;
    process.command_line = image + " -x";
    process.session_id = 3;
    history_.processes.push_back(process);
    return static_cast<std::uint32_t>(history_.processes.size() - 1);
  }
  void step(HistoryStep::Kind kind, FileTime time, std::uint32_t process) {
    history_.steps.push_back({kind, time, process});
  }

  void play() {
    HistoryFeed feed(history_, listener_, clock_, counters_);
    feed.adopt();
    const auto done = feed.play([this]() -> Result<void> {
      ++pauses_;
      return {};
    });
    EXPECT_TRUE(done);
    EXPECT_EQ(listener_.faults(), 0);
  }

  MachineHistory history_;
  RecordingListener listener_;
  VirtualClock clock_{kStart - 10};
  FeedCounters counters_;
  int pauses_ = 0;
};

TEST_F(HistoryFeedTest, AProcessStartsAndEndsAsItWasTold) {
  const auto index = add(100, "C:\\Windows\\a.exe", kStart + 1);
  step(HistoryStep::Kind::Start, kStart + 1, index);
  step(HistoryStep::Kind::End, kStart + 5, index);
  play();
  ASSERT_EQ(listener_.entries.size(), 2u);
  const host::ProcessStart& start = listener_.entries[0].process;
  EXPECT_EQ(start.process_id, 100u);
  EXPECT_EQ(start.parent_process_id, 8u);
  EXPECT_EQ(start.created_100ns, kStart + 1);
  EXPECT_EQ(start.session_id, 3u);
  EXPECT_EQ(listener_.entries[0].image(), "\\Device\\HarddiskVolume3\\Windows\\a.exe");
  EXPECT_EQ(listener_.entries[0].command_line(), "C:\\Windows\\a.exe -x");
  EXPECT_EQ(listener_.entries[1].kind, Kind::Exited);
  EXPECT_EQ(clock_.now(), kStart + 5);
  EXPECT_EQ(counters_.read().started, 1u);
  EXPECT_EQ(counters_.read().exited, 1u);
}

TEST_F(HistoryFeedTest, WhatRanBeforeIsAdoptedWithTheClocksTime) {
  history_.running_before.push_back(add(300, "C:\\old.exe", 0));
  step(HistoryStep::Kind::End, kStart + 5, 0);
  play();
  ASSERT_EQ(listener_.entries.size(), 2u);
  EXPECT_EQ(listener_.entries[0].kind, Kind::Adopted);
  EXPECT_EQ(listener_.entries[0].process.created_100ns, kStart - 10);
  EXPECT_EQ(listener_.entries[1].kind, Kind::Exited);
  EXPECT_EQ(counters_.read().started, 0u);
}

TEST_F(HistoryFeedTest, ARefusedProcessIsCountedAndNotTold) {
  const auto index = add(100, "C:\\a.exe", kStart);
  step(HistoryStep::Kind::Start, kStart, index);
  step(HistoryStep::Kind::End, kStart + 5, index);
  listener_.refuse.insert(100);
  play();
  EXPECT_TRUE(listener_.entries.empty());
  EXPECT_EQ(counters_.read().refused, 1u);
  EXPECT_EQ(counters_.read().exited, 0u);
}

TEST_F(HistoryFeedTest, ADeniedProcessHasEndedAlready) {
  const auto index = add(100, "C:\\a.exe", kStart);
  step(HistoryStep::Kind::Start, kStart, index);
  step(HistoryStep::Kind::End, kStart + 5, index);
  listener_.deny.insert(100);
  play();
  EXPECT_TRUE(listener_.announced().empty());
  EXPECT_EQ(counters_.read().started, 1u);
  EXPECT_EQ(counters_.read().exited, 1u);
  EXPECT_EQ(counters_.read().denied, 1u);
}

TEST_F(HistoryFeedTest, ACommandLineLongerThanNtsIsAPrefix) {
  const auto index = add(100, "C:\\a.exe", kStart);
  history_.processes[index].command_line.assign(40'000, 'x');
  step(HistoryStep::Kind::Start, kStart, index);
  play();
  EXPECT_EQ(listener_.entries[0].process.command_line.size(), 32'767u);
  EXPECT_EQ(counters_.read().clipped, 1u);
}

TEST_F(HistoryFeedTest, TheReaderGetsItsTurnBeforeMuchWasTold) {
  constexpr int kProcesses = 10 * static_cast<int>(HistoryFeed::kBurstSteps);
  for (int i = 1; i <= kProcesses; ++i)
    step(HistoryStep::Kind::Start, kStart + i, add(static_cast<std::uint64_t>(4 * i + 100), "C:\\a.exe", kStart + i));
  play();
  EXPECT_GE(pauses_, 10);
  EXPECT_EQ(listener_.entries.size(), static_cast<std::size_t>(kProcesses));
}

TEST_F(HistoryFeedTest, AReadersErrorEndsThePlay) {
  step(HistoryStep::Kind::Start, kStart, add(100, "C:\\a.exe", kStart));
  HistoryFeed feed(history_, listener_, clock_, counters_);
  const auto done = feed.play([]() -> Result<void> { return failure(ErrorCode::OutputFailed, "full"); });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().what, "full");
}

TEST(VirtualClock, NeverRunsBackwards) {
  VirtualClock clock(5);
  clock.advance_to(9);
  clock.advance_to(7);
  EXPECT_EQ(clock.now(), 9);
}

}  // namespace
}  // namespace wdscope
