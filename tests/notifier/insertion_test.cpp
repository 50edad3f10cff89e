// SPDX-License-Identifier: MIT
// Contexts on their way into the table and out of it while somebody else has a hand in it: another routine is quicker,
// or the links that hold a bucket together are not what they were.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "abi/defender/flags.h"
#include "commands.h"
#include "conformance.h"
#include "engine.h"
#include "host/verifier/fault_plan.h"
#include "notifications.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

using defender::OperationType;
using wire::NotifierProfile;

constexpr std::uint64_t kProcess = 1000;
constexpr std::uint64_t kSameBucket = kProcess + 4 * 0x80;
constexpr int kBugCheckExit = 134;

class Insertion : public testing::TestWithParam<NotifierProfile> {};
INSTANTIATE_TEST_SUITE_P(Profiles, Insertion, testing::ValuesIn(kAllProfiles), profile_name);

// While the create path asks NT for what it needs, the new process itself connects as the service: that makes a context
// for it, which is in the table when the create path comes to insert its own.
TEST_P(Insertion, ALostRaceTakesTheWinnersContext) {
  conforms("C.10 step 15", "MpCreateProcessContext",
           "whoever finds the key inserted meanwhile takes that context and frees its own");
  NotifierMachine machine;
  machine.load(GetParam());
  const Notifications seen(GetParam());
  std::optional<Engine> engine;
  host::FaultPlan plan({"ZwQueryInformationProcess"});
  plan.interrupt_call(1, [&] {
    std::thread([&] {
      machine.machine().run_in_process(
          kProcess, [&] { engine.emplace(machine.machine(), [](const Message&) { return allow(GetParam(), 0); }); });
    }).join();
  });
  machine.machine().set_fault_plan(&plan);
  EXPECT_EQ(machine.start(kProcess), 0);
  machine.machine().set_fault_plan(nullptr);
  ASSERT_TRUE(engine);

  // System and the process, both trusted, each counted once; told of once; and what has the service's flags is told of.
  const auto counts = query_counts(engine->file(), GetParam());
  EXPECT_EQ(counts.TrustedCount, 2u);
  EXPECT_EQ(counts.UntrustedCount, 0u);
  const auto story = seen.of(kProcess);
  const auto created = std::ranges::find(story, OperationType::Create, &Notification::operation);
  ASSERT_NE(created, story.end());
  EXPECT_EQ(std::ranges::count(story, OperationType::Create, &Notification::operation), 1);
  if (created->context) {
    EXPECT_EQ(created->context->Common.ProcessFlags & defender::flag::EngineProcess, defender::flag::EngineProcess);
  }
  engine.reset();
  EXPECT_EQ(machine.exit(kProcess), 0);
  const Notifications left(GetParam());
  ask_for_refresh();
  EXPECT_EQ(left.all().size(), 1u);  // System
  machine.unload();                  // and no context is left in the pool
}

enum class Damage { Back, Forth };

// A process whose context has one damaged link, in a machine of its own.
class Damaged {
 public:
  explicit Damaged(Damage damage) {
    const NotifierProfile profile = testing::TestWithParam<NotifierProfile>::GetParam();
    machine_.load(profile);
    std::uint64_t address = 0;
    {
      const Notifications seen(profile);
      EXPECT_EQ(machine_.start(kProcess), 0);
      address = seen.of(kProcess).at(0).context_address;
    }
    auto* const context = reinterpret_cast<defender::MP_PROCESS_CONTEXT*>(address);
    if (damage == Damage::Back) {
      context->TableLinks.blink = context->TableLinks.blink + sizeof(defender::ListLinks);  // the next bucket's head
    } else {
      context->TableLinks.flink = reinterpret_cast<std::uint64_t>(&elsewhere_);
    }
  }
  void insert_before_it() { machine_.start(kSameBucket); }
  void delete_it() { machine_.exit(kProcess); }
  void shut_down() { machine_.unload(); }

 private:
  NotifierMachine machine_;
  defender::ListLinks elsewhere_{};
};

TEST_P(Insertion, DamagedLinksStopTheMachine) {
  if (GetParam() == NotifierProfile::Wd25080) GTEST_SKIP() << "where its contexts are is not known";
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  conforms("C.3 step 5", "MpShutdownProcessTable", "fast-fail 3 on damaged links");
  conforms("C.10 step 16", "MpCreateProcessContext", "fast-fail 3 on damaged links of the bucket's first context");
  conforms("C.11", "MpDeleteProcessContext", "fast-fail 3 on damaged links of a neighbour");
  const auto stopped = testing::ExitedWithCode(kBugCheckExit);
  constexpr const char* kFastFail = "0x139 KERNEL_SECURITY_CHECK_FAILURE \\(0x3, ";
  EXPECT_EXIT(Damaged(Damage::Back).insert_before_it(), stopped, kFastFail);
  for (const Damage damage : {Damage::Back, Damage::Forth}) {
    EXPECT_EXIT(Damaged(damage).delete_it(), stopped, kFastFail);
    EXPECT_EXIT(Damaged(damage).shut_down(), stopped, kFastFail);
  }
}

}  // namespace
}  // namespace wdscope::test
