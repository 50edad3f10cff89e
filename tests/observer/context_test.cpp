// SPDX-License-Identifier: MIT
// What one notification of each generation becomes.
#include <gmock/gmock.h>

#include <cstring>

#include "abi/defender/flags.h"
#include "host/ob/object.h"
#include "host/ps/process.h"
#include "observer/frames.h"
#include "observer/observer_story.h"

namespace wdscope::tests {
namespace {

using defender::OperationType;
namespace known = wire::known;

constexpr std::uint64_t kPid = 0x1234;
constexpr std::uint64_t kParent = 0x800;
constexpr char16_t kImage[] = u"\\Device\\HarddiskVolume1\\Windows\\notepad.exe";
constexpr char16_t kCommandLine[] = u"notepad.exe C:\\todo.txt";

class Notification : public ObserverStory {
 protected:
  Notification() : created_(start_process(kPid, kParent)) {}

  std::int64_t created_;
  PoolText image_{kImage};
  PoolText command_line_{kCommandLine};
};

TEST_F(Notification, OfA2019CreateIsDecodedWithItsContext) {
  PoolContext context(defender::kProcessContextMagic1910, kPid, created_);
  context.common().ImageName = image_.address();
  context.common().CommandLine = command_line_.address();
  context.common().ProcessFlags = defender::flag::Trusted;
  context.common().ProcessRules = 0x20;
  PoolDocRule rule(u"AcroRd32.exe", std::u16string(u"pdf\0doc\0\0", 9));
  context.common().DocRule = rule.address();
  auto frame = frame_1910(kPid, kParent, OperationType::Create, context.address());
  point_at_parent(frame);
  frame.Info.ImageName = image_.address();
  frame.Info.Trusted = 0x40;
  const Record record = record_of(&frame.Info);
  const wire::ProcessRecord& process = record.process();
  EXPECT_EQ(process.anomalies, 0u);
  EXPECT_TRUE(record.knows(known::Argument | known::ArgumentParent | known::ArgumentImage | known::ContextLocation |
                           known::Context | known::ContextImageSame | known::ContextCommandLine));
  EXPECT_FALSE(record.knows(known::ContextTail25080));
  EXPECT_FALSE(record.knows(known::ContextProtection));
  EXPECT_FALSE(record.knows(known::ContextImage));
  EXPECT_EQ(process.argument_generation, static_cast<std::uint8_t>(wire::ArgumentGeneration::ParentByPointer));
  EXPECT_EQ(process.context_place, static_cast<std::uint8_t>(wire::ContextPlace::Minus10));
  EXPECT_EQ(process.operation_type, 1u);
  EXPECT_EQ(process.process_id, kPid);
  EXPECT_EQ(process.argument_parent_process_id, kParent);
  EXPECT_EQ(process.argument_member_08, reinterpret_cast<std::uint64_t>(&frame.ParentProcessId));
  EXPECT_EQ(process.argument_bytes_1c[0], 0x40);
  EXPECT_EQ(process.context_address, context.address());
  EXPECT_EQ(process.context_magic, defender::kProcessContextMagic1910);
  EXPECT_EQ(process.context_flags, defender::flag::Trusted);
  EXPECT_EQ(process.context_rules, 0x20u);
  EXPECT_EQ(process.context_doc_rule_address, rule.address());
  EXPECT_TRUE(record.knows(known::DocRule | known::DocRuleImage | known::DocRuleExtensions));
  EXPECT_EQ(record.text(process.doc_rule_image), u"AcroRd32.exe");
  EXPECT_EQ(record.text(process.doc_rule_extensions), std::u16string(u"pdf\0doc", 7));
  EXPECT_EQ(process.context_members, wire::kContextCommonMembers);
  EXPECT_EQ(process.context_created_100ns, created_);
  EXPECT_EQ(record.text(process.argument_image), kImage);
  EXPECT_EQ(record.text(process.context_command_line), kCommandLine);
}

TEST_F(Notification, OfAnA5CreateIsDecodedWithTheTail) {
  PoolContext context(defender::kProcessContextMagic25080, kPid, created_);
  context.common().ImageName = image_.address();
  context.common().CommandLine = command_line_.address();
  context.common().Protection = 0x31;
  context.whole().KnownProcessType = 0x11;
  context.whole().SessionId = 3;
  context.whole().ProcessRules3 = 4;
  context.whole().State = defender::state::HardeningExclusions | defender::state::ProtectionValid;
  context.whole().SendResult = 1;
  context.whole().InfoApplications = 2;
  auto frame = frame_a5(kPid, kParent, OperationType::Create, context.address());
  frame.Info.ImageName = image_.address();
  frame.Info.Trusted = 1;
  frame.Info.Rules2Bit1 = 1;
  frame.Info.Rules2Bit10 = 1;
  const Record record = record_of(&frame.Info);
  const wire::ProcessRecord& process = record.process();
  EXPECT_EQ(process.anomalies, 0u);
  EXPECT_TRUE(record.knows(known::Context | known::ContextTail25080 | known::ContextProtection));
  EXPECT_EQ(process.argument_generation, static_cast<std::uint8_t>(wire::ArgumentGeneration::ParentByValue));
  EXPECT_EQ(process.context_place, static_cast<std::uint8_t>(wire::ContextPlace::Minus08));
  EXPECT_EQ(process.argument_parent_process_id, kParent);
  EXPECT_THAT(process.argument_bytes_1c, testing::ElementsAre(1, 1, 1, 0));
  EXPECT_EQ(process.context_known_type, 0x11u);
  EXPECT_EQ(process.context_session_id, 3u);
  EXPECT_EQ(process.context_rules3, 4u);
  EXPECT_EQ(process.context_state, 0x39u);
  EXPECT_EQ(process.context_send_result, 1u);
  EXPECT_EQ(process.context_info_applications, 2u);
  EXPECT_EQ(process.context_protection, 0x31);
}

TEST_F(Notification, CarriesWhatNtItselfKnows) {
  auto frame = frame_a5(kPid, kParent, OperationType::Create, 0);
  const Record record = record_of(&frame.Info);
  const wire::ProcessRecord& process = record.process();
  EXPECT_TRUE(
      record.knows(known::NtProcess | known::NtParent | known::NtSession | known::NtProtection | known::NtImageName));
  EXPECT_EQ(process.nt_created_100ns, created_);
  EXPECT_EQ(process.nt_parent_process_id, kParent);
  EXPECT_EQ(process.nt_session_id, 3u);
  EXPECT_EQ(process.nt_protection, 0x31);
  EXPECT_STREQ(process.nt_image_name, "notepad.exe");
  EXPECT_EQ(process.notifier_process_id, 4u);
  EXPECT_NE(process.notifier_thread_id, 0u);
  EXPECT_GT(process.time_100ns, 0);
}

TEST_F(Notification, CarriesNtsImageNameUpToItsEndWhateverStandsBehind) {
  host::Process* process = nullptr;
  ASSERT_EQ(host::PsLookupProcessByProcessId(kPid, &process), host::kStatusSuccess);
  auto frame = frame_a5(kPid, kParent, OperationType::Create, 0);
  constexpr std::size_t kRoom = sizeof(process->image_file_name);
  for (const unsigned char letter : {0x01, 0x61, 0x80, 0xFF}) {
    for (std::size_t length = 0; length <= kRoom; ++length) {
      std::memset(process->image_file_name, letter, kRoom);
      if (length < kRoom) process->image_file_name[length] = 0;
      char expected[16] = {};
      std::memset(expected, letter, length);
      const Record record = record_of(&frame.Info);
      EXPECT_THAT(record.process().nt_image_name, testing::ElementsAreArray(expected)) << length << " of " << +letter;
    }
  }
  host::ObfDereferenceObject(process);
}

TEST_F(Notification, TellsInWhoseContextItCame) {
  Client reader = client();
  machine_->run_in_process(kPid, [&] {
    auto frame = frame_a5(kPid, 0, OperationType::Terminate, 0);
    notify(&frame.Info);
  });
  const std::vector<Record> records = reader.drain();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].process().notifier_process_id, kPid);
}

TEST_F(Notification, OfThe25080FrameWithoutAContextIsCompleteAllTheSame) {
  auto frame = frame_a5(kPid, kParent, OperationType::Create, 0);
  frame.Info.ImageName = image_.address();
  const Record record = record_of(&frame.Info);
  EXPECT_EQ(record.process().anomalies, 0u);
  EXPECT_FALSE(record.knows(known::ContextLocation));
  EXPECT_TRUE(record.knows(known::ArgumentParent | known::ArgumentImage));
}

TEST_F(Notification, OfAnExitFindsTheContextInEitherPlace) {
  PoolContext context_1910(defender::kProcessContextMagic1910, kPid, created_);
  PoolContext context_a5(defender::kProcessContextMagic25080, kPid, created_);
  for (int round = 0; round < 3; ++round) {
    const auto old_frame = frame_1910(kPid, kParent, OperationType::Terminate, context_1910.address());
    const Record old_record = record_of(&old_frame.Info);
    EXPECT_TRUE(old_record.knows(known::Context));
    EXPECT_EQ(old_record.process().context_place, static_cast<std::uint8_t>(wire::ContextPlace::Minus10));
    EXPECT_EQ(old_record.process().anomalies, 0u);
    auto new_frame = frame_a5(kPid, 0, OperationType::Terminate, context_a5.address());
    // There the old place holds an EPROCESS.
    new_frame.Process = context_1910.address() + 0x10;
    const Record new_record = record_of(&new_frame.Info);
    EXPECT_TRUE(new_record.knows(known::Context | known::ContextTail25080));
    EXPECT_EQ(new_record.process().context_place, static_cast<std::uint8_t>(wire::ContextPlace::Minus08));
    EXPECT_EQ(new_record.process().anomalies, 0u);
    EXPECT_FALSE(new_record.knows(known::ArgumentParent));
  }
}

TEST_F(Notification, OfARefreshHasTheImageAndNoContext) {
  PoolContext context(defender::kProcessContextMagic25080, kPid, created_);
  auto frame = frame_a5(kPid, 0, OperationType::Trust, context.address());
  frame.Info.ImageName = image_.address();
  frame.Info.Trusted = 1;
  const Record record = record_of(&frame.Info);
  EXPECT_TRUE(record.knows(known::ArgumentImage));
  EXPECT_FALSE(record.knows(known::ContextLocation));
  EXPECT_EQ(record.process().anomalies, 0u);
  frame.Info.ImageName = 0;
  const Record change = record_of(&frame.Info);
  EXPECT_FALSE(change.knows(known::ArgumentImage));
  EXPECT_EQ(change.process().anomalies, 0u);
}

TEST_F(Notification, CarriesAnImageThatTheContextKeepsApartOnlyWhenItDiffers) {
  PoolText same_text(kImage);
  PoolText other_text(u"\\Device\\HarddiskVolume1\\Windows\\calc.exe");
  PoolContext context(defender::kProcessContextMagic25080, kPid, created_);
  context.common().CommandLine = command_line_.address();
  auto frame = frame_a5(kPid, kParent, OperationType::Create, context.address());
  frame.Info.ImageName = image_.address();

  context.common().ImageName = same_text.address();
  const Record same = record_of(&frame.Info);
  EXPECT_TRUE(same.knows(known::ContextImageSame | known::ArgumentImage));
  EXPECT_FALSE(same.knows(known::ContextImage));
  EXPECT_EQ(same.text(same.process().context_command_line), kCommandLine);

  context.common().ImageName = other_text.address();
  const Record other = record_of(&frame.Info);
  EXPECT_FALSE(other.knows(known::ContextImageSame));
  ASSERT_TRUE(other.knows(known::ContextImage));
  EXPECT_EQ(other.text(other.process().context_image), u"\\Device\\HarddiskVolume1\\Windows\\calc.exe");
  EXPECT_EQ(other.text(other.process().argument_image), kImage);
  EXPECT_EQ(other.text(other.process().context_command_line), kCommandLine);

  context.common().ImageName = 0;
  const Record none = record_of(&frame.Info);
  EXPECT_FALSE(none.knows(known::ContextImageSame));
  EXPECT_FALSE(none.knows(known::ContextImage));
  EXPECT_EQ(none.process().anomalies, 0u);
}

TEST_F(Notification, OfA2019StackGivesThePreviewsLayoutToo) {
  PoolContext context(defender::kProcessContextMagic20H1, kPid, created_);
  auto frame = frame_1910(kPid, kParent, OperationType::Create, context.address());
  point_at_parent(frame);
  const Record record = record_of(&frame.Info);
  EXPECT_TRUE(record.knows(known::Context));
  EXPECT_EQ(record.process().context_magic, defender::kProcessContextMagic20H1);
}

}  // namespace
}  // namespace wdscope::tests
