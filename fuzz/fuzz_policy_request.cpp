// SPDX-License-Identifier: MIT
// Any bytes as a request to apply a policy, or as its answer: what is taken has the size that its head says, within the
// limits, and is written as it was read.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "lab/policy_request.h"
#include "require.h"

using namespace wdscope;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto behind = size_behind_request(bytes);
  fuzz::require(!behind || *behind <= kLongestPolicyName + kLongestPolicyText, "a request has its limits");
  if (const auto request = read_policy_request(bytes)) {
    const auto again = write_policy_request(request->name, request->text);
    fuzz::require(again && std::ranges::equal(*again, bytes), "a request comes back");
  }
  const auto behind_answer = size_behind_answer(bytes);
  fuzz::require(!behind_answer || *behind_answer <= kLongestPolicyAnswer, "an answer has its limits");
  if (const auto answer = read_policy_answer(bytes)) {
    fuzz::require(std::ranges::equal(write_policy_answer(answer->outcome, answer->text), bytes),
                  "an answer comes back");
  }
  return 0;
}
