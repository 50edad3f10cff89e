// SPDX-License-Identifier: MIT
#include "cli/duration.h"

#include <gtest/gtest.h>

namespace wdscope::cli {
namespace {

using std::chrono::milliseconds;

TEST(Duration, UnitsAreUnderstood) {
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("10s"), milliseconds(10'000));
  EXPECT_EQ(parse_duration("10"), milliseconds(10'000));
  EXPECT_EQ(parse_duration("2m"), milliseconds(120'000));
  EXPECT_EQ(parse_duration("1.5h"), milliseconds(5'400'000));
}

TEST(Duration, AnythingElseIsAUsageError) {
  for (const char* text : {"", "s", "10x", "-1s", "0", "nan", "inf", "1e99h", "10s ", " 10s", "99999999h"}) {
    const auto result = parse_duration(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, ErrorCode::Usage) << text;
  }
}

}  // namespace
}  // namespace wdscope::cli
