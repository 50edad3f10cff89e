// SPDX-License-Identifier: MIT
// The device's contract: who may open it, and what each control code makes of good and bad buffers.
#include <atomic>
#include <cstring>
#include <thread>

#include <gmock/gmock.h>

#include "observer/frames.h"
#include "observer/observer_story.h"

namespace wdscope::tests {
namespace {

using defender::OperationType;
using host::Account;

constexpr host::NtStatus kInvalidDeviceState = host::nt_status(0xC0000184);
constexpr host::NtStatus kDeviceBusy = host::nt_status(0x80000011);

class Device : public ObserverStory {
 protected:
  // Sends `code` with `input_size` and `output_size` zero bytes.
  host::DeviceFile::Completion send(Client& client, std::uint32_t code, std::size_t input_size,
                                    std::size_t output_size) {
    std::vector<std::uint64_t> input(input_size / 8 + 1);
    std::vector<std::uint64_t> output(output_size / 8 + 1);
    return client.file().control(code, std::as_bytes(std::span(input)).first(input_size),
                                 std::as_writable_bytes(std::span(output)).first(output_size));
  }
  host::NtStatus send_read(Client& client, const wire::ReadRequest& request, std::size_t input_size = 16) {
    std::vector<std::uint64_t> output(512);
    return client.file()
        .control(wire::kControlRead, std::as_bytes(std::span(&request, 1)).first(input_size),
                 std::as_writable_bytes(std::span(output)))
        .status;
  }
  void notify_once() {
    const auto frame = frame_a5(4, 0, OperationType::Terminate, 0);
    notify(&frame.Info);
  }
};

TEST_F(Device, IsOpenToSystemAndAdministratorsAlone) {
  EXPECT_TRUE(machine_->open(wire::kUserDeviceName, host::Access::Read, Account::System).has_value());
  EXPECT_TRUE(machine_->open(wire::kUserDeviceName, host::Access::Read, Account::Administrator).has_value());
  const auto refused = machine_->open(wire::kUserDeviceName, host::Access::Read, Account::User);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().status, host::kStatusAccessDenied);
  const auto without_access = machine_->open(wire::kUserDeviceName, host::Access::None, Account::User);
  EXPECT_FALSE(without_access.has_value());
}

TEST_F(Device, HasNothingBelowIt) {
  const std::string below = std::string(wire::kUserDeviceName) + "\\anything";
  EXPECT_FALSE(machine_->open(below, host::Access::Read, Account::Administrator).has_value());
  const auto refused = machine_->open(below, host::Access::Read, Account::User);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().status, host::kStatusAccessDenied);
}

TEST_F(Device, CodesNeedReadAccess) {
  Client blind(std::move(*machine_->open(wire::kUserDeviceName, host::Access::Write)));
  for (const std::uint32_t code : {wire::kControlVersion, wire::kControlRead, wire::kControlStatistics,
                                   wire::kControlRefresh, wire::kControlEvidence}) {
    EXPECT_EQ(send(blind, code, 0, 4096).status, host::kStatusAccessDenied);
  }
}

TEST_F(Device, SaysWhatItIs) {
  Client reader = client();
  const wire::VersionReply version = reader.version();
  EXPECT_EQ(version.protocol_version, wire::kProtocolVersion);
  EXPECT_EQ(version.schema_version, wire::kSchemaVersion);
  EXPECT_NE(version.driver_version, 0u);
  EXPECT_EQ(version.capabilities, wire::capability::Read | wire::capability::Statistics | wire::capability::Refresh |
                                      wire::capability::Evidence);
  EXPECT_GT(version.loaded_at_100ns, 0);
  EXPECT_EQ(version.ring_size, 1024u * 1024);
}

TEST_F(Device, UnknownCodesAreRefused) {
  Client reader = client();
  for (const std::uint32_t code :
       {0u, 0xFFFFFFFFu & ~3u, wire::kControlVersion + 0x40, wire::kControlVersion ^ 1u << 16,
        wire::control_code(0x801, wire::Method::Buffered, wire::ControlAccess::Read)}) {
    const auto [status, information] = send(reader, code, 16, 64);
    EXPECT_TRUE(status == host::kStatusInvalidDeviceRequest || status == host::kStatusAccessDenied)
        << std::hex << code << " " << status;
  }
  EXPECT_EQ(send(reader, wire::control_code(0x801, wire::Method::Buffered, wire::ControlAccess::Read), 16, 64).status,
            host::kStatusInvalidDeviceRequest);
  EXPECT_EQ(send(reader, wire::control_code(0x8FF, wire::Method::Neither, wire::ControlAccess::Read), 16, 64).status,
            host::kStatusInvalidDeviceRequest);
}

TEST_F(Device, ShortOutputsAreRefusedAndUntouched) {
  Client reader = client();
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, sizeof(wire::VersionReply) - 1}) {
    const auto [status, information] = send(reader, wire::kControlVersion, 0, size);
    EXPECT_EQ(status, host::kStatusBufferTooSmall);
    EXPECT_EQ(information, 0u);
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{wire::kFirstStatisticsSize - 1}}) {
    EXPECT_EQ(send(reader, wire::kControlStatistics, 0, size).status, host::kStatusBufferTooSmall);
  }
  for (const std::size_t size : {std::size_t{0}, sizeof(wire::Evidence) - 1}) {
    EXPECT_EQ(send(reader, wire::kControlEvidence, 0, size).status, host::kStatusBufferTooSmall);
  }
  for (const std::size_t size : {std::size_t{0}, sizeof(wire::ReadReply) - 1}) {
    EXPECT_EQ(send(reader, wire::kControlRead, 16, size).status, host::kStatusInvalidParameter);
  }
}

TEST_F(Device, AClientOfTheFirstSchemaGetsTheStatisticsItKnows) {
  Client reader = client();
  const auto [status, information] = send(reader, wire::kControlStatistics, 0, wire::kFirstStatisticsSize);
  EXPECT_EQ(status, host::kStatusSuccess);
  EXPECT_EQ(information, wire::kFirstStatisticsSize);
}

TEST_F(Device, InputIsRefusedWhereThereIsNone) {
  Client reader = client();
  for (const std::uint32_t code :
       {wire::kControlVersion, wire::kControlStatistics, wire::kControlRefresh, wire::kControlEvidence}) {
    EXPECT_EQ(send(reader, code, 1, 4096).status, host::kStatusInvalidParameter);
  }
}

TEST_F(Device, AReadRequestOfWrongSizeOrWithUnknownFlagsIsRefused) {
  Client reader = client();
  const wire::ReadRequest good{sizeof(wire::ReadRequest), 0, 0, 0};
  EXPECT_EQ(send_read(reader, good), host::kStatusSuccess);
  EXPECT_EQ(send_read(reader, good, 15), host::kStatusInvalidParameter);
  EXPECT_EQ(send_read(reader, good, 0), host::kStatusInvalidParameter);
  wire::ReadRequest bad = good;
  bad.flags = 1;
  EXPECT_EQ(send_read(reader, bad), host::kStatusInvalidParameter);
  bad = good;
  bad.size = 12;
  EXPECT_EQ(send_read(reader, bad), host::kStatusInvalidParameter);
}

TEST_F(Device, AMisalignedOutputIsRefused) {
  Client reader = client();
  const wire::ReadRequest request{sizeof(request), 0, 0, 0};
  alignas(8) std::byte output[128];
  for (const std::size_t offset : {1, 2, 4}) {
    EXPECT_EQ(
        reader.file()
            .control(wire::kControlRead, std::as_bytes(std::span(&request, 1)), std::span(output).subspan(offset, 64))
            .status,
        host::kStatusInvalidParameter);
  }
}

TEST_F(Device, BytesBehindTheRecordsAreUntouched) {
  notify_once();
  Client reader = client();
  const wire::ReadRequest request{sizeof(request), 0, 0, 0};
  std::vector<std::uint64_t> output(512, 0xEEEE'EEEE'EEEE'EEEE);
  const auto [status, information] = reader.file().control(wire::kControlRead, std::as_bytes(std::span(&request, 1)),
                                                           std::as_writable_bytes(std::span(output)));
  ASSERT_EQ(status, host::kStatusSuccess);
  EXPECT_EQ(output[information / 8], 0xEEEE'EEEE'EEEE'EEEE);
}

TEST_F(Device, CountsItsReaders) {
  Client first = client();
  EXPECT_EQ(first.statistics().reader_count, 1u);
  {
    Client second = client();
    EXPECT_EQ(first.statistics().reader_count, 2u);
  }
  EXPECT_EQ(first.statistics().reader_count, 1u);
}

TEST_F(Device, StatisticsAddUp) {
  for (int index = 0; index < 10; ++index) notify_once();
  Client reader = client();
  reader.drain();
  const wire::Statistics statistics = reader.statistics();
  EXPECT_EQ(statistics.size, sizeof(wire::Statistics));
  EXPECT_EQ(statistics.notifications, 10u);
  EXPECT_EQ(statistics.produced, 10u);
  EXPECT_EQ(statistics.overwritten, 0u);
  EXPECT_EQ(statistics.reader_start, 0u);
  EXPECT_EQ(statistics.reader_delivered, 10u);
  EXPECT_EQ(statistics.reader_lost, 0u);
  EXPECT_EQ(statistics.ring_used, 10 * sizeof(wire::ProcessRecord));
}

TEST_F(Device, ARefreshNotifiesTheNriObjectWithAZeroAndNull) {
  struct Seen {
    int calls = 0;
    std::uint32_t value = 1;
    void* argument2 = &calls;
  } seen;
  const auto refreshed = [](void* context, void* argument1, void* argument2) __attribute__((ms_abi)) {
    auto& result = *static_cast<Seen*>(context);
    ++result.calls;
    std::memcpy(&result.value, argument1, sizeof(result.value));
    result.argument2 = argument2;
  };
  host::CallbackRegistration* const registration = host::ExRegisterCallback(nri_callback_.get(), refreshed, &seen);
  Client reader = client();
  EXPECT_EQ(reader.refresh(), host::kStatusSuccess);
  EXPECT_EQ(seen.calls, 1);
  EXPECT_EQ(seen.value, 0u);
  EXPECT_EQ(seen.argument2, nullptr);
  // Within the interval.
  EXPECT_EQ(reader.refresh(), kDeviceBusy);
  EXPECT_EQ(seen.calls, 1);
  host::ExUnregisterCallback(registration);
}

TEST_F(Device, WhatARefreshCausesIsThereWhenItReturns) {
  const auto refreshed = [](void* context, void*, void*) __attribute__((ms_abi)) {
    const auto frame = frame_a5(4, 0, OperationType::Trust, 0);
    host::ExNotifyCallback(static_cast<host::CallbackObject*>(context),
                           const_cast<defender::WD_PS_NOTIFY_INFO*>(&frame.Info), nullptr);
  };
  host::CallbackRegistration* const registration =
      host::ExRegisterCallback(nri_callback_.get(), refreshed, process_callback_.get());
  Client reader = client();
  EXPECT_EQ(reader.refresh(), host::kStatusSuccess);
  EXPECT_EQ(reader.drain().size(), 3u);  // between two marks
  host::ExUnregisterCallback(registration);
}

TEST_F(Device, AFifthWaitingReadOfOneHandleIsRefused) {
  Client reader = client();
  std::atomic<int> refused{0};
  std::atomic<int> cancelled{0};
  std::vector<std::jthread> threads;
  for (std::uint32_t index = 0; index < wire::kMaximumWaitingReads + 1; ++index) {
    threads.emplace_back([&] {
      const host::NtStatus status = reader.read(1, Client::kForEver).status;
      if (status == kInvalidDeviceState) ++refused;
      if (status == host::kStatusCancelled) ++cancelled;
    });
  }
  while (refused == 0) std::this_thread::yield();
  while (cancelled != static_cast<int>(wire::kMaximumWaitingReads)) {
    reader.file().cancel();
    std::this_thread::yield();
  }
  threads.clear();
  EXPECT_EQ(refused, 1);
}

TEST_F(Device, ThatIsOpenKeepsTheDriverLoaded) {
  Client reader = client();
  EXPECT_FALSE(machine_->unload(driver_).has_value());
  notify_once();
  EXPECT_EQ(reader.drain().size(), 1u);
}

}  // namespace
}  // namespace wdscope::tests
