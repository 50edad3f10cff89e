// SPDX-License-Identifier: MIT
#include "lab/engine_message.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string_view>

#include "abi/defender/flags.h"
#include "abi/defender/messages.h"

namespace wdscope {
namespace {

using namespace defender;

template <class T>
void append(std::vector<std::byte>& bytes, const T& value) {
  const auto* begin = reinterpret_cast<const std::byte*>(&value);
  bytes.insert(bytes.end(), begin, begin + sizeof value);
}

void append_text(std::vector<std::byte>& bytes, std::u16string_view text) {
  for (const char16_t unit : text) append(bytes, unit);
  append(bytes, char16_t{0});
}

template <class Header, class Message>
std::vector<std::byte> process_message(std::uint8_t version, std::uint8_t create, std::u16string_view image,
                                       std::u16string_view command_line) {
  Message message{};
  message.ProcessId = 44;
  message.CreateTime = 1234567;
  message.ParentProcessId = 40;
  message.Create = create;
  message.ImageNameOffset = sizeof message;
  message.ImageNameSize = static_cast<std::uint32_t>((image.size() + 1) * 2);
  message.CommandLineOffset = message.ImageNameOffset + message.ImageNameSize;
  message.CommandLineSize = static_cast<std::uint32_t>((command_line.size() + 1) * 2);
  message.Head.Size = message.CommandLineOffset + message.CommandLineSize;
  Header header{};
  header.Version = version;
  header.Kind = 2;
  header.TotalSize = sizeof header + message.Head.Size;
  std::vector<std::byte> bytes;
  append(bytes, header);
  append(bytes, message);
  append_text(bytes, image);
  append_text(bytes, command_line);
  return bytes;
}

std::vector<std::byte> create_of(std::uint8_t version) {
  if (version == kMessageVersion1910)
    return process_message<MESSAGE_HEADER_1910, PROCESS_MESSAGE_1910>(version, 1, u"\\x\\cc", u"cc -c");
  return process_message<MESSAGE_HEADER_25080, PROCESS_MESSAGE_25080>(version, 1, u"\\x\\cc", u"cc -c");
}

constexpr std::uint8_t kVersions[] = {kMessageVersion1910, kMessageVersion25080, kMessageVersionA5};

TEST(EngineMessage, ACreateOfEveryGenerationIsRead) {
  for (const std::uint8_t version : kVersions) {
    const auto bytes = create_of(version);
    const auto facts = read_engine_message(bytes);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->version.version, version);
    const auto& create = std::get<CreateMessage>(facts->body);
    EXPECT_EQ(create.process_id, 44u);
    EXPECT_EQ(create.parent_process_id, 40u);
    EXPECT_EQ(create.created_100ns, 1234567);
    EXPECT_EQ(create.image, u"\\x\\cc");
    EXPECT_EQ(create.command_line, u"cc -c");
  }
}

TEST(EngineMessage, AnExitIsRead) {
  const auto bytes = process_message<MESSAGE_HEADER_25080, PROCESS_MESSAGE_25080>(kMessageVersionA5, 0, u"", u"");
  const auto facts = read_engine_message(bytes);
  ASSERT_TRUE(facts);
  EXPECT_EQ(std::get<ExitMessage>(facts->body).process_id, 44u);
}

TEST(EngineMessage, ATrustMessageIsRead) {
  TRUSTED_PROCESS_MESSAGE_25080 message{};
  message.Head.Size = sizeof message;
  message.Head.Type = static_cast<std::uint32_t>(MessageType::TrustedProcess);
  message.OneUntrusted = 1;
  MESSAGE_HEADER_25080 header{};
  header.Version = kMessageVersionA5;
  header.TotalSize = sizeof header + sizeof message;
  std::vector<std::byte> bytes;
  append(bytes, header);
  append(bytes, message);
  const auto facts = read_engine_message(bytes);
  ASSERT_TRUE(facts);
  EXPECT_TRUE(std::get<TrustMessage>(facts->body).one_untrusted);
}

TEST(EngineMessage, EveryCutMessageIsMalformed) {
  for (const std::uint8_t version : kVersions) {
    const auto whole = create_of(version);
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_FALSE(read_engine_message(std::span(whole).first(size))) << size;
  }
}

TEST(EngineMessage, AnImpossibleStringIsMalformed) {
  const auto whole = create_of(kMessageVersionA5);
  const std::size_t payload = sizeof(MESSAGE_HEADER_25080);
  const auto with = [&](std::size_t offset, std::uint32_t value) {
    auto bytes = whole;
    std::memcpy(bytes.data() + payload + offset, &value, sizeof value);
    return read_engine_message(bytes);
  };
  const std::size_t image_size = offsetof(PROCESS_MESSAGE_25080, ImageNameSize);
  const std::size_t image_offset = offsetof(PROCESS_MESSAGE_25080, ImageNameOffset);
  EXPECT_FALSE(with(image_size, 3));           // odd
  EXPECT_FALSE(with(image_size, 4));           // no terminator there
  EXPECT_FALSE(with(image_size, 0xFFFFFFFE));  // beyond the end
  EXPECT_FALSE(with(image_offset, 0xFFFFFFFF));
  EXPECT_FALSE(with(offsetof(PROCESS_MESSAGE_25080, Head.Size), 0xFFFFFFFF));
  EXPECT_TRUE(with(image_size, 0));  // no image
}

TEST(EngineMessage, NoTextStandsAtAnOddAddress) {
  auto bytes = create_of(kMessageVersionA5);
  ASSERT_TRUE(read_engine_message(bytes));
  bytes.insert(bytes.begin(), std::byte{0});
  EXPECT_FALSE(read_engine_message(std::span(bytes).subspan(1)));
}

TEST(EngineMessage, AnUnknownVersionIsMalformed) {
  auto bytes = create_of(kMessageVersionA5);
  bytes[0] = std::byte{0x77};
  EXPECT_FALSE(read_engine_message(bytes));
}

Decision decision_of(Verdict trust) {
  Decision decision;
  decision.trust = trust;
  return decision;
}

TEST(EngineMessage, TheReplyHasTheSizeAndVersionOfItsGeneration) {
  CreateMessage message;
  message.process_id = 44;
  message.created_100ns = 1234567;
  const auto first = write_create_reply({kMessageVersion1910, 1}, message, decision_of(Verdict::Trusted));
  ASSERT_EQ(first.size(), sizeof(CREATE_REPLY_1910));
  CREATE_REPLY_1910 old_reply;
  std::memcpy(&old_reply, first.data(), sizeof old_reply);
  EXPECT_EQ(old_reply.Version, kMessageVersion1910);
  EXPECT_EQ(old_reply.Size, 0x60);
  EXPECT_EQ(old_reply.Entry.Rules, rule::ForceTrusted);
  EXPECT_EQ(old_reply.Entry.Deny, 0);

  const auto second = write_create_reply({kMessageVersionA5, 0}, message, decision_of(Verdict::NotTrusted));
  ASSERT_EQ(second.size(), sizeof(CREATE_REPLY_25080));
  CREATE_REPLY_25080 reply;
  std::memcpy(&reply, second.data(), sizeof reply);
  EXPECT_EQ(reply.Version, kMessageVersionA5);
  EXPECT_EQ(reply.Size, 0x70);
  EXPECT_EQ(std::uint32_t{reply.Entry.ProcessId}, 44u);
  EXPECT_EQ(std::int64_t{reply.Entry.CreateTime}, 1234567);
  EXPECT_EQ(std::uint32_t{reply.Entry.Rules}, 0u);
  EXPECT_EQ(std::uint64_t{reply.Entry.InjectionRequestMask}, ~std::uint64_t{0});
}

TEST(EngineMessage, AReplySaysWhatWasDecided) {
  CreateMessage message;
  message.process_id = 44;
  Decision decision = decision_of(Verdict::Trusted);
  decision.answer = Answer::Deny;
  decision.info.emplace();
  decision.info->rules = 0x4000;
  decision.info->rules2 = 0x402;
  decision.info->rules3 = 4;
  decision.info->injection_target_mask = 0xF0;
  decision.info->injection_request_mask = 0x0F;
  decision.info->cloud_sync = true;
  decision.info->hardening_excluded = ProcessInfoRule::Hardening{true, false, true};
  const auto bytes = write_create_reply({kMessageVersionA5, 1}, message, decision);
  ASSERT_EQ(bytes.size(), sizeof(CREATE_REPLY_25080));
  CREATE_REPLY_25080 reply;
  std::memcpy(&reply, bytes.data(), sizeof reply);
  EXPECT_EQ(std::uint32_t{reply.Entry.Rules}, 0x4020u);
  EXPECT_EQ(std::uint32_t{reply.Entry.Rules2}, 0x402u);
  EXPECT_EQ(std::uint32_t{reply.Entry.Rules3}, 4u);
  EXPECT_EQ(std::uint64_t{reply.Entry.InjectionTargetMask}, 0xF0u);
  EXPECT_EQ(std::uint64_t{reply.Entry.InjectionRequestMask}, 0x0Fu);
  EXPECT_EQ(reply.Entry.Deny, 1);
  EXPECT_EQ(reply.Entry.CloudSync, 1);
  EXPECT_EQ(reply.Entry.HardeningValid, 1);
  EXPECT_EQ(reply.Entry.RegistryHardeningExcluded, 1);
  EXPECT_EQ(reply.Entry.FileHardeningExcluded, 0);
  EXPECT_EQ(reply.Entry.ObjectHardeningExcluded, 1);

  const auto first = write_create_reply({kMessageVersion1910, 1}, message, decision);
  ASSERT_EQ(first.size(), sizeof(CREATE_REPLY_1910));
  CREATE_REPLY_1910 old_reply;
  std::memcpy(&old_reply, first.data(), sizeof old_reply);
  EXPECT_EQ(std::uint32_t{old_reply.Entry.Rules}, 0x4020u);
  EXPECT_EQ(old_reply.Entry.Deny, 1);
}

TEST(EngineMessage, AMalformedReplyIsTooShort) {
  Decision decision;
  decision.answer = Answer::Malformed;
  EXPECT_EQ(write_create_reply({kMessageVersionA5, 1}, {}, decision).size(), sizeof(CREATE_REPLY_25080) - 1);
}

}  // namespace
}  // namespace wdscope
