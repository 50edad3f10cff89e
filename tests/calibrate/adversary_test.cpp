// SPDX-License-Identifier: MIT
// Builds and populations that mislead: calibration may say that it cannot tell, but is never wrong with certainty.
#include <algorithm>

#include "calibrate/calibration_story.h"
#include "calibrate/report.h"

namespace wdscope::tests {
namespace {

using calibrate::Calibration;
using calibrate::Sureness;
using wire::LayoutMember;

class Adversary : public CalibrationStory {
 protected:
  Calibration calibrate_of(const Variant& variant, Random& random, const Population& population = {}) {
    const calibrate::Observations observations = observe(variant, random, population);
    const Calibration calibration = calibrate::infer(observations);
    EXPECT_EQ(wrong_in(calibration, variant), "") << report_text(observations, calibration);
    return calibration;
  }
};

TEST_F(Adversary, ACopyOfAMemberIsAConflictThatNamesBothPlaces) {
  const std::pair<Filler, LayoutMember> kCopies[] = {
      {Filler::PidCopy, LayoutMember::ProcessId},           {Filler::CreatedCopy, LayoutMember::CreateTime},
      {Filler::ImagePointerCopy, LayoutMember::ImageName},  {Filler::ImageTextCopy, LayoutMember::ImageName},
      {Filler::CommandLineCopy, LayoutMember::CommandLine}, {Filler::TrustByte, LayoutMember::Trust},
      {Filler::ProtectionCopy, LayoutMember::Protection},   {Filler::SessionCopy, LayoutMember::SessionId},
      {Filler::ParentCopy, LayoutMember::ParentProcessId}};
  std::uint64_t seed = 1000;
  for (const auto& [copy, member] : kCopies) {
    Random random(++seed);
    const Variant variant = make_variant(random, {copy});
    const calibrate::Finding finding = calibrate_of(variant, random).member(member);
    // Of two bits one is where it was in every known build.
    EXPECT_EQ(finding.sureness, member == LayoutMember::Trust ? Sureness::Likely : Sureness::Conflict) << finding.why;
    EXPECT_NE(std::ranges::find(finding.places, variant.layout.offset(member)), finding.places.end());
    if (member != LayoutMember::Trust) {
      EXPECT_EQ(finding.places.size(), 2u);
    }
  }
}

TEST_F(Adversary, WhatOnlyNearlyAgreesDoesNotDisturb) {
  Random random(2000);
  const Variant variant = make_variant(random, {Filler::CreatedAlmost, Filler::CommandLineCut, Filler::NtPathOfImage});
  const Calibration calibration = calibrate_of(variant, random);
  EXPECT_EQ(calibration.member(LayoutMember::CreateTime).sureness, Sureness::Certain);
  EXPECT_EQ(calibration.member(LayoutMember::CommandLine).sureness, Sureness::Certain);
  EXPECT_EQ(calibration.member(LayoutMember::ImageName).sureness, Sureness::Certain);
}

TEST_F(Adversary, WhatIsTheSameInAllProcessesIsNotFound) {
  Random random(3000);
  const Variant variant = make_variant(random);
  const Calibration calibration = calibrate_of(variant, random, {.all_untrusted = true, .all_unprotected = true});
  for (const LayoutMember member : {LayoutMember::Trust, LayoutMember::Protection}) {
    EXPECT_EQ(calibration.member(member).sureness, Sureness::TooLittle);
    EXPECT_EQ(calibration.member(member).why, "it is the same in every process seen");
  }
  EXPECT_NE(calibration.member(LayoutMember::Flags).sureness, Sureness::Certain);
  EXPECT_TRUE(calibration.is_usable());
}

TEST_F(Adversary, AHandfulOfProcessesIsTooLittle) {
  Random random(4000);
  const Variant variant = make_variant(random);
  const Calibration calibration = calibrate_of(variant, random, {.count = 3});
  for (const calibrate::Finding& finding : calibration.members) EXPECT_NE(finding.sureness, Sureness::Certain);
  EXPECT_FALSE(calibration.is_usable());
}

TEST_F(Adversary, AMemberThatTheBuildHasNotIsNotFound) {
  const LayoutMember kRemovable[] = {LayoutMember::ProcessId, LayoutMember::CommandLine, LayoutMember::ImageName,
                                     LayoutMember::Flags,     LayoutMember::Protection,  LayoutMember::SessionId,
                                     LayoutMember::CreateTime};
  std::uint64_t seed = 5000;
  for (const LayoutMember member : kRemovable) {
    Random random(++seed);
    const Variant variant = make_variant(random, {}, {member});
    const calibrate::Finding finding = calibrate_of(variant, random).member(member);
    EXPECT_NE(finding.sureness, Sureness::Certain);
    EXPECT_TRUE(finding.places.empty());
  }
}

TEST_F(Adversary, WhatIsWrongInEveryTenthProcessIsNotCertain) {
  Random random(6000);
  const Variant variant = make_variant(random, {Filler::CreatedAlmost}, {LayoutMember::CreateTime});
  const Calibration calibration = calibrate_of(variant, random);
  EXPECT_NE(calibration.member(LayoutMember::CreateTime).sureness, Sureness::Certain);
  EXPECT_FALSE(calibration.is_usable());
}

TEST_F(Adversary, ManyMisleadingBuildsAreNeverCalibratedWrong) {
  constexpr Filler kMisleading[] = {Filler::PidCopy,          Filler::CreatedCopy,   Filler::ParentCopy,
                                    Filler::ImagePointerCopy, Filler::ImageTextCopy, Filler::CommandLineCopy,
                                    Filler::CommandLineCut,   Filler::TrustByte,     Filler::ProtectionCopy,
                                    Filler::SessionCopy,      Filler::CreatedAlmost, Filler::NtPathOfImage};
  for (std::uint64_t seed = 7000; seed < 7040; ++seed) {
    Random random(seed);
    std::vector<Filler> misleading;
    for (const Filler filler : kMisleading) {
      if (random() % 3 == 0) misleading.push_back(filler);
    }
    const Variant variant = make_variant(random, misleading);
    calibrate_of(variant, random, {.count = 16 + random() % 64, .all_untrusted = random() % 4 == 0});
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

}  // namespace
}  // namespace wdscope::tests
