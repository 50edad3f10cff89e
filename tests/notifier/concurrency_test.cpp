// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <thread>

#include "abi/defender/callback_names.h"
#include "abi/defender/flags.h"
#include "commands.h"
#include "engine.h"
#include "host/ob/object.h"
#include "notifications.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

using defender::OperationType;
using wire::NotifierProfile;

constexpr std::uint64_t kThreads = 4;
constexpr std::uint64_t kProcessesEach = 50;

class Concurrency : public testing::TestWithParam<NotifierProfile> {};
INSTANTIATE_TEST_SUITE_P(Profiles, Concurrency, testing::ValuesIn(kAllProfiles), profile_name);

// Many creators, an engine that trusts every second process, and refreshes in between: each process's own story is
// whole and in order.
TEST_P(Concurrency, EveryProcessHasItsOwnOrderedStory) {
  NotifierMachine machine;
  machine.load(GetParam());
  Engine engine(machine.machine(), [&](const Message& message) {
    return allow(GetParam(), message.process_id() / 4 % 2 ? defender::rule::ForceTrusted : 0);
  });
  Notifications seen(GetParam());
  std::vector<std::thread> creators;
  for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
    creators.emplace_back([&, thread] {
      for (std::uint64_t index = 0; index < kProcessesEach; ++index) {
        const std::uint64_t process_id = 10000 + 4 * (thread * kProcessesEach + index);
        EXPECT_EQ(machine.start(process_id), 0);
        EXPECT_EQ(machine.exit(process_id), 0);
      }
    });
  }
  for (int round = 0; round < 20; ++round) {
    host::CallbackObject* const nri = open_callback(defender::kWdNriNotificationCallback);
    std::uint64_t zero = 0;
    host::ExNotifyCallback(nri, &zero, nullptr);
    host::ObfDereferenceObject(nri);
  }
  for (std::thread& creator : creators) creator.join();

  for (std::uint64_t index = 0; index < kThreads * kProcessesEach; ++index) {
    const std::uint64_t process_id = 10000 + 4 * index;
    std::vector<OperationType> story;
    for (const Notification& notification : seen.of(process_id)) {
      if (notification.operation() == OperationType::Trust && notification.image) continue;  // a refresh
      story.push_back(notification.operation());
    }
    const bool trusted = process_id / 4 % 2;
    std::vector<OperationType> expected = {OperationType::Create};
    if (trusted) {
      expected.insert(GetParam() == NotifierProfile::WdA5 ? expected.begin() : expected.end(), OperationType::Trust);
    }
    expected.push_back(OperationType::Terminate);
    EXPECT_EQ(story, expected) << process_id;
  }
}

// Commands that judge every process anew, while processes come and go over reused ids: no life is lost or told twice,
// and in the end nobody but System is counted.
TEST_P(Concurrency, CommandsArriveWhileProcessesComeAndGo) {
  NotifierMachine machine;
  machine.load(GetParam());
  Engine engine(machine.machine(), [&](const Message&) { return allow(GetParam(), 0); });
  Notifications seen(GetParam());
  std::vector<std::thread> creators;
  for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
    creators.emplace_back([&, thread] {
      for (std::uint64_t index = 0; index < kProcessesEach; ++index) {
        const std::uint64_t process_id = 10000 + 4 * (thread * 4 + index % 4);
        EXPECT_EQ(machine.start(process_id, 4, index % 2 ? u"a.exe" : u"b.exe"), 0);
        EXPECT_EQ(machine.exit(process_id), 0);
      }
    });
  }
  for (int round = 0; round < 20; ++round) {
    const std::u16string name = round % 2 ? u"a.exe" : u"b.exe";
    EXPECT_EQ(send(engine.file(), exclusion_command(GetParam(), {name})), 0);
    EXPECT_EQ(send(engine.file(), doc_rule_command(GetParam(), {{name, {u"pdf"}}})), 0);
    if (protocol_of(GetParam()).ResetHardeningExclusions) {
      EXPECT_EQ(send(engine.file(), reset_hardening_command(GetParam())), 0);
    }
    EXPECT_LE(query_counts(engine.file(), GetParam()).TrustedCount, 1 + 2 * kThreads);
  }
  for (std::thread& creator : creators) creator.join();

  std::uint64_t created = 0;
  std::uint64_t terminated = 0;
  for (const Notification& notification : seen.all()) {
    created += notification.operation() == OperationType::Create;
    terminated += notification.operation() == OperationType::Terminate;
  }
  EXPECT_EQ(created, kThreads * kProcessesEach);
  EXPECT_EQ(terminated, kThreads * kProcessesEach);
  const auto counts = query_counts(engine.file(), GetParam());
  EXPECT_EQ(counts.TrustedCount, 1u);
  EXPECT_EQ(counts.UntrustedCount, 0u);
}

}  // namespace
}  // namespace wdscope::test
