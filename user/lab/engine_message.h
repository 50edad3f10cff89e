// SPDX-License-Identifier: MIT
// The notifier's messages read, and the replies to them written, for every profile. Bytes come from a driver: every
// size and offset is checked. Layouts: abi/defender/messages.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "abi/wire/engine.h"
#include "lab/policy.h"

namespace wdscope {

// Version bytes of a message; the reply carries the same.
struct MessageVersion {
  std::uint8_t version = 0;
  std::uint8_t minor = 0;
};

// The texts are the message's own bytes.
struct CreateMessage {
  std::uint32_t process_id = 0;
  std::int64_t created_100ns = 0;
  std::uint32_t parent_process_id = 0;
  std::u16string_view image;
  std::u16string_view command_line;
};

struct ExitMessage {
  std::uint32_t process_id = 0;
  std::int64_t created_100ns = 0;
};

struct TrustMessage {
  bool one_untrusted = false;  // exactly one untrusted process is left; else none
};

// A process lost its exclusion by a command.
struct TaintMessage {
  std::uint32_t process_id = 0;
};

// A type that this service does not act on.
struct OtherMessage {
  std::uint32_t type = 0;
};

// Good for as long as the message that they were read from.
struct EngineMessageFacts {
  MessageVersion version;
  std::variant<CreateMessage, ExitMessage, TrustMessage, TaintMessage, OtherMessage> body;
};

// `message`: header and payload, at an even address. Absent when it is malformed: unknown version, sizes or offsets
// that cannot be.
std::optional<EngineMessageFacts> read_engine_message(std::span<const std::byte> message);

// The most that the notifier's device gives at a time (abi/wire/engine.h).
inline constexpr std::size_t kLargestDelivery = sizeof(wire::EngineMessage) + wire::kMaximumEngineMessageSize;

// A message as that device gives it.
struct EngineDelivery {
  std::uint64_t message_id = 0;
  bool reply_expected = false;
  EngineMessageFacts facts;
};
// `bytes` at an even address. Absent when it is cut or its message malformed.
std::optional<EngineDelivery> read_delivery(std::span<const std::byte> bytes);

// The bytes of a reply, in place.
class CreateReply {
 public:
  static constexpr std::size_t kLongest = 0x70;  // of any profile

  explicit CreateReply(std::size_t size) : size_(size) {}
  std::byte* data() { return bytes_.data(); }
  const std::byte* data() const { return bytes_.data(); }
  std::size_t size() const { return size_; }
  const std::byte* begin() const { return data(); }
  const std::byte* end() const { return data() + size(); }

 private:
  std::array<std::byte, kLongest> bytes_;
  std::size_t size_;
};

// The reply that says what was decided: whether the process is denied, whether it is trusted, its rules, masks and
// hardening (what a 1910 reply has no place for stays unsaid). Of Answer::Malformed, one that is a byte too short.
CreateReply write_create_reply(MessageVersion version, const CreateMessage& message, const Decision& decision);

}  // namespace wdscope
