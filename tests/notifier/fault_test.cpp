// SPDX-License-Identifier: MIT
// Every allocation and every NT call that can fail, failing once each. The machine stops with a report if a failure
// leaves anything behind; what each failure may change is said below, and everything else must be as without it.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "abi/defender/flags.h"
#include "abi/defender/service_sids.h"
#include "commands.h"
#include "conformance.h"
#include "engine.h"
#include "host/verifier/fault_plan.h"
#include "nis.h"
#include "notifications.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

using defender::OperationType;
using wire::NotifierProfile;

constexpr std::uint64_t kEarly = 2000;
constexpr std::uint64_t kAllowed = 1000;
constexpr std::uint64_t kDenied = 1004;
constexpr std::int64_t kEarlyCreated = 133'000'000'000'000'000;

// Its token is asked for: the service of a Defender program.
host::ProcessStart defender_program(std::uint64_t process_id) {
  auto start = NotifierMachine::describe(process_id, 4, u"MsMpEng.exe");
  start.services = {defender::kWinDefendSid};
  return start;
}

int count(const std::vector<Notification>& notifications, OperationType operation) {
  return static_cast<int>(std::count_if(notifications.begin(), notifications.end(),
                                        [&](const Notification& seen) { return seen.operation() == operation; }));
}

class Faults : public testing::TestWithParam<NotifierProfile> {
 protected:
  Faults() {
    auto early = NotifierMachine::describe(kEarly, 4, u"early.exe");
    early.created_100ns = kEarlyCreated;
    EXPECT_EQ(machine_.machine().adopt_process(early), 0);
  }

  bool printed(std::string_view text) { return machine_.debug_output().contains(text); }

  // Done or refused: either way nothing is left behind, and processes go on.
  void command(Engine& engine) {
    const NotifierProfile profile = GetParam();
    send(engine.file(), doc_rule_command(profile, {{u"a.exe", {u"pdf"}}, {u"b.exe", {u"doc"}}}));
    send(engine.file(), exclusion_command(profile, {u"early.exe", u"\\Device\\*", u"\\Device\\x.exe"}));
    defender::PROCESS_INFO_25080 info{};
    info.ProcessId = kEarly;
    info.CreateTime = kEarlyCreated;
    info.Rules = defender::rule::ForceTrusted;
    send(engine.file(), process_info_command(profile, {info}));
    send(engine.file(), friendly_command(profile, kEarly));
    send(engine.file(), query_command(profile));
    if (!protocol_of(profile).Taint) return;
    send(engine.file(), taint_command(profile, kEarly, kEarlyCreated));
    send(engine.file(), reset_hardening_command(profile));
    send(engine.file(), trusted_installer_command(profile, 7));
  }

  std::unique_ptr<Engine> connect() {
    // The first opening may be the one that fails: the story goes on without a service then.
    auto file = machine_.machine().open(wire::kEngineUserDeviceName, host::Access::ReadWrite);
    if (!file) return nullptr;
    file->reset();
    return std::make_unique<Engine>(machine_.machine(), [&](const Message& message) {
      return message.process_id() == kDenied ? deny(GetParam()) : allow(GetParam(), defender::rule::ForceTrusted);
    });
  }

  // One life; `verdict`: what the creation comes to when nothing fails.
  void live(const host::ProcessStart& start, host::NtStatus verdict, const Engine* engine, const Notifications& seen) {
    machine_.debug_output().clear();
    const host::NtStatus status = machine_.machine().start_process(start);
    if (status == 0) {
      EXPECT_EQ(machine_.exit(start.process_id), 0);
    }
    const auto story = seen.of(start.process_id);
    if (printed("no context for new process")) {
      // C.8: no context, then no notification, no message and no veto.
      EXPECT_EQ(status, 0);
      EXPECT_TRUE(story.empty());
      return;
    }
    const bool not_asked = !engine || printed("no memory for the message about process");
    EXPECT_EQ(status, not_asked ? 0 : verdict);
    EXPECT_EQ(count(story, OperationType::Create), 1);
    EXPECT_EQ(count(story, OperationType::Terminate), printed("exit of unknown process") ? 0 : 1);
  }

  NotifierMachine machine_;
};
INSTANTIATE_TEST_SUITE_P(Profiles, Faults, testing::ValuesIn(kAllProfiles), profile_name);

TEST_P(Faults, EachFailureLeavesNothingAndStopsNobody) {
  conforms("C.5 step 6", "DriverEntry", "each failure that stops the start leaves nothing behind");
#ifdef WDSCOPE_TSAN
  GTEST_SKIP() << "minutes in which ThreadSanitizer sees one thread at a time";
#endif
  host::FaultPlan plan;
  std::size_t refused = 0;
  while (plan.next()) {
    SCOPED_TRACE(plan.last_failure());
    machine_.machine().set_fault_plan(&plan);
    const auto driver = machine_.try_load(with_profile(GetParam()));
    if (driver) {
      {
        const Notifications seen(GetParam());
        const std::unique_ptr<Engine> engine = connect();
        if (engine) command(*engine);
        ask_for_refresh();
        live(defender_program(kAllowed), 0, engine.get(), seen);
        live(NotifierMachine::describe(kDenied, 4, u"virus.exe"), host::kStatusAccessDenied, engine.get(), seen);
      }
      machine_.machine().set_fault_plan(nullptr);
      machine_.unload();
    } else {
      ++refused;
      machine_.machine().set_fault_plan(nullptr);
      EXPECT_NE(driver.error().status, 0);
    }
  }
  // Some stop the start, some come later.
  EXPECT_GT(refused, 5u);
  EXPECT_GT(plan.failures(), refused);
}

TEST(NisFaults, EachFailureLeavesTheOldListAndNothingElse) {
#ifdef WDSCOPE_TSAN
  GTEST_SKIP() << "one thread alone";
#endif
  NotifierMachine machine;
  machine.load(NotifierProfile::WdA5);
  const auto excepted = exception_list({u"\\Device\\HarddiskVolume1\\bin\\a.exe"});
  const auto others = exception_list({u"\\Device\\HarddiskVolume1\\bin\\b.exe"});
  host::FaultPlan plan;
  std::size_t refused = 0;
  std::size_t kept = 0;
  while (plan.next()) {
    SCOPED_TRACE(plan.last_failure());
    machine.machine().set_fault_plan(&plan);
    const auto driver = try_load_nis(machine.machine());
    if (!driver) {
      ++refused;
      machine.machine().set_fault_plan(nullptr);
      continue;
    }
    machine.machine().set_fault_plan(nullptr);  // both lists come the same way: only the second is to fail
    const host::NtStatus first = set_process_exceptions(machine.machine(), excepted);
    machine.machine().set_fault_plan(&plan);
    const host::NtStatus second = set_process_exceptions(machine.machine(), others);
    machine.machine().set_fault_plan(nullptr);
    const wire::NisStatistics before = nis_statistics(machine.machine());
    EXPECT_EQ(first, 0);
    EXPECT_EQ(before.exception_changes, second == 0 ? 2u : 1u);
    EXPECT_EQ(machine.start(kAllowed), 0);
    EXPECT_EQ(machine.exit(kAllowed), 0);
    // The first list's image: in force only when the second list was refused.
    const bool old_list = second != 0;
    EXPECT_EQ(nis_statistics(machine.machine()).excepted - before.excepted, old_list ? 1u : 0u);
    kept += old_list;
    EXPECT_TRUE(machine.machine().unload(*driver));
  }
  EXPECT_GT(refused, 3u);
  EXPECT_GT(kept, 0u);
}

}  // namespace
}  // namespace wdscope::test
