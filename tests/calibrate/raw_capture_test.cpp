// SPDX-License-Identifier: MIT
// Raw capture at the device: its bounds, its ends, what it copies and what it leaves alone.
#include <sys/mman.h>

#include <cstring>

#include "abi/defender/process_context.h"
#include "calibrate/calibration_story.h"
#include "event/decode.h"

namespace wdscope::tests {
namespace {

using calibrate::RawNotification;
using defender::OperationType;

constexpr std::uint64_t kPid = 0x1234;
constexpr std::uint32_t kUnknownMagic = 0x0148'DA0F;
constexpr std::size_t kPage = 4096;
constexpr host::NtStatus kInvalidDeviceState = host::nt_status(0xC0000184);
constexpr host::NtStatus kDeviceBusy = host::nt_status(0x80000011);

std::vector<RawNotification> notifications_in(const RawClient::Read& read) {
  std::vector<RawNotification> all;
  const auto walked = for_each_record(read.records, [&](std::span<const std::byte> record) -> Result<void> {
    if (!calibrate::is_raw_notification(record)) return {};
    auto notification = calibrate::read_raw_notification(record);
    if (!notification) return tl::make_unexpected(notification.error());
    all.push_back(std::move(*notification));
    return {};
  });
  EXPECT_TRUE(walked.has_value()) << walked.error().what;
  return all;
}

class RawCapture : public CalibrationStory {
 protected:
  RawCapture() : created_(start_process(kPid)) {}

  void notify_create(std::uint64_t context) {
    auto frame = frame_a5(kPid, 4, OperationType::Create, context);
    notify(&frame.Info);
  }

  std::int64_t created_;
  PoolBlock context_{0x148};
};

TEST_F(RawCapture, IsOffUntilItIsAskedFor) {
  RawClient client(*machine_);
  EXPECT_EQ(client.read().status, kInvalidDeviceState);
  EXPECT_EQ(client.stop().status, kInvalidDeviceState);
  *context_.as<std::uint32_t>() = kUnknownMagic;
  notify_create(context_.address());
  ASSERT_EQ(client.start(), host::kStatusSuccess);
  EXPECT_TRUE(client.read().records.empty());
}

TEST_F(RawCapture, NeedsWriteAccess) {
  RawClient reader(*machine_, host::Access::Read);
  EXPECT_EQ(reader.start(), host::kStatusAccessDenied);
  EXPECT_EQ(reader.load({}), host::kStatusAccessDenied);
}

TEST_F(RawCapture, RefusesLimitsThatAreNone) {
  RawClient client(*machine_);
  EXPECT_EQ(client.start(0, 1000), host::kStatusInvalidParameter);
  EXPECT_EQ(client.start(1, 0), host::kStatusInvalidParameter);
  EXPECT_EQ(client.start(wire::kMaximumRawNotifications + 1, 1000), host::kStatusInvalidParameter);
  EXPECT_EQ(client.start(1, wire::kMaximumRawTimeMs + 1), host::kStatusInvalidParameter);
  EXPECT_EQ(client.start({sizeof(wire::RawStartRequest), 1, 1, 1}), host::kStatusInvalidParameter);
  EXPECT_EQ(client.start({4, 0, 1, 1}), host::kStatusInvalidParameter);
  EXPECT_EQ(client.file().control(wire::kControlRawStart, {}, {}).status, host::kStatusInvalidParameter);
  std::byte byte{};
  EXPECT_EQ(client.file().control(wire::kControlRawStop, std::span(&byte, 1), {}).status,
            host::kStatusInvalidParameter);
}

TEST_F(RawCapture, CopiesTheCandidateAndTheStringsItPointsTo) {
  PoolText text(u"notepad.exe C:\\todo.txt");
  PoolText longer(std::u16string(3000, u'x'));
  *context_.as<std::uint32_t>() = kUnknownMagic;
  context_.as<std::uint64_t>()[5] = text.address();
  context_.as<std::uint64_t>()[7] = longer.address();
  RawClient client(*machine_);
  ASSERT_EQ(client.start(), host::kStatusSuccess);
  notify_create(context_.address());
  const auto all = notifications_in(client.read());
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].event.process_id, kPid);
  EXPECT_EQ(all[0].slot_offset, -8);
  EXPECT_EQ(all[0].magic, kUnknownMagic);
  ASSERT_EQ(all[0].context.size(), 0x148u);
  EXPECT_EQ(std::memcmp(all[0].context.data(), context_.as<std::byte>(), 0x148), 0);
  ASSERT_EQ(all[0].texts.size(), 2u);
  EXPECT_EQ(all[0].texts[0].pointer_offset, 0x28u);
  EXPECT_EQ(all[0].texts[0].string.text, u"notepad.exe C:\\todo.txt");
  EXPECT_EQ(all[0].texts[1].string.length, 6000u);
  EXPECT_EQ(all[0].texts[1].string.text, std::u16string(512, u'x'));
}

TEST_F(RawCapture, CopiesNoMoreThanAKilobyte) {
  PoolBlock large(0x2000);
  *large.as<std::uint32_t>() = 0x2000'DA0F;
  RawClient client(*machine_);
  ASSERT_EQ(client.start(), host::kStatusSuccess);
  notify_create(large.address());
  const auto all = notifications_in(client.read());
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].context.size(), wire::kMaximumRawContextSize);
}

TEST_F(RawCapture, TakesNothingForACandidateThatIsNone) {
  void* const memory = mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  ASSERT_EQ(mprotect(static_cast<std::byte*>(memory) + kPage, kPage, PROT_NONE), 0);
  // Its header can be read, the rest of it not.
  auto* const cliff = reinterpret_cast<std::uint32_t*>(static_cast<std::byte*>(memory) + kPage - 0x40);
  *cliff = kUnknownMagic;
  std::uint64_t on_stack[0x40] = {kUnknownMagic};
  RawClient client(*machine_);
  ASSERT_EQ(client.start(), host::kStatusSuccess);
  notify_create(reinterpret_cast<std::uint64_t>(cliff));
  notify_create(reinterpret_cast<std::uint64_t>(cliff) + 4);
  notify_create(reinterpret_cast<std::uint64_t>(on_stack));
  notify_create(0xFFFF'F780'0000'1000);
  notify_create(0x1000);
  for (const std::uint32_t magic : {0u, 0x0010'DA0Fu, 0x0141'DA0Fu, 0x0148'DB0Fu, 0xFFFF'FFFFu}) {
    *context_.as<std::uint32_t>() = magic;
    notify_create(context_.address());
  }
  for (const RawNotification& one : notifications_in(client.read())) EXPECT_EQ(one.slot_offset, 0) << one.magic;
  EXPECT_EQ(client.stop().totals.notifications, 10u);
  munmap(memory, 2 * kPage);
}

TEST_F(RawCapture, PrefersTheTypeOfContextsToItsNeighbours) {
  PoolBlock other(0x100);
  *other.as<std::uint32_t>() = 0x0100'DA14;
  *context_.as<std::uint32_t>() = kUnknownMagic;
  RawClient client(*machine_);
  ASSERT_EQ(client.start(), host::kStatusSuccess);
  auto frame = frame_a5(kPid, 4, OperationType::Create, other.address());
  frame.AccessDenied = context_.address();
  notify(&frame.Info);
  const auto all = notifications_in(client.read());
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].slot_offset, -0x20);
  EXPECT_GE(all[0].candidate_count, 2u);  // the compiler's own slots around the frame may hold another
}

TEST_F(RawCapture, EndsWhenItsCountIsOver) {
  RawClient client(*machine_);
  ASSERT_EQ(client.start(3), host::kStatusSuccess);
  for (int round = 0; round < 5; ++round) notify_create(0);
  EXPECT_EQ(notifications_in(client.read()).size(), 3u);
  const auto stopped = client.stop();
  EXPECT_EQ(stopped.totals.notifications, 3u);
  EXPECT_EQ(stopped.totals.ended, static_cast<std::uint32_t>(wire::RawEnd::CountOver));
}

TEST_F(RawCapture, EndsWhenItsClientDies) {
  RawClient client(*machine_);
  ASSERT_EQ(client.start(), host::kStatusSuccess);
  RawClient other(*machine_);
  EXPECT_EQ(other.start(), kDeviceBusy);
  EXPECT_EQ(other.read().status, kInvalidDeviceState);
  EXPECT_EQ(machine_->holdings_of(driver_).registrations.size(), 2u);
  notify_create(0);
  client.close();
  EXPECT_EQ(machine_->holdings_of(driver_).registrations.size(), 1u);
  EXPECT_EQ(other.start(), host::kStatusSuccess);
  EXPECT_TRUE(other.read().records.empty());
}

TEST_F(RawCapture, OneWhoseTimeIsOverIsInNobodysWay) {
  RawClient client(*machine_);
  ASSERT_EQ(client.start(100, 1), host::kStatusSuccess);
  RawClient other(*machine_);
  host::NtStatus status = kDeviceBusy;
  // Its millisecond is over when it is over.
  while (status == kDeviceBusy) status = other.start();
  EXPECT_EQ(status, host::kStatusSuccess);
  EXPECT_EQ(client.read().status, kInvalidDeviceState);
}

TEST_F(RawCapture, EndsWithTheDriver) {
  {
    RawClient client(*machine_);
    ASSERT_EQ(client.start(), host::kStatusSuccess);
  }
  unload();
}

TEST_F(RawCapture, DisturbsNoOtherReader) {
  Client reader = client();
  reader.drain();
  RawClient capturing(*machine_);
  ASSERT_EQ(capturing.start(), host::kStatusSuccess);
  *context_.as<std::uint32_t>() = kUnknownMagic;
  notify_create(context_.address());
  const std::vector<Record> records = reader.drain();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].header().kind, static_cast<std::uint16_t>(wire::RecordKind::Process));
  EXPECT_EQ(reader.statistics().produced, 1u);
}

TEST_F(RawCapture, TellsWhatNtSaysOfAStart) {
  RawClient client(*machine_);
  ASSERT_EQ(client.start(), host::kStatusSuccess);
  host::ProcessStart start;
  start.process_id = 0x4000;
  start.parent_process_id = kPid;
  start.created_100ns = created_ + 77;
  start.image = u"\\Device\\a.exe";
  start.command_line = std::u16string(2000, u'c');
  ASSERT_EQ(machine_->start_process(start), host::kStatusSuccess);
  const RawClient::Read read = client.read();
  const auto told = calibrate::read_raw_start(read.records);
  ASSERT_TRUE(told.has_value()) << told.error().what;
  EXPECT_EQ(told->process_id, 0x4000u);
  EXPECT_EQ(told->parent_process_id, kPid);
  EXPECT_EQ(told->created, created_ + 77);
  EXPECT_EQ(told->command_line.length, 4000u);
  EXPECT_EQ(told->command_line.text, std::u16string(512, u'c'));
}

}  // namespace
}  // namespace wdscope::tests
