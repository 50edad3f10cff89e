// SPDX-License-Identifier: MIT
#include "notifier/profile.h"

#include "notifier/conformance.h"
#include "notifier/mp_data.h"
#include "notifier/test_support.h"

using namespace wdscope;
using namespace wdscope::notifier;

KERNEL_TEST("Profile: only the known values name one") {
  KERNEL_CHECK(find_profile(1910) != nullptr);
  KERNEL_CHECK(find_profile(19008) != nullptr);
  KERNEL_CHECK(find_profile(25080) != nullptr);
  KERNEL_CHECK(find_profile(0xA5) != nullptr);
  KERNEL_CHECK(find_profile(0) == nullptr);
  KERNEL_CHECK(find_profile(19041) == nullptr);
}

CONFORMANCE("A.1", "MP_DATA", kEveryProfile, "the build's size is in the magic, and 2019 has the name flag") {
  static constexpr test::ByProfile<std::uint32_t> kMagic = {0x0CC0DA00, 0x0CC0DA00, 0x1180DA00, 0x1180DA00};
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  KERNEL_CHECK_EQUAL(*reinterpret_cast<std::uint32_t*>(MpData), kMagic[profile]);
  KERNEL_CHECK_EQUAL(mp_data_has(&defender::MpDataLayout::WdNames), test::is_2019(profile));
  if (test::is_2019(profile)) KERNEL_CHECK_EQUAL(MpData[0x6B1], 1u);
}

CONFORMANCE("E.2", "MaxProcessCreationMessageTimeout", kEveryProfile, "1 to 99 milliseconds are raised to 100") {
  KERNEL_CHECK_EQUAL(effective_create_timeout_ms(1), 100u);
  KERNEL_CHECK_EQUAL(effective_create_timeout_ms(99), 100u);
  KERNEL_CHECK_EQUAL(effective_create_timeout_ms(100), 100u);
  KERNEL_CHECK_EQUAL(effective_create_timeout_ms(10000), 10000u);
}

CONFORMANCE("A.1", "MP_DATA", kEveryProfile, "the callback objects stand at the build's places") {
  static constexpr test::ByProfile<std::uint32_t> kProcess = {0x6D8, 0x6D8, 0x9B8, 0x9B8};
  static constexpr test::ByProfile<std::uint32_t> kNri = {0x6E0, 0x6E0, 0x9C0, 0x9C0};
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  KERNEL_CHECK_EQUAL(as_address(&mp_data(&defender::MpDataLayout::ProcessNotification)),
                     as_address(MpData) + kProcess[profile]);
  KERNEL_CHECK_EQUAL(as_address(&mp_data(&defender::MpDataLayout::NriNotification)),
                     as_address(MpData) + kNri[profile]);
}
