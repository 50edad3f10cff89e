// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "abi/defender/service_sids.h"
#include "conformance.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

// The unit tests in driver/notifier, compiled into a driver: its DriverEntry runs them and fails when one failed.
TEST(NotifierKernelTests, PassInTheHost) {
  NotifierMachine machine;
  for (const std::uint64_t process_id : {1000, 1004, 1512}) {
    ASSERT_EQ(machine.machine().adopt_process(NotifierMachine::describe(process_id, 4, u"early.exe")), 0);
  }
  // In session 0, and services by their SIDs: whom the tests of tokens look for.
  const auto adopt_service = [&](std::uint64_t process_id, const defender::ServiceSidWords& service) {
    auto start = NotifierMachine::describe(process_id, 4, u"early.exe");
    start.session_id = 0;
    start.services = {service};
    ASSERT_EQ(machine.machine().adopt_process(start), 0);
  };
  adopt_service(2000, defender::kWinDefendSid);
  adopt_service(2004, defender::kTrustedInstallerSid);
  adopt_service(2008, defender::kCryptSvcSid);
  adopt_service(2012, defender::kWdNisSvcSid);
  adopt_service(2016, defender::kMdCoreSvcSid);
  adopt_service(2020, defender::kMdDlpSvcSid);
  const auto driver = machine.machine().load(driver_image("wdnotifier_test.sys"),
                                             {.service_name = "wdnotifier_test", .parameters = {}});
  ASSERT_TRUE(driver) << driver.error().message;
  EXPECT_TRUE(machine.debug_output().contains(" passed, 0 failed, 0 skipped"));
  std::size_t expectations = 0;
  for (const std::string& line : machine.debug_output().lines()) expectations += take_conformance(line);
  EXPECT_NE(expectations, 0u);
  EXPECT_TRUE(machine.machine().unload(*driver));
}

}  // namespace
}  // namespace wdscope::test
