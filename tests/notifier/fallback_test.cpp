// SPDX-License-Identifier: MIT
// An older NT: without PsSetCreateProcessNotifyRoutineEx2, and without Ex as well. What each routine cannot tell is
// missing, and nothing else.
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

constexpr const char* kEx2 = "PsSetCreateProcessNotifyRoutineEx2";
constexpr const char* kEx = "PsSetCreateProcessNotifyRoutineEx";
constexpr const char* kPlain = "PsSetCreateProcessNotifyRoutine";

class Fallback : public testing::TestWithParam<NotifierProfile> {
 protected:
  explicit Fallback(std::vector<std::string> absent_routines) : machine_(std::move(absent_routines)) {
    machine_.load(GetParam());
  }
  void start_subsystem_process(std::uint64_t process_id) {
    auto start = NotifierMachine::describe(process_id, 4, u"sh");
    start.subsystem_process = true;
    ASSERT_EQ(machine_.machine().start_process(start), 0);
  }
  NotifierMachine machine_;
};

struct WithEverything : Fallback {
  WithEverything() : Fallback({}) {}
};
struct WithoutEx2 : Fallback {
  WithoutEx2() : Fallback({kEx2}) {}
};
struct WithoutEx : Fallback {
  WithoutEx() : Fallback({kEx2, kEx}) {}
};
INSTANTIATE_TEST_SUITE_P(Profiles, WithEverything, testing::ValuesIn(kAllProfiles), profile_name);
INSTANTIATE_TEST_SUITE_P(Profiles, WithoutEx2, testing::ValuesIn(kAllProfiles), profile_name);
INSTANTIATE_TEST_SUITE_P(Profiles, WithoutEx, testing::ValuesIn(kAllProfiles), profile_name);

TEST_P(WithEverything, ASubsystemProcessIsNotified) {
  conforms("C.5 step 1", "MpSetProcessNotifyRoutine", "with Ex2 subsystem processes are notified too");
  Notifications seen(GetParam());
  start_subsystem_process(1000);
  ASSERT_EQ(machine_.exit(1000), 0);
  EXPECT_EQ(seen.of(1000).size(), 2u);
}

TEST_P(WithoutEx2, AProcessIsNotifiedAsEver) {
  conforms("C.5 step 1", "MpSetProcessNotifyRoutine", "without Ex2 the Ex routine is registered");
  Notifications seen(GetParam());
  ASSERT_EQ(machine_.start(1000, 4), 0);
  ASSERT_EQ(machine_.exit(1000), 0);
  const auto all = seen.of(1000);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].operation(), OperationType::Create);
  EXPECT_EQ(all[0].parent, 4u);
  EXPECT_EQ(all[0].image, u"\\Device\\HarddiskVolume1\\bin\\a.exe");
  EXPECT_EQ(all[1].operation(), OperationType::Terminate);
}

TEST_P(WithoutEx2, ASubsystemProcessIsNotTold) {
  conforms("C.5 step 1", "MpSetProcessNotifyRoutine", "without Ex2 nobody hears of a subsystem process");
  Notifications seen(GetParam());
  start_subsystem_process(1000);
  ASSERT_EQ(machine_.exit(1000), 0);
  EXPECT_TRUE(seen.of(1000).empty());
  ASSERT_EQ(machine_.start(1004), 0);
  EXPECT_EQ(seen.of(1004).size(), 1u);
}

TEST_P(WithoutEx2, TheEngineMayStillDeny) {
  conforms("C.7 step 8", "MpCreateProcessNotifyRoutineEx", "AccessDenied becomes the creation status");
  Engine engine(machine_.machine(), [&](const Message&) { return deny(GetParam()); });
  EXPECT_EQ(machine_.start(1000), host::kStatusAccessDenied);
  EXPECT_EQ(machine_.machine().process_count(), 0u);
}

TEST_P(WithoutEx2, UnloadingTakesTheRoutineBack) {
  conforms("C.5 step 7", "MpRemoveProcessNotifyRoutine", "the routine that was registered is taken back");
  machine_.unload();  // the machine stops with a report if it stayed
  EXPECT_EQ(machine_.start(1000), 0);
}

TEST_P(WithoutEx, TheProcessIsAskedForItsName) {
  conforms("C.5 step 1", "MpSetProcessNotifyRoutine", "without Ex the legacy routine is registered");
  Notifications seen(GetParam());
  ASSERT_EQ(machine_.start(1000, 4), 0);
  ASSERT_EQ(machine_.start(1004, 1000), 0);
  const auto all = seen.of(1004);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].operation(), OperationType::Create);
  EXPECT_EQ(all[0].parent, 1000u);
  EXPECT_EQ(all[0].image, u"\\Device\\HarddiskVolume1\\bin\\a.exe");
}

TEST_P(WithoutEx, TheProcessIsAskedForItsCommandLineWhichTheNotificationItselfLacks) {
  conforms("C.10 step 9", "MpCreateProcessContext", "without a command line the process is asked for it");
  Notifications seen(GetParam());
  ASSERT_EQ(machine_.start(1000), 0);
  const Notification create = seen.of(1000).at(0);
  if (create.context) {
    EXPECT_EQ(create.context_command_line, u"a.exe --flag");
    EXPECT_EQ(create.context_image, u"\\Device\\HarddiskVolume1\\bin\\a.exe");
  }
  // The words next to the argument that are the command line where the newer routines bring one.
  if (is_2019(GetParam())) {
    EXPECT_EQ(create.at(0x28), 0u);
  }
  if (GetParam() == NotifierProfile::WdA5) {
    EXPECT_EQ(create.at(-0x18), 0u);
    EXPECT_EQ(create.at(0x28), 0u);
  }
}

TEST_P(WithoutEx, AnExitTerminatesTheContextOfItsPid) {
  conforms("C.8 exit step 2", "MpHandleProcessNotification", "an exit ends the context of its pid");
  Notifications seen(GetParam());
  ASSERT_EQ(machine_.start(1000), 0);
  ASSERT_EQ(machine_.exit(1000), 0);
  const auto all = seen.of(1000);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].operation(), OperationType::Terminate);
  EXPECT_EQ(all[1].context_address, all[0].context_address);
}

TEST_P(WithoutEx, ASubsystemProcessIsNotTold) {
  Notifications seen(GetParam());
  start_subsystem_process(1000);
  ASSERT_EQ(machine_.exit(1000), 0);
  EXPECT_TRUE(seen.of(1000).empty());
}

TEST_P(WithoutEx, ADenialHasNoPowerAndAVerdictOfTrustHas) {
  conforms("C.7", "MpCreateProcessNotifyRoutine", "legacy: no veto");
  bool denies = true;
  Engine engine(machine_.machine(), [&](const Message&) {
    return denies ? deny(GetParam()) : allow(GetParam(), defender::rule::ForceTrusted);
  });
  Notifications seen(GetParam());
  EXPECT_EQ(machine_.start(1000), 0);
  EXPECT_EQ(seen.of(1000).size(), 1u);
  EXPECT_EQ(machine_.machine().process_count(), 1u);
  denies = false;
  EXPECT_EQ(machine_.start(1004), 0);
  EXPECT_EQ(seen.of(1004).size(), 2u);  // the create and the trust
}

TEST_P(WithoutEx, UnloadingTakesTheRoutineBack) {
  machine_.unload();
  EXPECT_EQ(machine_.start(1000), 0);
}

TEST(AbsentRoutine, WhenImportedFailsTheLoadByName) {
  NotifierMachine machine({kPlain});
  const auto driver = machine.try_load(with_profile(NotifierProfile::WdA5));
  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error().status, host::kStatusEntryPointNotFound);
  EXPECT_TRUE(driver.error().message.ends_with(std::string(": ") + kPlain)) << driver.error().message;
}

TEST(AbsentRoutine, IsThereAgainInTheNextMachine) {
  { NotifierMachine machine({kPlain}); }
  NotifierMachine machine;
  machine.load(NotifierProfile::WdA5);
}

TEST(AbsentRoutine, ThatNeverWasIsRefusedAtBoot) {
  host::MachineOptions options;
  options.absent_routines = {kEx, "PsSetCreateProcessNotifyRoutineEx3"};
  const auto machine = host::Machine::boot(std::move(options));
  ASSERT_FALSE(machine);
  EXPECT_EQ(machine.error().status, host::kStatusProcedureNotFound);
  EXPECT_NE(machine.error().message.find("PsSetCreateProcessNotifyRoutineEx3"), std::string::npos);
  NotifierMachine other;  // and no machine stands after that
  other.load(NotifierProfile::WdA5);
}

}  // namespace
}  // namespace wdscope::test
