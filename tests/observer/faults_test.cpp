// SPDX-License-Identifier: MIT
// Every allocation and every NT call that can fail fails once: the driver reports it, leaves nothing, and goes on.
#include <gmock/gmock.h>

#include "host/verifier/fault_plan.h"
#include "observer/frames.h"
#include "observer/observer_story.h"

namespace wdscope::tests {
namespace {

class Faults : public MachineStory {};

TEST_F(Faults, EachFailsTheLoadOrOneRequestAndNothingElse) {
#ifdef WDSCOPE_TSAN
  GTEST_SKIP() << "a minute in which ThreadSanitizer sees one thread at a time";
#endif
  OwnedCallback process_callback(defender::kWdProcessNotificationCallback);
  OwnedCallback nri_callback(defender::kWdNriNotificationCallback);
  host::FaultPlan plan;
  machine_->set_fault_plan(&plan);
  int loads = 0;
  int failed_loads = 0;
  while (plan.next()) {
    const auto loaded = load("wdscope.sys", {"wdscope", {{"RingSizeKb", 256u}, {"SnapshotOnAttach", 0u}}});
    if (!loaded) {
      ++failed_loads;
      EXPECT_TRUE(loaded.error().status < 0) << plan.last_failure();
      continue;
    }
    ++loads;
    if (auto file = machine_->open(wire::kUserDeviceName, host::Access::Read)) {
      Client reader(std::move(*file));
      PoolText text(std::u16string(3000, u'x'));
      auto frame = frame_a5(4, 0, defender::OperationType::Create, 0);
      frame.Info.ImageName = text.address();
      host::ExNotifyCallback(process_callback.get(), &frame.Info, nullptr);
      // Requests may fail (the host's own buffers, or the mapping), but nothing is lost by it.
      std::vector<Record> records;
      for (int attempt = 0; attempt < 3 && records.empty(); ++attempt) {
        Client::Batch batch = reader.read(1, Client::kForEver);
        records = std::move(batch.records);
      }
      EXPECT_EQ(records.size(), 1u) << plan.last_failure();
      reader.refresh();
    }
    const auto unloaded = machine_->unload(*loaded);
    ASSERT_TRUE(unloaded.has_value()) << unloaded.error().message << plan.last_failure();
  }
  machine_->set_fault_plan(nullptr);
  // At least: two for the observer and its buffers, two for the ring, the objects, the thread, the device, the reader.
  EXPECT_GE(plan.failures(), 8u);
  EXPECT_GE(failed_loads, 6);
  EXPECT_GE(loads, 1);
}

}  // namespace
}  // namespace wdscope::tests
