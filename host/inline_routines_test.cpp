// SPDX-License-Identifier: MIT
// Kernel unit tests of what the DDK headers build into drivers: testing/inline_routines.cpp reports one line for each.
#include <gmock/gmock.h>

#include "host/testing/boot.h"

namespace wdscope::host {
namespace {

class InlineRoutines : public testing::MachineTest {};

TEST_F(InlineRoutines, AgreeWithTheExecutive) {
  std::string output;
  MachineOptions options;
  options.debug_output = [&](std::string_view line) { output += line; };
  boot(std::move(options));
  LoadedDriver* const driver = load("host_inline_routines");
  EXPECT_THAT(output, ::testing::Not(::testing::HasSubstr("FAIL"))) << output;
  EXPECT_THAT(output, ::testing::HasSubstr("4 passed, 0 failed")) << output;
  ASSERT_NE(driver, nullptr);
  EXPECT_TRUE(machine_->unload(driver)) << "nothing is left behind";
}

}  // namespace
}  // namespace wdscope::host
