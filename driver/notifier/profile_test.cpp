// SPDX-License-Identifier: MIT
#include "notifier/profile.h"

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

KERNEL_TEST("Profile: the global data has the build's size in its magic (A.1)") {
  {
    const test::State state(wire::NotifierProfile::Wd1910);
    KERNEL_REQUIRE(NT_SUCCESS(state.status()));
    KERNEL_CHECK_EQUAL(*reinterpret_cast<std::uint32_t*>(MpData), 0x0CC0DA00u);
    KERNEL_CHECK_EQUAL(MpData[0x6B1], 1u);
  }
  const test::State state(wire::NotifierProfile::Wd25080);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  KERNEL_CHECK_EQUAL(*reinterpret_cast<std::uint32_t*>(MpData), 0x1180DA00u);
  KERNEL_CHECK(!mp_data_has(&defender::MpDataLayout::WdNames));
}

KERNEL_TEST("Parameters: a waiting time below a tenth of a second is raised to it (E.2)") {
  KERNEL_CHECK_EQUAL(effective_create_timeout_ms(1), 100u);
  KERNEL_CHECK_EQUAL(effective_create_timeout_ms(99), 100u);
  KERNEL_CHECK_EQUAL(effective_create_timeout_ms(100), 100u);
  KERNEL_CHECK_EQUAL(effective_create_timeout_ms(10000), 10000u);
}

KERNEL_TEST("Profile: the callback objects stand at the build's places (A.1)") {
  struct Row {
    wire::NotifierProfile profile;
    std::uint32_t process;
    std::uint32_t nri;
  };
  static constexpr Row kRows[] = {{wire::NotifierProfile::Wd1910, 0x6D8, 0x6E0},
                                  {wire::NotifierProfile::Wd20H1, 0x6D8, 0x6E0},
                                  {wire::NotifierProfile::Wd25080, 0x9B8, 0x9C0},
                                  {wire::NotifierProfile::WdA5, 0x9B8, 0x9C0}};
  for (const Row& row : kRows) {
    const test::State state(row.profile);
    KERNEL_REQUIRE(NT_SUCCESS(state.status()));
    KERNEL_CHECK_EQUAL(as_address(&mp_data(&defender::MpDataLayout::ProcessNotification)),
                       as_address(MpData) + row.process);
    KERNEL_CHECK_EQUAL(as_address(&mp_data(&defender::MpDataLayout::NriNotification)), as_address(MpData) + row.nri);
  }
}
