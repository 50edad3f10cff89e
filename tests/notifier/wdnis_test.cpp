// SPDX-License-Identifier: MIT
// The stand-in for WdNisDrv: what it counts, what it is told, and how it asks for a refresh.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "abi/defender/callback_names.h"
#include "abi/defender/notify_info.h"
#include "conformance.h"
#include "host/ob/object.h"
#include "nis.h"
#include "notifications.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

constexpr auto kStatusInvalidBufferSize = host::nt_status(0xC0000206);
const std::u16string kFolder = u"\\Device\\HarddiskVolume1\\bin\\";

struct NisMachine {
  void load(Parameters parameters = {}) {
    const auto driver = try_load_nis(machine_.machine(), std::move(parameters));
    ASSERT_TRUE(driver) << driver.error().message;
    driver_ = *driver;
  }
  wire::NisStatistics statistics() { return nis_statistics(machine_.machine()); }
  host::NtStatus set(const std::vector<std::u16string>& images) {
    return set_process_exceptions(machine_.machine(), exception_list(images));
  }

  NotifierMachine machine_;
  host::LoadedDriver* driver_ = nullptr;
};

class Nis : public NisMachine, public testing::Test {};
class NisBesideTheNotifier : public NisMachine, public testing::TestWithParam<wire::NotifierProfile> {};
INSTANTIATE_TEST_SUITE_P(Profiles, NisBesideTheNotifier, testing::ValuesIn(kAllProfiles), profile_name);

TEST_P(NisBesideTheNotifier, CountsEveryNotificationByItsKind) {
  conforms("D", "process_notification_callback", "every notification of the five sites arrives");
  load();
  machine_.load(GetParam());
  ASSERT_EQ(machine_.start(1000), 0);
  ASSERT_EQ(machine_.start(1004), 0);
  ASSERT_EQ(machine_.exit(1000), 0);
  const wire::NisStatistics seen = statistics();
  EXPECT_EQ(seen.creates, 2u);
  EXPECT_EQ(seen.terminates, 1u);
  EXPECT_EQ(seen.trust_changes, 0u);
  EXPECT_EQ(seen.refreshes, 0u);
  EXPECT_EQ(seen.malformed, 0u);
}

// Without a notifier beside it, what it says to the Nri object is seen by a registrant of the test's own.
TEST_F(Nis, AChangedListNotifiesTheNriObjectWithAZeroAndNothing) {
  conforms("D", "set_process_exceptions", "Argument1 is the address of an 8-byte zero, Argument2 NULL", kAllProfiles);
  load();
  struct Seen {
    int count = 0;
    std::uint64_t value = 1;
    bool argument2_null = false;
  } seen;
  host::CallbackObject* const nri = open_callback(defender::kWdNriNotificationCallback);
  ASSERT_NE(nri, nullptr);
  constexpr auto kTake = [](void* context, void* argument1, void* argument2) NTAPI {
    auto* const self = static_cast<Seen*>(context);
    ++self->count;
    self->value = *static_cast<const std::uint64_t*>(argument1);
    self->argument2_null = argument2 == nullptr;
  };
  host::CallbackRegistration* const registration = host::ExRegisterCallback(nri, kTake, &seen);
  EXPECT_EQ(set({kFolder + u"a.exe"}), 0);
  EXPECT_EQ(seen.count, 1);
  EXPECT_EQ(seen.value, 0u);
  EXPECT_TRUE(seen.argument2_null);
  EXPECT_EQ(set({u""}), host::kStatusInvalidParameter);
  EXPECT_EQ(seen.count, 1);  // nothing changed, so nobody is asked
  host::ExUnregisterCallback(registration);
  host::ObfDereferenceObject(nri);
}

TEST_P(NisBesideTheNotifier, AChangedListIsHeldAgainstEveryProcessAtOnce) {
  conforms("D", "set_process_exceptions", "a changed list brings a refresh of every process");
  load();
  machine_.load(GetParam());
  ASSERT_EQ(machine_.start(1000), 0);
  ASSERT_EQ(machine_.start(1004, 4, u"b.exe"), 0);
  EXPECT_EQ(set({kFolder + u"B.EXE", kFolder + u"c.exe"}), 0);
  EXPECT_EQ(statistics().refreshes, 3u);  // System is the third
  EXPECT_EQ(statistics().excepted, 1u);
  ASSERT_EQ(machine_.start(1008, 4, u"C.exe"), 0);
  EXPECT_EQ(statistics().excepted, 2u);
  EXPECT_EQ(set({}), 0);
  ASSERT_EQ(machine_.start(1012, 4, u"c.exe"), 0);
  EXPECT_EQ(statistics().excepted, 2u);
  EXPECT_EQ(statistics().exception_changes, 2u);
}

TEST_P(NisBesideTheNotifier, AMalformedListLeavesTheOldOneInForce) {
  load();
  machine_.load(GetParam());
  ASSERT_EQ(set({kFolder + u"a.exe"}), 0);
  std::vector<std::byte> odd = exception_list({u"a"});
  odd.push_back(std::byte{0});
  std::vector<std::byte> endless = exception_list({u"ab"});
  endless.resize(endless.size() - 2);
  const std::vector<std::byte> most(wire::kMaximumNisExceptionsSize + 2);
  const std::pair<std::vector<std::byte>, host::NtStatus> refused[] = {
      {odd, host::kStatusInvalidParameter},
      {endless, host::kStatusInvalidParameter},
      {exception_list({u"a", u"", u"b"}), host::kStatusInvalidParameter},
      {exception_list({std::u16string(wire::kMaximumNisExceptionUnits + 1, u'x')}), host::kStatusInvalidParameter},
      {most, kStatusInvalidBufferSize},
  };
  for (const auto& [list, status] : refused) {
    EXPECT_EQ(set_process_exceptions(machine_.machine(), list), status);
  }
  ASSERT_EQ(machine_.start(1000), 0);
  EXPECT_EQ(statistics().excepted, 1u);
  EXPECT_EQ(statistics().exception_changes, 1u);
  EXPECT_EQ(set({std::u16string(wire::kMaximumNisExceptionUnits, u'x')}), 0);
}

TEST_F(Nis, ANameLongerThanAnyExceptionIsNone) {
  load();
  machine_.load(wire::NotifierProfile::WdA5);
  ASSERT_EQ(set({kFolder + u"a.exe"}), 0);
  ASSERT_EQ(machine_.start(1000, 4, std::u16string(1000, u'x')), 0);
  EXPECT_EQ(statistics().creates, 1u);
  EXPECT_EQ(statistics().excepted, 0u);
}

TEST_F(Nis, SurvivesNotificationsOfAnybody) {
  load();
  host::CallbackObject* const object = open_callback(defender::kWdProcessNotificationCallback);
  ASSERT_NE(object, nullptr);
  defender::WD_PS_NOTIFY_INFO info{};
  info.OperationType = 4;
  host::ExNotifyCallback(object, &info, nullptr);
  info.OperationType = 1;
  host::ExNotifyCallback(object, &info, &info);
  host::ExNotifyCallback(object, nullptr, nullptr);
  host::ExNotifyCallback(object, reinterpret_cast<void*>(0x1000), nullptr);
  info.ImageName = 0xDEAD'0000'0000'0000;
  host::ExNotifyCallback(object, &info, nullptr);
  const host::UnicodeString unreadable{8, 8, reinterpret_cast<char16_t*>(0x1000)};
  info.ImageName = reinterpret_cast<std::uint64_t>(&unreadable);
  host::ExNotifyCallback(object, &info, nullptr);
  host::ObfDereferenceObject(object);
  EXPECT_EQ(statistics().malformed, 6u);
  EXPECT_EQ(statistics().creates, 0u);
}

TEST_F(Nis, IsForAdministratorsAlone) {
  load();
  const auto refused = machine_.machine().open(wire::kNisUserDeviceName, host::Access::Read, host::Account::User);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, host::kStatusAccessDenied);
}

TEST_F(Nis, AnswersOnlyWhatItKnows) {
  load();
  auto file = machine_.machine().open(wire::kNisUserDeviceName, host::Access::ReadWrite);
  ASSERT_TRUE(file) << file.error().message;
  std::byte bytes[sizeof(wire::NisStatistics)];
  EXPECT_EQ((*file)->control(wire::kNisStatistics, std::span(bytes, 1), bytes).status, host::kStatusInvalidParameter);
  EXPECT_EQ((*file)->control(wire::kNisStatistics, {}, std::span(bytes, 8)).status, host::kStatusBufferTooSmall);
  EXPECT_EQ((*file)->control(wire::kControlStatistics, {}, bytes).status, host::kStatusInvalidDeviceRequest);
}

TEST_F(Nis, HasTheOtherNamesWhenAskedFor) {
  load({{"MpNames", 1u}});
  EXPECT_EQ(open_callback(defender::kWdProcessNotificationCallback), nullptr);
  machine_.load(Parameters{{"MpNames", 1u}});
  ASSERT_EQ(machine_.start(1000), 0);
  EXPECT_EQ(statistics().creates, 1u);
}

TEST_F(Nis, ATakenDeviceNameFailsTheStartAndLeavesNothing) {
  load();
  const auto second = machine_.machine().load(driver_image("wdnis.sys"), {.service_name = "second", .parameters = {}});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().status, host::kStatusObjectNameCollision);
  EXPECT_TRUE(machine_.debug_output().contains("wdnis: not started: the device cannot be made"));
}

TEST_F(Nis, ListsChangeWhileProcessesComeAndGo) {
  constexpr std::uint64_t kProcesses = 40;
  load();
  machine_.load(wire::NotifierProfile::WdA5);
  std::atomic<bool> done{false};
  std::uint64_t changes = 0;
  std::thread service([&] {
    while (!done || changes == 0) {
      EXPECT_EQ(set({kFolder + u"a.exe"}), 0);
      ++changes;
    }
  });
  for (std::uint64_t process_id = 1000; process_id < 1000 + 4 * kProcesses; process_id += 4) {
    EXPECT_EQ(machine_.start(process_id), 0);
    EXPECT_EQ(machine_.exit(process_id), 0);
  }
  done = true;
  service.join();
  EXPECT_EQ(statistics().creates, kProcesses);
  EXPECT_EQ(statistics().terminates, kProcesses);
  EXPECT_EQ(statistics().exception_changes, changes);
  EXPECT_EQ(statistics().malformed, 0u);
}

}  // namespace
}  // namespace wdscope::test
