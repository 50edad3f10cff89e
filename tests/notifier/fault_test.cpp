// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "abi/defender/flags.h"
#include "abi/defender/service_sids.h"
#include "commands.h"
#include "engine.h"
#include "host/verifier/fault_plan.h"
#include "notifications.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

using wire::NotifierProfile;

// Its token is asked for: the service of a Defender program.
host::ProcessStart defender_program(std::uint64_t process_id) {
  auto start = NotifierMachine::describe(process_id, 4, u"MsMpEng.exe");
  start.services = {defender::kWinDefendSid};
  return start;
}

class Faults : public testing::TestWithParam<NotifierProfile> {};
INSTANTIATE_TEST_SUITE_P(Profiles, Faults, testing::ValuesIn(kAllProfiles), profile_name);

// Load, a life of two processes with an engine, unload: with every allocation and every NT call that can fail failing
// once. The machine stops with a report if a failure leaves anything behind; processes always go on.
TEST_P(Faults, EachFailureLeavesNothingAndStopsNobody) {
#ifdef WDSCOPE_TSAN
  GTEST_SKIP() << "minutes in which ThreadSanitizer sees one thread at a time";
#endif
  NotifierMachine machine;
  ASSERT_EQ(machine.machine().adopt_process(NotifierMachine::describe(2000, 4, u"early.exe")), 0);
  host::FaultPlan plan;
  std::size_t refused = 0;
  while (plan.next()) {
    machine.machine().set_fault_plan(&plan);
    const auto driver = machine.try_load(with_profile(GetParam()));
    if (driver) {
      {
        std::unique_ptr<Engine> engine;
        if (auto file = machine.machine().open(wire::kEngineUserDeviceName, host::Access::ReadWrite)) {
          file->reset();
          engine = std::make_unique<Engine>(
              machine.machine(), [&](const Message&) { return allow(GetParam(), defender::rule::ForceTrusted); });
        }
        if (engine) {
          // Done or refused: either way nothing is left behind, and the process below goes on.
          send(engine->file(), doc_rule_command(GetParam(), {{u"a.exe", {u"pdf"}}, {u"b.exe", {u"doc"}}}));
          send(engine->file(), exclusion_command(GetParam(), {u"early.exe", u"\\Device\\*", u"\\Device\\x.exe"}));
          send(engine->file(), friendly_command(GetParam(), 2000));
          if (protocol_of(GetParam()).Taint) {
            send(engine->file(), reset_hardening_command(GetParam()));
            send(engine->file(), trusted_installer_command(GetParam(), 7));
          }
        }
        EXPECT_EQ(machine.machine().start_process(defender_program(1000)), 0) << plan.last_failure();
        EXPECT_EQ(machine.exit(1000), 0) << plan.last_failure();
      }
      machine.machine().set_fault_plan(nullptr);
      machine.unload();
    } else {
      ++refused;
      machine.machine().set_fault_plan(nullptr);
      EXPECT_NE(driver.error().status, 0);
    }
  }
  // Some stop the start, some come later.
  EXPECT_GT(refused, 5u);
  EXPECT_GT(plan.failures(), refused);
}

}  // namespace
}  // namespace wdscope::test
