// SPDX-License-Identifier: MIT
// Coming and going: what the observer needs in order to start, and that it leaves nothing behind.
#include <gmock/gmock.h>

#include "host/ex/pool.h"
#include "observer/observer_story.h"

namespace wdscope::tests {
namespace {

using testing::HasSubstr;

class Loading : public MachineStory {
 protected:
  host::HostResult<host::LoadedDriver*> load_observer(std::map<std::string, host::RegistryValue> parameters = {}) {
    return load("wdscope.sys", {"wdscope", std::move(parameters)});
  }
  Client client() { return Client(std::move(*machine_->open(wire::kUserDeviceName, host::Access::Read))); }
};

constexpr host::NtStatus kNotFound = host::kStatusNotFound;

TEST_F(Loading, WithoutACallbackObjectItFailsAndSaysSo) {
  const auto loaded = load_observer();
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().status, kNotFound);
  EXPECT_THAT(debug_output(), HasSubstr("WdProcessNotificationCallback"));
  EXPECT_THAT(debug_output(), HasSubstr("MpProcessNotificationCallback"));
  EXPECT_FALSE(machine_->open(wire::kUserDeviceName, host::Access::Read).has_value());
}

TEST_F(Loading, TheWdObjectIsPreferred) {
  OwnedCallback wd(defender::kWdProcessNotificationCallback);
  OwnedCallback mp(defender::kMpProcessNotificationCallback);
  const auto loaded = load_observer();
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_EQ(client().version().callback_object, static_cast<std::uint32_t>(wire::CallbackObjectName::Wd));
  EXPECT_TRUE(machine_->unload(*loaded).has_value());
}

TEST_F(Loading, TheMpObjectIsTakenWhenThereIsNoOther) {
  OwnedCallback mp(defender::kMpProcessNotificationCallback);
  OwnedCallback nri_of_the_other_family(defender::kWdNriNotificationCallback);
  const auto loaded = load_observer();
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  const wire::VersionReply version = client().version();
  EXPECT_EQ(version.callback_object, static_cast<std::uint32_t>(wire::CallbackObjectName::Mp));
  EXPECT_EQ(version.capabilities & wire::capability::Refresh, 0u);
  EXPECT_TRUE(machine_->unload(*loaded).has_value());
}

TEST_F(Loading, AnObjectThatTakesOneRegistrationAndHasItIsAFailureThatLeavesNothing) {
  host::CallbackObject* object = nullptr;
  std::u16string name(defender::kWdProcessNotificationCallback);
  host::UnicodeString counted{static_cast<std::uint16_t>(name.size() * 2), static_cast<std::uint16_t>(name.size() * 2),
                              name.data()};
  host::ObjectAttributes attributes{};
  attributes.length = sizeof(attributes);
  attributes.object_name = &counted;
  attributes.attributes = defender::kCallbackAttributes;
  ASSERT_EQ(host::ExCreateCallback(&object, &attributes, 1, 0), host::kStatusSuccess);
  const auto nobody = [](void*, void*, void*) __attribute__((ms_abi)){};
  host::CallbackRegistration* const first = host::ExRegisterCallback(object, nobody, nullptr);
  ASSERT_NE(first, nullptr);
  const auto loaded = load_observer();
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().status, host::kStatusUnsuccessful);
  EXPECT_THAT(debug_output(), HasSubstr("no registration"));
  EXPECT_FALSE(machine_->open(wire::kUserDeviceName, host::Access::Read).has_value());
  host::ExUnregisterCallback(first);
  const auto again = load_observer();
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_TRUE(machine_->unload(*again).has_value());
}

TEST_F(Loading, TheRingHasTheSizeThatTheRegistrySays) {
  OwnedCallback wd(defender::kWdProcessNotificationCallback);
  const auto loaded = load_observer({{"RingSizeKb", 300u}});
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_EQ(client().version().ring_size, 300u * 1024);
  EXPECT_EQ(client().statistics().ring_size, 300u * 1024);
  EXPECT_TRUE(machine_->unload(*loaded).has_value());
}

TEST_F(Loading, WithoutAParameterTheRingHasSixteenMebibytes) {
  OwnedCallback wd(defender::kWdProcessNotificationCallback);
  const auto loaded = load_observer();
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_EQ(client().version().ring_size, 16u << 20);
  EXPECT_TRUE(machine_->unload(*loaded).has_value());
}

TEST_F(Loading, ARingSizeOutsideTheLimitsOrOfAnotherTypeIsRefusedByName) {
  OwnedCallback wd(defender::kWdProcessNotificationCallback);
  for (const host::RegistryValue& bad :
       {host::RegistryValue{255u}, host::RegistryValue{262145u}, host::RegistryValue{std::u16string(u"16384")},
        host::RegistryValue{std::u16string(2000, u'9')}}) {
    const auto loaded = load_observer({{"RingSizeKb", bad}});
    ASSERT_FALSE(loaded.has_value());
    EXPECT_EQ(loaded.error().status, host::kStatusInvalidParameter);
  }
  EXPECT_THAT(debug_output(), HasSubstr("RingSizeKb must be a REG_DWORD from 256 to 262144"));
}

TEST_F(Loading, ItCanBeLoadedAgainAndHasAnotherBootId) {
  OwnedCallback wd(defender::kWdProcessNotificationCallback);
  std::uint64_t first_boot = 0;
  for (int round = 0; round < 2; ++round) {
    const auto loaded = load_observer();
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
    const std::uint64_t boot = client().version().boot_id;
    EXPECT_NE(boot, first_boot);
    first_boot = boot;
    EXPECT_TRUE(machine_->unload(*loaded).has_value());
    EXPECT_FALSE(machine_->open(wire::kUserDeviceName, host::Access::Read).has_value());
  }
}

}  // namespace
}  // namespace wdscope::tests
