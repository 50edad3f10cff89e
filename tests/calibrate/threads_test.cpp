// SPDX-License-Identifier: MIT
// Captures and layouts that come and go while notifications arrive on many threads, and calls of NT that fail.
#include <atomic>
#include <thread>

#include "calibrate/calibration_story.h"
#include "event/decode.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::tests {
namespace {

constexpr std::uint64_t kPid = 0x1234;
constexpr host::NtStatus kDeviceBusy = host::nt_status(0x80000011);

class CalibrationThreads : public CalibrationStory {
 protected:
  CalibrationThreads() : created_(start_process(kPid)) {
    // A layout by which the catalogue's own context is read.
    layout_.size = sizeof layout_;
    layout_.version = wire::kLayoutVersion;
    layout_.machine = wire::kMachineAmd64;
    layout_.magic = defender::kProcessContextMagic25080;
    layout_.slot_offset = -8;
    layout_.offsets[static_cast<std::uint32_t>(wire::LayoutMember::ProcessId)] = 0x18;
    layout_.offsets[static_cast<std::uint32_t>(wire::LayoutMember::CreateTime)] = 0x20;
  }

  std::int64_t created_;
  wire::ContextLayout layout_{};
};

TEST_F(CalibrationThreads, CapturesAndLayoutsComeAndGoUnderFire) {
  constexpr int kNotifiers = 4;
  constexpr int kNotificationsEach = 2'000;
  PoolContext context(defender::kProcessContextMagic25080, kPid, created_);
  std::atomic<int> notifying{kNotifiers};
  std::vector<std::thread> notifiers;
  for (int index = 0; index < kNotifiers; ++index) {
    notifiers.emplace_back([&] {
      for (int count = 0; count < kNotificationsEach; ++count) {
        const auto frame = frame_a5(kPid, 4, defender::OperationType::Create, context.address());
        notify(&frame.Info);
      }
      --notifying;
    });
  }
  Client reader = client();
  const auto check = [&] {
    for (const Record& record : reader.read().records) {
      if (record.is_loss()) continue;
      // By one or the other, never by none or both.
      EXPECT_NE(record.knows(wire::known::Context), record.knows(wire::known::LoadedContext));
    }
  };
  for (std::uint32_t round = 0; notifying != 0; ++round) {
    RawClient capturing(*machine_);
    EXPECT_EQ(capturing.start(1 + round % 100), host::kStatusSuccess);
    EXPECT_EQ(capturing.load(layout_), host::kStatusSuccess);
    const RawClient::Read read = capturing.read(1024 * 1024);
    EXPECT_EQ(read.status, host::kStatusSuccess);
    const auto walked = for_each_record(read.records, [](std::span<const std::byte> record) -> Result<void> {
      if (!calibrate::is_raw_notification(record)) return {};
      return calibrate::read_raw_notification(record).map([](auto&&) {});
    });
    EXPECT_TRUE(walked.has_value()) << walked.error().what;
    if (round % 2 == 0) {
      EXPECT_EQ(capturing.stop().status, host::kStatusSuccess);
    }
    EXPECT_EQ(capturing.unload(), host::kStatusSuccess);
    check();
  }
  for (std::thread& notifier : notifiers) notifier.join();
  check();
  EXPECT_EQ(client().statistics().produced, kNotifiers * kNotificationsEach);
}

TEST_F(CalibrationThreads, ACallThatFailsEndsOneCaptureAndNothingElse) {
  host::FaultPlan plan;
  machine_->set_fault_plan(&plan);
  int begun = 0;
  while (plan.next()) {
    auto file = machine_->open(wire::kUserDeviceName, host::Access::ReadWrite);
    if (!file) continue;
    const wire::RawStartRequest request{sizeof request, 0, 10, 60'000};
    const auto started = (*file)->control(wire::kControlRawStart, std::as_bytes(std::span(&request, 1)), {}).status;
    EXPECT_NE(started, kDeviceBusy) << plan.last_failure();
    if (host::nt_success(started)) ++begun;
  }
  machine_->set_fault_plan(nullptr);
  EXPECT_GE(plan.failures(), 3u);
  EXPECT_GE(begun, 2);
  RawClient capturing(*machine_);
  EXPECT_EQ(capturing.start(), host::kStatusSuccess);
}

}  // namespace
}  // namespace wdscope::tests
