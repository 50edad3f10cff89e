// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "abi/defender/flags.h"
#include "conformance.h"
#include "engine.h"
#include "notifications.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

using defender::OperationType;
using wire::NotifierProfile;

class CreateExit : public testing::TestWithParam<NotifierProfile> {
 protected:
  CreateExit() { machine_.load(GetParam()); }
  bool is(NotifierProfile profile) const { return GetParam() == profile; }
  NotifierMachine machine_;
};
INSTANTIATE_TEST_SUITE_P(Profiles, CreateExit, testing::ValuesIn(kAllProfiles), profile_name);

TEST_P(CreateExit, AProcessNeverJudgedMakesOneCreateAndOneTerminate) {
  conforms("C.9", "MpHandleProcessNotification", "a process never judged makes one create and one terminate");
  Notifications seen(GetParam());
  ASSERT_EQ(machine_.start(1000), 0);
  ASSERT_EQ(machine_.exit(1000), 0);
  const auto all = seen.of(1000);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].operation(), OperationType::Create);
  EXPECT_EQ(all[1].operation(), OperationType::Terminate);
}

TEST_P(CreateExit, TheCreateSaysIdParentAndImageAndNothingElse) {
  conforms("C.8 create", "MpHandleProcessNotification",
           "the create names id, parent and image, and nobody new is trusted");
  Notifications seen(GetParam());
  ASSERT_EQ(machine_.start(1000, 4), 0);
  ASSERT_EQ(machine_.start(1004, 1000), 0);
  const auto all = seen.of(1004);
  ASSERT_EQ(all.size(), 1u);
  const Notification& create = all[0];
  EXPECT_EQ(create.parent, 1000u);
  EXPECT_EQ(create.image, u"\\Device\\HarddiskVolume1\\bin\\a.exe");
  EXPECT_EQ(create.info.Trusted, 0);
  const std::uint8_t unwritten = is_2019(GetParam()) ? 0xCC : 0;
  EXPECT_EQ(create.info.Rules2Bit1, unwritten);
  EXPECT_EQ(create.info.Rules2Bit10, unwritten);
  EXPECT_EQ(create.info.Byte1F, unwritten);
  EXPECT_TRUE(create.argument2_null);
}

TEST_P(CreateExit, TheTerminateSaysTheIdAlone) {
  Notifications seen(GetParam());
  ASSERT_EQ(machine_.start(1000), 0);
  ASSERT_EQ(machine_.exit(1000), 0);
  const Notification exit = seen.of(1000).at(1);
  EXPECT_EQ(exit.info.ParentProcessId, 0u);
  EXPECT_FALSE(exit.image);
  EXPECT_EQ(exit.info.Trusted, 0);
  EXPECT_EQ(exit.info.Rules2Bit1, is_2019(GetParam()) ? 0xCC : 0);
  EXPECT_TRUE(exit.argument2_null);
}

TEST_P(CreateExit, BothArriveAtPassiveLevelInACriticalRegionWithNothingLocked) {
  conforms(
      "C.8", "MpHandleProcessNotification",
      "create and exit are notified at PASSIVE_LEVEL, by the creator and by the dying process, with nothing locked");
  Notifications seen(GetParam());
  ASSERT_EQ(machine_.start(1000, 4), 0);
  ASSERT_EQ(machine_.start(1004, 1000), 0);
  ASSERT_EQ(machine_.exit(1004), 0);
  const auto all = seen.of(1004);
  ASSERT_EQ(all.size(), 2u);
  for (const Notification& notification : all) {
    EXPECT_EQ(notification.irql, 0);
    EXPECT_TRUE(notification.in_critical_region);
    EXPECT_EQ(notification.held_locks, "");
  }
  EXPECT_EQ(all[0].current_process_id, 1000u);  // the creator
  EXPECT_EQ(all[1].current_process_id, 1004u);  // the dying process itself
}

TEST_P(CreateExit, TheContextNextToTheArgumentIsThatOfTheProcess) {
  conforms(
      "A.8.2", "MP_PROCESS_CONTEXT",
      "the context next to the argument is that of the process, at its exit the same one, unlinked and terminating");
  conforms("C.8 create step 3", "MpHandleProcessNotification",
           "a new process has flag 4, and 0x400 only where the thread routine is");
  if (is(NotifierProfile::Wd25080)) GTEST_SKIP() << "no context lies next to the argument";
  Notifications seen(GetParam());
  auto start = NotifierMachine::describe(1000, 4, u"a.exe");
  start.created_100ns = 133'000'000'000'000'000;
  start.protection = 0x31;
  start.subsystem_process = true;
  ASSERT_EQ(machine_.machine().start_process(start), 0);
  ASSERT_EQ(machine_.exit(1000), 0);
  const auto all = seen.of(1000);
  ASSERT_EQ(all.size(), 2u);
  const auto& context = *all[0].context;
  EXPECT_EQ(context.Common.Magic, is(NotifierProfile::Wd1910)   ? 0x00C0DA0Fu
                                  : is(NotifierProfile::Wd20H1) ? 0x00C8DA0Fu
                                                                : 0x0130DA0Fu);
  EXPECT_EQ(context.Common.ProcessId, 1000u);
  EXPECT_EQ(context.Common.CreateTime, start.created_100ns);
  EXPECT_EQ(context.Common.RefCount, 2);
  EXPECT_EQ(context.Common.ProcessFlags & defender::flag::NewProcess, defender::flag::NewProcess);
  EXPECT_EQ(context.Common.ProcessRules, 0u);
  EXPECT_EQ(context.Common.CodeInjectionRequestMask, ~std::uint64_t{0});
  EXPECT_EQ(context.Common.DocRule, 0u);
  EXPECT_EQ(context.Common.PreScanHook, 0u);
  EXPECT_EQ(context.Common.SubsystemInformation, 1u);
  EXPECT_EQ(context.Common.Protection, 0x31);
  EXPECT_EQ(all[0].context_image, start.image);
  EXPECT_EQ(all[0].context_command_line, start.command_line);
  if (is(NotifierProfile::WdA5)) {
    EXPECT_EQ(context.SessionId, 3u);
    EXPECT_EQ(context.State, defender::state::HardeningExclusions | defender::state::ProtectionValid);
    EXPECT_EQ(context.KnownProcessType, 0u);
    EXPECT_EQ(context.SensitiveSections.flink, all[0].context_address + 0xD0);
    EXPECT_EQ(context.SendResult & 0x0F, 0u);
  }
  if (is(NotifierProfile::Wd20H1)) {
    EXPECT_EQ(context.UnknownC0, 0u);  // no file-name information, the preview's last member
    EXPECT_EQ(context.PaddingC4, 0u);
  }
  // The exit shows the same context, unlinked and terminating.
  EXPECT_EQ(all[1].context_address, all[0].context_address);
  EXPECT_EQ(all[1].context->Common.RefCount, 1);
  EXPECT_EQ(all[1].context->Common.ProcessFlags & defender::flag::Terminating, defender::flag::Terminating);
}

TEST_P(CreateExit, TheNeighboursOfTheArgumentAreThoseOfTheBuild) {
  conforms("A.8.2", "WD_PS_NOTIFY_INFO", "what lies around the argument of a real create is that of the build");
  Notifications seen(GetParam());
  ASSERT_EQ(machine_.start(1000, 4), 0);
  const Notification create = seen.of(1000).at(0);
  switch (GetParam()) {
    case NotifierProfile::Wd1910:
    case NotifierProfile::Wd20H1:
      EXPECT_EQ(create.info.ParentProcessId, create.argument1 - 8);
      EXPECT_EQ(create.at(-0x08), 4u);
      EXPECT_EQ(create.at(0x20), create.info.ImageName);
      EXPECT_NE(create.at(0x28), 0u);
      break;
    case NotifierProfile::Wd25080:
      for (const std::uint8_t byte : create.before) EXPECT_EQ(byte, 0);
      for (std::size_t index = 0; index < 0x20; ++index) EXPECT_EQ(create.after[index], 0);
      break;
    case NotifierProfile::WdA5:
      EXPECT_NE(create.at(-0x20), 0u);                // the access-denied byte
      EXPECT_EQ(create.at(-0x18), create.at(0x28));   // the command line, twice
      EXPECT_NE(create.at(-0x10), create.at(-0x08));  // an EPROCESS, not the context
      EXPECT_EQ(create.at(0x20), create.info.ImageName);
      EXPECT_EQ(create.at(0x30), 4u);
      EXPECT_EQ(create.at(0x38) & 0xFFFFFFFF, 4u);  // the creator
      break;
  }
}

TEST_P(CreateExit, AReusedPidGetsAContextOfItsOwn) {
  conforms("C.1 step 5", "MpCreateProcessContext", "a reused pid gets a context of its own");
  Notifications seen(GetParam());
  ASSERT_EQ(machine_.start(1000, 4, u"first.exe"), 0);
  ASSERT_EQ(machine_.exit(1000), 0);
  ASSERT_EQ(machine_.start(1000, 4, u"second.exe"), 0);
  const auto all = seen.of(1000);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[2].image, u"\\Device\\HarddiskVolume1\\bin\\second.exe");
  if (all[2].context) {
    EXPECT_EQ(all[2].context_image, u"\\Device\\HarddiskVolume1\\bin\\second.exe");
    EXPECT_NE(all[2].context->Common.CreateTime, all[0].context->Common.CreateTime);
  }
}

TEST_P(CreateExit, WithoutAnExactOpenNameTheProcessItselfIsAsked) {
  Notifications seen(GetParam());
  auto start = NotifierMachine::describe(1000, 4, u"a.exe");
  start.file_open_name_available = false;
  ASSERT_EQ(machine_.machine().start_process(start), 0);
  EXPECT_EQ(seen.of(1000).at(0).image, start.image);
}

TEST_P(CreateExit, TheLongestCommandLineIsKeptWhole) {
  conforms("C.10 step 9", "MpCreateProcessContext", "a command line of 65,534 bytes is kept whole");
  if (is(NotifierProfile::Wd25080)) GTEST_SKIP() << "no context lies next to the argument";
  Notifications seen(GetParam());
  auto start = NotifierMachine::describe(1000, 4, u"a.exe");
  start.command_line.assign(65534 / 2, u'x');
  ASSERT_EQ(machine_.machine().start_process(start), 0);
  EXPECT_EQ(seen.of(1000).at(0).context_command_line, start.command_line);
}

TEST_P(CreateExit, ProcessesFromBeforeTheDriverHaveContextsAndTerminate) {
  conforms("C.18", "MpUpdateRunningProcesses",
           "processes from before the driver have contexts, are not notified, and terminate");
  machine_.unload();
  ASSERT_EQ(machine_.machine().adopt_process(NotifierMachine::describe(2000, 4, u"early.exe")), 0);
  machine_.load(GetParam());
  Notifications seen(GetParam());
  ASSERT_EQ(machine_.exit(2000), 0);
  const auto all = seen.of(2000);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].operation(), OperationType::Terminate);
  if (all[0].context) {
    EXPECT_EQ(all[0].context_image, u"\\Device\\HarddiskVolume1\\bin\\early.exe");
  }
}

TEST_P(CreateExit, ATrustedProcessIsAnnouncedInTheOrderOfTheBuild) {
  conforms("C.8 question 1", "MpHandleProcessNotification",
           "create (not trusted) and then trust; a5 the other way round, and its create says trusted");
  Engine engine(machine_.machine(),
                [&](const Message&) { return allow(GetParam(), defender::rule::ForceTrusted, 0x402); });
  Notifications seen(GetParam());
  ASSERT_EQ(machine_.start(1000), 0);
  const auto all = seen.of(1000);
  ASSERT_EQ(all.size(), 2u);
  const bool asks_first = is(NotifierProfile::WdA5);
  const Notification& create = all[asks_first ? 1 : 0];
  const Notification& trust = all[asks_first ? 0 : 1];
  EXPECT_EQ(create.operation(), OperationType::Create);
  EXPECT_EQ(trust.operation(), OperationType::Trust);
  EXPECT_EQ(create.info.Trusted, asks_first ? 1 : 0);
  EXPECT_EQ(trust.info.Trusted, 1);
  EXPECT_FALSE(trust.image);
  EXPECT_EQ(trust.info.ParentProcessId, 0u);
  if (!is_2019(GetParam())) {
    EXPECT_EQ(trust.info.Rules2Bit1, 1);
    EXPECT_EQ(trust.info.Rules2Bit10, asks_first ? 1 : 0);
    EXPECT_EQ(create.info.Rules2Bit1, asks_first ? 1 : 0);
  }
}

TEST_P(CreateExit, ADeniedProcessIsAnnouncedAndTerminated) {
  conforms("C.8 question 2", "MpHandleProcessNotification",
           "a denied creation is notified as create and as terminate, without trust");
  Engine engine(machine_.machine(), [&](const Message&) { return deny(GetParam()); });
  Notifications seen(GetParam());
  EXPECT_EQ(machine_.start(1000), host::kStatusAccessDenied);
  const auto all = seen.of(1000);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].operation(), OperationType::Create);
  EXPECT_EQ(all[0].info.Trusted, 0);  // a denial applies no process info
  EXPECT_EQ(all[1].operation(), OperationType::Terminate);
  EXPECT_EQ(machine_.machine().process_count(), 0u);
}

}  // namespace
}  // namespace wdscope::test
