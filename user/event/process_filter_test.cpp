// SPDX-License-Identifier: MIT
#include "event/process_filter.h"

#include <gtest/gtest.h>

#include "abi/defender/flags.h"
#include "event/picture_samples.h"

namespace wdscope {
namespace {

class ProcessFilterTest : public testing::Test {
 protected:
  ProcessPicture picture_{ProcessPicture::Ended::Kept};
  const ProcessState& excluded_ = *add_to(picture_, born(400, defender::flag::Excluded), 1);
  const ProcessState& trusted_ = *add_to(picture_, refreshed(404, true), 2);
  const ProcessState& plain_ = *add_to(picture_, born(408, 0), 3);
};

TEST_F(ProcessFilterTest, NothingAskedForIsEverything) {
  const ProcessFilter filter;
  EXPECT_TRUE(filter.empty());
  EXPECT_TRUE(filter.matches(excluded_) && filter.matches(trusted_) && filter.matches(plain_));
}

TEST_F(ProcessFilterTest, UntrustedIsSaidToBeUntrusted) {
  ProcessFilter filter;
  filter.untrusted = true;
  EXPECT_FALSE(filter.empty());
  EXPECT_TRUE(filter.matches(plain_));
  EXPECT_FALSE(filter.matches(trusted_));
  EXPECT_FALSE(filter.matches(ProcessState()));
}

TEST_F(ProcessFilterTest, FlagsThatAreNotKnownDoNotMatch) {
  ProcessFilter filter;
  filter.excluded = true;
  EXPECT_TRUE(filter.matches(excluded_));
  EXPECT_FALSE(filter.matches(plain_));
  EXPECT_FALSE(filter.matches(trusted_));
  filter.flags = defender::flag::Trusted;
  EXPECT_FALSE(filter.matches(excluded_));
}

TEST_F(ProcessFilterTest, StateBitsNeedTheLayoutThatHasThem) {
  ProcessFilter filter;
  filter.state = defender::state::ProtectionValid;
  EXPECT_EQ(filter.matches(plain_), (plain_.context.value.state & defender::state::ProtectionValid) != 0);
  EXPECT_FALSE(filter.matches(trusted_));
}

TEST_F(ProcessFilterTest, PidsAreThoseThatAreShownAndOneOfThemIsEnough) {
  ProcessFilter filter;
  filter.pids = {1, 100};
  EXPECT_TRUE(filter.matches(excluded_));
  EXPECT_FALSE(filter.matches(plain_));
}

TEST_F(ProcessFilterTest, AllThatIsAskedForMustHold) {
  ProcessFilter filter;
  filter.pids = {100};
  filter.patterns = {"cc"};
  EXPECT_TRUE(filter.matches(excluded_));
  filter.patterns = {"ld"};
  EXPECT_FALSE(filter.matches(excluded_));
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
