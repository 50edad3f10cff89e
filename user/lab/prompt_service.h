// SPDX-License-Identifier: MIT
// The service of a lab in virtual time: it answers in the very thread that asks, while the process that starts stands
// still, so that nothing is waited for and everything happens in one order. Where time is real, service.h does this
// from a thread of its own.
//
// One thread at a time: the one that plays.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "abi/wire/engine.h"
#include "host/machine.h"
#include "lab/engine_message.h"
#include "lab/policy.h"
#include "lab/virtual_clock.h"

namespace wdscope {

class PromptService {
 public:
  using Decide = std::function<Decision(const CreateMessage&)>;
  using Hear = std::function<void(const EngineMessageFacts&)>;

  // `device`: the notifier's, open for reading and writing. `clock` moves on by what an answer takes: a Decision's
  // delay, or `create_timeout_ms` for one that never comes or would come later. `hear` gets each message before
  // anything is done about it; null: nobody. Both are called in the asking thread, while a process stands still.
  PromptService(std::unique_ptr<host::DeviceFile> device, VirtualClock& clock, std::uint32_t create_timeout_ms,
                Decide decide, Hear hear = nullptr);
  ~PromptService();  // disconnects

  PromptService(const PromptService&) = delete;
  PromptService& operator=(const PromptService&) = delete;

  // Sends a command (lab/engine_command.h); after vanish() STATUS_PORT_DISCONNECTED.
  host::DeviceFile::Completion command(std::span<const std::byte> bytes, std::span<std::byte> reply);

  // Disconnects without a word: inside `decide` in mid-verdict, whatever that decides.
  void vanish();
  bool connected() const { return device_ != nullptr && !vanishing_; }

  // Messages that could not be read; nobody answered them.
  std::uint64_t unreadable() const { return unreadable_; }

 private:
  void listen();
  void arrived(host::DeviceFile::Completion done);
  void handle(std::span<const std::byte> bytes);
  void answer(std::uint64_t message_id, MessageVersion version, const CreateMessage& message);
  void keep_reply(const wire::EngineReply& head, std::span<const std::byte> reply);
  void pass_time(std::uint32_t milliseconds);

  std::unique_ptr<host::DeviceFile> device_;
  VirtualClock& clock_;
  std::uint32_t create_timeout_ms_;
  Decide decide_;
  Hear hear_;
  std::vector<std::byte> buffer_;
  std::array<std::byte, sizeof(wire::EngineReply) + CreateReply::kLongest> reply_;
  std::size_t reply_size_ = 0;  // of one that is still to be sent
  std::uint64_t unreadable_ = 0;
  bool waiting_ = false;    // a request for a message is pending
  bool handling_ = false;   // what it brought is being seen to
  bool listening_ = false;  // inside listen()
  bool vanishing_ = false;
};

}  // namespace wdscope
