// SPDX-License-Identifier: MIT
// Each rule that the executive enforces, broken by a driver: the machine stops with a report that names rule and
// driver.
#include "host/ex/callback.h"
#include "host/ob/object.h"
#include "host/testing/boot.h"
#include "host/testing/rule_breaker_rules.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {
namespace {

using rule_breaker::Rule;

constexpr const char* kDriver = "host_rule_breaker";
constexpr int kBugCheckExit = 134;

enum class Act { Control, Unload, Notify, StartProcess };

struct BrokenRule {
  const char* name;
  Rule rule;
  Act act;
  const char* report;  // what the report must say
};

void notify_breaker() {
  std::u16string path = u"\\Callback\\Breaker";
  const auto length = static_cast<std::uint16_t>(path.size() * 2);
  UnicodeString name{length, length, path.data()};
  const ObjectAttributes attributes{sizeof(ObjectAttributes), 0, &name, kObjCaseInsensitive, nullptr, nullptr};
  CallbackObject* object = nullptr;
  ASSERT_EQ(ExCreateCallback(&object, &attributes, 0, 1), kStatusSuccess);
  ExNotifyCallback(object, nullptr, nullptr);
  dereference_object(object);
}

void act_with(Rule rule, Act act) {
  auto machine = std::move(*Machine::boot());
  auto driver = machine->load(testing::driver_file(kDriver), {kDriver, {{"Rule", static_cast<std::uint32_t>(rule)}}});
  ASSERT_TRUE(driver) << driver.error().message;
  ProcessStart start;
  start.process_id = 1000;
  switch (act) {
    case Act::Control:
      machine->open("\\Device\\Breaker", Access::Read).value()->control(0x22 << 16, {}, {});
      break;
    case Act::Unload:
      ASSERT_TRUE(machine->unload(*driver));
      break;
    case Act::Notify:
      notify_breaker();
      break;
    case Act::StartProcess:
      machine->start_process(start);
      break;
  }
}

class RuleDeathTest : public ::testing::TestWithParam<BrokenRule> {};

TEST_P(RuleDeathTest, StopsTheMachineWithAReport) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(act_with(GetParam().rule, GetParam().act), ::testing::ExitedWithCode(kBugCheckExit), GetParam().report);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, RuleDeathTest,
    ::testing::Values(
        BrokenRule{"CompleteTwice", Rule::CompleteTwice, Act::Control, "BUG CHECK 0x44"},
        BrokenRule{"NeitherCompletedNorPending", Rule::NeitherCompletedNorPending, Act::Control,
                   "neither completed the IRP nor made it pending"},
        BrokenRule{"PendingWithoutMark", Rule::PendingWithoutMark, Act::Control,
                   "without having called IoMarkIrpPending"},
        BrokenRule{"MarkWithoutPending", Rule::MarkWithoutPending, Act::Control,
                   "called IoMarkIrpPending but returned"},
        BrokenRule{"OtherStatusReturned", Rule::OtherStatusReturned, Act::Control, "but completed the IRP with"},
        BrokenRule{"TooMuchInformation", Rule::TooMuchInformation, Act::Control, "output buffer has 0 bytes"},
        BrokenRule{"CompleteWithPending", Rule::CompleteWithPending, Act::Control, "completed with STATUS_PENDING"},
        BrokenRule{"ReturnAtDispatch", Rule::ReturnAtDispatch, Act::Control, "BUG CHECK"},
        BrokenRule{"LeaveCallback", Rule::LeaveCallback, Act::Unload,
                   "BUG CHECK 0xCE.*\n.*\n.*callback function .*on_callback.*Breaker"},
        BrokenRule{"LeaveRoutine", Rule::LeaveRoutine, Act::Unload, "process-notify routine .*on_process"},
        BrokenRule{"LeaveDevice", Rule::LeaveDevice, Act::Unload, "the device .Device.Breaker"},
        BrokenRule{"LeavePool", Rule::LeavePool, Act::Unload, "BUG CHECK 0xC4.*0x62.*\n.*1 pool allocation"},
        BrokenRule{"LeaveHandle", Rule::LeaveHandle, Act::Unload, "an open handle .* to a Process object"},
        BrokenRule{"LeaveLink", Rule::LeaveLink, Act::Unload, "symbolic link Breaker"},
        BrokenRule{"LeaveThread", Rule::LeaveThread, Act::Unload, "thread 0x.* .host_rule_breaker.*wait_for_ever"},
        BrokenRule{"LeaveTimer", Rule::LeaveTimer, Act::Unload, "left behind:\n  - timer 0x"},
        BrokenRule{"LeaveLookaside", Rule::LeaveLookaside, Act::Unload,
                   "lookaside list 0x.* .initialised by host_rule_breaker.*leave_behind"},
        BrokenRule{"LeaveMdl", Rule::LeaveMdl, Act::Unload, "1 pool allocation.*tag 'Mdl '.*leave_behind"},
        BrokenRule{"HoldGuardedMutex", Rule::HoldGuardedMutex, Act::Unload,
                   "DriverUnload returned holding locks: fast mutex 0x"},
        BrokenRule{"UnregisterInsideCallback", Rule::UnregisterInsideCallback, Act::Notify, "unregisters itself"},
        BrokenRule{"RaiseIrqlInCallback", Rule::RaiseIrqlInCallback, Act::Notify, "BUG CHECK"},
        BrokenRule{"RemoveRoutineInsideItself", Rule::RemoveRoutineInsideItself, Act::StartProcess, "removes itself"},
        BrokenRule{"DereferenceTooOften", Rule::DereferenceTooOften, Act::StartProcess, "BUG CHECK 0x18"}),
    [](const auto& rule) { return rule.param.name; });

class RuleTest : public testing::MachineTest {
 protected:
  void SetUp() override { boot(); }
  HostResult<LoadedDriver*> load_with(Rule rule) {
    return machine_->load(testing::driver_file(kDriver), {kDriver, {{"Rule", static_cast<std::uint32_t>(rule)}}});
  }
};

TEST_F(RuleTest, ADriverThatKeepsTheRulesComesAndGoes) {
  auto driver = load_with(Rule::None);
  ASSERT_TRUE(driver) << driver.error().message;
  EXPECT_TRUE(machine_->unload(*driver));
}

TEST_F(RuleTest, AFailedDriverEntryLeavesTheServiceFree) {
  const auto failed = load_with(Rule::FailEntryCleanly);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().status, kStatusUnsuccessful);
  EXPECT_TRUE(load_with(Rule::None));
}

TEST_F(RuleTest, ADriverWithoutAnUnloadRoutineStays) {
  auto driver = load_with(Rule::NoUnloadRoutine);
  ASSERT_TRUE(driver);
  const auto refused = machine_->unload(*driver);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, kStatusInvalidDeviceRequest);
}

TEST(RuleEntryDeathTest, WhatAFailedDriverEntryLeavesIsReported) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(act_with(Rule::FailEntryLeaving, Act::Unload), ::testing::ExitedWithCode(kBugCheckExit),
              "failed in DriverEntry and left behind");
}

TEST_F(RuleTest, ADriverSurvivesTheFailureOfEachOfItsCalls) {
  FaultPlan plan;
  machine_->set_fault_plan(&plan);
  bool loaded_whole = false;
  while (plan.next()) {
    auto driver = machine_->load(testing::driver_file("host_device_driver"), {"survivor", {{"Answer", 1U}}});
    loaded_whole = driver.has_value();
    if (driver) {
      ASSERT_TRUE(machine_->unload(*driver));
    }
  }
  machine_->set_fault_plan(nullptr);
  EXPECT_TRUE(loaded_whole) << "the last round fails nothing";
  EXPECT_GE(plan.failures(), 5U) << plan.last_failure();
}

TEST_F(RuleTest, GarbageIsNoImage) {
  const std::vector<std::byte> garbage(100);
  const auto refused = machine_->load(garbage, {"garbage", {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, kStatusInvalidImageFormat);
}

}  // namespace
}  // namespace wdscope::host
