// SPDX-License-Identifier: MIT
// The other side of \Device\wdnotifier: an engine that a story directs. It fetches messages on a thread of its own and
// answers each create as told.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "abi/defender/messages.h"
#include "abi/wire/engine.h"
#include "host/machine.h"

namespace wdscope::test {

// One message as it came, and the fields that all profiles share.
struct Message {
  std::uint64_t id = 0;
  bool reply_expected = false;
  std::vector<std::uint8_t> bytes;
  std::uint8_t version = 0;
  std::uint32_t total_size = 0;
  defender::MESSAGE_PAYLOAD head{};
  const std::uint8_t* payload() const { return bytes.data() + bytes.size() - head.Size; }

  template <class T>
  T as() const {
    T value{};
    std::memcpy(&value, payload(), std::min<std::size_t>(sizeof value, head.Size));
    return value;
  }
  // A string of the payload: offset and size with the terminator.
  std::u16string text(std::uint32_t offset, std::uint32_t size) const;
  std::uint32_t process_id() const;  // type 0
  bool create() const;               // type 0
};

// What to send back: reply bytes behind EngineReply, or an NTSTATUS instead, or nothing at all.
struct Answer {
  std::vector<std::uint8_t> bytes;
  std::uint32_t status = 0;
};
using Judge = std::function<std::optional<Answer>(const Message&)>;

// A well-formed answer of the profile.
Answer allow(wire::NotifierProfile profile, std::uint32_t rules, std::uint32_t rules2 = 0);
Answer deny(wire::NotifierProfile profile);

class Engine {
 public:
  // Opens the device as an administrator; `judge` runs on the engine's thread for every message that expects a reply.
  Engine(host::Machine& machine, Judge judge);
  ~Engine();  // disconnects
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void disconnect();

  // Waits until `count` messages have come, and gives all there are. Fails the test after half a minute.
  std::vector<Message> wait_for(std::size_t count);
  host::NtStatus last_reply_status() const;
  // Sends bytes as a reply, now.
  host::NtStatus reply(std::uint64_t message_id, const Answer& answer);
  host::DeviceFile& file() { return *file_; }

 private:
  void serve();

  Judge judge_;
  std::unique_ptr<host::DeviceFile> file_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Message> messages_;
  host::NtStatus last_reply_status_ = 0;
  bool stop_ = false;
  bool done_ = false;
  std::thread thread_;
};

host::NtStatus send_reply(host::DeviceFile& file, std::uint64_t message_id, const Answer& answer);
// The same, and the next message into `next`.
host::DeviceFile::Completion reply_and_get(host::DeviceFile& file, std::uint64_t message_id, const Answer& answer,
                                           std::span<std::byte> next);

}  // namespace wdscope::test
