// SPDX-License-Identifier: MIT
// What the machine tells of a driver under examination: its output by name, what it holds, and how it stopped.
#include <gmock/gmock.h>

#include <cstdio>
#include <mutex>

#include "host/ex/callback.h"
#include "host/ke/spin_lock.h"
#include "host/machine_drivers.h"
#include "host/testing/boot.h"

namespace wdscope::host {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Examination : public testing::MachineTest {};

TEST_F(Examination, TellsDevicesAndPoolOfADriverAndOfNoOther) {
  boot();
  LoadedDriver* driver = load("host_device_driver", {{"Answer", 1U}});
  LoadedDriver* other = load("host_foreign_driver");
  const DriverHoldings holdings = machine_->holdings_of(driver);
  EXPECT_THAT(holdings.devices, Contains(HasSubstr("the device \\Device\\")));
  EXPECT_TRUE(holdings.can_unload);
  std::size_t bytes = 0;
  for (const auto& sum : holdings.pool) bytes += sum.bytes;
  const PoolUse use = machine_->pool_use(driver);
  EXPECT_EQ(bytes, use.paged_bytes + use.nonpaged_bytes);
  const DriverHoldings none = machine_->holdings_of(other);
  EXPECT_THAT(none.devices, IsEmpty());
  EXPECT_THAT(none.pool, IsEmpty());
  EXPECT_THAT(none.registrations, IsEmpty());
}

TEST_F(Examination, CountsTheLocksOfADriversImageOnlyWhenWatched) {
  for (const bool watched : {false, true}) {
    MachineOptions options;
    options.watch_locks = watched;
    boot(std::move(options));
    LoadedDriver* driver = load("host_faulty_driver");
    auto* const lock = static_cast<KSpinLock*>(machine_->driver_export(driver, "a_lock"));
    ASSERT_NE(lock, nullptr);
    KSpinLock elsewhere = 0;
    machine_->run_in_process(4, [&] {
      for (KSpinLock* each : {lock, lock, &elsewhere}) KeReleaseSpinLock(each, KeAcquireSpinLockRaiseToDpc(each));
    });
    const auto locks = machine_->holdings_of(driver).locks;
    if (watched) {
      ASSERT_EQ(locks.size(), 1U);
      EXPECT_EQ(locks[0].kind, "spin lock");
      EXPECT_EQ(locks[0].place, "host_faulty_driver.sys!a_lock");
      EXPECT_EQ(locks[0].taken, 2U);
    } else {
      EXPECT_THAT(locks, IsEmpty());
    }
    machine_.reset();
  }
}

TEST_F(Examination, NamesTheDriverThatPrints) {
  std::vector<std::string> lines;
  MachineOptions options;
  options.debug_output_by_driver = [&](std::string_view driver, std::string_view line) {
    lines.push_back(std::string(driver) + " said " + std::string(line));
  };
  boot(std::move(options));
  LoadedDriver* driver = load("host_faulty_driver");
  auto* const print = reinterpret_cast<NTAPI void (*)()>(machine_->driver_export(driver, "print"));
  ASSERT_NE(print, nullptr);
  print();
  EXPECT_THAT(lines, ElementsAre("host_faulty_driver.sys said at once 1", "host_faulty_driver.sys said by list 2"));
}

TEST_F(Examination, KnowsTheImageOfAProcess) {
  boot();
  ProcessStart start;
  start.process_id = 400;
  start.image = u"\\there";
  EXPECT_EQ(machine_->start_process(start), kStatusSuccess);
  EXPECT_EQ(machine_->image_of(400), u"\\there");
  EXPECT_EQ(machine_->image_of(404), u"");
}

// Prints what a handler gets; the process ends with the code that was asked for.
void fault_in_callback() {
  MachineOptions options;
  options.bug_check_exit_code = 1;
  options.on_bug_check = [](const BugCheck& check) {
    const auto& call = check.callbacks.at(0);
    std::fprintf(stderr, "%d 0x%llX %s in %zu %s %s %p %p irql %d\n", static_cast<int>(check.fault->access),
                 static_cast<unsigned long long>(check.fault->address), check.fault->instruction.c_str(),
                 check.callbacks.size(), call.object.c_str(), call.function.c_str(), call.argument1, call.argument2,
                 check.irql);
  };
  auto machine = std::move(*Machine::boot(std::move(options)));
  auto driver = machine->load(testing::driver_file("host_faulty_driver"), {"host_faulty_driver", {}});
  auto* const function = reinterpret_cast<CallbackFunction>(machine->driver_export(*driver, "read_second_argument"));
  machine->run_in_process(4, [&] {
    UnicodeString name{40, 42, const_cast<char16_t*>(u"\\Callback\\PowerState")};
    ObjectAttributes attributes{};
    attributes.length = sizeof attributes;
    attributes.object_name = &name;
    CallbackObject* object = nullptr;
    if (ExCreateCallback(&object, &attributes, 0, 1) != kStatusSuccess) return;
    ExRegisterCallback(object, function, nullptr);
    ExNotifyCallback(object, reinterpret_cast<void*>(0x1111), reinterpret_cast<void*>(0x2220));
  });
}

TEST(ExaminationDeathTest, ABugCheckSaysWhatWasTouchedInWhichCallback) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(fault_in_callback(), ::testing::ExitedWithCode(1),
              "0 0x2220 host_faulty_driver.sys!read_second_argument.* in 1 .Callback.PowerState "
              "host_faulty_driver.sys!read_second_argument.* 0x1111 0x2220 irql 0");
}

}  // namespace
}  // namespace wdscope::host
