// SPDX-License-Identifier: MIT
#include "cli/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wdscope::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Summary, SaysWhatCameAndThatNothingWasLost) {
  Account account;
  account.tally.by_operation[static_cast<std::size_t>(Operation::Create)] = 3;
  account.tally.by_operation[static_cast<std::size_t>(Operation::Terminate)] = 2;
  account.counts = {5, 0};
  account.duration = std::chrono::milliseconds(1500);
  EXPECT_THAT(summary_lines(account),
              ElementsAre("5 events (3 create, 2 terminate); produced 5 = delivered 5 + lost 0; 1.5 s"));
  EXPECT_FALSE(account.lost_anything());
  EXPECT_THAT(loss_lines(account), IsEmpty());
}

TEST(Summary, EveryKindOfLossIsSaidLoudly) {
  Account account;
  account.counts = {5, 7};
  account.without_record = 1;
  account.feed = FeedCounts{.started = 10, .exited = 9, .lost = 3, .refused = 2, .unreadable = 1};
  EXPECT_TRUE(account.lost_anything());
  EXPECT_THAT(loss_lines(account),
              ElementsAre(HasSubstr("LOST 7 events"), HasSubstr("LOST 1 notification"), HasSubstr("LOST 3 messages"),
                          HasSubstr("LOST 2 processes"), HasSubstr("LOST 1 message of the notifier")));
}

TEST(Summary, TellsOfProcessesThatWereGoneTooSoonAndOfOddNotifications) {
  Account account;
  account.feed = FeedCounts{10, 9, 0, 2, 0, 0};
  account.tally.by_anomaly[static_cast<std::size_t>(wire::Anomaly::ArgumentNull)] = 4;
  EXPECT_FALSE(account.lost_anything());
  EXPECT_THAT(summary_lines(account),
              ElementsAre(testing::_, HasSubstr("10 started, 9 ended, 0 messages lost, 2 gone before"),
                          "odd notifications: 4 argument_null"));
}

TEST(Summary, TellsOfDenialsAndWhichWereEnforced) {
  Account account;
  account.feed = FeedCounts{.started = 10, .exited = 9, .denied = 3, .enforced = 2};
  EXPECT_THAT(
      summary_lines(account),
      ElementsAre(testing::_, testing::_,
                  "denied by the policy: 3 processes; 2 ended before the first instruction, with exit code 126; "
                  "1 not enforced: what already runs, or ran, is only seen"));
}

}  // namespace
}  // namespace wdscope::cli
