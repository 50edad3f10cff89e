// SPDX-License-Identifier: MIT
// The service that answers the notifier as Defender's engine would: on a thread of its own it takes the notifier's
// messages from \Device\wdnotifier and answers each create with its verdict. Of a lab in virtual time:
// prompt_service.h.
//
// It answers late, wrongly or not at all where the policy says so.
//
// It stands on the way of a new process only by that answer. When it ends or fails, its file is closed, and the
// notifier lets every process through.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include "abi/wire/engine.h"
#include "host/machine.h"
#include "lab/engine_message.h"
#include "lab/policy.h"

namespace wdscope {

class Service {
 public:
  using Decide = std::function<Decision(const CreateMessage&)>;

  // `device`: the notifier's, open for reading and writing. `decide` is called on the service's thread. A create that
  // gets no answer waits as long as the notifier lets it.
  Service(std::unique_ptr<host::DeviceFile> device, Decide decide);
  ~Service();  // disconnects

  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Messages that could not be read; nobody answered them. Any thread.
  std::uint64_t unreadable() const { return unreadable_; }

  // Sends a command to the notifier (lab/engine_command.h); its status. STATUS_DEVICE_NOT_CONNECTED when the service
  // has ended. Any thread, also while processes wait for answers.
  host::NtStatus command(std::span<const std::byte> bytes);

 private:
  void serve();
  void handle(std::span<const std::byte> bytes);
  void answer(std::uint64_t message_id, MessageVersion version, const CreateMessage& message);
  void send(wire::EngineReply head, std::span<const std::byte> reply);
  void wait(std::uint32_t milliseconds);

  std::mutex device_mutex_;  // guards device_, which the service's thread alone lets go of
  std::shared_ptr<host::DeviceFile> device_;
  Decide decide_;
  std::atomic<std::uint64_t> unreadable_{0};
  std::atomic<bool> stop_{false};
  std::mutex stop_mutex_;  // for who waits for stop_
  std::condition_variable stopped_;
  std::thread thread_;
};

}  // namespace wdscope
