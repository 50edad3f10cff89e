// SPDX-License-Identifier: MIT
#include "event/exclusion.h"

#include <gtest/gtest.h>

#include "abi/defender/flags.h"
#include "event/picture_samples.h"

namespace wdscope {
namespace {

namespace flag = defender::flag;
using Verdict = ExclusionAnswer::Verdict;
using Sureness = ExclusionAnswer::Sureness;

class ExclusionTest : public testing::Test {
 protected:
  void expect(Verdict verdict, Sureness sureness) {
    const ExclusionAnswer answer = judge_exclusion(*picture_.find(400), picture_);
    EXPECT_EQ(answer.verdict, verdict) << answer.reason;
    EXPECT_EQ(answer.sureness, sureness) << answer.reason;
    EXPECT_FALSE(answer.reason.empty());
  }
  void add(RecordBuilder builder) { add_to(picture_, std::move(builder), ++sequence_); }

  ProcessPicture picture_{ProcessPicture::Ended::Kept};
  std::uint64_t sequence_ = 0;
};

TEST_F(ExclusionTest, TheFlagAtCreationIsYes) {
  add(born(400, flag::Excluded));
  expect(Verdict::InForce, Sureness::Said);
  add(trust_changed(400, true));
  expect(Verdict::InForce, Sureness::Said);
}

TEST_F(ExclusionTest, NoFlagIsNo) {
  add(born(400, 0));
  expect(Verdict::NotInForce, Sureness::Said);
  add(refreshed(400, false));
  expect(Verdict::NotInForce, Sureness::Said);
}

TEST_F(ExclusionTest, TrustThatCameBeforeTheFlagsNeedsNoOtherReason) {
  add(trust_changed(400, true));
  add(born(400, flag::Trusted));
  expect(Verdict::NotInForce, Sureness::Said);
}

TEST_F(ExclusionTest, TrustThatCameLaterMayBeAnExclusion) {
  add(born(400, 0));
  add(trust_changed(400, true));
  expect(Verdict::CannotTell, Sureness::None);
}

TEST_F(ExclusionTest, TheOverrulingRuleIsNo) {
  RecordBuilder monitored = born(400, flag::Excluded);
  monitored.fixed().context_rules = defender::rule::MonitorAlthoughExcluded;
  add(monitored);
  expect(Verdict::NotInForce, Sureness::Said);
}

TEST_F(ExclusionTest, TrustLostSinceMeansWithdrawn) {
  add(born(400, flag::Excluded));
  add(trust_changed(400, true));
  add(trust_changed(400, false));
  expect(Verdict::NotInForce, Sureness::Inferred);
  add(trust_changed(400, true));
  expect(Verdict::InForce, Sureness::Said);
}

TEST_F(ExclusionTest, ExcludedAndNotYetJudgedIsStillYes) {
  add(born(400, flag::Excluded));
  add(refreshed(400, false));
  expect(Verdict::InForce, Sureness::Said);
}

TEST_F(ExclusionTest, OfARefreshAloneOnlyUntrustedTells) {
  add(refreshed(400, false));
  expect(Verdict::NotInForce, Sureness::Inferred);
  add(trust_changed(400, true));
  expect(Verdict::CannotTell, Sureness::None);
}

TEST_F(ExclusionTest, NeitherFlagsNorTrustCannotTell) {
  add(RecordBuilder::terminate(400).nt(kBuilderTime, 100));
  expect(Verdict::CannotTell, Sureness::None);
}

TEST_F(ExclusionTest, LossesTakeTheAnswerAwayUntilItIsHeardOfAgain) {
  add(born(400, flag::Excluded));
  picture_.add(LossEvent{++sequence_, 1});
  expect(Verdict::CannotTell, Sureness::None);
  add(refreshed(400, true));
  expect(Verdict::InForce, Sureness::Said);
}

TEST_F(ExclusionTest, NothingIsLostBehindAnEnd) {
  add(born(400, 0));
  add(died(400, flag::Excluded));
  picture_.add(LossEvent{++sequence_, 1});
  expect(Verdict::InForce, Sureness::Said);
}

}  // namespace
}  // namespace wdscope
