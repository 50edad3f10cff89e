// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstring>

#include "abi/defender/callback_names.h"
#include "abi/wire/notifier_tracing.h"
#include "conformance.h"
#include "engine.h"
#include "host/etw/provider.h"
#include "host/ob/object.h"
#include "notifications.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

namespace tracing = wire::notifier_tracing;
using wire::NotifierProfile;

void NTAPI take_refresh(void*, void*, void*) {}

TEST(NotifierLoad, AnUnknownProfileIsRefusedWithWords) {
  NotifierMachine machine;
  const auto driver = machine.try_load({{"Profile", 19041u}});
  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error().status, host::kStatusInvalidParameter);
  EXPECT_TRUE(machine.debug_output().contains("Profile is 19041"));
}

TEST(NotifierLoad, AProfileThatIsNoNumberIsRefused) {
  NotifierMachine machine;
  const auto driver = machine.try_load({{"Profile", std::u16string(u"a5")}});
  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error().status, host::kStatusInvalidParameter);
}

TEST(NotifierLoad, WithoutParametersItIsTheNewestBuild) {
  NotifierMachine machine;
  machine.load(Parameters{});
  Notifications seen(NotifierProfile::WdA5);
  ASSERT_EQ(machine.start(1000), 0);
  EXPECT_EQ(seen.of(1000).at(0).context->Common.Magic, 0x0130DA0Fu);
}

TEST(NotifierLoad, TheOtherNamesAreUsedWhenAskedFor) {
  NotifierMachine machine;
  machine.load(Parameters{{"MpNames", 1u}});
  EXPECT_EQ(open_callback(defender::kWdProcessNotificationCallback), nullptr);
  Notifications seen(NotifierProfile::WdA5, defender::kMpProcessNotificationCallback);
  ASSERT_EQ(machine.start(1000), 0);
  EXPECT_EQ(seen.of(1000).size(), 1u);
  host::CallbackObject* const nri = open_callback(defender::kMpNriNotificationCallback);
  ASSERT_NE(nri, nullptr);
  host::ObfDereferenceObject(nri);
}

// A.1, D: byte 0x6B1 says whether the last component of the service's key is the product's name.
TEST(NotifierLoad, TheGenerationOf2019GoesByItsServicesName) {
  conforms("D", "MpCreateCallback", "2019 takes the names by its service's name, 2025 always Wd...", kAllProfiles);
  struct {
    const char* service;
    NotifierProfile profile;
    bool wd;
  } const rows[] = {{"WdFilter", NotifierProfile::Wd1910, true},   {"wdFILTER", NotifierProfile::Wd20H1, true},
                    {"wdnotifier", NotifierProfile::Wd1910, true}, {"MpFilter", NotifierProfile::Wd1910, false},
                    {"MpFilter", NotifierProfile::Wd20H1, false},  {"MpFilter", NotifierProfile::Wd25080, true},
                    {"MpFilter", NotifierProfile::WdA5, true}};
  static const std::vector<std::byte> image = driver_image("wdnotifier.sys");
  for (const auto& row : rows) {
    NotifierMachine machine;
    const auto driver =
        machine.machine().load(image, {.service_name = row.service, .parameters = with_profile(row.profile)});
    ASSERT_TRUE(driver) << driver.error().message;
    host::CallbackObject* const wd = open_callback(defender::kWdProcessNotificationCallback);
    host::CallbackObject* const mp = open_callback(defender::kMpProcessNotificationCallback);
    EXPECT_EQ(wd != nullptr, row.wd) << row.service;
    EXPECT_EQ(mp != nullptr, !row.wd) << row.service;
    if (wd) host::ObfDereferenceObject(wd);
    if (mp) host::ObfDereferenceObject(mp);
  }
}

TEST(NotifierLoad, UnloadingLeavesNothingAndLoadingAgainWorks) {
  conforms("C.5 step 7", "MpRemoveProcessNotifyRoutine", "nothing is left, and the driver loads again", kAllProfiles);
  for (const NotifierProfile profile : kAllProfiles) {
    NotifierMachine machine;
    for (int round = 0; round < 3; ++round) {
      machine.load(profile);
      ASSERT_EQ(machine.start(1000), 0);
      ASSERT_EQ(machine.start(1004, 1000), 0);
      ASSERT_EQ(machine.exit(1004), 0);
      machine.unload();  // the machine stops with a report if anything is left
      ASSERT_EQ(machine.exit(1000), 0);
    }
  }
}

TEST(NotifierLoad, TheCallbackObjectsArePermanent) {
  conforms("C.6", "MpCreateCallback", "attributes 0x210: the object stays; several may register", kAllProfiles);
  for (const NotifierProfile profile : kAllProfiles) {
    NotifierMachine machine;
    machine.load(profile);
    machine.unload();
    host::CallbackObject* const object = open_callback(defender::kWdProcessNotificationCallback);
    ASSERT_NE(object, nullptr);
    EXPECT_TRUE(object->allow_multiple_callbacks);
    host::ObfDereferenceObject(object);
  }
}

TEST(NotifierLoad, AConsumerMaySurviveTheDriver) {
  NotifierMachine machine;
  machine.load(NotifierProfile::WdA5);
  Notifications seen(NotifierProfile::WdA5);
  machine.unload();
  machine.load(NotifierProfile::WdA5);
  ASSERT_EQ(machine.start(1000), 0);
  EXPECT_EQ(seen.of(1000).size(), 1u);
}

TEST(NotifierLoad, ATakenDeviceNameFailsTheStartAndLeavesNothing) {
  NotifierMachine machine;
  machine.load(NotifierProfile::WdA5);
  static const std::vector<std::byte> image = driver_image("wdnotifier.sys");
  const auto second = machine.machine().load(image, {.service_name = "second", .parameters = {}});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().status, host::kStatusObjectNameCollision);
  EXPECT_TRUE(machine.debug_output().contains("cannot start: engine port"));
  Notifications seen(NotifierProfile::WdA5);
  ASSERT_EQ(machine.start(1000), 0);
  EXPECT_EQ(seen.of(1000).size(), 1u);
}

// What a session hears that listens to the notifier's ETW provider.
class TracedRefusals {
 public:
  struct Refusal {
    std::uint32_t status;
    std::u16string name;
  };

  TracedRefusals() {
    std::memcpy(provider_.data(), &tracing::kProvider, provider_.size());
    host::TraceSession session;
    session.level = tracing::kLevel;
    session.consumer = [this](const host::EventDescriptor& event, std::span<const std::byte> data) {
      EXPECT_EQ(event.id, tracing::kForeignOwner);
      ASSERT_GT(data.size(), sizeof(tracing::ForeignOwnerEvent));
      Refusal refusal{0, std::u16string((data.size() - sizeof(refusal.status)) / sizeof(char16_t), u' ')};
      std::memcpy(&refusal.status, data.data(), sizeof refusal.status);
      std::memcpy(refusal.name.data(), data.data() + sizeof refusal.status, refusal.name.size() * sizeof(char16_t));
      EXPECT_EQ(refusal.name.back(), u'\0');
      refusal.name.pop_back();
      all_.push_back(std::move(refusal));
    };
    host::enable_provider(provider_, session);
  }
  ~TracedRefusals() { host::disable_provider(provider_); }
  TracedRefusals(const TracedRefusals&) = delete;
  TracedRefusals& operator=(const TracedRefusals&) = delete;

  const std::vector<Refusal>& all() const { return all_; }

 private:
  host::ProviderId provider_;
  std::vector<Refusal> all_;
};

// The only registrant of the Nri object is WdFilter: whoever is there already owns the pair.
TEST(NotifierLoad, ALiveDefenderIsNotDisturbed) {
  constexpr auto kStatusAlreadyRegistered = host::nt_status(0xC0000718);
  for (const NotifierProfile profile : kAllProfiles) {
    NotifierMachine machine;
    machine.load(profile);
    machine.unload();  // leaves the permanent objects, as whoever came first would
    host::CallbackObject* const nri = open_callback(defender::kWdNriNotificationCallback);
    ASSERT_NE(nri, nullptr);
    host::CallbackRegistration* const foreign = host::ExRegisterCallback(nri, take_refresh, nullptr);
    ASSERT_NE(foreign, nullptr);
    TracedRefusals traced;
    const auto refused = machine.try_load(with_profile(profile));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, kStatusAlreadyRegistered);
    EXPECT_TRUE(machine.debug_output().contains("refused: \\Callback\\WdNriNotificationCallback has an owner"));
    ASSERT_EQ(traced.all().size(), 1u);
    EXPECT_EQ(traced.all()[0].status, static_cast<std::uint32_t>(kStatusAlreadyRegistered));
    EXPECT_EQ(traced.all()[0].name, u"\\Callback\\WdNriNotificationCallback");
    host::ExUnregisterCallback(foreign);
    host::ObfDereferenceObject(nri);
    machine.load(profile);  // when it has gone, nothing is in the way
  }
}

TEST(NotifierLoad, AMalformedHardeningTableIsRefusedWithWords) {
  NotifierMachine machine;
  const auto driver = machine.try_load({{"HardeningTable", std::u16string(u"lsass.exe=9")}});
  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error().status, host::kStatusInvalidParameter);
  EXPECT_TRUE(machine.debug_output().contains("HardeningTable must be"));
}

TEST(NotifierLoad, ATextThatIsNoneOrTooLongIsRefusedByName) {
  const std::map<std::string, host::RegistryValue> values[] = {{{"ProductPath", 7u}},
                                                               {{"SystemRootPath", std::u16string(260, u'x')}}};
  for (const auto& value : values) {
    NotifierMachine machine;
    const auto driver = machine.try_load(value);
    ASSERT_FALSE(driver);
    EXPECT_EQ(driver.error().status, host::kStatusInvalidParameter);
    EXPECT_TRUE(machine.debug_output().contains(value.begin()->first + " must be a REG_SZ"));
  }
  NotifierMachine machine;
  machine.load(Parameters{{"SystemRootPath", std::u16string(259, u'x')}});
}

}  // namespace
}  // namespace wdscope::test
