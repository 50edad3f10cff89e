// SPDX-License-Identifier: MIT
#include "engine.h"

#include <gtest/gtest.h>

#include <cstring>
#include <stdexcept>

namespace wdscope::test {
namespace {

template <class Reply>
std::vector<std::uint8_t> reply_bytes(std::uint8_t version, std::uint32_t rules, std::uint32_t rules2,
                                      std::uint8_t denied) {
  Reply reply{};
  reply.Version = version;
  reply.Size = sizeof reply;
  reply.Entry.Rules = rules;
  if constexpr (requires { reply.Entry.Rules2; }) reply.Entry.Rules2 = rules2;
  reply.Entry.InjectionRequestMask = ~std::uint64_t{0};
  reply.Entry.Deny = denied;
  std::vector<std::uint8_t> bytes(sizeof reply);
  std::memcpy(bytes.data(), &reply, sizeof reply);
  return bytes;
}

Answer answer(wire::NotifierProfile profile, std::uint32_t rules, std::uint32_t rules2, std::uint8_t denied) {
  switch (profile) {
    case wire::NotifierProfile::Wd1910:
    case wire::NotifierProfile::Wd20H1:
      return {reply_bytes<defender::CREATE_REPLY_1910>(defender::kMessageVersion1910, rules, rules2, denied)};
    case wire::NotifierProfile::Wd25080:
      return {reply_bytes<defender::CREATE_REPLY_25080>(defender::kMessageVersion25080, rules, rules2, denied)};
    case wire::NotifierProfile::WdA5:
      return {reply_bytes<defender::CREATE_REPLY_25080>(defender::kMessageVersionA5, rules, rules2, denied)};
  }
  return {};
}

Message parse(const std::byte* data, std::size_t size) {
  wire::EngineMessage header{};
  std::memcpy(&header, data, sizeof header);
  if (size != sizeof header + header.message_size) throw std::runtime_error("message size disagrees");
  Message message;
  message.id = header.message_id;
  message.reply_expected = header.reply_expected != 0;
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(data) + sizeof header;
  message.bytes.assign(bytes, bytes + header.message_size);
  message.version = bytes[0];
  std::memcpy(&message.total_size, bytes + 4, 4);
  const std::size_t header_size = message.version == defender::kMessageVersion1910
                                      ? sizeof(defender::MESSAGE_HEADER_1910)
                                      : sizeof(defender::MESSAGE_HEADER_25080);
  std::memcpy(&message.head, bytes + header_size, sizeof message.head);
  if (header_size + message.head.Size != header.message_size) throw std::runtime_error("payload size disagrees");
  return message;
}

}  // namespace

std::u16string Message::text(std::uint32_t offset, std::uint32_t size) const {
  if (!size) return {};
  std::u16string result(size / 2, u'\0');
  std::memcpy(result.data(), payload() + offset, size);
  EXPECT_EQ(result.back(), u'\0');
  result.pop_back();
  return result;
}

std::uint32_t Message::process_id() const {
  return as<defender::PROCESS_MESSAGE_25080>().ProcessId;
}
bool Message::create() const {
  return as<defender::PROCESS_MESSAGE_25080>().Create != 0;
}

Answer allow(wire::NotifierProfile profile, std::uint32_t rules, std::uint32_t rules2) {
  return answer(profile, rules, rules2, 0);
}
Answer deny(wire::NotifierProfile profile) {
  return answer(profile, 0x20, 0, 1);
}

namespace {

std::vector<std::byte> reply_bytes(std::uint64_t message_id, const Answer& answer) {
  const wire::EngineReply header{message_id, static_cast<std::uint32_t>(answer.bytes.size()), answer.status};
  std::vector<std::byte> input(sizeof header + answer.bytes.size());
  std::memcpy(input.data(), &header, sizeof header);
  if (!answer.bytes.empty()) std::memcpy(input.data() + sizeof header, answer.bytes.data(), answer.bytes.size());
  return input;
}

}  // namespace

host::NtStatus send_reply(host::DeviceFile& file, std::uint64_t message_id, const Answer& answer) {
  return file.control(wire::kEngineReply, reply_bytes(message_id, answer), {}).status;
}

host::DeviceFile::Completion reply_and_get(host::DeviceFile& file, std::uint64_t message_id, const Answer& answer,
                                           std::span<std::byte> next) {
  return file.control(wire::kEngineReplyAndGetMessage, reply_bytes(message_id, answer), next);
}

Engine::Engine(host::Machine& machine, Judge judge) : judge_(std::move(judge)) {
  auto file = machine.open(wire::kEngineUserDeviceName, host::Access::ReadWrite);
  if (!file) throw std::runtime_error(file.error().message);
  file_ = std::move(*file);
  thread_ = std::thread([this] { serve(); });
}

Engine::~Engine() {
  disconnect();
}

void Engine::disconnect() {
  if (!thread_.joinable()) return;
  for (;;) {
    {
      const std::scoped_lock lock(mutex_);
      stop_ = true;
      if (done_) break;
    }
    // The request may be sent just after one cancel: again until the thread has ended.
    file_->cancel();
    std::this_thread::yield();
  }
  thread_.join();
  file_.reset();
}

std::vector<Message> Engine::wait_for(std::size_t count) {
  std::unique_lock lock(mutex_);
  const bool enough = changed_.wait_for(lock, std::chrono::seconds(30), [&] { return messages_.size() >= count; });
  EXPECT_TRUE(enough) << "only " << messages_.size() << " of " << count << " messages came";
  return messages_;
}

host::NtStatus Engine::last_reply_status() const {
  const std::scoped_lock lock(mutex_);
  return last_reply_status_;
}

host::NtStatus Engine::reply(std::uint64_t message_id, const Answer& answer) {
  return send_reply(*file_, message_id, answer);
}

void Engine::serve() {
  std::vector<std::byte> buffer(sizeof(wire::EngineMessage) + wire::kMaximumEngineMessageSize);
  for (;;) {
    {
      const std::scoped_lock lock(mutex_);
      if (stop_) break;
    }
    const auto completion = file_->control(wire::kEngineGetMessage, {}, buffer);
    if (completion.status == host::kStatusCancelled) continue;
    ASSERT_EQ(completion.status, host::kStatusSuccess);
    const Message message = parse(buffer.data(), completion.information);
    std::optional<Answer> verdict;
    if (message.reply_expected) verdict = judge_(message);
    {
      const std::scoped_lock lock(mutex_);
      messages_.push_back(message);
    }
    changed_.notify_all();
    if (!verdict) continue;
    const host::NtStatus status = reply(message.id, *verdict);
    const std::scoped_lock lock(mutex_);
    last_reply_status_ = status;
  }
  const std::scoped_lock lock(mutex_);
  done_ = true;
}

}  // namespace wdscope::test
