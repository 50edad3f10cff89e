// SPDX-License-Identifier: MIT
#include "lab/name_pattern.h"

#include <gtest/gtest.h>

namespace wdscope {
namespace {

TEST(NamePattern, AStarIsAnyTextAndAQuestionMarkOneByte) {
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_TRUE(matches_pattern("a*c", "abbc"));
  EXPECT_TRUE(matches_pattern("a?c", "abc"));
  EXPECT_TRUE(matches_pattern("*ab*ab", "xabyabab"));
  EXPECT_FALSE(matches_pattern("a?c", "ac"));
  EXPECT_FALSE(matches_pattern("", "a"));
  EXPECT_FALSE(matches_pattern("abc", "abcd"));
  EXPECT_FALSE(matches_pattern("*b", "abc"));
}

TEST(NamePattern, CaseIsIgnored) {
  EXPECT_TRUE(matches_pattern("*-ENC *", "powershell -enc AAAA"));
}

TEST(NamePattern, ManyStarsTakeNoLongerThanTheyMust) {
  EXPECT_FALSE(matches_pattern("*a*a*a*a*a*a*a*a*a*a*b", std::string(20'000, 'a')));
}

TEST(NamePattern, ABareNameIsComparedWithTheFileName) {
  EXPECT_TRUE(matches_image("true", "/usr/bin/true"));
  EXPECT_TRUE(matches_image("cmd.exe", "C:\\Windows\\System32\\CMD.EXE"));
  EXPECT_FALSE(matches_image("true", "/usr/bin/nottrue"));
  EXPECT_TRUE(matches_image("*/true", "/usr/bin/true"));
  EXPECT_FALSE(matches_image("bin/true", "/usr/bin/true"));
}

}  // namespace
}  // namespace wdscope
