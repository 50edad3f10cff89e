// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <map>
#include <span>

#include "abi/defender/commands.h"
#include "abi/defender/flags.h"
#include "abi/wire/engine_statistics.h"
#include "conformance.h"
#include "engine.h"
#include "notifications.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

using wire::NotifierProfile;
namespace command_status = defender::command_status;

class Refresh : public testing::TestWithParam<NotifierProfile> {
 protected:
  Refresh() {
    early_ = NotifierMachine::describe(2000, 4, u"early.exe");
    EXPECT_EQ(machine_.machine().adopt_process(early_), 0);
    machine_.load(GetParam());
  }

  // Asked for by a service that comes for that alone. Too little room for them is said, not written over.
  wire::EngineStatistics statistics() {
    auto file = machine_.machine().open(wire::kEngineUserDeviceName, host::Access::ReadWrite);
    EXPECT_TRUE(file) << file.error().message;
    wire::EngineStatistics counted{};
    const auto output = std::as_writable_bytes(std::span(&counted, 1));
    const auto refused = (*file)->control(wire::kEngineStatistics, {}, output.first(8));
    EXPECT_EQ(static_cast<std::uint32_t>(refused.status), command_status::BufferTooSmall);
    EXPECT_EQ((*file)->control(wire::kEngineStatistics, {}, output).information, sizeof counted);
    return counted;
  }

  NotifierMachine machine_;
  host::ProcessStart early_;
};
INSTANTIATE_TEST_SUITE_P(Profiles, Refresh, testing::ValuesIn(kAllProfiles), profile_name);

TEST_P(Refresh, NamesEveryProcessOnceWithItsTrust) {
  conforms("C.17", "MpRefreshProcessNotifications", "every known process once, with its trust and its name");
  Notifications seen(GetParam());
  ASSERT_EQ(machine_.start(1000), 0);
  seen.clear();
  ask_for_refresh();
  std::map<std::uint64_t, Notification> by_id;
  for (const Notification& notification : seen.all()) {
    EXPECT_EQ(notification.operation(), defender::OperationType::Trust);
    EXPECT_TRUE(notification.image);
    EXPECT_EQ(notification.info.ParentProcessId, 0u);
    EXPECT_EQ(notification.held_locks, "");
    EXPECT_TRUE(by_id.emplace(notification.info.ProcessId, notification).second);
  }
  ASSERT_EQ(by_id.size(), 3u);
  EXPECT_EQ(by_id.at(4).info.Trusted, is_2019(GetParam()) ? 0x40 : 1);
  EXPECT_EQ(by_id.at(2000).info.Trusted, 0);
  EXPECT_EQ(by_id.at(2000).image, early_.image);
  EXPECT_EQ(by_id.at(1000).info.Trusted, 0);
}

TEST_P(Refresh, IsInTheReverseOrderOfTheProcessList) {
  conforms("C.12", "MpGetProcessContextList", "the list has the reverse of the system's order");
  Notifications seen(GetParam());
  ASSERT_EQ(machine_.start(1000), 0);
  seen.clear();
  ask_for_refresh();
  const auto all = seen.all();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all.back().info.ProcessId, 4u);  // System is listed first
}

TEST_P(Refresh, IsNotDoneForArgumentsThatAreNotARequest) {
  conforms("C.17", "MpNriNotificationCallback",
           "only for a NULL Argument2 and an Argument1 whose low 32 bits are 0; 1910 would bug-check on NULL");
  Notifications seen(GetParam());
  std::uint64_t zero = 0;
  std::uint64_t one = 1;
  notify_nri(nullptr);
  notify_nri(&one);
  notify_nri(&zero, &zero);
  notify_nri(reinterpret_cast<void*>(0x1000));
  notify_nri(reinterpret_cast<void*>(0xDEAD'0000'0000'0000));
  EXPECT_TRUE(seen.all().empty());
  EXPECT_EQ(statistics().refused_refreshes, 5u);
  EXPECT_EQ(statistics().refreshes, 0u);
  EXPECT_EQ(machine_.debug_output().contains("1910 would bug-check here"), is_2019(GetParam()));
  // Only the low 32 bits count.
  std::uint64_t low_zero = 0x1'0000'0000;
  notify_nri(&low_zero);
  EXPECT_EQ(seen.all().size(), 2u);
  EXPECT_EQ(statistics().refreshes, 1u);
}

TEST_P(Refresh, FromInsideANotificationRunsThereAndThen) {
  conforms("C.17", "MpRefreshProcessNotifications", "it runs in the notifier's thread");
  Notifications seen(GetParam());
  seen.on_notification([](const Notification& notification) {
    if (notification.operation() == defender::OperationType::Create) ask_for_refresh();
  });
  ASSERT_EQ(machine_.start(1000), 0);
  const auto all = seen.all();
  ASSERT_EQ(all.size(), 4u);
  // The refresh knows the new process already; the create is kept after the hook returned.
  EXPECT_EQ(seen.of(1000).size(), 2u);
  EXPECT_EQ(all.back().operation(), defender::OperationType::Create);
}

}  // namespace
}  // namespace wdscope::test
