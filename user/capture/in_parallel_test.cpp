// SPDX-License-Identifier: MIT
#include "capture/in_parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace wdscope {
namespace {

TEST(InParallel, EachIsDoneOnce) {
  for (const std::size_t count : {0U, 1U, 2U, 1000U}) {
    std::vector<std::atomic<int>> done(count);
    in_parallel(count, [&](std::size_t index) { ++done[index]; });
    for (const auto& times : done) EXPECT_EQ(times, 1);
  }
}

TEST(InParallel, WhatIsThrownReachesTheCaller) {
  const auto fails = [](std::size_t index) {
    if (index == 37) throw std::runtime_error("no");
  };
  EXPECT_THROW(in_parallel(100, fails), std::runtime_error);
}

}  // namespace
}  // namespace wdscope
