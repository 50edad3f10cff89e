// SPDX-License-Identifier: MIT
#include "engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <future>

#include "abi/defender/flags.h"
#include "conformance.h"
#include "notifications.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

using defender::OperationType;
using wire::NotifierProfile;

class EngineStory : public testing::TestWithParam<NotifierProfile> {
 protected:
  void load(std::uint32_t timeout_ms = 600000) {
    Parameters parameters = with_profile(GetParam());
    parameters["MaxProcessCreationMessageTimeout"] = timeout_ms;
    machine_.load(parameters);
  }
  bool is(NotifierProfile profile) const { return GetParam() == profile; }
  Judge judge(std::uint32_t rules = 0) {
    return [rules](const Message&) { return allow(GetParam(), rules); };
  }
  // The low four bits that the process's last notification shows; absent where no context is shown or it has none.
  static std::optional<std::uint32_t> send_result(const Notifications& seen, std::uint64_t process_id) {
    const auto all = seen.of(process_id);
    if (all.empty() || !all.back().context || all.back().context->Common.Magic != 0x0130DA0F) return std::nullopt;
    return all.back().context->SendResult & 0x0F;
  }
  void expect_send_result(const Notifications& seen, std::uint64_t process_id, defender::SendResult expected) {
    if (!is(NotifierProfile::WdA5)) return;
    EXPECT_EQ(send_result(seen, process_id), static_cast<std::uint32_t>(expected));
  }
  NotifierMachine machine_;
};
INSTANTIATE_TEST_SUITE_P(Profiles, EngineStory, testing::ValuesIn(kAllProfiles), profile_name);

TEST_P(EngineStory, TheCreateMessageSaysWhatThePublishedLayoutHas) {
  conforms("E.2", "MpSendProcessMessage", "a create message says what the published layout has");
  conforms("C.8 create step 11", "MpHandleProcessNotification",
           "the creator is the current process by id and creation time");
  load();
  Engine engine(machine_.machine(), judge());
  ASSERT_EQ(machine_.start(1000, 4), 0);
  ASSERT_EQ(machine_.start(1004, 1000), 0);
  // Both creates, and the first process named as the only untrusted one: the second create may overtake that.
  const auto messages = engine.wait_for(3);
  const auto found = std::find_if(messages.begin(), messages.end(), [](const Message& one) {
    return one.head.Type == static_cast<std::uint32_t>(defender::MessageType::Process) && one.process_id() == 1004;
  });
  ASSERT_NE(found, messages.end());
  const Message& message = *found;
  EXPECT_TRUE(message.reply_expected);
  EXPECT_EQ(message.total_size, message.bytes.size());
  EXPECT_EQ(message.head.Type, 0u);
  EXPECT_EQ(message.head.RefCount, 1u);
  // Packed members are no objects to bind a reference to: each is read as a value.
  const auto check = [&](const auto& payload) {
    EXPECT_EQ(+payload.ParentProcessId, 1000u);
    EXPECT_NE(+payload.ParentCreateTime, 0);
    EXPECT_EQ(+payload.ProcessId, 1004u);
    EXPECT_GT(+payload.CreateTime, +payload.ParentCreateTime);
    EXPECT_EQ(+payload.Create, 1);
    EXPECT_EQ(+payload.Excluded, 0);
    EXPECT_EQ(+payload.ImageNameOffset, sizeof payload);
    EXPECT_EQ(message.text(payload.ImageNameOffset, +payload.ImageNameSize), u"\\Device\\HarddiskVolume1\\bin\\a.exe");
    EXPECT_EQ(message.text(payload.CommandLineOffset, +payload.CommandLineSize), u"a.exe --flag");
    EXPECT_EQ(+payload.SessionId, 3u);
    EXPECT_EQ(+payload.ElevationType, 1u);
    EXPECT_EQ(+payload.CreatorProcessId, 1000u);
    EXPECT_EQ(+payload.CreatorCreateTime, +payload.ParentCreateTime);
  };
  if (is_2019(GetParam())) {
    EXPECT_EQ(message.version, 0x5D);
    check(message.as<defender::PROCESS_MESSAGE_1910>());
  } else {
    EXPECT_EQ(message.version, is(NotifierProfile::WdA5) ? 0xA5 : 0xA3);
    const auto payload = message.as<defender::PROCESS_MESSAGE_25080>();
    check(payload);
    EXPECT_EQ(payload.Flags, defender::message_flag::Normal);
  }
}

TEST_P(EngineStory, SerialNumbersGrowByOne) {
  conforms("E.1", "MpSendProcessMessage", "serial numbers grow by one");
  load();
  Engine engine(machine_.machine(), judge());
  ASSERT_EQ(machine_.start(1000), 0);
  ASSERT_EQ(machine_.exit(1000), 0);
  const auto messages = engine.wait_for(2);
  EXPECT_EQ(messages[1].head.SerialNumber, messages[0].head.SerialNumber + 1);
}

TEST_P(EngineStory, TheExitMessageExpectsNoReply) {
  conforms("E.2", "MpSendProcessMessage", "an exit message waits for no reply");
  load();
  Engine engine(machine_.machine(), judge());
  ASSERT_EQ(machine_.start(1000), 0);
  ASSERT_EQ(machine_.exit(1000), 0);
  // The create, the only untrusted process named; the exit, none left.
  const auto messages = engine.wait_for(4);
  const auto found = std::find_if(messages.begin(), messages.end(), [](const Message& message) {
    return message.head.Type == static_cast<std::uint32_t>(defender::MessageType::Process) && !message.create();
  });
  ASSERT_NE(found, messages.end());
  const Message& exit = *found;
  EXPECT_FALSE(exit.reply_expected);
  EXPECT_EQ(exit.process_id(), 1000u);
  EXPECT_EQ(engine.reply(exit.id, allow(GetParam(), 0)), host::kStatusNotFound);
}

TEST_P(EngineStory, AProcessStandsStillUntilItsReply) {
  conforms("E.3", "MpSendProcessMessage", "a create waits for its reply; nibble 1");
  load();
  std::atomic<bool> answered{false};
  Engine engine(machine_.machine(), [&](const Message&) {
    answered = true;
    return allow(GetParam(), 0);
  });
  Notifications seen(GetParam());
  ASSERT_EQ(machine_.start(1000), 0);
  EXPECT_TRUE(answered);
  expect_send_result(seen, 1000, defender::SendResult::ReplyOk);
}

TEST_P(EngineStory, WithoutAnEngineACreateGoesThroughUnasked) {
  conforms("E.2", "MpSendProcessMessage", "without a service a create goes through; nibble 0");
  load();
  Notifications seen(GetParam());
  EXPECT_EQ(machine_.start(1000), 0);
  EXPECT_EQ(seen.of(1000).size(), 1u);
  expect_send_result(seen, 1000, defender::SendResult::NotSent);
}

TEST_P(EngineStory, ATimeOutLetsTheProcessGoOnAndALateReplyFindsNobody) {
  conforms("E.3", "MpSendProcessMessage", "a time-out lets the creation proceed; nibble 2");
  load(1);  // raised to 100
  Engine engine(machine_.machine(), [](const Message&) { return std::nullopt; });
  Notifications seen(GetParam());
  EXPECT_EQ(machine_.start(1000), 0);
  EXPECT_EQ(seen.of(1000).size(), 1u);
  expect_send_result(seen, 1000, defender::SendResult::Timeout);
  EXPECT_TRUE(machine_.debug_output().contains("in 100 ms"));
  const Message message = engine.wait_for(1).at(0);
  EXPECT_EQ(engine.reply(message.id, allow(GetParam(), defender::rule::ForceTrusted)), host::kStatusNotFound);
  EXPECT_EQ(seen.of(1000).size(), 1u);
}

TEST_P(EngineStory, MalformedRepliesLetTheProcessGoOnUntrusted) {
  conforms("E.3", "MpSendProcessMessage",
           "a reply of the wrong version or size lets the creation proceed untrusted; nibble 4");
  load();
  std::vector<Answer> answers(4, allow(GetParam(), defender::rule::ForceTrusted));
  answers[0].bytes[0] ^= 1;       // version
  answers[1].bytes[2] ^= 8;       // the size it states
  answers[2].bytes.push_back(0);  // longer than it states
  answers[3].bytes.clear();
  std::size_t next = 0;
  Engine engine(machine_.machine(), [&](const Message&) { return answers.at(next++); });
  Notifications seen(GetParam());
  for (std::uint64_t process_id = 1000; process_id < 1016; process_id += 4) {
    EXPECT_EQ(machine_.start(process_id), 0);
    EXPECT_EQ(seen.of(process_id).size(), 1u);
    expect_send_result(seen, process_id, defender::SendResult::MalformedReply);
  }
}

TEST_P(EngineStory, AnErrorInsteadOfAReplyLetsTheProcessGoOn) {
  conforms("E.3", "MpSendProcessMessage", "any other failure lets the creation proceed; nibble 3");
  load();
  Engine engine(machine_.machine(), [](const Message&) { return Answer{{}, 0xC0000001}; });
  Notifications seen(GetParam());
  EXPECT_EQ(machine_.start(1000), 0);
  EXPECT_EQ(seen.of(1000).size(), 1u);
  expect_send_result(seen, 1000, defender::SendResult::SendError);
}

TEST_P(EngineStory, ADyingEngineLetsTheWaitingProcessesGoOn) {
  conforms("E.3", "MpSendProcessMessage", "a service that dies lets the waiting creations proceed");
  load();
  Notifications seen(GetParam());
  auto engine = std::make_unique<Engine>(machine_.machine(), [](const Message&) { return std::nullopt; });
  auto first = std::async(std::launch::async, [&] { return machine_.start(1000); });
  auto second = std::async(std::launch::async, [&] { return machine_.start(1004); });
  engine->wait_for(2);
  engine.reset();
  EXPECT_EQ(first.get(), 0);
  EXPECT_EQ(second.get(), 0);
  expect_send_result(seen, 1000, defender::SendResult::SendError);
  expect_send_result(seen, 1004, defender::SendResult::SendError);
}

TEST_P(EngineStory, AnEngineMayComeBack) {
  load();
  { Engine engine(machine_.machine(), judge()); }
  Engine engine(machine_.machine(), judge(defender::rule::ForceTrusted));
  Notifications seen(GetParam());
  EXPECT_EQ(machine_.start(1000), 0);
  EXPECT_EQ(seen.of(1000).size(), 2u);
}

TEST_P(EngineStory, AfterAnEnginesDeathProcessesStartUnaskedUntilItComesBack) {
  load();
  Notifications seen(GetParam());
  auto engine = std::make_unique<Engine>(machine_.machine(), [](const Message&) { return std::nullopt; });
  auto waiting = std::async(std::launch::async, [&] { return machine_.start(1000); });
  engine->wait_for(1);
  engine.reset();
  EXPECT_EQ(waiting.get(), 0);
  // The time-out is ten minutes: what waited for a verdict would hang here.
  EXPECT_EQ(machine_.start(1004), 0);
  for (const std::uint64_t process_id : {1000, 1004}) {
    const auto all = seen.of(process_id);
    ASSERT_EQ(all.size(), 1u) << process_id;
    EXPECT_EQ(all[0].operation(), OperationType::Create);
    EXPECT_EQ(all[0].info.Trusted, 0);
  }
  expect_send_result(seen, 1000, defender::SendResult::SendError);
  expect_send_result(seen, 1004, defender::SendResult::NotSent);

  Engine successor(machine_.machine(), judge(defender::rule::ForceTrusted));
  EXPECT_EQ(machine_.start(1008), 0);
  const auto all = seen.of(1008);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_TRUE(std::ranges::any_of(
      all, [](const Notification& one) { return one.operation() == OperationType::Trust && one.info.Trusted == 1; }));
  // Who started meanwhile stays as it was: nobody judges it behind its back.
  EXPECT_EQ(seen.of(1000).size(), 1u);
  EXPECT_EQ(seen.of(1004).size(), 1u);
}

TEST_P(EngineStory, ManyProcessesStartWhileEnginesComeAndDie) {
  load();
  Notifications seen(GetParam());
  constexpr std::uint64_t kStarters = 3, kProcessesEach = 60;
  std::atomic<std::uint64_t> started{0};
  std::vector<std::future<void>> starters;
  for (std::uint64_t starter = 0; starter < kStarters; ++starter) {
    starters.push_back(std::async(std::launch::async, [&, starter] {
      for (std::uint64_t index = 0; index < kProcessesEach; ++index) {
        EXPECT_EQ(machine_.start(1000 + 4 * (index * kStarters + starter)), 0);
        ++started;
      }
    }));
  }
  // Each engine answers every second question, and dies with the others unanswered: nobody goes on before that.
  while (started < kStarters * kProcessesEach) {
    std::uint64_t asked = 0;
    Engine engine(machine_.machine(), [&](const Message&) -> std::optional<Answer> {
      if (++asked % 2 == 0) return std::nullopt;
      return allow(GetParam(), 0);
    });
    std::this_thread::yield();
  }
  for (auto& starter : starters) starter.get();
  for (std::uint64_t index = 0; index < kStarters * kProcessesEach; ++index) {
    const auto all = seen.of(1000 + 4 * index);
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].operation(), OperationType::Create);
  }
}

TEST_P(EngineStory, TheLastUntrustedProcessIsReportedGoneAndTheOnlyOneByName) {
  conforms("C.16", "MpSendTrustedProcessMessage",
           "0 when none is untrusted, 1 with the name when one is, even when the call changed nothing");
  conforms("C.2", "MpReleaseProcessContext", "the last untrusted process to go is reported with 0 and no name");
  load();
  std::uint32_t rules = defender::rule::ForceTrusted;
  Engine engine(machine_.machine(), [&](const Message&) { return allow(GetParam(), rules); });
  // System is trusted: this process is the only untrusted one until it is judged.
  ASSERT_EQ(machine_.start(1000), 0);
  auto messages = engine.wait_for(2);
  ASSERT_EQ(messages[1].head.Type, static_cast<std::uint32_t>(defender::MessageType::TrustedProcess));
  EXPECT_EQ(messages[1].payload()[0x18], 0);
  // Judged untrusted: nothing changes, yet it is named, because it is the only one.
  rules = 0;
  ASSERT_EQ(machine_.start(1004), 0);
  messages = engine.wait_for(4);
  ASSERT_EQ(messages[3].head.Type, static_cast<std::uint32_t>(defender::MessageType::TrustedProcess));
  EXPECT_EQ(messages[3].payload()[0x18], 1);
  char16_t first = 0;
  std::memcpy(&first, messages[3].payload() + 0x1A, sizeof first);
  EXPECT_EQ(first, u'\\');
  EXPECT_EQ(messages[3].head.Size, is_2019(GetParam()) ? 0x38u : 0x20u);
  // Its end: the exit is queued before the last reference, and with it the counter, goes; but 0xD overtakes.
  ASSERT_EQ(machine_.exit(1004), 0);
  messages = engine.wait_for(6);
  EXPECT_EQ(messages[4].head.Type + messages[5].head.Type, 0xDu);
}

TEST_P(EngineStory, AShortBufferLeavesTheMessageQueued) {
  load();
  auto file = machine_.machine().open(wire::kEngineUserDeviceName, host::Access::ReadWrite);
  ASSERT_TRUE(file);
  auto started = std::async(std::launch::async, [&] { return machine_.start(1000); });
  std::byte small[sizeof(wire::EngineMessage)];
  EXPECT_EQ((*file)->control(wire::kEngineGetMessage, {}, small).status, host::kStatusBufferTooSmall);
  EXPECT_EQ((*file)->control(wire::kEngineGetMessage, {}, std::span(small).first(8)).status,
            host::kStatusBufferTooSmall);
  std::vector<std::byte> large(sizeof(wire::EngineMessage) + wire::kMaximumEngineMessageSize);
  ASSERT_EQ((*file)->control(wire::kEngineGetMessage, {}, large).status, 0);
  wire::EngineMessage header{};
  std::memcpy(&header, large.data(), sizeof header);
  EXPECT_EQ(send_reply(**file, header.message_id, allow(GetParam(), 0)), 0);
  EXPECT_EQ(started.get(), 0);
}

TEST_P(EngineStory, AReplyTakesTheNextRequestAlong) {
  load();
  auto file = machine_.machine().open(wire::kEngineUserDeviceName, host::Access::ReadWrite);
  ASSERT_TRUE(file);
  std::vector<std::byte> buffer(sizeof(wire::EngineMessage) + wire::kMaximumEngineMessageSize);
  const auto header = [&] {
    wire::EngineMessage copy{};
    std::memcpy(&copy, buffer.data(), sizeof copy);
    return copy;
  };
  auto first = std::async(std::launch::async, [&] { return machine_.start(1000); });
  ASSERT_EQ((*file)->control(wire::kEngineGetMessage, {}, buffer).status, 0);
  const std::uint64_t first_id = header().message_id;
  auto second = std::async(std::launch::async, [&] { return machine_.start(1004); });
  ASSERT_EQ(reply_and_get(**file, first_id, deny(GetParam()), buffer).status, 0);
  EXPECT_EQ(first.get(), host::kStatusAccessDenied);
  EXPECT_NE(header().message_id, first_id);
  // What is told of the denied process may come before the second one's creation.
  while (header().reply_expected == 0) ASSERT_EQ((*file)->control(wire::kEngineGetMessage, {}, buffer).status, 0);
  // A reply to a message that nobody waits for any more is passed over: it is the room for a message that is missing.
  EXPECT_EQ(reply_and_get(**file, first_id, deny(GetParam()), {}).status, host::kStatusBufferTooSmall);
  // Without that room, too, a reply is given.
  EXPECT_EQ(reply_and_get(**file, header().message_id, allow(GetParam(), 0), {}).status, host::kStatusBufferTooSmall);
  EXPECT_EQ(second.get(), 0);
}

TEST_P(EngineStory, MalformedRequestsAreRefused) {
  load();
  auto file = machine_.machine().open(wire::kEngineUserDeviceName, host::Access::ReadWrite);
  ASSERT_TRUE(file);
  std::byte bytes[sizeof(wire::EngineReply) + 4]{};
  EXPECT_EQ((*file)->control(wire::kEngineReply, {}, {}).status, host::kStatusInvalidParameter);
  EXPECT_EQ((*file)->control(wire::kEngineReply, std::span(bytes).first(8), {}).status, host::kStatusInvalidParameter);
  // The size it states is not the size that came.
  EXPECT_EQ((*file)->control(wire::kEngineReply, bytes, {}).status, host::kStatusInvalidParameter);
  std::byte room[256];
  EXPECT_EQ((*file)->control(wire::kEngineReplyAndGetMessage, {}, room).status, host::kStatusInvalidParameter);
  EXPECT_EQ((*file)->control(wire::kEngineReplyAndGetMessage, bytes, room).status, host::kStatusInvalidParameter);
  EXPECT_EQ((*file)->control(wire::kEngineGetMessage, {}, {}).status, host::kStatusBufferTooSmall);
  EXPECT_EQ((*file)->control(wire::kEngineGetMessage + 4 * 100, {}, {}).status, host::kStatusInvalidDeviceRequest);
}

TEST_P(EngineStory, AWaitingRequestCanBeCancelled) {
  load();
  auto file = machine_.machine().open(wire::kEngineUserDeviceName, host::Access::ReadWrite);
  ASSERT_TRUE(file);
  std::atomic<bool> done{false};
  auto waiting = std::async(std::launch::async, [&] {
    std::byte bytes[256];
    const auto status = (*file)->control(wire::kEngineGetMessage, {}, bytes).status;
    done = true;
    return status;
  });
  while (!done) {
    (*file)->cancel();
    std::this_thread::yield();
  }
  EXPECT_EQ(waiting.get(), host::kStatusCancelled);
}

TEST_P(EngineStory, OnlyOneEngineAndOnlyAnAdministrator) {
  conforms("C.15", "MpConnect", "a second service is refused, and whoever is not entitled");
  load();
  EXPECT_EQ(
      machine_.machine().open(wire::kEngineUserDeviceName, host::Access::ReadWrite, host::Account::User).error().status,
      host::kStatusAccessDenied);
  const Engine engine(machine_.machine(), judge());
  EXPECT_EQ(machine_.machine().open(wire::kEngineUserDeviceName, host::Access::ReadWrite).error().status,
            host::kStatusAccessDenied);
}

TEST_P(EngineStory, NothingBelowTheDeviceCanBeOpened) {
  load();
  const auto file = machine_.machine().open("\\\\.\\wdnotifier\\port", host::Access::ReadWrite);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().status, host::kStatusObjectNameNotFound);
}

TEST(EngineQueue, KeepsABoundedNumberOfMessagesAndCountsTheRest) {
  constexpr std::uint64_t kProcesses = 8000;
  NotifierMachine machine;
  for (std::uint64_t index = 0; index < kProcesses; ++index) {
    ASSERT_EQ(machine.machine().adopt_process(NotifierMachine::describe(10000 + 4 * index, 4, u"early.exe")), 0);
  }
  machine.load(NotifierProfile::WdA5);
  auto file = machine.machine().open(wire::kEngineUserDeviceName, host::Access::ReadWrite);
  ASSERT_TRUE(file);
  for (std::uint64_t index = 0; index < kProcesses; ++index) ASSERT_EQ(machine.exit(10000 + 4 * index), 0);
  file->reset();
  // An exit message has 0x18 + 0x80 bytes; the very last release also reports that no untrusted process is left.
  constexpr std::uint64_t kKept = 1024 * 1024 / (0x18 + 0x80);
  EXPECT_TRUE(machine.debug_output().contains(std::to_string(kProcesses - kKept) + " messages dropped"))
      << machine.debug_output().lines().back();
}

}  // namespace
}  // namespace wdscope::test
