// SPDX-License-Identifier: MIT
#include "lab/policy_request.h"

#include <algorithm>
#include <cstring>

namespace wdscope {
namespace {

template <class Head>
std::optional<Head> read_head(std::span<const std::byte> bytes, std::uint32_t magic) {
  Head head;
  if (bytes.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, bytes.data(), sizeof head);
  if (head.magic != magic || head.protocol != kPolicyProtocol) return std::nullopt;
  return head;
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class Head>
std::vector<std::byte> start_message(const Head& head) {
  const auto bytes = std::as_bytes(std::span(&head, 1));
  return {bytes.begin(), bytes.end()};
}

void add_text(std::vector<std::byte>& bytes, std::string_view text) {
  const auto more = std::as_bytes(std::span(text));
  bytes.insert(bytes.end(), more.begin(), more.end());
}

}  // namespace

std::optional<std::size_t> size_behind_request(std::span<const std::byte> bytes) {
  const auto head = read_head<PolicyRequestHead>(bytes, kPolicyRequestMagic);
  if (!head || head->name_size > kLongestPolicyName || head->text_size > kLongestPolicyText) return std::nullopt;
  return std::size_t{head->name_size} + head->text_size;
}

std::optional<std::size_t> size_behind_answer(std::span<const std::byte> bytes) {
  const auto head = read_head<PolicyAnswerHead>(bytes, kPolicyAnswerMagic);
  const bool known = head && head->outcome <= static_cast<std::uint32_t>(PolicyOutcome::NotUnderstood);
  if (!known || head->text_size > kLongestPolicyAnswer) return std::nullopt;
  return std::size_t{head->text_size};
}

std::optional<PolicyRequest> read_policy_request(std::span<const std::byte> bytes) {
  const auto behind = size_behind_request(bytes);
  if (!behind || bytes.size() - sizeof(PolicyRequestHead) != *behind) return std::nullopt;
  const auto head = read_head<PolicyRequestHead>(bytes, kPolicyRequestMagic);
  const auto texts = bytes.subspan(sizeof(PolicyRequestHead));
  return PolicyRequest{text_of(texts.first(head->name_size)), text_of(texts.subspan(head->name_size))};
}

std::optional<PolicyAnswer> read_policy_answer(std::span<const std::byte> bytes) {
  const auto behind = size_behind_answer(bytes);
  if (!behind || bytes.size() - sizeof(PolicyAnswerHead) != *behind) return std::nullopt;
  const auto head = read_head<PolicyAnswerHead>(bytes, kPolicyAnswerMagic);
  return PolicyAnswer{static_cast<PolicyOutcome>(head->outcome), text_of(bytes.subspan(sizeof(PolicyAnswerHead)))};
}

std::optional<std::vector<std::byte>> write_policy_request(std::string_view name, std::string_view text) {
  if (name.size() > kLongestPolicyName || text.size() > kLongestPolicyText) return std::nullopt;
  auto bytes =
      start_message(PolicyRequestHead{kPolicyRequestMagic, kPolicyProtocol, static_cast<std::uint32_t>(name.size()),
                                      static_cast<std::uint32_t>(text.size())});
  add_text(bytes, name);
  add_text(bytes, text);
  return bytes;
}

std::vector<std::byte> write_policy_answer(PolicyOutcome outcome, std::string_view text) {
  text = text.substr(0, std::min<std::size_t>(text.size(), kLongestPolicyAnswer));
  auto bytes = start_message(PolicyAnswerHead{kPolicyAnswerMagic, kPolicyProtocol, static_cast<std::uint32_t>(outcome),
                                              static_cast<std::uint32_t>(text.size())});
  add_text(bytes, text);
  return bytes;
}

}  // namespace wdscope
