// SPDX-License-Identifier: MIT
// What `wdscope policy apply` and a running lab say to each other: one request, one answer, over a Unix stream socket
// (lab/policy_socket.h). Both are a head of 16 bytes in the machine's byte order, then text in UTF-8. Bytes come from
// another process: every size is checked before it is believed. docs/policy.md describes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wdscope {

inline constexpr std::uint32_t kPolicyRequestMagic = 0x71506477;  // "wdPq"
inline constexpr std::uint32_t kPolicyAnswerMagic = 0x61506477;   // "wdPa"
inline constexpr std::uint32_t kPolicyProtocol = 1;

struct PolicyRequestHead {
  std::uint32_t magic;
  std::uint32_t protocol;
  std::uint32_t name_size;  // at most kLongestPolicyName; the name is for messages
  std::uint32_t text_size;  // at most kLongestPolicyText; follows the name
};
static_assert(sizeof(PolicyRequestHead) == 16);

struct PolicyAnswerHead {
  std::uint32_t magic;
  std::uint32_t protocol;
  std::uint32_t outcome;    // PolicyOutcome
  std::uint32_t text_size;  // at most kLongestPolicyAnswer
};
static_assert(sizeof(PolicyAnswerHead) == 16);

inline constexpr std::uint32_t kLongestPolicyName = 4096;
inline constexpr std::uint32_t kLongestPolicyText = 1 << 20;
inline constexpr std::uint32_t kLongestPolicyAnswer = 1 << 16;

enum class PolicyOutcome : std::uint32_t {
  Applied = 0,        // the text says what was done
  Wrong = 1,          // the policy is no right one: file, line, column
  Refused = 2,        // the notifier, or the lab, would not take it
  NotPermitted = 3,   // to whoever asked
  NotUnderstood = 4,  // the request itself
};

struct PolicyRequest {
  std::string name;
  std::string text;
};

struct PolicyAnswer {
  PolicyOutcome outcome = PolicyOutcome::NotUnderstood;
  std::string text;
};

// How many bytes follow this head; absent when it is none, or says what may not be.
std::optional<std::size_t> size_behind_request(std::span<const std::byte> head);
std::optional<std::size_t> size_behind_answer(std::span<const std::byte> head);

// `bytes`: head and what follows, whole.
std::optional<PolicyRequest> read_policy_request(std::span<const std::byte> bytes);
std::optional<PolicyAnswer> read_policy_answer(std::span<const std::byte> bytes);

// Absent when the name or the text is too long.
std::optional<std::vector<std::byte>> write_policy_request(std::string_view name, std::string_view text);
// A text that is too long is cut.
std::vector<std::byte> write_policy_answer(PolicyOutcome outcome, std::string_view text);

}  // namespace wdscope
