// SPDX-License-Identifier: MIT
// What the published facts expect of a routine, as kernel tests: each names its section of the collected research and
// the routine, and runs in every profile in which it holds. tests/notifier makes one table of these and of its own
// stories (docs/conformance.md).
//
//   CONFORMANCE("C.16", "MpSetTrustedProcess", kEveryProfile, "only a real change notifies and counts") {
//     const test::State state(profile);
//     ...
//   }
#pragma once

#include "abi/wire/engine.h"
#include "kit/test.h"

namespace wdscope::notifier::test {

inline constexpr kit::TestVariant k1910 = {"1910", static_cast<std::uint32_t>(wire::NotifierProfile::Wd1910)};
inline constexpr kit::TestVariant k20H1 = {"20H1", static_cast<std::uint32_t>(wire::NotifierProfile::Wd20H1)};
inline constexpr kit::TestVariant k25080 = {"25080", static_cast<std::uint32_t>(wire::NotifierProfile::Wd25080)};
inline constexpr kit::TestVariant kA5 = {"a5", static_cast<std::uint32_t>(wire::NotifierProfile::WdA5)};

inline constexpr kit::TestVariant kEveryProfile[] = {k1910, k20H1, k25080, kA5};
inline constexpr kit::TestVariant k2019[] = {k1910, k20H1};
inline constexpr kit::TestVariant k2025[] = {k25080, kA5};
inline constexpr kit::TestVariant k25080Alone[] = {k25080};
inline constexpr kit::TestVariant kA5Alone[] = {kA5};

constexpr bool is_2019(wire::NotifierProfile profile) {
  return profile == wire::NotifierProfile::Wd1910 || profile == wire::NotifierProfile::Wd20H1;
}

// One expected value for each profile.
template <class T>
struct ByProfile {
  T wd1910;
  T wd20h1;
  T wd25080;
  T a5;
  constexpr const T& operator[](wire::NotifierProfile profile) const {
    switch (profile) {
      case wire::NotifierProfile::Wd1910:
        return wd1910;
      case wire::NotifierProfile::Wd20H1:
        return wd20h1;
      case wire::NotifierProfile::Wd25080:
        return wd25080;
      case wire::NotifierProfile::WdA5:
        break;
    }
    return a5;
  }
};

}  // namespace wdscope::notifier::test

// Its line ends as a row of the table: "routine: expectation (section) [profile] in file".
#define CONFORMANCE(section, routine, profiles, expectation)                                         \
  static void KERNEL_TEST_NAME_(conformance_, __LINE__)(::wdscope::wire::NotifierProfile);           \
  KERNEL_TEST_EACH(routine ": " expectation " (" section ")", ::wdscope::notifier::test::profiles) { \
    KERNEL_TEST_NAME_(conformance_, __LINE__)                                                        \
    (static_cast<::wdscope::wire::NotifierProfile>(variant.value));                                  \
  }                                                                                                  \
  static void KERNEL_TEST_NAME_(conformance_, __LINE__)([[maybe_unused]] ::wdscope::wire::NotifierProfile profile)
