// SPDX-License-Identifier: MIT
#include "event/time.h"

#include <gtest/gtest.h>

#include <ctime>
#include <limits>

#include "event/decode.h"
#include "event/record_builder.h"

namespace wdscope {
namespace {

constexpr FileTime kTicks = 10'000'000;
constexpr FileTime k1970 = 11'644'473'600 * kTicks;

TEST(Time, TheEpochIs1601) {
  EXPECT_EQ(format_time(0), "1601-01-01T00:00:00.0000000Z");
}

TEST(Time, SevenDigitsOfASecond) {
  EXPECT_EQ(format_time(kBuilderTime), "2026-11-22T08:30:15.1234567Z");
}

TEST(Time, ATickBeforeTheEpochIsTheYearBefore) {
  EXPECT_EQ(format_time(-1), "1600-12-31T23:59:59.9999999Z");
}

TEST(Time, GarbageStillHasAForm) {
  EXPECT_EQ(format_time(std::numeric_limits<FileTime>::max()), "+30828-09-14T02:48:05.4775807Z");
  EXPECT_EQ(format_time(std::numeric_limits<FileTime>::min()), "-27627-04-19T21:11:54.5224192Z");
}

TEST(Time, EveryDayOfFourCenturiesAgreesWithTheLibrary) {
  for (std::int64_t day = 0; day < 146'097 + 2; ++day) {
    const std::time_t seconds = day * 86'400 + 3'661;
    const std::tm* const parts = std::gmtime(&seconds);
    ASSERT_NE(parts, nullptr);
    char expected[64];
    std::strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.0000000Z", parts);
    ASSERT_EQ(format_time(k1970 + seconds * kTicks), expected);
  }
}

TEST(Time, NowIsBetweenTwoReadingsOfTheClock) {
  const std::time_t before = std::time(nullptr);
  const FileTime now = current_time();
  const std::time_t after = std::time(nullptr);
  // time() may lag the precise clock by a tick of the kernel's timer.
  EXPECT_GE(now, k1970 + (before - 1) * kTicks);
  EXPECT_LE(now, k1970 + (after + 2) * kTicks);
}

}  // namespace
}  // namespace wdscope
