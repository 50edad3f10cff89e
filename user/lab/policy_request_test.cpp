// SPDX-License-Identifier: MIT
#include "lab/policy_request.h"

#include <gtest/gtest.h>

#include <cstring>

namespace wdscope {
namespace {

std::vector<std::byte> with(std::vector<std::byte> bytes, std::size_t offset, std::uint32_t value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
  return bytes;
}

TEST(PolicyRequest, ComesBackAsItWasWritten) {
  const auto bytes = write_policy_request("p.toml", "version = 1\n");
  ASSERT_TRUE(bytes);
  const auto request = read_policy_request(*bytes);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->name, "p.toml");
  EXPECT_EQ(request->text, "version = 1\n");
}

TEST(PolicyRequest, AnAnswerComesBackAsItWasWritten) {
  const auto answer = read_policy_answer(write_policy_answer(PolicyOutcome::Refused, "why\nwhat to do"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->outcome, PolicyOutcome::Refused);
  EXPECT_EQ(answer->text, "why\nwhat to do");
  EXPECT_EQ(read_policy_answer(write_policy_answer(PolicyOutcome::Applied, std::string(70'000, 'x')))->text.size(),
            kLongestPolicyAnswer);
}

TEST(PolicyRequest, WhatIsCutOrHasMoreBehindItIsNone) {
  auto bytes = *write_policy_request("p", "text");
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(read_policy_request(std::span(bytes).first(size))) << size;
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(read_policy_request(bytes));
}

TEST(PolicyRequest, ASizeIsNotBelieved) {
  const auto bytes = *write_policy_request("p", "text");
  EXPECT_EQ(size_behind_request(bytes), 5u);
  EXPECT_FALSE(size_behind_request(with(bytes, 0, 1)));  // magic
  EXPECT_FALSE(size_behind_request(with(bytes, 4, 2)));  // protocol
  EXPECT_FALSE(size_behind_request(with(bytes, 8, kLongestPolicyName + 1)));
  EXPECT_FALSE(size_behind_request(with(bytes, 12, kLongestPolicyText + 1)));
  EXPECT_FALSE(size_behind_request(with(bytes, 12, 0xFFFFFFFF)));
  EXPECT_TRUE(size_behind_request(with(bytes, 12, kLongestPolicyText)));
  const auto answer = write_policy_answer(PolicyOutcome::Applied, "");
  EXPECT_EQ(size_behind_answer(answer), 0u);
  EXPECT_FALSE(size_behind_answer(bytes));
  EXPECT_FALSE(size_behind_answer(with(answer, 8, 5)));  // no outcome
  EXPECT_FALSE(size_behind_answer(with(answer, 12, kLongestPolicyAnswer + 1)));
}

TEST(PolicyRequest, WhatIsTooLongIsNotWritten) {
  EXPECT_FALSE(write_policy_request("p", std::string(kLongestPolicyText + 1, ' ')));
  EXPECT_FALSE(write_policy_request(std::string(kLongestPolicyName + 1, 'p'), ""));
}

}  // namespace
}  // namespace wdscope
