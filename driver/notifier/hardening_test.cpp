// SPDX-License-Identifier: MIT
// Processes 2000 and 2004 of the test machine run the services WinDefend and TrustedInstaller (tests/notifier).
#include "notifier/hardening.h"

#include "abi/defender/flags.h"
#include "kit/kernel_string.h"
#include "notifier/kernel_handle.h"
#include "notifier/test_support.h"
#include "notifier/token.h"

using namespace wdscope;
using namespace wdscope::notifier;
using test::as_id;
using test::insert_context;

namespace flag = defender::flag;

KERNEL_TEST("Hardening: a Defender program is one when its service is in the token (C.15)") {
  struct Row {
    UNICODE_STRING image;
    ULONG_PTR process_id;
    bool in_1910;
    bool later;
  };
  const Row rows[] = {
      {kit::counted(u"\\x\\MsMpEng.exe"), 2000, true, true},
      {kit::counted(u"\\x\\mpcmdrun.exe"), 2000, true, true},
      {kit::counted(u"\\x\\MpCopyAccelerator.exe"), 2000, false, true},
      {kit::counted(u"\\x\\MsMpEng.exe"), 2004, false, false},                // another service
      {kit::counted(u"\\x\\MsMpEng.exe"), 1000, false, false},                // none
      {kit::counted(u"\\x\\nissrv.exe"), 2000, false, false},                 // needs WdNisSvc
      {kit::counted(u"\\x\\MpDefenderCoreService.exe"), 2000, false, false},  // needs MDCoreSvc
      {kit::counted(u"\\x\\other.exe"), 2000, false, false},
  };
  for (const wire::NotifierProfile profile : test::kAllProfiles) {
    const test::State state(profile);
    KERNEL_REQUIRE(NT_SUCCESS(state.status()));
    MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
    KERNEL_REQUIRE(context);
    for (const Row& row : rows) {
      ProcessReference process;
      KERNEL_REQUIRE(NT_SUCCESS(PsLookupProcessByProcessId(as_id(row.process_id), process.put())));
      const bool expected = MpProfile->has_context_tail() ? row.later : row.in_1910;
      context->ProcessFlags = expected ? 0 : flag::DefenderServiceSid;
      MpSetProcessHardening(process.get(), context, &row.image);
      KERNEL_CHECK_EQUAL(context->ProcessFlags, expected ? flag::DefenderServiceSid : 0);
    }
    context->ProcessFlags = flag::DefenderServiceSid;
    MpSetProcessHardening(PsInitialSystemProcess, context, nullptr);
    KERNEL_CHECK_EQUAL(context->ProcessFlags, flag::DefenderServiceSid);
    MpReleaseProcessContext(context);
  }
}

KERNEL_TEST("Hardening: Security Essentials is known to the product MpFilter of 1910 alone (C.15, B.1)") {
  const UNICODE_STRING image = kit::counted(u"\\x\\msseces.exe");
  for (const CallbackNames names : {CallbackNames::Mp, CallbackNames::Wd}) {
    const test::State state(wire::NotifierProfile::Wd1910);
    KERNEL_REQUIRE(NT_SUCCESS(state.status()));
    MpParameters.names = names;
    MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
    KERNEL_REQUIRE(context);
    MpSetProcessHardening(PsInitialSystemProcess, context, &image);
    KERNEL_CHECK_EQUAL(context->ProcessFlags, names == CallbackNames::Mp ? flag::SecurityEssentials : 0);
    MpReleaseProcessContext(context);
  }
}

KERNEL_TEST("ServiceSids: MP_DATA points to SIDs of S-1-5-80 (A.1)") {
  const test::State state(wire::NotifierProfile::Wd1910);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  const auto* const sid = as_pointer<const std::uint8_t>(*reinterpret_cast<std::uint64_t*>(MpData + 0x688));
  static constexpr std::uint8_t kHead[] = {1, 6, 0, 0, 0, 0, 0, 5, 80, 0, 0, 0};
  KERNEL_CHECK(RtlCompareMemory(sid, kHead, sizeof(kHead)) == sizeof(kHead));
  KERNEL_CHECK(RtlCompareMemory(sid + 12, defender::kWinDefendSid.data(), 20) == 20);
}
