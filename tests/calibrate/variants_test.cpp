// SPDX-License-Identifier: MIT
// Builds that nobody has analysed: permuted, padded, grown contexts, real notifications, the real wdscope.sys.
#include "calibrate/calibration_story.h"
#include "calibrate/report.h"

namespace wdscope::tests {
namespace {

using calibrate::Sureness;
using wire::LayoutMember;

constexpr LayoutMember kPromised[] = {LayoutMember::ProcessId, LayoutMember::CreateTime, LayoutMember::CommandLine,
                                      LayoutMember::ImageName, LayoutMember::Flags,      LayoutMember::Trust,
                                      LayoutMember::Protection};

TEST_F(CalibrationStory, RecoversTheLayoutOfTwoHundredRandomBuildsFromSixtyFourProcessesEach) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    const Variant variant = make_variant(random);
    const calibrate::Observations observations = observe(variant, random);
    const calibrate::Calibration calibration = calibrate::infer(observations);
    ASSERT_EQ(wrong_in(calibration, variant), "") << "seed " << seed << '\n' << report_text(observations, calibration);
    for (const LayoutMember member : kPromised) {
      ASSERT_EQ(calibration.member(member).sureness, Sureness::Certain)
          << "seed " << seed << ": " << wire::kLayoutMemberRules[static_cast<std::uint32_t>(member)].name << '\n'
          << report_text(observations, calibration);
    }
    ASSERT_TRUE(calibration.is_usable());
    ASSERT_TRUE(wire::check_layout(calibration.layout()).right());
  }
}

TEST_F(CalibrationStory, AThousandProcessesAreAsGoodAsSixtyFour) {
  Random random(1);
  const Variant variant = make_variant(random);
  const calibrate::Observations observations = observe(variant, random, {.count = 1000});
  const calibrate::Calibration calibration = calibrate::infer(observations);
  EXPECT_EQ(wrong_in(calibration, variant), "");
  EXPECT_EQ(calibration.processes, 1000u);
  EXPECT_TRUE(calibration.is_usable());
}

}  // namespace
}  // namespace wdscope::tests
