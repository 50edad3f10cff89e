// SPDX-License-Identifier: MIT
#include "lab/service.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "abi/wire/engine.h"

namespace wdscope {
namespace {

constexpr auto kDeviceNotConnected = static_cast<host::NtStatus>(0xC000009D);
constexpr std::size_t kUsualMessageSize = 8192;

}  // namespace

Service::Service(std::unique_ptr<host::DeviceFile> device, Decide decide)
    : device_(std::move(device)), decide_(std::move(decide)), thread_([this] { serve(); }) {}

Service::~Service() {
  {
    const std::scoped_lock lock(stop_mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
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

host::NtStatus Service::command(std::span<const std::byte> bytes) {
  std::shared_ptr<host::DeviceFile> device;
  {
    const std::scoped_lock lock(device_mutex_);
    device = device_;
  }
  return device ? device->control(wire::kEngineCommand, bytes, {}).status : kDeviceNotConnected;
}

void Service::serve() {
  std::vector<std::byte> buffer(kUsualMessageSize);
  while (!stop_) {
    const auto done = device_->control(wire::kEngineGetMessage, {}, buffer);
    if (done.status == host::kStatusBufferTooSmall && buffer.size() < kLargestDelivery) {
      buffer.resize(kLargestDelivery);  // the message is still queued
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
  std::shared_ptr<host::DeviceFile> device;
  {
    const std::scoped_lock lock(device_mutex_);
    device = std::move(device_);
  }
}

void Service::handle(std::span<const std::byte> bytes) {
  const auto delivery = read_delivery(bytes);
  if (!delivery) {
    ++unreadable_;
    return;
  }
  const auto* create = std::get_if<CreateMessage>(&delivery->facts.body);
  if (create != nullptr && delivery->reply_expected) answer(delivery->message_id, delivery->facts.version, *create);
}

void Service::wait(std::uint32_t milliseconds) {
  std::unique_lock lock(stop_mutex_);
  stopped_.wait_for(lock, std::chrono::milliseconds(milliseconds), [this] { return stop_.load(); });
}

void Service::answer(std::uint64_t message_id, MessageVersion version, const CreateMessage& message) {
  const Decision decision = decide_(message);
  if (decision.answer == Answer::TimeOut) return;
  if (decision.answer == Answer::Delay) wait(decision.delay_ms);
  wire::EngineReply head{};
  head.message_id = message_id;
  const CreateReply reply = write_create_reply(version, message, decision);
  head.reply_size = static_cast<std::uint32_t>(reply.size());
  send(head, reply);
}

// One that comes too late finds nobody who waits, and that is the notifier's affair.
void Service::send(wire::EngineReply head, std::span<const std::byte> reply) {
  std::vector<std::byte> input(sizeof head + reply.size());
  std::memcpy(input.data(), &head, sizeof head);
  std::copy(reply.begin(), reply.end(), input.begin() + sizeof head);
  device_->control(wire::kEngineReply, input, {});
}

}  // namespace wdscope
