// SPDX-License-Identifier: MIT
// A driver that reads the processor and the shared page by itself gets what the executive knows.
#include <stdexcept>
#include <thread>

#include "host/ke/irql.h"
#include "host/ke/thread.h"
#include "host/ke/time.h"
#include "host/testing/boot.h"

namespace wdscope::host {
namespace {

constexpr const char* kDriver = "host_foreign_driver";
constexpr Ulong kBuild = 19045;

class ForeignDriver : public testing::MachineTest {
 protected:
  void SetUp() override {
    boot();
    driver_ = load(kDriver);
    ASSERT_NE(driver_, nullptr);
  }
  template <class Routine>
  Routine* routine(const char* name) {
    auto* const found = reinterpret_cast<Routine*>(machine_->driver_export(driver_, name));
    if (!found) throw std::runtime_error(std::string("the driver does not export ") + name);
    return found;
  }
  LoadedDriver* driver_ = nullptr;
};

using TellByte = NTAPI Irql();
using TellLong = NTAPI Ulong();
using TellTime = NTAPI std::int64_t();

TEST_F(ForeignDriver, ReadsTheIrqlFromCr8) {
  auto* const irql_now = routine<TellByte>("irql_now");
  EXPECT_EQ(irql_now(), kPassiveLevel);
  Irql old = 0;
  KeRaiseIrql(kApcLevel, &old);
  EXPECT_EQ(irql_now(), kApcLevel);
  KeRaiseIrql(kDispatchLevel, &old);
  EXPECT_EQ(irql_now(), kDispatchLevel);
  KeLowerIrql(kPassiveLevel);
}

TEST_F(ForeignDriver, RaisesAndLowersTheIrqlThroughCr8) {
  auto* const raised = routine<NTAPI Ulong(Irql)>("irql_while_raised");
  EXPECT_EQ(raised(kDispatchLevel), Ulong{kDispatchLevel} << 8);
  EXPECT_EQ(raised(15), 15U << 8);
  EXPECT_EQ(KeGetCurrentIrql(), kPassiveLevel);
}

TEST_F(ForeignDriver, RaisesItForTheExecutiveToo) {
  machine_->run_in_process(4, [&] {
    routine<NTAPI void()>("leave_raised")();
    EXPECT_EQ(KeGetCurrentIrql(), kDispatchLevel);
    KeLowerIrql(kPassiveLevel);
  });
}

TEST_F(ForeignDriver, FindsItsThreadBehindGs) {
  auto* const thread_now = routine<NTAPI Thread*()>("thread_now");
  EXPECT_EQ(thread_now(), &current_thread());
  std::thread([&] {
    Thread& own = current_thread();
    EXPECT_EQ(thread_now(), &own);
  }).join();
}

TEST_F(ForeignDriver, ReadsTheTimesFromTheSharedPage) {
  const auto between = [](auto low, auto value, auto high) { return low <= value && value <= high; };
  const std::int64_t system_before = system_time_100ns();
  const std::int64_t system = routine<TellTime>("system_time")();
  EXPECT_TRUE(between(system_before, system, system_time_100ns())) << system;
  const auto interrupt_before = static_cast<std::int64_t>(interrupt_time_100ns());
  const std::int64_t interrupt = routine<TellTime>("interrupt_time")();
  EXPECT_TRUE(between(interrupt_before, interrupt, static_cast<std::int64_t>(interrupt_time_100ns()))) << interrupt;
  std::int64_t ticks_before = 0, ticks_after = 0;
  KeQueryTickCount(&ticks_before);
  const std::int64_t ticks = routine<TellTime>("tick_count")();
  KeQueryTickCount(&ticks_after);
  EXPECT_TRUE(between(ticks_before, ticks, ticks_after)) << ticks;
}

TEST_F(ForeignDriver, LoadsEveryWidthFromTheSharedPage) {
  EXPECT_EQ(routine<TellLong>("build_number")(), kBuild);
  EXPECT_EQ(routine<NTAPI std::uint16_t()>("build_number_16")(), kBuild);
  EXPECT_EQ(routine<TellTime>("build_number_low_byte_signed")(), static_cast<std::int8_t>(kBuild & 0xFF));
  EXPECT_EQ(routine<NTAPI Ulong(SizeT)>("major_version_at")(0x26C), 10U);
}

TEST_F(ForeignDriver, ComesAndGoesAsAnyOther) {
  EXPECT_TRUE(machine_->unload(driver_));
  EXPECT_NE(load(kDriver), nullptr);
}

}  // namespace
}  // namespace wdscope::host
