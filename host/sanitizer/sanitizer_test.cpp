// SPDX-License-Identifier: MIT
// A sanitizer that is silent proves nothing unless it speaks when a driver is wrong: each mistake here is made inside a
// driver, and reported with the driver's own function. A plain host has no sanitizer, and none of these tests.
#if defined(WDSCOPE_ASAN) || defined(WDSCOPE_TSAN)

#include <cstdlib>
#include <thread>

#include "host/testing/boot.h"
#include "host/testing/rule_breaker_rules.h"

namespace wdscope::host {
namespace {

using rule_breaker::Rule;

constexpr const char* kBreaker = "host_rule_breaker";
constexpr std::uint32_t kAnyControl = 0x22 << 16;

std::unique_ptr<DeviceFile> open_breaker(Machine& machine, Rule rule) {
  const auto loaded =
      machine.load(testing::driver_file(kBreaker), {kBreaker, {{"Rule", static_cast<std::uint32_t>(rule)}}});
  EXPECT_TRUE(loaded) << loaded.error().message;
  return machine.open("\\Device\\Breaker", Access::Read).value();
}

class SanitizerDeathTest : public ::testing::Test {
 protected:
  void SetUp() override { ::testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

#ifdef WDSCOPE_ASAN

constexpr int kBugCheckExit = 134;

void ask_once(Rule rule) {
  const auto machine = std::move(*Machine::boot());
  open_breaker(*machine, rule)->control(kAnyControl, {}, {});
}

TEST_F(SanitizerDeathTest, ADriversWriteBehindItsPoolBlockIsReportedWhereItHappens) {
  EXPECT_EXIT(ask_once(Rule::OverflowPool), ::testing::ExitedWithCode(kBugCheckExit),
              "AddressSanitizer: write of 1 bytes at .* by host_rule_breaker.sys!.*overflow_pool.*: 0 bytes behind the "
              "61-byte nonpaged block .*allocated at host_rule_breaker.sys!.*overflow_pool");
}

TEST_F(SanitizerDeathTest, ADriversReadOfFreedPoolIsReportedWithWhoFreedIt) {
  EXPECT_EXIT(
      ask_once(Rule::ReadFreedPool), ::testing::ExitedWithCode(kBugCheckExit),
      "AddressSanitizer: read of 1 bytes at .* by host_rule_breaker.sys!.*read_freed_pool.*: at offset 5 of the "
      "freed 61-byte .*freed at host_rule_breaker.sys!.*read_freed_pool");
}

TEST_F(SanitizerDeathTest, ACopyPastAPoolBlockOnADriversBehalfIsReported) {
  EXPECT_EXIT(
      ask_once(Rule::CopyPastPool), ::testing::ExitedWithCode(kBugCheckExit),
      "AddressSanitizer: write of 8 bytes at .* by host_rule_breaker.sys!.*copy_past_pool.*: 0 bytes behind the "
      "61-byte nonpaged block");
}

#else

constexpr int kReportedExit = 66;  // what the runtime makes of an exit code 0 after a report

void ask_twice_at_once(Rule rule) {
  {
    const auto machine = std::move(*Machine::boot());
    const auto device = open_breaker(*machine, rule);
    std::thread other([&] { device->control(kAnyControl, {}, {}); });
    device->control(kAnyControl, {}, {});
    other.join();
  }
  std::exit(0);
}

TEST_F(SanitizerDeathTest, ARaceInsideADriverIsReportedWithItsFunction) {
  EXPECT_EXIT(ask_twice_at_once(Rule::RaceForCounter), ::testing::ExitedWithCode(kReportedExit),
              "data race.*"
              "driver frames of access 0 .read of 4 bytes.*host_rule_breaker.sys!.*race_for_counter.*"
              "driver frames of access 1 .write of 4 bytes.*host_rule_breaker.sys!.*race_for_counter");
}

TEST_F(SanitizerDeathTest, ADriverThatKeepsTheRulesIsNotReported) {
  EXPECT_EXIT(ask_twice_at_once(Rule::None), ::testing::ExitedWithCode(0), "");
}

#endif

}  // namespace
}  // namespace wdscope::host

#endif
