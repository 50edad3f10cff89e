// SPDX-License-Identifier: MIT
#include "lab/service.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "abi/wire/engine.h"

namespace wdscope {
namespace {

constexpr std::size_t kUsualMessageSize = 8192;
constexpr std::size_t kLargestMessageSize = sizeof(wire::EngineMessage) + wire::kMaximumEngineMessageSize;

}  // namespace

Service::Service(std::unique_ptr<host::DeviceFile> device, Judge judge)
    : device_(std::move(device)), judge_(std::move(judge)), thread_([this] { serve(); }) {}

Service::~Service() {
  stop_ = true;
  // A cancel that comes before the request it is meant for is lost; the thread may be between two requests.
  for (;;) {
    {
      const std::scoped_lock lock(device_mutex_);
      if (!device_) break;
      device_->cancel();
    }
    std::this_thread::yield();
  }
  thread_.join();
}

ServiceCounts Service::counts() const {
  return {messages_, creates_, exits_, trusted_, late_, malformed_};
}

void Service::serve() {
  std::vector<std::byte> buffer(kUsualMessageSize);
  while (!stop_) {
    const auto done = device_->control(wire::kEngineGetMessage, {}, buffer);
    if (done.status == host::kStatusBufferTooSmall && buffer.size() < kLargestMessageSize) {
      buffer.resize(kLargestMessageSize);  // the message is still queued
      continue;
    }
    if (!host::nt_success(done.status)) break;  // cancelled, or the notifier is going
    handle(std::span(buffer).first(std::min(done.information, buffer.size())));
    if (buffer.size() > kUsualMessageSize) {
      buffer.resize(kUsualMessageSize);
      buffer.shrink_to_fit();
    }
  }
  // Closed here and not later: a connected service that does not answer would hold up every process.
  std::unique_ptr<host::DeviceFile> device;
  {
    const std::scoped_lock lock(device_mutex_);
    device = std::move(device_);
  }
}

void Service::handle(std::span<const std::byte> bytes) {
  ++messages_;
  wire::EngineMessage head;
  if (bytes.size() < sizeof head) {
    ++malformed_;
    return;
  }
  std::memcpy(&head, bytes.data(), sizeof head);
  bytes = bytes.subspan(sizeof head);
  const auto facts =
      head.message_size <= bytes.size() ? read_engine_message(bytes.first(head.message_size)) : std::nullopt;
  if (!facts) {
    ++malformed_;
    return;
  }
  if (std::holds_alternative<ExitMessage>(facts->body)) ++exits_;
  if (const auto* create = std::get_if<CreateMessage>(&facts->body)) {
    ++creates_;
    if (head.reply_expected != 0) answer(head.message_id, facts->version, *create);
  }
}

void Service::answer(std::uint64_t message_id, MessageVersion version, const CreateMessage& message) {
  const Verdict verdict = judge_(message);
  const std::vector<std::byte> reply = write_create_reply(version, message, verdict);
  wire::EngineReply head{};
  head.message_id = message_id;
  head.reply_size = static_cast<std::uint32_t>(reply.size());
  std::vector<std::byte> input(sizeof head + reply.size());
  std::memcpy(input.data(), &head, sizeof head);
  std::memcpy(input.data() + sizeof head, reply.data(), reply.size());
  const auto done = device_->control(wire::kEngineReply, input, {});
  if (host::nt_success(done.status)) {
    if (verdict == Verdict::Trusted) ++trusted_;
  } else {
    ++late_;
  }
}

}  // namespace wdscope
