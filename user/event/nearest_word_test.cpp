// SPDX-License-Identifier: MIT
#include "event/nearest_word.h"

#include <gtest/gtest.h>

namespace wdscope {
namespace {

const std::vector<std::string> kVerbs = {"watch", "run", "record", "replay"};

TEST(NearestWord, ASlipOfTheFingerIsRecognised) {
  EXPECT_EQ(nearest_word("wathc", kVerbs), "watch");
  EXPECT_EQ(nearest_word("recrod", kVerbs), "record");
  EXPECT_EQ(nearest_word("rn", kVerbs), "run");
  EXPECT_EQ(nearest_word("replayy", kVerbs), "replay");
}

TEST(NearestWord, ADifferentWordIsNotGuessed) {
  EXPECT_EQ(nearest_word("compile", kVerbs), "");
  EXPECT_EQ(nearest_word("", kVerbs), "");
  EXPECT_EQ(nearest_word(std::string(10'000, 'x'), kVerbs), "");
}

}  // namespace
}  // namespace wdscope
