// SPDX-License-Identifier: MIT
#include "event/name_pattern.h"

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

TEST(MatchesImage, APlainWordIsTheFileName) {
  EXPECT_TRUE(matches_image("CC", "\\Device\\HarddiskVolume1\\usr\\bin\\cc"));
  EXPECT_FALSE(matches_image("bin", "\\Device\\HarddiskVolume1\\usr\\bin\\cc"));
  EXPECT_FALSE(matches_image("c", "\\Device\\HarddiskVolume1\\usr\\bin\\cc"));
  EXPECT_TRUE(matches_image("[kthreadd]", "[kthreadd]"));
  EXPECT_EQ(file_name_of("[kworker/0:1]"), "[kworker/0:1]");
}

TEST(MatchesImage, ASeparatorMeansThePath) {
  EXPECT_TRUE(matches_image("*/usr/bin/*", "\\Device\\HarddiskVolume1\\usr\\bin\\cc"));
  EXPECT_FALSE(matches_image("/usr/bin/cc", "\\Device\\HarddiskVolume1\\usr\\bin\\cc"));
}

TEST(MatchesImage, StarsAndQuestionMarks) {
  EXPECT_TRUE(matches_image("c?", "cc"));
  EXPECT_FALSE(matches_image("c?", "c"));
  EXPECT_TRUE(matches_image("*", ""));
  EXPECT_TRUE(matches_image("a*b*c", "aXbXbXc"));
  EXPECT_FALSE(matches_image("a*b*c", "aXbXbX"));
  EXPECT_FALSE(matches_image("", "x"));
}

}  // namespace
}  // namespace wdscope
