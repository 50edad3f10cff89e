// SPDX-License-Identifier: MIT
#include "capture/log_time.h"

#include <gtest/gtest.h>

#include "event/decode.h"

namespace wdscope {
namespace {

std::string told(std::string_view text) {
  const auto time = parse_log_time(text);
  return time ? format_time(*time) : "none";
}

TEST(LogTime, EachSpellingIsTheSameTime) {
  for (const char* text : {"2020-09-14 12:06:01.826", "2020-09-14T12:06:01.826Z", "2020-09-14T12:06:01.8260000Z",
                           "2020-09-14T14:06:01.826+02:00", "2020-09-14T06:36:01.826-0530"})
    EXPECT_EQ(told(text), "2020-09-14T12:06:01.8260000Z") << text;
}

TEST(LogTime, ThePrecisionIsThatOfTheText) {
  EXPECT_EQ(told("2020-02-29 23:59:59"), "2020-02-29T23:59:59.0000000Z");
  EXPECT_EQ(told("2020-02-29 23:59:59.1234567"), "2020-02-29T23:59:59.1234567Z");
  EXPECT_EQ(told("2020-02-29 23:59:59.123456789"), "2020-02-29T23:59:59.1234567Z");
}

TEST(LogTime, AnythingElseIsNone) {
  for (const char* text : {"", "2020-09-14", "2020-09-14 12:06", "2020-13-14 12:06:01", "2019-02-29 12:06:01",
                           "2020-09-14 24:06:01", "2020-09-14 12:06:60", "2020-09-14 12:06:01.", "2020-09-14 12:06:01x",
                           "2020-09-14 12:06:01Zx", "1600-01-01 00:00:00", "2020-09-14 12:06:01+2"})
    EXPECT_EQ(told(text), "none") << text;
}

}  // namespace
}  // namespace wdscope
