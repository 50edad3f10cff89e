// SPDX-License-Identifier: MIT
#include "host/image/loaded_image.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "host/exports.h"
#include "host/testing/boot.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {
namespace {

constexpr const char* kDriver = "host_device_driver";

TEST(LoadedImage, IsFoundByItsAddressesWhileItIsLoaded) {
  const void* inside = nullptr;
  {
    const auto image = LoadedImage::map(testing::driver_file(kDriver), "test.sys", all_exports());
    ASSERT_TRUE(image) << image.error().message;
    inside = (*image)->entry_point();
    EXPECT_EQ(image_containing(inside), image->get());
    EXPECT_EQ(image_containing((*image)->base() + (*image)->size()), nullptr);
    EXPECT_TRUE((*image)->describe(inside).starts_with("test.sys!DriverEntry")) << (*image)->describe(inside);
    EXPECT_EQ(describe_unloaded(inside), "");
  }
  EXPECT_EQ(image_containing(inside), nullptr);
  EXPECT_NE(describe_unloaded(inside).find("inside the unloaded driver test.sys"), std::string::npos);
}

TEST(LoadedImage, NamesEveryImportThatTheHostLacks) {
  const auto image = LoadedImage::map(testing::driver_file(kDriver), "test.sys", {});
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().status, kStatusEntryPointNotFound);
  EXPECT_NE(image.error().message.find("ntoskrnl.exe: "), std::string::npos) << image.error().message;
  EXPECT_NE(image.error().message.find("IoCreateDevice"), std::string::npos);
  EXPECT_NE(image.error().message.find("IoDeleteDevice"), std::string::npos);
}

TEST(ExportTables, NoRoutineStandsTwice) {
  std::vector<std::string> names;
  for (const auto& table : all_exports()) {
    for (const Export& item : table) {
      EXPECT_NE(item.address, nullptr) << item.name;
      names.emplace_back(item.name);
    }
  }
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  EXPECT_EQ(twice, names.end()) << *twice;
}

class FaultPlanTest : public testing::MachineTest {};

TEST_F(FaultPlanTest, FailsEachCallStackOnceAndThenEnds) {
  boot();
  FaultPlan plan;
  machine_->set_fault_plan(&plan);
  std::size_t rounds = 0, failed_loads = 0;
  while (plan.next()) {
    ++rounds;
    auto loaded = machine_->load(testing::driver_file(kDriver), {kDriver, {}});
    if (loaded) {
      EXPECT_TRUE(machine_->unload(*loaded));
    } else {
      ++failed_loads;
    }
    ASSERT_LT(rounds, 100U) << "the plan does not end; last: " << plan.last_failure();
  }
  EXPECT_GT(failed_loads, 0U);
  EXPECT_EQ(rounds, plan.failures() + 1) << "one failure a round, and a last round without any";
  EXPECT_NE(plan.last_failure().find("host_device_driver.sys!DriverEntry"), std::string::npos) << plan.last_failure();
  machine_->set_fault_plan(nullptr);
}

}  // namespace
}  // namespace wdscope::host
