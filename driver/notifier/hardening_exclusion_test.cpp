// SPDX-License-Identifier: MIT
#include "notifier/hardening_exclusion.h"

#include "abi/defender/exclusions.h"
#include "abi/defender/flags.h"
#include "kit/kernel_string.h"
#include "notifier/conformance.h"
#include "notifier/exclusions.h"
#include "notifier/hardening_table.h"
#include "notifier/known_process.h"
#include "notifier/test_support.h"

using namespace wdscope;
using namespace wdscope::notifier;
using test::insert_context;

namespace flag = defender::flag;
namespace state = defender::state;

namespace {

constexpr std::uint32_t kAll = state::HardeningExclusions;

// Three bits for three images, in an order that the table's own order decides.
void use_short_table(Parameters& parameters) {
  constexpr char16_t kTable[] = u"one.exe=1,two.exe=6,none.exe=0";
  for (std::size_t unit = 0; unit < sizeof(kTable) / sizeof(WCHAR); ++unit) {
    parameters.hardening_table.units[unit] = kTable[unit];
  }
}
// Names whose first two units do not tell them from others: too short, or more than ASCII.
void use_odd_table(Parameters& parameters) {
  constexpr char16_t kTable[] = u"\u00E4b.exe=1,x=2";
  for (std::size_t unit = 0; unit < sizeof(kTable) / sizeof(WCHAR); ++unit) {
    parameters.hardening_table.units[unit] = kTable[unit];
  }
}
void use_no_table(Parameters& parameters) {
  parameters.hardening_table.units[0] = 0;
}

std::uint32_t decide(MP_PROCESS_CONTEXT* context, PCUNICODE_STRING image) {
  MpSetProcessHardeningExclusion(context, image);
  return tail_of(context)->State & kAll;
}

}  // namespace

CONFORMANCE("C.15", "MpSetProcessHardeningExclusion", k2019,
            "the mask of the table's equal image is or'ed into the flags") {
  KERNEL_NEEDS(test::is_windows_10(), "Windows 10");
  const test::State globals(profile);
  KERNEL_REQUIRE(NT_SUCCESS(globals.status()));
  struct Row {
    UNICODE_STRING image;
    std::uint32_t mask;
  };
  const Row rows[] = {
      {kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\LSASS.exe"), 0x20},
      {kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\svchost.exe"), 0x100},
      {kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\setupcl.exe"), 0x20},
      {kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\msiexec.exe"), 0},  // older systems only
      {kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\lsass.exe"), 0},
      {kit::counted(u"lsass.exe"), 0},
      {kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\lsass.exe2"), 0},  // equality, no prefix
      {kit::counted(u"\\Device\\HarddiskVolume1\\Program Files\\Windows Defender\\MpCmdRun.exe"), 0x20},
  };
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  for (const Row& row : rows) {
    context->ProcessFlags = flag::NewProcess;
    MpSetProcessHardeningExclusion(context, &row.image);
    KERNEL_CHECK_EQUAL(context->ProcessFlags, flag::NewProcess | row.mask);
  }
  MpReleaseProcessContext(context);
}

CONFORMANCE("C.15", "MpSetProcessHardeningExclusion", k2025,
            "the three bits are those of the first image that begins the name") {
  const test::State globals(profile, use_short_table);
  KERNEL_REQUIRE(NT_SUCCESS(globals.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  struct Row {
    UNICODE_STRING image;
    std::uint32_t bits;
  };
  const Row rows[] = {
      {kit::counted(u"\\Device\\HarddiskVolume1\\WINDOWS\\System32\\one.exe"), state::RegistryHardeningExcluded},
      {kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\ONE.EXE"), state::RegistryHardeningExcluded},
      {kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\two.exe.old"),
       state::FileHardeningExcluded | state::ObjectHardeningExcluded},
      {kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\none.exe"), 0},
      {kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\other.exe"), 0},
      {kit::counted(u"\\Device\\HarddiskVolume1\\Program Files\\Windows Defender\\MpCmdRun.exe"), kAll},
      {kit::counted(u"two.exe"), 0},
  };
  for (const Row& row : rows) KERNEL_CHECK_EQUAL(decide(context, &row.image), row.bits);

  // Protection and kind come before the table (rows 2, 3), then the missing and the empty name (row 4).
  const UNICODE_STRING other = kit::counted(u"\\x\\other.exe");
  auto* const tail = tail_of(context);
  context->Protection = 0x31;
  tail->State |= state::ProtectionValid;
  KERNEL_CHECK_EQUAL(decide(context, &other), kAll);
  context->Protection = 0x21;  // signer 2 is none of anti-malware's
  KERNEL_CHECK_EQUAL(decide(context, &other), 0u);
  set_known_type(tail, defender::KnownProcessType::TrustedInstallerChild);
  KERNEL_CHECK_EQUAL(decide(context, &other), kAll);
  tail->ProcessRules3 = kWithdrawTrustedInstallerExclusion;
  KERNEL_CHECK_EQUAL(decide(context, &other), 0u);
  set_known_type(tail, defender::KnownProcessType::None);
  KERNEL_CHECK_EQUAL(decide(context, nullptr), kAll);
  const UNICODE_STRING empty = {};
  KERNEL_CHECK_EQUAL(decide(context, &empty), kAll);
  context->SubsystemInformation = 1;
  KERNEL_CHECK_EQUAL(decide(context, &empty), 0u);
  KERNEL_CHECK(tail->State & state::ProtectionValid);  // no other bit moved
  MpReleaseProcessContext(context);
}

CONFORMANCE("C.15", "MpSetProcessHardeningExclusion", k2025,
            "names of one unit and of letters beyond ASCII are found in the table too") {
  const test::State globals(profile, use_odd_table);
  KERNEL_REQUIRE(NT_SUCCESS(globals.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  struct Row {
    UNICODE_STRING image;
    std::uint32_t bits;
  };
  const Row rows[] = {
      {kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\\u00C4B.EXE"), state::RegistryHardeningExcluded},
      {kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\X"), state::FileHardeningExcluded},
      {kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\x64.exe"), state::FileHardeningExcluded},
      {kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\\u00E5b.exe"), 0},
      {kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\"), 0},
  };
  for (const Row& row : rows) KERNEL_CHECK_EQUAL(decide(context, &row.image), row.bits);
  MpReleaseProcessContext(context);
}

CONFORMANCE("C.15", "MpSetProcessHardeningExclusion", k2025,
            "with an empty table every process is excluded from all three") {
  const test::State globals(profile, use_no_table);
  KERNEL_REQUIRE(NT_SUCCESS(globals.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  const UNICODE_STRING other = kit::counted(u"\\x\\other.exe");
  KERNEL_CHECK_EQUAL(decide(context, &other), kAll);
  MpReleaseProcessContext(context);
}

CONFORMANCE("A.7", "MpCreateProcessHardeningExcludeDataIfNeeded", k2025,
            "the stored order is the reverse of the table") {
  const test::State globals(profile, use_short_table);
  KERNEL_REQUIRE(NT_SUCCESS(globals.status()));
  KERNEL_REQUIRE(NT_SUCCESS(MpCreateProcessHardeningExcludeDataIfNeeded()));
  const auto* const data = as_pointer<const std::uint8_t>(MpProcessExclusion->HardeningData);
  KERNEL_REQUIRE(data);
  const auto* const first = *reinterpret_cast<std::uint8_t* const*>(data);
  const auto* const second = *reinterpret_cast<std::uint8_t* const*>(first);
  const UNICODE_STRING none = kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\none.exe");
  KERNEL_CHECK(RtlEqualUnicodeString(*reinterpret_cast<UNICODE_STRING* const*>(first + 0x10), &none, FALSE));
  KERNEL_CHECK_EQUAL(second[0x18], 0u);  // two.exe: not the registry, but files and objects
  KERNEL_CHECK_EQUAL(second[0x19], 1u);
  KERNEL_CHECK_EQUAL(second[0x1A], 1u);
}

KERNEL_TEST("HardeningTable: rows are name=kinds, and anything else is malformed") {
  const UNICODE_STRING malformed[] = {
      kit::counted(u"a.exe"), kit::counted(u"a.exe="), kit::counted(u"=7"),      kit::counted(u"a.exe=8"),
      kit::counted(u"a=7,"),  kit::counted(u"a=77"),   kit::counted(u"a=7;b=7"), kit::counted(u",a=7"),
  };
  for (const UNICODE_STRING& text : malformed) {
    UNICODE_STRING rest = text;
    HardeningRow row = {};
    KERNEL_CHECK(!take_hardening_row(&rest, &row));
  }
  UNICODE_STRING rest = kit::counted(u"a.exe=0,b=7");
  HardeningRow row = {};
  KERNEL_REQUIRE(take_hardening_row(&rest, &row));
  KERNEL_CHECK_EQUAL(row.name.Length, 10u);
  KERNEL_CHECK_EQUAL(row.kinds, 0u);
  KERNEL_REQUIRE(take_hardening_row(&rest, &row));
  KERNEL_CHECK_EQUAL(row.kinds, 7u);
  KERNEL_CHECK_EQUAL(rest.Length, 0u);
}
