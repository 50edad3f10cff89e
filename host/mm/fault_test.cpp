// SPDX-License-Identifier: MIT
// What the processor refuses a driver becomes a bug check page: code, instruction, address, and the driver's stack.
#include "host/mm/fault.h"

#include "host/machine_drivers.h"
#include "host/mm/guarded_copy.h"
#include "host/testing/boot.h"

namespace wdscope::host {
namespace {

constexpr const char* kDriver = "host_faulty_driver";
constexpr int kBugCheckExit = 134;

// Calls an export of the faulty driver as kernel code. Does not return when all is well.
void call(const char* name, std::uint64_t argument) {
  auto machine = std::move(*Machine::boot());
  auto driver = machine->load(testing::driver_file(kDriver), {kDriver, {}});
  ASSERT_TRUE(driver) << driver.error().message;
  auto* const routine = reinterpret_cast<NTAPI void (*)(std::uint64_t)>(machine->driver_export(*driver, name));
  ASSERT_NE(routine, nullptr) << name;
  machine->run_in_process(4, [&] { routine(argument); });
}

void call_unloaded_code() {
  auto machine = std::move(*Machine::boot());
  auto gone = machine->load(testing::driver_file("host_device_driver"), {"gone", {{"Answer", 1U}}});
  auto driver = machine->load(testing::driver_file(kDriver), {kDriver, {}});
  ASSERT_TRUE(gone);
  ASSERT_TRUE(driver);
  const auto entry = reinterpret_cast<std::uint64_t>((*gone)->image->entry_point());
  ASSERT_TRUE(machine->unload(*gone));
  auto* const routine = reinterpret_cast<NTAPI void (*)(std::uint64_t)>(machine->driver_export(*driver, "call_at"));
  machine->run_in_process(4, [&] { routine(entry); });
}

struct Fault {
  const char* name;
  const char* routine;
  std::uint64_t argument;
  const char* report;
};

class FaultDeathTest : public ::testing::TestWithParam<Fault> {};

TEST_P(FaultDeathTest, StopsTheMachineWithAReport) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(call(GetParam().routine, GetParam().argument), ::testing::ExitedWithCode(kBugCheckExit),
              GetParam().report);
}

INSTANTIATE_TEST_SUITE_P(
    Faults, FaultDeathTest,
    ::testing::Values(
        Fault{"ReadsNull", "read_at", 0,
              "BUG CHECK 0x3B .*\nread of 0x0 by host_faulty_driver.sys!read_at.*: a null pointer"},
        Fault{"WritesAFieldOfNull", "write_at", 0x18,
              "BUG CHECK 0x3B .*\nwrite of 0x18 by host_faulty_driver.sys!write_at.*: a null pointer, or a field"},
        Fault{"ReadsUserSpace", "read_at", 0x1234'5670,
              "BUG CHECK 0x3B .*\nread of 0x12345670 by host_faulty_driver.sys!read_at.*: an address of user space"},
        Fault{"ReadsUnmappedKernelSpace", "read_at", 0xFFFF'9000'0000'0000,
              "BUG CHECK 0x50 .*\nread of 0xFFFF900000000000 by host_faulty_driver.sys!read_at.*: kernel space"},
        Fault{"ReadsANonCanonicalAddress", "read_at", 0x1234'0000'0000'5678,
              "BUG CHECK 0x1E .*0xC0000005.*\naccess of 0x1234000000005678 by host_faulty_driver.sys!read_at.*: not a "
              "canonical address"},
        Fault{"WritesANonCanonicalAddress", "write_at", 0xDEAD'BEEF'0000'0000,
              "access of 0xDEADBEEF00000000 by host_faulty_driver.sys!write_at.*: not a canonical address"},
        Fault{"NamesTheCaller", "read_for_caller", 0,
              "Stack, innermost first:\n *host_faulty_driver.sys!read_at.*\n *host_faulty_driver.sys!read_for_caller"},
        Fault{"FaultsAtDispatchLevel", "read_at_dispatch", 8,
              "BUG CHECK 0xD1 .*0x8, 0x2, 0x0, .*\nread of 0x8 by host_faulty_driver.sys!read_at.*IRQL 2"},
        Fault{"CallsNull", "call_at", 0,
              "execution of 0x0 by .*a null pointer.*\n.*\n.*\n *host_faulty_driver.sys!call_at"},
        Fault{"ExecutesData", "execute_data", 0,
              "BUG CHECK 0xFC ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY .*\nexecution of 0x.*: "
              "host_faulty_driver.sys!.*, which is data\n.*\n.*\n(.*\n)? "
              "*host_faulty_driver.sys!execute_data"},
        Fault{"DividesByZero", "divide_by_zero", 0,
              "BUG CHECK 0x1E .*0xC0000094.*\nhost_faulty_driver.sys!divide_by_zero.* divided by zero"},
        Fault{"IsPrivileged", "halt", 0,
              "BUG CHECK 0x1E .*0xC0000096.*\nhost_faulty_driver.sys!halt.* executed a privileged instruction"},
        Fault{"IsInvalid", "reach_the_unreachable", 0,
              "BUG CHECK 0x1E .*0xC000001D.*\nhost_faulty_driver.sys!reach_the_unreachable.* does not exist"}),
    [](const auto& fault) { return fault.param.name; });

// The last call may be one of the sanitizer's. ThreadSanitizer keeps a call stack of its own, which ends before ours.
#ifndef WDSCOPE_TSAN
INSTANTIATE_TEST_SUITE_P(DeepFaults, FaultDeathTest,
                         ::testing::Values(Fault{
                             "OverflowsTheStack", "overflow_stack", 0,
                             "the stack has overflowed.*\n.*\n.*\n(.*\n)? *host_faulty_driver.sys!overflow_stack"}),
                         [](const auto& fault) { return fault.param.name; });
#endif

TEST(UnloadedCodeDeathTest, IsNamedByTheDriverThatWasThere) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      call_unloaded_code(), ::testing::ExitedWithCode(kBugCheckExit),
      "execution of 0x.*inside the unloaded driver gone.sys.*\n.*\n.*\n(.*\n)? *host_faulty_driver.sys!call_at");
}

// A sanitizer's runtime ends such a fault by a report of its own.
#if !defined(WDSCOPE_ASAN) && !defined(WDSCOPE_TSAN)
TEST(FaultOfTheHostDeathTest, IsNotBlamedOnADriver) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        install_fault_handler();
        volatile std::uintptr_t nowhere = 8;
        *reinterpret_cast<volatile int*>(nowhere) = 1;
      },
      ::testing::KilledBySignal(SIGSEGV), "");
}
#endif

}  // namespace
}  // namespace wdscope::host
