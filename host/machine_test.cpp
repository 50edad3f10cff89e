// SPDX-License-Identifier: MIT
// The machine with a real .sys in it: loading, devices, every buffering method, waiting and cancelling.
#include "host/machine.h"

#include <array>
#include <atomic>
#include <thread>

#include "host/ke/time.h"
#include "host/testing/boot.h"
#include "host/testing/device_driver_codes.h"

namespace wdscope::host {
namespace {

using testing::bytes_of;
using testing::driver_file;

constexpr const char* kDriver = "host_device_driver";
constexpr const char* kDevice = "\\\\.\\HostTest";

class MachineWithDevice : public testing::MachineTest {
 protected:
  void SetUp() override {
    MachineOptions options;
    options.debug_output = [this](std::string_view line) { lines_.emplace_back(line); };
    boot(std::move(options));
    driver_ = load(kDriver, {{"Answer", std::uint32_t{42}}});
    ASSERT_NE(driver_, nullptr);
  }

  // Until that many requests are queued in the driver.
  static void await_waiting(DeviceFile& file, std::uint32_t count) {
    std::uint32_t waiting = 0;
    do {
      ASSERT_EQ(file.control(test_device::kWaiting, {}, bytes_of(waiting)).status, kStatusSuccess);
      std::this_thread::yield();
    } while (waiting != count);
  }

  LoadedDriver* driver_ = nullptr;
  std::vector<std::string> lines_;
};

TEST_F(MachineWithDevice, DriverEntryRunsAndPrints) {
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_EQ(lines_[0], "hosttest: \\Device\\HostTest is up, answer 42\n");
}

TEST(MachineClock, TheSystemTimeIsWhatTheOptionsSayAndLinuxAfterwards) {
  constexpr std::int64_t kMoment = 132'600'000'000'000'000;  // in 2021
  std::int64_t now = kMoment;
  MachineOptions options;
  options.system_time_100ns = [&now] { return now; };
  auto machine = Machine::boot(std::move(options));
  ASSERT_TRUE(machine) << machine.error().message;
  std::int64_t told = 0;
  KeQuerySystemTimePrecise(&told);
  EXPECT_EQ(told, kMoment);
  now += 5;
  KeQuerySystemTime(&told);
  EXPECT_EQ(told, kMoment + 5);
  machine->reset();
  KeQuerySystemTime(&told);
  EXPECT_GT(told, kMoment + 5);
}

TEST_F(MachineWithDevice, OnlyOneMachineStandsAtATime) {
  const auto second = Machine::boot();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().status, kStatusUnsuccessful);
}

TEST_F(MachineWithDevice, ALoadedServiceIsNotLoadedAgain) {
  const auto again = machine_->load(driver_file(kDriver), {kDriver, {}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().status, kStatusImageAlreadyLoaded);
}

TEST_F(MachineWithDevice, AParameterIsReadFromTheRegistry) {
  std::uint32_t answer = 0;
  const auto done = open(kDevice)->control(test_device::kParameter, {}, bytes_of(answer));
  EXPECT_EQ(done.status, kStatusSuccess);
  EXPECT_EQ(done.information, sizeof answer);
  EXPECT_EQ(answer, 42U);
}

TEST_F(MachineWithDevice, ADeviceOpensByEitherNameWhateverTheCase) {
  EXPECT_TRUE(open("\\Device\\HostTest"));
  EXPECT_TRUE(open("\\device\\hosttest"));
  EXPECT_TRUE(open("\\DosDevices\\HOSTTEST"));
  const auto missing = machine_->open("\\\\.\\Nothing", Access::Read);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().status, kStatusObjectNameNotFound);
}

TEST_F(MachineWithDevice, BufferedRequestsCopyBackExactlyInformationBytes) {
  const std::array<std::uint8_t, 4> input{1, 2, 3, 4};
  std::array<std::uint8_t, 6> output{9, 9, 9, 9, 9, 9};
  const auto done = open(kDevice)->control(test_device::kEcho, std::as_bytes(std::span(input)),
                                           std::as_writable_bytes(std::span(output)));
  EXPECT_EQ(done.status, kStatusSuccess);
  EXPECT_EQ(done.information, 4U);
  EXPECT_EQ(output, (std::array<std::uint8_t, 6>{1, 2, 3, 4, 9, 9}));
}

TEST_F(MachineWithDevice, AWarningCopiesBackAndAnErrorDoesNot) {
  auto file = open(kDevice);
  std::uint32_t value = 0;
  EXPECT_EQ(file->control(test_device::kOverflow, {}, bytes_of(value)).status, kStatusBufferOverflow);
  EXPECT_EQ(value, 0x11223344U);
  value = 0;
  EXPECT_EQ(file->control(test_device::kFailWithData, {}, bytes_of(value)).status, kStatusInvalidParameter);
  EXPECT_EQ(value, 0U);
}

TEST_F(MachineWithDevice, NoLengthsMeanNoSystemBuffer) {
  EXPECT_EQ(open(kDevice)->control(test_device::kNullBuffer, {}, {}).status, kStatusSuccess);
}

TEST_F(MachineWithDevice, DirectRequestsReachTheCallersOwnMemory) {
  auto file = open(kDevice);
  std::vector<std::byte> output(10'000);
  const auto done = file->control(test_device::kFillDirect, {}, output);
  EXPECT_EQ(done.status, kStatusSuccess);
  EXPECT_EQ(done.information, output.size());
  EXPECT_EQ(output[9'999], static_cast<std::byte>(9'999 % 256));
  std::array<std::byte, 3> addends{std::byte{1}, std::byte{2}, std::byte{3}};
  EXPECT_EQ(file->control(test_device::kSumDirect, {}, addends).status, kStatusSuccess);
  EXPECT_EQ(file->control(test_device::kFillDirect, {}, {}).status, kStatusInvalidParameter) << "no length, no MDL";
}

TEST_F(MachineWithDevice, NeitherPassesTheRawPointers) {
  const std::uint32_t input = 0xCAFE;
  std::uint32_t output = 0;
  EXPECT_EQ(
      open(kDevice)->control(test_device::kNeither, std::as_bytes(std::span(&input, 1)), bytes_of(output)).information,
      sizeof output);
  EXPECT_EQ(output, input);
}

TEST_F(MachineWithDevice, TheCodesAccessBitsAreCheckedAgainstTheHandle) {
  std::array<std::byte, 3> buffer{std::byte{1}, std::byte{2}, std::byte{3}};
  auto reader = open(kDevice, Access::Read);
  EXPECT_EQ(reader->control(test_device::kSumDirect, {}, buffer).status, kStatusAccessDenied);
  EXPECT_EQ(reader->control(test_device::kFillDirect, {}, buffer).status, kStatusSuccess);
  auto neither = open(kDevice, Access::None);
  EXPECT_EQ(neither->control(test_device::kFillDirect, {}, buffer).status, kStatusAccessDenied);
}

TEST_F(MachineWithDevice, AnUnknownCodeIsAnInvalidDeviceRequest) {
  EXPECT_EQ(open(kDevice)->control(0x12345678 & ~0xC000U, {}, {}).status, kStatusInvalidDeviceRequest);
}

TEST_F(MachineWithDevice, APendingRequestCompletesFromAnotherThread) {
  auto file = open(kDevice);
  std::uint32_t value = 0;
  DeviceFile::Completion waited{};
  std::thread waiter([&] { waited = file->control(test_device::kWait, {}, bytes_of(value)); });
  await_waiting(*file, 1);
  EXPECT_EQ(file->control(test_device::kRelease, {}, {}).status, kStatusSuccess);
  waiter.join();
  EXPECT_EQ(waited.status, kStatusSuccess);
  EXPECT_EQ(value, 0x600DU);
}

TEST_F(MachineWithDevice, CancelCompletesOnlyThatFilesRequests) {
  auto file = open(kDevice), other = open(kDevice);
  std::array<std::uint32_t, 3> values{};
  std::array<DeviceFile::Completion, 3> done{};
  std::vector<std::thread> waiters;
  for (std::size_t i = 0; i < 3; ++i)
    waiters.emplace_back(
        [&, i] { done[i] = (i < 2 ? file : other)->control(test_device::kWait, {}, bytes_of(values[i])); });
  await_waiting(*other, 3);
  file->cancel();
  waiters[0].join();
  waiters[1].join();
  EXPECT_EQ(done[0].status, kStatusCancelled);
  EXPECT_EQ(done[1].status, kStatusCancelled);
  EXPECT_EQ(done[1].information, 0U);
  await_waiting(*other, 1);
  EXPECT_EQ(other->control(test_device::kRelease, {}, {}).status, kStatusSuccess);
  waiters[2].join();
  EXPECT_EQ(done[2].status, kStatusSuccess);
}

TEST_F(MachineWithDevice, CancelAndReleaseRaceWithoutLosingARequest) {
  auto file = open(kDevice);
  std::atomic<bool> stop{false};
  std::thread canceller([&] {
    while (!stop) file->cancel();
  });
  std::thread releaser([&] {
    while (!stop) file->control(test_device::kRelease, {}, {});
  });
  for (int i = 0; i < 2'000; ++i) {
    std::uint32_t value = 0;
    const auto done = file->control(test_device::kWait, {}, bytes_of(value));
    ASSERT_TRUE(done.status == kStatusCancelled || (done.status == kStatusSuccess && value == 0x600D));
  }
  stop = true;
  canceller.join();
  releaser.join();
}

TEST_F(MachineWithDevice, APostedRequestIsToldOfByTheThreadThatCompletesIt) {
  auto file = open(kDevice);
  std::uint32_t value = 0;
  std::vector<DeviceFile::Completion> done;
  file->submit(test_device::kWait, {}, bytes_of(value), [&](DeviceFile::Completion with) {
    EXPECT_EQ(value, 0x600DU);
    done.push_back(with);
    // From there the file may be used again.
    std::uint32_t waiting = 1;
    EXPECT_EQ(file->control(test_device::kWaiting, {}, bytes_of(waiting)).status, kStatusSuccess);
    EXPECT_EQ(waiting, 0U);
  });
  EXPECT_TRUE(done.empty());
  ASSERT_EQ(file->control(test_device::kRelease, {}, {}).status, kStatusSuccess);
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].status, kStatusSuccess);
  EXPECT_EQ(done[0].information, sizeof value);
}

TEST_F(MachineWithDevice, APostedRequestThatEndsAtOnceMayCloseItsFile) {
  auto file = open(kDevice);
  std::uint32_t in = 7, out = 0;
  NtStatus status = kStatusCancelled;
  file->submit(test_device::kEcho, bytes_of(in), bytes_of(out), [&](DeviceFile::Completion with) {
    status = with.status;
    file.reset();
  });
  EXPECT_EQ(status, kStatusSuccess);
  EXPECT_EQ(out, 7U);
  EXPECT_EQ(file, nullptr);
}

TEST_F(MachineWithDevice, CancellingAndClosingEndWhatIsPosted) {
  std::vector<NtStatus> statuses;
  std::uint32_t first = 0, second = 0;
  auto file = open(kDevice);
  const auto keep = [&](DeviceFile::Completion with) { statuses.push_back(with.status); };
  file->submit(test_device::kWait, {}, bytes_of(first), keep);
  file->cancel();
  EXPECT_EQ(statuses, (std::vector<NtStatus>{kStatusCancelled}));
  file->submit(test_device::kWait, {}, bytes_of(second), keep);
  file.reset();
  EXPECT_EQ(statuses, (std::vector<NtStatus>{kStatusCancelled, kStatusCancelled}));
}

TEST_F(MachineWithDevice, CleanupComesBeforeCloseAndBothOnce) {
  open(kDevice).reset();
  std::array<std::uint32_t, 3> counts{};
  open(kDevice)->control(test_device::kLog, {}, bytes_of(counts));
  EXPECT_EQ(counts, (std::array<std::uint32_t, 3>{2, 1, 1}));
}

TEST_F(MachineWithDevice, AWorkItemCompletesARequest) {
  EXPECT_EQ(open(kDevice)->control(test_device::kWorkItem, {}, {}).status, kStatusSuccess);
}

TEST_F(MachineWithDevice, TheDescriptorDecidesWhoOpens) {
  EXPECT_TRUE(open(kDevice, Access::Read, Account::User)) << "the default lets everyone read";
  EXPECT_FALSE(machine_->open(kDevice, Access::Write, Account::User));
  ASSERT_EQ(open(kDevice)->control(test_device::kSetDefaultAcl, {}, {}).status, kStatusSuccess);
  for (const Account account : {Account::System, Account::Administrator})
    EXPECT_TRUE(open(kDevice, Access::ReadWrite, account));
  for (const char* name : {kDevice, "\\Device\\HostTest\\below"}) {
    const auto refused = machine_->open(name, Access::Read, Account::User);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, kStatusAccessDenied);
  }
}

TEST_F(MachineWithDevice, UnloadingWaitsForNobodyButRefusesWhileAFileIsOpen) {
  auto file = open(kDevice);
  const auto busy = machine_->unload(driver_);
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().status, nt_status(0x80000011));
  file.reset();
  EXPECT_TRUE(machine_->unload(driver_));
  EXPECT_FALSE(machine_->open(kDevice, Access::Read));
  EXPECT_NE(load(kDriver), nullptr) << "and it loads again";
}

TEST_F(MachineWithDevice, ProcessesAreAnnouncedWithTheirParents) {
  ProcessStart start;
  start.process_id = 1000;
  start.parent_process_id = 4;
  start.image = u"\\Device\\HarddiskVolume1\\bin\\true";
  EXPECT_EQ(machine_->start_process(start), kStatusSuccess);
  start.process_id = 1004;
  start.parent_process_id = 1000;
  EXPECT_EQ(machine_->start_process(start), kStatusSuccess);
  EXPECT_EQ(machine_->start_process(start), kStatusInvalidParameter) << "the id is taken";
  EXPECT_EQ(machine_->process_count(), 2U);
  std::array<std::uint64_t, 4> seen{};
  auto file = open(kDevice);
  file->control(test_device::kProcesses, {}, bytes_of(seen));
  EXPECT_EQ(seen, (std::array<std::uint64_t, 4>{2, 0, 1004, 1000}));
  EXPECT_EQ(machine_->exit_process(1000), kStatusSuccess);
  EXPECT_EQ(machine_->exit_process(1000), kStatusInvalidCid);
  file->control(test_device::kProcesses, {}, bytes_of(seen));
  EXPECT_EQ(seen, (std::array<std::uint64_t, 4>{2, 1, 1000, 1000}));
}

}  // namespace
}  // namespace wdscope::host
