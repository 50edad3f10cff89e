// SPDX-License-Identifier: MIT
// The steps of a context's making (wdfilter.md C.10): which of NT's answers it cannot be without, and what the others
// leave. Every distinct call of the create path fails once, each in a machine of its own making.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "abi/defender/flags.h"
#include "abi/defender/service_sids.h"
#include "conformance.h"
#include "host/verifier/fault_plan.h"
#include "notifications.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

using wire::NotifierProfile;

using Counts = std::map<std::string, int>;

// C.10: how many calls of each routine are fatal, and how many failures are survived.
Counts fatal_calls(NotifierProfile profile) {
  const bool older = is_2019(profile);
  return {{"ExAllocatePool", older ? 2 : 3},  // steps 3, 7 and, since 2025, 14: context, image name, copy cache
          {"PsLookupProcessByProcessId", 1},  // step 5
          {"ObOpenObjectByPointer", 1},       // step 5
          {"ZwQueryInformationProcess", 2}};  // steps 11 and 12: subsystem, protection
}
Counts survived_calls(NotifierProfile profile) {
  Counts counts;
  counts["FltGetFileNameInformationUnsafe"] = 1;  // C.7 step 4: the raw name stands
  // That name's block; step 9, the command line; and the hardening table, made at first need (C.15): its head,
  // MpCmdRun's path, an entry, an entry's path.
  counts["ExAllocatePool"] = 2 + 4;
  // Final components, of which each decision parses its own: doc rule, exemption, hardening, and the pre-scan hook or,
  // since 2025, the known type.
  counts["FltParseFileName"] = 4;
  if (is_2019(profile)) return counts;
  counts["ZwOpenProcessTokenEx"] = 1;        // step 6: AppContainer
  counts["ZwQueryInformationToken"] = 1;     // step 6
  counts["PsLookupProcessByProcessId"] = 1;  // step 8: the parent, asked whether it is a TrustedInstaller
  counts["ZwQueryInformationProcess"] = 1;   // step 10: session
  return counts;
}

class ContextSteps : public testing::TestWithParam<NotifierProfile> {};
INSTANTIATE_TEST_SUITE_P(Profiles, ContextSteps, testing::ValuesIn(kAllProfiles), profile_name);

TEST_P(ContextSteps, EachFailureIsFatalOrNotAsTabled) {
  conforms("C.10", "MpCreateProcessContext",
           "each failing query, handle and allocation is fatal or not as its step says");
#ifdef WDSCOPE_TSAN
  GTEST_SKIP() << "one thread alone";
#endif
  NotifierMachine machine;
  if (!is_2019(GetParam())) {
    // Only where there is one of the family is the parent of a new process asked whether it is.
    auto installer = NotifierMachine::describe(2000, 4, u"TrustedInstaller.exe");
    installer.services = {defender::kTrustedInstallerSid};
    ASSERT_EQ(machine.machine().adopt_process(installer), 0);
  }
  host::FaultPlan plan;
  Counts fatal;
  Counts survived;
  while (plan.next()) {
    const std::size_t failed_before = plan.failures();
    machine.load(GetParam());  // fresh: nothing lies in a lookaside list
    {
      const Notifications seen(GetParam());
      machine.machine().set_fault_plan(&plan);
      EXPECT_EQ(machine.start(1000), 0) << plan.last_failure();
      machine.machine().set_fault_plan(nullptr);
      if (plan.failures() != failed_before) {
        const std::string routine = plan.last_failure().substr(0, plan.last_failure().find(' '));
        ++(seen.of(1000).empty() ? fatal : survived)[routine];
      }
      EXPECT_EQ(machine.exit(1000), 0);
    }
    machine.unload();
  }
  EXPECT_EQ(fatal, fatal_calls(GetParam()));
  EXPECT_EQ(survived, survived_calls(GetParam()));
}

// Steps 6, 8, 10, 11 and 12 as they show in the context.
TEST_P(ContextSteps, EachAnswerStandsInItsMember) {
  conforms("C.10 step 6 to 12", "MpCreateProcessContext", "NT's answers stand in their members");
  if (GetParam() == NotifierProfile::Wd25080) GTEST_SKIP() << "its context cannot be found from outside";
  NotifierMachine machine;
  machine.load(GetParam());
  const Notifications seen(GetParam());
  auto start = NotifierMachine::describe(1000, 4, u"TrustedInstaller.exe");
  start.session_id = 7;
  start.protection = 0x61;
  start.app_container = true;
  start.services = {defender::kTrustedInstallerSid};
  ASSERT_EQ(machine.machine().start_process(start), 0);
  const auto context = seen.of(1000).at(0).context;
  ASSERT_TRUE(context);
  EXPECT_EQ(context->Common.Protection, 0x61);
  EXPECT_EQ(context->Common.SubsystemInformation, 0u);
  if (is_2019(GetParam())) return;
  EXPECT_EQ(context->IsAppContainer, 1);
  EXPECT_EQ(context->SessionId, 7u);
  EXPECT_EQ(context->KnownProcessType, 0x11u);
  EXPECT_NE(context->CopyCache, 0u);
  EXPECT_EQ(context->State & defender::state::ProtectionValid, 1u);
}

// Step 10: a session that cannot be asked is shown as none.
TEST_P(ContextSteps, AnUnknownSessionIsAllOnes) {
  conforms("C.10 step 10", "MpCreateProcessContext", "an unknown session is 0xFFFFFFFF");
  if (GetParam() != NotifierProfile::WdA5) GTEST_SKIP() << "no such member, or no way to it";
  NotifierMachine machine;
  machine.load(GetParam());
  const Notifications seen(GetParam());
  host::FaultPlan plan({"ZwQueryInformationProcess"});
  ASSERT_TRUE(plan.next());  // the session is the first that is asked
  machine.machine().set_fault_plan(&plan);
  ASSERT_EQ(machine.start(1000), 0);
  machine.machine().set_fault_plan(nullptr);
  EXPECT_EQ(seen.of(1000).at(0).context->SessionId, 0xFFFFFFFFu);
}

// C.8 create branch, step 4.
TEST_P(ContextSteps, TheParentOfANewProcessIsMarkedWhenAsked) {
  conforms("C.8 create step 4", "MpHandleProcessNotification",
           "the parent is marked 0x8000 where the build does that and the feature is on");
  for (const std::uint32_t marks : {0u, 1u}) {
    NotifierMachine machine;
    Parameters parameters = with_profile(GetParam());
    parameters["MarkParents"] = marks;
    machine.load(parameters);
    const Notifications seen(GetParam());
    ASSERT_EQ(machine.start(1000), 0);
    ASSERT_EQ(machine.start(1004, 1000), 0);
    ASSERT_EQ(machine.exit(1000), 0);
    const Notification exit = seen.of(1000).back();
    if (!exit.context) continue;  // 25080: its context cannot be found from outside
    const bool marked = exit.context->Common.ProcessFlags & defender::flag::CreatedChild;
    EXPECT_EQ(marked, marks == 1 && !is_2019(GetParam()));
  }
}

}  // namespace
}  // namespace wdscope::test
