// SPDX-License-Identifier: MIT
#include "lab/running_ids.h"

#include <gtest/gtest.h>

namespace wdscope::scenario {
namespace {

TEST(RunningIds, AnIdIsTakenUntilItIsErased) {
  constexpr std::uint64_t kLastGiven = RunningIds::kFirstGiven + 4 * (RunningIds::kGiven - 1);
  RunningIds ids;
  for (const std::uint64_t id : {std::uint64_t{0}, std::uint64_t{4}, RunningIds::kFirstGiven, kLastGiven,
                                 kLastGiven + 4, std::uint64_t{0xFFFFFFFC}}) {
    EXPECT_FALSE(ids.contains(id)) << id;
    ids.insert(id);
    EXPECT_TRUE(ids.contains(id)) << id;
    EXPECT_FALSE(ids.contains(id + 8)) << id;
    ids.erase(id);
    EXPECT_FALSE(ids.contains(id)) << id;
  }
}

}  // namespace
}  // namespace wdscope::scenario
