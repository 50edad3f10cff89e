// SPDX-License-Identifier: MIT
// Notifications by strangers: nothing that is passed may hurt, each oddity has its name and its counter, and the event
// is delivered with what is certain. Each is tried on a machine without a notifier and beside that of each profile,
// when the observer has found out which one it is and expects what that would do.
#include <optional>

#include <gmock/gmock.h>

#include "host/ke/irql.h"
#include "observer/cliff_pages.h"
#include "observer/frames.h"
#include "observer/observer_story.h"

namespace wdscope::tests {
namespace {

using defender::OperationType;
using wire::Anomaly;
using wire::anomaly_bit;
namespace known = wire::known;

constexpr std::uint64_t kPid = 0x1234;
constexpr std::uint64_t kParent = 0x800;

using Neighbour = std::optional<wire::NotifierProfile>;

class BadInput : public ObserverStory, public testing::WithParamInterface<Neighbour> {
 protected:
  BadInput() : created_(start_process(kPid, kParent)) {
    if (GetParam()) load_notifier(*GetParam());
  }

  // That a stranger's notification is not of this machine's kind is said besides; tests/observer/evidence_test.cpp
  // knows when.
  static std::uint32_t own_anomalies(const Record& record) {
    std::uint32_t anomalies = record.process().anomalies;
    if (GetParam()) anomalies &= ~(anomaly_bit(Anomaly::GenerationDisagrees) | anomaly_bit(Anomaly::PlaceDisagrees));
    return anomalies;
  }

  // Notifies `argument1` and expects exactly these anomalies, in the record and in the counters.
  Record expect(std::uint32_t anomalies, const void* argument1, const void* argument2 = nullptr) {
    Client reader = client();
    const wire::Statistics before = reader.statistics();
    Record record = record_of(argument1, argument2);
    EXPECT_EQ(own_anomalies(record), anomalies);
    const std::uint32_t counted = record.process().anomalies;
    const wire::Statistics after = reader.statistics();
    EXPECT_EQ(after.produced, before.produced + 1);
    EXPECT_EQ(after.notifications, before.notifications + 1);
    for (std::uint32_t index = 0; index < static_cast<std::uint32_t>(Anomaly::Count); ++index) {
      EXPECT_EQ(after.anomalies[index] - before.anomalies[index], counted >> index & 1) << "anomaly " << index;
    }
    return record;
  }
  Record expect(Anomaly anomaly, const void* argument1, const void* argument2 = nullptr) {
    return expect(anomaly_bit(anomaly), argument1, argument2);
  }

  std::int64_t created_;
  PoolText image_{u"\\Device\\HarddiskVolume1\\a.exe"};
};

TEST_P(BadInput, ANullArgumentIsNamed) {
  const Record record = expect(Anomaly::ArgumentNull, nullptr);
  EXPECT_FALSE(record.knows(known::Argument));
  EXPECT_GT(record.process().time_100ns, 0);
}

TEST_P(BadInput, AnArgumentThatCannotBeReadIsNamed) {
  CliffPages cliff;
  alignas(8) std::byte stack[0x40]{};
  const void* const bad[] = {
      reinterpret_cast<const void*>(0x1000),                     // user range
      reinterpret_cast<const void*>(0x7FFF'FFF0),                // user range
      reinterpret_cast<const void*>(0x8000'0000'0000'0000),      // not canonical
      reinterpret_cast<const void*>(0xFFFF'F780'0000'1000),      // kernel range of Windows, not mapped here
      reinterpret_cast<const void*>(~std::uint64_t{7}),          // wraps round
      reinterpret_cast<const void*>(~std::uint64_t{0}),          // misaligned too
      reinterpret_cast<const void*>(cliff.unreadable()),         // no access
      reinterpret_cast<const void*>(cliff.unreadable() - 0x18),  // half of it
      stack + 1,                                                 // misaligned on the stack
      stack + 4,
  };
  for (const void* const argument : bad) {
    const Record record = expect(Anomaly::ArgumentUnreadable, argument);
    EXPECT_FALSE(record.knows(known::Argument));
    EXPECT_EQ(record.process().process_id, 0u);
  }
}

TEST_P(BadInput, FreedMemoryIsReadAsWhateverItIsNow) {
  PoolBlock block(0x20);
  const void* const address = block.as<void>();
  block.reset();
  const Record record = record_of(address);
  EXPECT_EQ(fault_in(record), "");
}

TEST_P(BadInput, ASecondArgumentIsNamedAndNotTouched) {
  auto frame = frame_a5(kPid, kParent, OperationType::Create, 0);
  expect(Anomaly::Argument2NotNull, &frame.Info, reinterpret_cast<const void*>(0x1001));
}

TEST_P(BadInput, UnknownOperationsAreDelivered) {
  for (const std::uint32_t operation : {0u, 4u, 77u, 0xFFFFFFFFu}) {
    auto frame = frame_a5(kPid, kParent, static_cast<OperationType>(operation), 0);
    frame.Info.ImageName = image_.address();
    const Record record = expect(Anomaly::UnknownOperation, &frame.Info);
    EXPECT_EQ(record.process().operation_type, operation);
    EXPECT_TRUE(record.knows(known::ArgumentImage));
  }
}

TEST_P(BadInput, AParentOfNoKnownKindIsNotFollowed) {
  CliffPages cliff;
  for (const std::uint64_t member : {std::uint64_t{3}, cliff.unreadable(), ~std::uint64_t{7}}) {
    auto frame = frame_a5(kPid, kParent, OperationType::Create, 0);
    frame.Info.ParentProcessId = member;
    const Record record = expect(Anomaly::ParentUnclassified, &frame.Info);
    EXPECT_EQ(record.process().argument_member_08, member);
    EXPECT_FALSE(record.knows(known::ArgumentParent));
  }
}

TEST_P(BadInput, AParentThatNtContradictsIsNamed) {
  auto frame = frame_a5(kPid, kParent + 4, OperationType::Create, 0);
  const Record record = expect(Anomaly::ParentMismatch, &frame.Info);
  EXPECT_EQ(record.process().argument_parent_process_id, kParent + 4);
  EXPECT_EQ(record.process().nt_parent_process_id, kParent);
}

TEST_P(BadInput, AProcessThatNtDoesNotKnowIsNamedAndItsContextIsNotDecoded) {
  for (const std::uint64_t pid : {std::uint64_t{0}, kPid + 8, kPid + 1, ~std::uint64_t{0}}) {
    PoolContext context(defender::kProcessContextMagic25080, pid, created_);
    context.common().ProcessFlags = 0x40;
    auto frame = frame_a5(pid, kParent, OperationType::Create, context.address());
    const Record record = expect(Anomaly::ProcessUnknownToNt, &frame.Info);
    EXPECT_TRUE(record.knows(known::ContextLocation));
    EXPECT_FALSE(record.knows(known::Context));
    EXPECT_EQ(record.process().context_flags, 0u);
  }
}

TEST_P(BadInput, AContextOfAnotherKindIsNotDecoded) {
  for (const std::uint32_t magic : {0u, 0xDA0Fu, 0x0100DA0Fu, 0x0130DA13u, 0xFFFFFFFFu}) {
    PoolContext context(magic, kPid, created_);
    auto frame = frame_a5(kPid, kParent, OperationType::Create, context.address());
    const Record record = expect(Anomaly::ContextMagicUnknown, &frame.Info);
    EXPECT_TRUE(record.knows(known::ContextLocation));
    EXPECT_FALSE(record.knows(known::Context));
    EXPECT_EQ(record.process().context_magic, magic);
  }
}

TEST_P(BadInput, AContextOfAnotherProcessOrAnotherTimeIsNotDecoded) {
  PoolContext other(defender::kProcessContextMagic25080, kPid + 4, created_);
  auto frame = frame_a5(kPid, kParent, OperationType::Create, other.address());
  expect(Anomaly::ContextPidMismatch, &frame.Info);
  PoolContext earlier(defender::kProcessContextMagic25080, kPid, created_ - 1);
  frame.Context = earlier.address();
  expect(Anomaly::ContextTimeMismatch, &frame.Info);
  PoolContext both(defender::kProcessContextMagic25080, kPid + 4, created_ - 1);
  frame.Context = both.address();
  expect(anomaly_bit(Anomaly::ContextPidMismatch) | anomaly_bit(Anomaly::ContextTimeMismatch), &frame.Info);
}

TEST_P(BadInput, AContextThatCannotBeReadIsNamed) {
  CliffPages cliff;
  auto frame = frame_a5(kPid, kParent, OperationType::Create, cliff.unreadable());
  expect(Anomaly::ContextUnreadable, &frame.Info);
  // Its first word can be read, the rest cannot.
  auto* const start = cliff.last<std::uint32_t>(0x40);
  *start = defender::kProcessContextMagic25080;
  frame.Context = reinterpret_cast<std::uint64_t>(start);
  expect(Anomaly::ContextUnreadable, &frame.Info);
}

TEST_P(BadInput, AContextThatEndsBeforeItsMagicSaysIsNotDecoded) {
  CliffPages cliff;
  auto* const context = cliff.last<defender::MP_PROCESS_CONTEXT>();
  context->Magic = defender::kProcessContextMagic25080;
  context->ProcessId = kPid;
  context->CreateTime = created_;
  auto frame = frame_a5(kPid, kParent, OperationType::Create, reinterpret_cast<std::uint64_t>(context));
  const Record record = expect(Anomaly::ContextUnreadable, &frame.Info);
  EXPECT_FALSE(record.knows(known::Context));
  EXPECT_EQ(record.process().context_created_100ns, 0);
}

TEST_P(BadInput, ADocRuleThatIsNoneIsNamedAndNothingOfItIsTold) {
  CliffPages cliff;
  PoolDocRule rule(u"AcroRd32.exe", std::u16string(u"pdf\0\0", 5));
  PoolContext context(defender::kProcessContextMagic25080, kPid, created_);
  auto frame = frame_a5(kPid, kParent, OperationType::Create, context.address());
  for (const std::uint64_t address : {std::uint64_t{8}, rule.address() + 4, cliff.unreadable(), context.address()}) {
    context.common().DocRule = address;
    const Record record = expect(Anomaly::DocRuleInvalid, &frame.Info);
    EXPECT_TRUE(record.knows(known::Context));
    EXPECT_FALSE(record.knows(known::DocRule));
    EXPECT_EQ(record.process().doc_rule_image.length, 0u);
  }
  // A rule whose extensions cannot be read keeps its name.
  context.common().DocRule = rule.address();
  rule.rule().Extensions = cliff.unreadable();
  const Record record = expect(Anomaly::DocRuleInvalid, &frame.Info);
  EXPECT_TRUE(record.knows(known::DocRule | known::DocRuleImage));
  EXPECT_FALSE(record.knows(known::DocRuleExtensions));
  EXPECT_EQ(record.text(record.process().doc_rule_image), u"AcroRd32.exe");
}

TEST_P(BadInput, ExtensionsThatEndWithTheirPageAreWholeAndThoseWithoutEndAreCut) {
  CliffPages cliff;
  constexpr char16_t kExtensions[] = u"pdf\0fdf\0";  // and the NUL that ends the literal
  auto* const last = cliff.last<char16_t>(sizeof(kExtensions));
  std::copy(std::begin(kExtensions), std::end(kExtensions), last);
  PoolDocRule rule(u"AcroRd32.exe", u"");
  rule.rule().Extensions = reinterpret_cast<std::uint64_t>(last);
  PoolContext context(defender::kProcessContextMagic25080, kPid, created_);
  context.common().DocRule = rule.address();
  auto frame = frame_a5(kPid, kParent, OperationType::Create, context.address());
  const Record whole = expect(0, &frame.Info);
  EXPECT_EQ(whole.text(whole.process().doc_rule_extensions), std::u16string(u"pdf\0fdf", 7));

  PoolDocRule endless(std::u16string(defender::kDocRuleNameUnits, u'n'), std::u16string(5000, u'x'));
  context.common().DocRule = endless.address();
  const Record cut = expect(Anomaly::DocRuleTruncated, &frame.Info);
  EXPECT_EQ(cut.process().doc_rule_image.length, wire::kMaximumDocRuleNameSize);
  EXPECT_EQ(cut.process().doc_rule_extensions.length, wire::kMaximumExtensionsSize);
}

TEST_P(BadInput, AContextThatIsNoAddressIsNoCandidate) {
  for (const std::uint64_t value : {std::uint64_t{1}, std::uint64_t{0x1000}, std::uint64_t{0x8000'0000'0000'0000}}) {
    auto frame = frame_a5(kPid, kParent, OperationType::Create, value);
    EXPECT_FALSE(expect(0, &frame.Info).knows(known::ContextLocation));
  }
}

TEST_P(BadInput, AContextNextToAnArgumentInPoolIsNotBelieved) {
  PoolContext context(defender::kProcessContextMagic25080, kPid, created_);
  PoolBlock block(sizeof(defender::WD_PS_NOTIFY_FRAME_A5));
  auto& frame = *block.as<defender::WD_PS_NOTIFY_FRAME_A5>();
  frame = frame_a5(kPid, kParent, OperationType::Create, context.address());
  EXPECT_FALSE(expect(0, &frame.Info).knows(known::ContextLocation));
}

TEST_P(BadInput, StringsOfWrongFormAreNamed) {
  CliffPages cliff;
  PoolText command_line(u"x");
  PoolContext context(defender::kProcessContextMagic25080, kPid, created_);
  context.common().CommandLine = command_line.address();
  auto frame = frame_a5(kPid, kParent, OperationType::Create, context.address());
  frame.Info.ImageName = image_.address();
  const defender::CountedString sound = image_.header();

  const std::uint32_t both = anomaly_bit(Anomaly::ImageStringInvalid) | anomaly_bit(Anomaly::CommandLineInvalid);
  const auto try_header = [&](const defender::CountedString& header) {
    image_.header() = header;
    context.common().CommandLine = image_.address();
    const Record record = expect(both, &frame.Info);
    EXPECT_TRUE(record.knows(known::Argument | known::Context));
    EXPECT_FALSE(record.knows(known::ContextCommandLine));
    EXPECT_FALSE(record.knows(known::ArgumentImage));
  };
  try_header({8, 6, 0, sound.buffer});                       // longer than its maximum
  try_header({8, 8, 0, 0});                                  // no buffer
  try_header({8, 8, 0, 0x1000});                             // user range
  try_header({8, 8, 0, sound.buffer + 1});                   // misaligned
  try_header({8, 8, 0, cliff.unreadable()});                 // unreadable
  try_header({0xFFFE, 0xFFFE, 0, cliff.unreadable() - 16});  // runs over the cliff
  try_header({0xFFFE, 0xFFFE, 0, ~std::uint64_t{0xFF}});     // wraps round

  image_.header() = sound;
  for (const std::uint64_t address : {std::uint64_t{8}, cliff.unreadable(), image_.address() + 4}) {
    frame.Info.ImageName = address;
    context.common().CommandLine = address;
    expect(both, &frame.Info);
  }
}

TEST_P(BadInput, AnOddLengthLosesItsOddByte) {
  PoolText command_line(u"abc");
  command_line.header().length = 5;
  PoolContext context(defender::kProcessContextMagic25080, kPid, created_);
  context.common().CommandLine = command_line.address();
  auto frame = frame_a5(kPid, kParent, OperationType::Create, context.address());
  const Record record = expect(Anomaly::CommandLineInvalid, &frame.Info);
  ASSERT_TRUE(record.knows(known::ContextCommandLine));
  EXPECT_EQ(record.text(record.process().context_command_line), u"ab");
}

TEST_P(BadInput, TheLongestStringsComeWhole) {
  const std::u16string long_text(0x7FFF, u'x');
  PoolText argument_image(long_text);
  PoolText context_image(std::u16string(0x7FFF, u'y'));
  PoolText command_line(std::u16string(0x7FFF, u'z'));
  PoolContext context(defender::kProcessContextMagic25080, kPid, created_);
  context.common().ImageName = context_image.address();
  context.common().CommandLine = command_line.address();
  auto frame = frame_a5(kPid, kParent, OperationType::Create, context.address());
  frame.Info.ImageName = argument_image.address();
  const Record record = expect(0, &frame.Info);
  EXPECT_EQ(record.text(record.process().argument_image), long_text);
  EXPECT_EQ(record.text(record.process().context_image), std::u16string(0x7FFF, u'y'));
  EXPECT_EQ(record.text(record.process().context_command_line), std::u16string(0x7FFF, u'z'));
  EXPECT_LE(record.header().size, wire::kMaximumRecordSize);
  EXPECT_EQ(client().statistics().dropped_no_buffer, 0u);
}

TEST_P(BadInput, TextIsCarriedAsItIsWithoutATerminator) {
  // An unpaired surrogate, a NUL inside, and no terminator behind: the last bytes before the cliff.
  constexpr char16_t kOdd[] = {0xD800, u'a', 0, 0xDFFF, u'b'};
  CliffPages cliff;
  auto* const text = cliff.last<char16_t>(sizeof(kOdd));
  std::copy(std::begin(kOdd), std::end(kOdd), text);
  image_.header() = {sizeof(kOdd), sizeof(kOdd), 0, reinterpret_cast<std::uint64_t>(text)};
  auto frame = frame_a5(kPid, kParent, OperationType::Create, 0);
  frame.Info.ImageName = image_.address();
  const Record record = expect(0, &frame.Info);
  EXPECT_EQ(record.text(record.process().argument_image), std::u16string(std::begin(kOdd), std::end(kOdd)));
}

TEST_P(BadInput, AnEmptyStringIsKnownAndEmpty) {
  image_.header() = {0, 0, 0, 0};
  auto frame = frame_a5(kPid, kParent, OperationType::Create, 0);
  frame.Info.ImageName = image_.address();
  const Record record = expect(0, &frame.Info);
  EXPECT_TRUE(record.knows(known::ArgumentImage));
  EXPECT_EQ(record.process().argument_image.length, 0u);
}

TEST_P(BadInput, AnExitOrATrustChangeOfAProcessNeverSeenIsDelivered) {
  for (const auto operation : {OperationType::Terminate, OperationType::Trust}) {
    auto frame = frame_a5(kPid, 0, operation, 0);
    expect(0, &frame.Info);
  }
}

TEST_P(BadInput, AtDispatchLevelNothingForeignIsRead) {
  CliffPages cliff;
  Client reader = client();
  reader.drain();
  host::Irql old = 0;
  host::KeRaiseIrql(host::kDispatchLevel, &old);
  notify(reinterpret_cast<const void*>(cliff.unreadable()), reinterpret_cast<const void*>(1));
  host::KeLowerIrql(old);
  const std::vector<Record> records = reader.drain();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].process().anomalies, anomaly_bit(Anomaly::HighIrql));
  EXPECT_EQ(records[0].process().known, 0u);
  EXPECT_NE(records[0].process().notifier_thread_id, 0u);
  EXPECT_EQ(reader.statistics().anomalies[static_cast<std::uint32_t>(Anomaly::HighIrql)], 1u);
}

TEST_P(BadInput, AtApcLevelEverythingIsRead) {
  auto frame = frame_a5(kPid, kParent, OperationType::Create, 0);
  Client reader = client();
  reader.drain();
  host::Irql old = 0;
  host::KeRaiseIrql(host::kApcLevel, &old);
  notify(&frame.Info);
  host::KeLowerIrql(old);
  const std::vector<Record> records = reader.drain();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(own_anomalies(records[0]), 0u);
  EXPECT_TRUE(records[0].knows(known::Argument | known::NtProcess));
}

INSTANTIATE_TEST_SUITE_P(Machines, BadInput,
                         testing::Values(Neighbour(), wire::NotifierProfile::Wd1910, wire::NotifierProfile::Wd20H1,
                                         wire::NotifierProfile::Wd25080, wire::NotifierProfile::WdA5),
                         [](const auto& machine) { return machine.param ? name_of(*machine.param) : "Alone"; });

}  // namespace
}  // namespace wdscope::tests
