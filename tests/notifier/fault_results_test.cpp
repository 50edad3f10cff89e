// SPDX-License-Identifier: MIT
// What each kind of failure comes to, as tabled: for a context, a list of contexts, a query, a name. That nothing is
// left behind is fault_test.cpp's affair; the machine stops with a report here too.
#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "abi/defender/doc_rules.h"
#include "abi/defender/flags.h"
#include "commands.h"
#include "conformance.h"
#include "engine.h"
#include "host/verifier/fault_plan.h"
#include "mp_data.h"
#include "notifications.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

using wire::NotifierProfile;

class FaultResults : public testing::TestWithParam<NotifierProfile> {
 protected:
  static constexpr std::uint64_t kEarly[] = {2000, 2004, 2008};

  void adopt_early() {
    for (const std::uint64_t process_id : kEarly) {
      ASSERT_EQ(machine_.machine().adopt_process(NotifierMachine::describe(process_id, 4, u"early.exe")), 0);
    }
  }
  // Does `what` while the number-th call of one routine fails, counted from 1; 0: every one.
  template <class What>
  void without(const char* routine, std::uint32_t number, What what) {
    host::FaultPlan plan({routine});
    plan.fail_call(number);
    machine_.machine().set_fault_plan(&plan);
    what();
    machine_.machine().set_fault_plan(nullptr);
  }
  // Whom a refresh names.
  static std::set<std::uint64_t> known() {
    const Notifications seen(GetParam());
    ask_for_refresh();
    std::set<std::uint64_t> ids;
    for (const Notification& one : seen.all()) ids.insert(one.info.ProcessId);
    return ids;
  }

  NotifierMachine machine_;
};
INSTANTIATE_TEST_SUITE_P(Profiles, FaultResults, testing::ValuesIn(kAllProfiles), profile_name);

TEST_P(FaultResults, WithoutAContextThereIsNoNotificationNoMessageAndNoVeto) {
  conforms("C.8 create step 2", "MpHandleProcessNotification", "no context: no notification, no message, no veto");
#ifdef WDSCOPE_TSAN
  GTEST_SKIP() << "one thread alone";
#endif
  // Whatever else the create path allocates and asks may fail too, and is no reason to leave the process unannounced.
  host::FaultPlan plan(
      {"ExAllocatePool", "PsLookupProcessByProcessId", "ObOpenObjectByPointer", "ZwQueryInformationProcess"});
  int without_context = 0;
  while (plan.next()) {
    SCOPED_TRACE(plan.last_failure());
    machine_.load(GetParam());  // fresh: nothing lies in a lookaside list
    {
      std::atomic<int> asked = 0;
      const Engine engine(machine_.machine(), [&](const Message&) {
        ++asked;
        return deny(GetParam());
      });
      const Notifications seen(GetParam());
      machine_.debug_output().clear();
      machine_.machine().set_fault_plan(&plan);
      const host::NtStatus status = machine_.start(1000);
      machine_.machine().set_fault_plan(nullptr);
      if (machine_.debug_output().contains("no context for new process")) {
        ++without_context;
        EXPECT_TRUE(seen.of(1000).empty());
        EXPECT_EQ(asked, 0);
        EXPECT_EQ(status, 0);
        EXPECT_EQ(machine_.exit(1000), 0);
        EXPECT_TRUE(seen.of(1000).empty());  // and its exit is that of an unknown process
      } else {
        EXPECT_EQ(seen.of(1000).empty(), false);
        EXPECT_EQ(status, asked ? host::kStatusAccessDenied : 0);
        if (status == 0) {
          EXPECT_EQ(machine_.exit(1000), 0);
        }
      }
    }
    machine_.unload();
  }
  EXPECT_EQ(without_context, is_2019(GetParam()) ? 6 : 7);  // C.10 steps 3, 5, 5, 7, 11, 12 and, since 2025, 14
}

TEST_P(FaultResults, WithoutItsNameAProcessHasNoContext) {
  conforms("C.10 step 7", "MpCreateProcessContext", "a name that is neither given nor found is fatal");
  machine_.load(GetParam());
  auto start = NotifierMachine::describe(1000, 4, u"");
  start.image.clear();
  start.file_open_name_available = false;
  start.subsystem_process = true;
  const Notifications seen(GetParam());
  without("ZwQueryInformationProcess", 0, [&] { EXPECT_EQ(machine_.machine().start_process(start), 0); });
  EXPECT_TRUE(seen.of(1000).empty());
  EXPECT_TRUE(machine_.debug_output().contains("no context for new process"));
}

// The queries of a create whose names are given: session (2025), subsystem, protection.
TEST_P(FaultResults, AnUnknownProtectionIsFatalOnlyWhereTheSystemAlwaysHasOne) {
  conforms("C.10 step 12", "MpCreateProcessContext", "an unknown protection is fatal only with OsVersionMask 0x100");
  const std::uint32_t protection = is_2019(GetParam()) ? 2 : 3;
  machine_.load(GetParam());
  MpDataView data(GetParam());
  const Notifications seen(GetParam());
  without("ZwQueryInformationProcess", protection, [&] { EXPECT_EQ(machine_.start(1000), 0); });
  EXPECT_TRUE(seen.of(1000).empty());
  data.write(0x2A8, 0x360, data.read(0x2A8, 0x360) & ~0x100u);
  without("ZwQueryInformationProcess", protection, [&] { EXPECT_EQ(machine_.start(1004), 0); });
  const auto story = seen.of(1004);
  ASSERT_EQ(story.size(), 1u);
  if (!story[0].context) return;  // 25080
  EXPECT_EQ(story[0].context->Common.Protection, 0);
  EXPECT_EQ(story[0].context->State & defender::state::ProtectionValid, 0u);
}

TEST_P(FaultResults, TheSubsystemIsAskedForOnlyWhereTheSystemHasIt) {
  conforms("C.10 step 11", "MpCreateProcessContext",
           "an unknown subsystem is fatal, and asked for only with OsVersionMask 0x80");
  const std::uint32_t subsystem = is_2019(GetParam()) ? 1 : 2;
  machine_.load(GetParam());
  MpDataView data(GetParam());
  const Notifications seen(GetParam());
  without("ZwQueryInformationProcess", subsystem, [&] { EXPECT_EQ(machine_.start(1000), 0); });
  EXPECT_TRUE(seen.of(1000).empty());
  // That query is now the protection's, which is not fatal either.
  data.write(0x2A8, 0x360, data.read(0x2A8, 0x360) & ~0x180u);
  without("ZwQueryInformationProcess", subsystem, [&] { EXPECT_EQ(machine_.start(1004), 0); });
  EXPECT_EQ(seen.of(1004).size(), 1u);
}

TEST_P(FaultResults, AContextThatCannotBeMadeAbortsTheListAtStart) {
  conforms("C.12 step 3", "MpGetProcessContextList",
           "a creation that fails aborts the call; who came before keeps its context");
  adopt_early();
  // Each context is made through one handle, in the order of the process list; the handle before them is the device's.
  const std::set<std::uint64_t> expected[] = {{}, {4}, {4, 2000}, {4, 2000, 2004}, {4, 2000, 2004, 2008}};
  for (std::uint32_t number = 1; number <= std::size(expected); ++number) {
    SCOPED_TRACE(number);
    machine_.debug_output().clear();
    without("ObOpenObjectByPointer", 1 + number, [&] { machine_.load(GetParam()); });
    EXPECT_EQ(machine_.debug_output().contains("not all running processes have contexts"), number <= 4);
    EXPECT_EQ(known(), expected[number - 1]);
    machine_.unload();
  }
}

TEST_P(FaultResults, AProcessThatIsGoneIsLeftOutOfTheList) {
  conforms("C.12 step 3", "MpGetProcessContextList", "a process that cannot be looked up is skipped");
  adopt_early();
  machine_.load(GetParam());
  const Notifications seen(GetParam());
  without("PsLookupProcessByProcessId", 2, [] { ask_for_refresh(); });  // the second of the process list
  EXPECT_TRUE(seen.of(2000).empty());
  EXPECT_EQ(seen.all().size(), 3u);
}

TEST_P(FaultResults, AListThatFailsNamesNobodyAndLetsExitsGo) {
  conforms("C.12 step 4", "MpGetProcessContextList", "an aborted list is released, and exits no longer wait");
  machine_.load(GetParam());
  // More than what lay in the lookaside list since the start.
  constexpr std::uint64_t kProcesses = 8;
  for (std::uint64_t index = 0; index < kProcesses; ++index) ASSERT_EQ(machine_.start(1000 + 4 * index), 0);
  const Notifications seen(GetParam());
  without("ZwQuerySystemInformation", 1, [] { ask_for_refresh(); });
  EXPECT_TRUE(seen.all().empty());
  // The buffer of process ids, then the first list entry that is not at hand.
  for (const std::uint32_t allocation : {1, 2}) {
    without("ExAllocatePool", allocation, [] { ask_for_refresh(); });
    EXPECT_TRUE(seen.all().empty()) << allocation;
  }
  EXPECT_EQ(machine_.exit(1000), 0);
  EXPECT_EQ(seen.of(1000).size(), 1u);
  EXPECT_EQ(known().size(), kProcesses);  // System and the others
}

TEST_P(FaultResults, ACsrssOfAnUnknownSessionIsHookedAndNobodyElseHinderedByIt) {
  conforms("C.13", "MpSetProcessPreScanHook", "a session that cannot be asked: the hook is set, HookSet stays");
  if (GetParam() == NotifierProfile::Wd25080) GTEST_SKIP() << "its context cannot be found from outside";
  machine_.load(GetParam());
  const Notifications seen(GetParam());
  const auto hook_of = [&](std::uint64_t process_id, std::uint32_t session_id) {
    auto start = NotifierMachine::describe(process_id, 4, u"");
    start.image = u"\\Device\\HarddiskVolume1\\Windows\\System32\\csrss.exe";
    start.session_id = session_id;
    EXPECT_EQ(machine_.machine().start_process(start), 0);
    return seen.of(process_id).at(0).context->Common.PreScanHook;
  };
  without("SeQuerySessionIdToken", 0, [&] { EXPECT_NE(hook_of(1000, 3), 0u); });
  EXPECT_EQ(hook_of(1004, 3), 0u);
  EXPECT_NE(hook_of(1008, 0), 0u);
  EXPECT_EQ(hook_of(1012, 0), 0u);
}

// What a name that cannot be parsed leaves undecided: doc rule, exemption, hardening.
TEST_P(FaultResults, ANameThatCannotBeParsedLeavesEachDecisionAsItWas) {
  conforms("C.14 step 2", "MpSetProcessDocOpenRule", "a name that cannot be parsed leaves the rule as it was");
  conforms("C.15", "MpSetProcessExempt", "a name that cannot be parsed leaves flag 1 as it was");
  if (GetParam() == NotifierProfile::Wd25080) GTEST_SKIP() << "its context cannot be found from outside";
  ASSERT_EQ(machine_.machine().adopt_process(NotifierMachine::describe(1000, 4, u"a.exe")), 0);
  machine_.load(GetParam());
  auto file = machine_.machine().open(wire::kEngineUserDeviceName, host::Access::ReadWrite);
  ASSERT_TRUE(file);
  EXPECT_EQ(send(**file, doc_rule_command(GetParam(), {{u"a.exe", {u"old"}}})), 0);
  EXPECT_EQ(send(**file, exclusion_command(GetParam(), {u"a.exe"})), 0);
  without("FltParseFileName", 0, [&] {
    EXPECT_EQ(send(**file, doc_rule_command(GetParam(), {})), 0);
    EXPECT_EQ(send(**file, exclusion_command(GetParam(), {})), 0);
  });
  Notifications seen(GetParam());
  char16_t extension = 0;
  seen.on_notification([&](const Notification& one) {
    if (!one.context || !one.context->Common.DocRule) return;
    // The rule's list has gone: the context alone holds it.
    const auto* const rule = reinterpret_cast<const defender::MP_DOC_OPEN_RULE*>(one.context->Common.DocRule);
    EXPECT_EQ(rule->RefCount, 1);
    extension = *reinterpret_cast<const char16_t*>(rule->Extensions);
  });
  ASSERT_EQ(machine_.exit(1000), 0);
  EXPECT_EQ(extension, u'o');
  EXPECT_EQ(seen.of(1000).back().context->Common.ProcessFlags & defender::flag::Excluded, defender::flag::Excluded);
}

}  // namespace
}  // namespace wdscope::test
