// SPDX-License-Identifier: MIT
#include "event/process_filter.h"

#include <gtest/gtest.h>

#include <memory>

#include "abi/defender/flags.h"
#include "event/dos_paths.h"
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

TEST_F(ProcessFilterTest, AnImageIsFoundByItsDosPathWhereThereIsOne) {
  ProcessFilter filter;
  filter.patterns = {"c:\\usr\\*"};
  EXPECT_FALSE(filter.matches(plain_));
  Origin origin;
  origin.dos_paths = std::make_shared<const DosPaths>(DosNames{{{"C:", "\\Device\\HarddiskVolume1"}}, {}});
  EXPECT_TRUE(filter.matches(plain_, origin));
  filter.patterns = {"\\device\\*"};
  EXPECT_TRUE(filter.matches(plain_, origin));
  filter.patterns = {"d:*\\"};
  EXPECT_FALSE(filter.matches(plain_, origin));
}

}  // namespace
}  // namespace wdscope
