// SPDX-License-Identifier: MIT
// The unit tests that run in the kernel: wdscope_test.sys reports one line for each.
#include <sstream>

#include <gmock/gmock.h>

#include "observer/observer_story.h"

namespace wdscope::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

class KernelTests : public MachineStory {};

TEST_F(KernelTests, OfTheObserverAndTheKitAllPass) {
  const auto loaded = load("wdscope_test.sys", {"wdscope_test", {}});
  const std::string output = debug_output();
  EXPECT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_THAT(output, Not(HasSubstr("FAIL"))) << output;
  EXPECT_THAT(output, HasSubstr(" passed, 0 failed")) << output;
}

}  // namespace
}  // namespace wdscope::tests
