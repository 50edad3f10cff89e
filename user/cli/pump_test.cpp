// SPDX-License-Identifier: MIT
#include "cli/pump.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "event/record_builder.h"

namespace wdscope::cli {
namespace {

using std::chrono::milliseconds;

// Answers as it was told to, then as `after` says.
class ScriptedSource : public Source {
 public:
  using Answer = Result<std::vector<std::byte>>;  // empty: timed out

  explicit ScriptedSource(std::deque<Answer> answers, Batch::State after)
      : answers_(std::move(answers)), after_(after) {}

  const Origin& origin() const override { return origin_; }
  Result<Batch> next(milliseconds) override {
    if (answers_.empty()) return Batch{after_, {}};
    const Answer answer = std::move(answers_.front());
    answers_.pop_front();
    if (!answer) return tl::unexpected(answer.error());
    current_ = *answer;
    return Batch{current_.empty() ? Batch::State::TimedOut : Batch::State::Records, current_};
  }
  void cancel() override {}
  SourceCounts counts() const override { return {}; }

 private:
  Origin origin_;
  std::deque<Answer> answers_;
  Batch::State after_;
  std::vector<std::byte> current_;
};

// "w" for each write, "f" for each flush.
class LoggingSink : public Sink {
 public:
  Result<void> write(std::span<const std::byte>) override {
    log += 'w';
    if (log.size() >= fail_at) return failure(ErrorCode::BrokenPipe, "nobody reads");
    return {};
  }
  Result<void> flush() override {
    log += 'f';
    return {};
  }
  std::string log;
  std::size_t fail_at = SIZE_MAX;
};

std::vector<std::byte> record() {
  return RecordBuilder::create(400, 4).build();
}

TEST(Pump, EndsWithItsSourceAndFlushes) {
  ScriptedSource source({record(), record()}, Batch::State::End);
  LoggingSink sink;
  Tally tally;
  const StopRequest stop;
  EXPECT_EQ(pump(source, sink, tally, stop, std::nullopt), PumpEnd::SourceEnded);
  EXPECT_EQ(sink.log, "wwf");
  EXPECT_EQ(tally.events(), 2u);
}

TEST(Pump, FlushesOnceWhenTheSourceFallsSilent) {
  ScriptedSource source({record(), {}, {}, {}, record()}, Batch::State::End);
  LoggingSink sink;
  Tally tally;
  const StopRequest stop;
  ASSERT_TRUE(pump(source, sink, tally, stop, std::nullopt));
  EXPECT_EQ(sink.log, "wfwf");
}

TEST(Pump, WhatWasWholeIsOutBeforeTheSourcesFailureIsTold) {
  ScriptedSource source({record(), failure(ErrorCode::InputDamaged, "broken at 4096")}, Batch::State::End);
  LoggingSink sink;
  Tally tally;
  const StopRequest stop;
  const auto end = pump(source, sink, tally, stop, std::nullopt);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::InputDamaged);
  EXPECT_EQ(sink.log, "wf");
}

TEST(Pump, ASinkThatFailsEndsItAndCountsNothing) {
  ScriptedSource source({record()}, Batch::State::TimedOut);
  LoggingSink sink;
  sink.fail_at = 1;
  Tally tally;
  const StopRequest stop;
  const auto end = pump(source, sink, tally, stop, std::nullopt);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::BrokenPipe);
  EXPECT_EQ(tally.events(), 0u);
}

TEST(Pump, EndsWhenItsTimeIsUp) {
  ScriptedSource source({}, Batch::State::TimedOut);
  LoggingSink sink;
  Tally tally;
  const StopRequest stop;
  EXPECT_EQ(pump(source, sink, tally, stop, milliseconds(1)), PumpEnd::TimeUp);
}

TEST(Pump, EndsWhenAskedAndTheFirstReasonStands) {
  ScriptedSource source({}, Batch::State::TimedOut);
  LoggingSink sink;
  Tally tally;
  StopRequest stop;
  stop.ask(StopRequest::Reason::CommandEnded);
  stop.ask(StopRequest::Reason::Interrupted);
  EXPECT_EQ(pump(source, sink, tally, stop, std::nullopt), PumpEnd::Stopped);
  EXPECT_EQ(stop.reason(), StopRequest::Reason::CommandEnded);
}

TEST(Drain, TakesWhatIsThereAndFlushes) {
  ScriptedSource source({record(), record(), {}, record()}, Batch::State::TimedOut);
  LoggingSink sink;
  Tally tally;
  ASSERT_TRUE(drain(source, sink, tally, milliseconds(0), milliseconds(60'000)));
  EXPECT_EQ(sink.log, "wwf");
  EXPECT_EQ(tally.events(), 2u);
}

}  // namespace
}  // namespace wdscope::cli
