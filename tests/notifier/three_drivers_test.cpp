// SPDX-License-Identifier: MIT
// Notifier, network inspection and observer together: each may come and go before or after each other one, and what is
// notified while both a notifier and a consumer are there is counted once by that consumer.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "abi/wire/control.h"
#include "conformance.h"
#include "nis.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

constexpr auto kStatusNotFound = host::nt_status(0xC0000225);

enum Part : std::size_t { Notifier, Inspection, Observer, PartCount };
using Order = std::array<Part, PartCount>;

std::vector<Order> all_orders() {
  std::vector<Order> orders;
  Order order = {Notifier, Inspection, Observer};
  do orders.push_back(order);
  while (std::next_permutation(order.begin(), order.end()));
  return orders;
}

// The drivers of one machine, and what its consumers must have counted.
class Trio {
 public:
  explicit Trio(wire::NotifierProfile profile) : profile_(profile) {}

  host::HostResult<host::LoadedDriver*> try_load(Part part) {
    static const std::vector<std::byte> observer = driver_image("wdscope.sys");
    switch (part) {
      case Notifier:
        return machine_.try_load(with_profile(profile_));
      case Inspection:
        return try_load_nis(machine_.machine());
      default:
        return machine_.machine().load(
            observer, {.service_name = "wdscope", .parameters = {{"RingSizeKb", 256u}, {"SnapshotOnAttach", 0u}}});
    }
  }

  void load(Part part) {
    const auto driver = try_load(part);
    ASSERT_TRUE(driver) << driver.error().message;
    drivers_[part] = *driver;
    expected_[part] = 0;
    live();
  }

  void unload(Part part) {
    const auto unloaded = machine_.machine().unload(drivers_[part]);
    ASSERT_TRUE(unloaded) << unloaded.error().message;
    drivers_[part] = nullptr;
    live();
  }

 private:
  // One process from its start to its end, and a refresh while it lives.
  void live() {
    ASSERT_EQ(machine_.start(1000), 0);
    add(1);
    if (drivers_[Inspection]) {
      ASSERT_EQ(set_process_exceptions(machine_.machine(), {}), 0);
      add(2);  // System and it
    }
    ASSERT_EQ(machine_.exit(1000), 0);
    add(1);
    if (drivers_[Inspection]) {
      const wire::NisStatistics seen = nis_statistics(machine_.machine());
      EXPECT_EQ(seen.creates + seen.terminates + seen.refreshes + seen.trust_changes, expected_[Inspection]);
      EXPECT_EQ(seen.creates, seen.terminates);
      EXPECT_EQ(seen.malformed, 0u);
    }
    if (drivers_[Observer]) {
      EXPECT_EQ(observed(), expected_[Observer]);
    }
  }

  void add(std::uint64_t count) {
    if (!drivers_[Notifier]) return;
    for (const Part part : {Inspection, Observer}) expected_[part] += count;
  }

  std::uint64_t observed() {
    auto file = machine_.machine().open(wire::kUserDeviceName, host::Access::Read);
    EXPECT_TRUE(file) << file.error().message;
    wire::Statistics statistics{};
    (*file)->control(wire::kControlStatistics, {}, std::as_writable_bytes(std::span(&statistics, 1)));
    EXPECT_EQ(statistics.produced, statistics.notifications);
    return statistics.notifications;
  }

  wire::NotifierProfile profile_;
  NotifierMachine machine_;
  std::array<host::LoadedDriver*, PartCount> drivers_{};
  std::array<std::uint64_t, PartCount> expected_{};  // notifications since the part was loaded
};

class ThreeDrivers : public testing::TestWithParam<wire::NotifierProfile> {};
INSTANTIATE_TEST_SUITE_P(Profiles, ThreeDrivers, testing::ValuesIn(kAllProfiles), profile_name);

TEST_P(ThreeDrivers, ComeAndGoInAnyOrder) {
  conforms("D", "MpCreateCallback", "whichever of WdFilter and WdNisDrv comes first creates the objects");
  for (const Order& coming : all_orders()) {
    for (const Order& going : all_orders()) {
      Trio trio(GetParam());
      if (coming[0] == Observer) {
        // Only a consumer of its own kind makes no objects: it needs somebody who was there before.
        const auto refused = trio.try_load(Observer);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().status, kStatusNotFound);
        const Part first = going[0] == Observer ? Inspection : going[0];
        ASSERT_NO_FATAL_FAILURE(trio.load(first));
        ASSERT_NO_FATAL_FAILURE(trio.unload(first));
      }
      for (const Part part : coming) ASSERT_NO_FATAL_FAILURE(trio.load(part));
      for (const Part part : going) ASSERT_NO_FATAL_FAILURE(trio.unload(part));
    }
  }
}

}  // namespace
}  // namespace wdscope::test
