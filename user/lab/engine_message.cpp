// SPDX-License-Identifier: MIT
#include "lab/engine_message.h"

#include <cstring>

#include "abi/defender/messages.h"
#include "lab/process_info_entry.h"

namespace wdscope {
namespace {

using MessageBytes = std::span<const std::byte>;

template <class T>
bool copy_from(MessageBytes bytes, T& value) {
  if (bytes.size() < sizeof value) return false;
  std::memcpy(&value, bytes.data(), sizeof value);
  return true;
}

// `size` counts the NUL; both zero: no text.
bool read_text(MessageBytes payload, std::uint32_t offset, std::uint32_t size, std::u16string_view& text) {
  text = {};
  if (size == 0) return true;
  if (size % sizeof(char16_t) != 0 || offset > payload.size() || size > payload.size() - offset) return false;
  const std::byte* const begin = payload.data() + offset;
  if (reinterpret_cast<std::uintptr_t>(begin) % alignof(char16_t) != 0) return false;
  text = {reinterpret_cast<const char16_t*>(begin), size / sizeof(char16_t)};
  if (text.back() != u'\0') return false;
  text.remove_suffix(1);
  return true;
}

// The layouts differ only behind the members read here.
template <class Message>
bool read_process(MessageBytes payload, EngineMessageFacts& facts) {
  Message message;
  if (!copy_from(payload, message)) return false;
  if (message.Create == 0) {
    facts.body = ExitMessage{message.ProcessId, message.CreateTime};
    return true;
  }
  auto& create = facts.body.emplace<CreateMessage>();
  create.process_id = message.ProcessId;
  create.created_100ns = message.CreateTime;
  create.parent_process_id = message.ParentProcessId;
  return read_text(payload, message.ImageNameOffset, message.ImageNameSize, create.image) &&
         read_text(payload, message.CommandLineOffset, message.CommandLineSize, create.command_line);
}

bool read_payload(MessageBytes payload, bool first_generation, EngineMessageFacts& facts) {
  defender::MESSAGE_PAYLOAD head;
  if (!copy_from(payload, head) || head.Size < sizeof head || head.Size > payload.size()) return false;
  payload = payload.first(head.Size);
  switch (static_cast<defender::MessageType>(head.Type)) {
    case defender::MessageType::Process:
      return first_generation ? read_process<defender::PROCESS_MESSAGE_1910>(payload, facts)
                              : read_process<defender::PROCESS_MESSAGE_25080>(payload, facts);
    case defender::MessageType::TrustedProcess:
      if (payload.size() <= offsetof(defender::TRUSTED_PROCESS_MESSAGE_25080, OneUntrusted)) return false;
      facts.body =
          TrustMessage{payload[offsetof(defender::TRUSTED_PROCESS_MESSAGE_25080, OneUntrusted)] != std::byte{0}};
      return true;
    case defender::MessageType::Taint: {
      defender::TAINT_MESSAGE_25080 message;
      if (!copy_from(payload, message)) return false;
      facts.body = TaintMessage{message.ProcessId};
      return true;
    }
    default:
      facts.body = OtherMessage{head.Type};
      return true;
  }
}

// False: `facts` mean nothing.
bool read_message(MessageBytes message, EngineMessageFacts& facts) {
  defender::MESSAGE_HEADER_1910 header;  // the members that every generation begins with
  if (!copy_from(message, header)) return false;
  const bool first_generation = header.Version == defender::kMessageVersion1910;
  const bool known = first_generation || header.Version == defender::kMessageVersion25080 ||
                     header.Version == defender::kMessageVersionA5;
  const std::size_t header_size =
      first_generation ? sizeof(defender::MESSAGE_HEADER_1910) : sizeof(defender::MESSAGE_HEADER_25080);
  if (!known || header.TotalSize < header_size || header.TotalSize > message.size()) return false;
  facts.version = {header.Version, header.Minor};
  return read_payload(message.subspan(header_size, header.TotalSize - header_size), first_generation, facts);
}

template <class Reply>
CreateReply write_reply(MessageVersion version, const CreateMessage& message, const Decision& decision) {
  static_assert(sizeof(Reply) <= CreateReply::kLongest);
  Reply reply{};
  reply.Version = version.version;
  reply.Minor = version.minor;
  reply.Size = sizeof reply;
  set_entry(reply.Entry, message, decision);
  reply.Entry.Deny = decision.answer == Answer::Deny ? 1 : 0;
  CreateReply bytes(decision.answer == Answer::Malformed ? sizeof reply - 1 : sizeof reply);
  std::memcpy(bytes.data(), &reply, bytes.size());
  return bytes;
}

}  // namespace

std::optional<EngineMessageFacts> read_engine_message(std::span<const std::byte> message) {
  std::optional<EngineMessageFacts> facts(std::in_place);
  if (!read_message(message, *facts)) facts.reset();
  return facts;
}

std::optional<EngineDelivery> read_delivery(std::span<const std::byte> bytes) {
  wire::EngineMessage head;
  if (!copy_from(bytes, head) || head.message_size > bytes.size() - sizeof head) return std::nullopt;
  std::optional<EngineDelivery> delivery(std::in_place);
  delivery->message_id = head.message_id;
  delivery->reply_expected = head.reply_expected != 0;
  if (!read_message(bytes.subspan(sizeof head, head.message_size), delivery->facts)) delivery.reset();
  return delivery;
}

CreateReply write_create_reply(MessageVersion version, const CreateMessage& message, const Decision& decision) {
  return version.version == defender::kMessageVersion1910
             ? write_reply<defender::CREATE_REPLY_1910>(version, message, decision)
             : write_reply<defender::CREATE_REPLY_25080>(version, message, decision);
}

}  // namespace wdscope
