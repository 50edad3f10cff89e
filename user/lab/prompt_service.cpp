// SPDX-License-Identifier: MIT
//
// Invariant: while a message is being handled no request is pending, so that the buffer is not written to and a second
// message waits in the notifier until the first is done.
#include "lab/prompt_service.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace wdscope {
namespace {

constexpr FileTime k100nsPerMs = 10'000;
constexpr std::uint32_t kStatusTimedOut = 0x00000102;  // STATUS_TIMEOUT: what the notifier's own wait ends with
constexpr auto kPortDisconnected = static_cast<host::NtStatus>(0xC0000037);
// The host fills and clears as much room as it is given: so it is little until a message needs more, and what a single
// one needed beyond the second figure is not kept.
constexpr std::size_t kFirstBufferSize = 512, kKeptBufferSize = 1024;

}  // namespace

PromptService::PromptService(std::unique_ptr<host::DeviceFile> device, VirtualClock& clock,
                             std::uint32_t create_timeout_ms, Decide decide, Hear hear)
    : device_(std::move(device)),
      clock_(clock),
      create_timeout_ms_(create_timeout_ms),
      decide_(std::move(decide)),
      hear_(std::move(hear)),
      buffer_(kFirstBufferSize) {
  listen();
}

PromptService::~PromptService() {
  vanish();
}

host::DeviceFile::Completion PromptService::command(std::span<const std::byte> bytes, std::span<std::byte> reply) {
  if (!connected()) return {kPortDisconnected, 0};
  return device_->control(wire::kEngineCommand, bytes, reply);
}

void PromptService::vanish() {
  vanishing_ = true;
  if (!handling_) device_.reset();
}

// Asks for messages until none is there and one is waited for. The answer to the one before goes with the request.
void PromptService::listen() {
  if (listening_) return;
  listening_ = true;
  while (!waiting_ && connected()) {
    waiting_ = true;
    const auto reply = std::span(reply_).first(std::exchange(reply_size_, 0));
    device_->submit(reply.empty() ? wire::kEngineGetMessage : wire::kEngineReplyAndGetMessage, reply, buffer_,
                    [this](host::DeviceFile::Completion done) { arrived(done); });
  }
  listening_ = false;
}

void PromptService::arrived(host::DeviceFile::Completion done) {
  waiting_ = false;
  if (done.status == host::kStatusBufferTooSmall && buffer_.size() < kLargestDelivery) {
    buffer_.resize(std::min(2 * buffer_.size(), kLargestDelivery));  // the message is still queued
    return listen();
  }
  if (!host::nt_success(done.status)) return;  // disconnected
  handling_ = true;
  handle(std::span(buffer_).first(std::min(done.information, buffer_.size())));
  handling_ = false;
  if (buffer_.size() > kKeptBufferSize) buffer_.resize(kKeptBufferSize);
  if (vanishing_) return device_.reset();
  listen();
}

void PromptService::handle(std::span<const std::byte> bytes) {
  const auto delivery = read_delivery(bytes);
  if (!delivery) {
    ++unreadable_;
    return;
  }
  if (hear_) hear_(delivery->facts);
  const auto* create = std::get_if<CreateMessage>(&delivery->facts.body);
  if (create != nullptr && delivery->reply_expected) answer(delivery->message_id, delivery->facts.version, *create);
}

void PromptService::answer(std::uint64_t message_id, MessageVersion version, const CreateMessage& message) {
  const Decision decision = decide_(message);
  if (vanishing_) return;
  const bool too_late = decision.answer == Answer::Delay && decision.delay_ms >= create_timeout_ms_;
  if (decision.answer == Answer::TimeOut || too_late) {
    pass_time(create_timeout_ms_);
    return keep_reply({message_id, 0, kStatusTimedOut}, {});
  }
  if (decision.answer == Answer::Delay) pass_time(decision.delay_ms);
  const CreateReply reply = write_create_reply(version, message, decision);
  keep_reply({message_id, static_cast<std::uint32_t>(reply.size()), 0}, reply);
}

void PromptService::keep_reply(const wire::EngineReply& head, std::span<const std::byte> reply) {
  std::memcpy(reply_.data(), &head, sizeof head);
  std::ranges::copy(reply, reply_.begin() + sizeof head);
  reply_size_ = sizeof head + reply.size();
}

void PromptService::pass_time(std::uint32_t milliseconds) {
  clock_.advance_to(clock_.now() + milliseconds * k100nsPerMs);
}

}  // namespace wdscope
