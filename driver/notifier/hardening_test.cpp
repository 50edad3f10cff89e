// SPDX-License-Identifier: MIT
// Processes of the test machine run services (tests/notifier): 2000 WinDefend, 2004 TrustedInstaller, 2012 WdNisSvc,
// 2016 MDCoreSvc, 2020 MdDlpSvc.
#include "notifier/hardening.h"

#include "abi/defender/flags.h"
#include "kit/kernel_string.h"
#include "notifier/conformance.h"
#include "notifier/kernel_handle.h"
#include "notifier/test_support.h"
#include "notifier/token.h"

using namespace wdscope;
using namespace wdscope::notifier;
using test::as_id;
using test::insert_context;

namespace flag = defender::flag;

CONFORMANCE("C.15", "MpSetProcessHardening", kEveryProfile,
            "a Defender program is one when its service is in the token") {
  KERNEL_NEEDS(test::has_process(2020), "a process 2020");
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
      {kit::counted(u"\\x\\NisSrv.exe"), 2012, true, true},
      {kit::counted(u"\\x\\MpDefenderCoreService.exe"), 2016, false, true},
      {kit::counted(u"\\x\\mpdlpservice.exe"), 2020, false, true},
      {kit::counted(u"\\x\\other.exe"), 2000, false, false},
  };
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  for (const Row& row : rows) {
    ProcessReference process;
    KERNEL_REQUIRE(NT_SUCCESS(PsLookupProcessByProcessId(as_id(row.process_id), process.put())));
    const bool expected = test::is_2019(profile) ? row.in_1910 : row.later;
    context->ProcessFlags = expected ? 0 : flag::DefenderServiceSid;
    MpSetProcessHardening(process.get(), context, &row.image);
    KERNEL_CHECK_EQUAL(context->ProcessFlags, expected ? flag::DefenderServiceSid : 0);
  }
  context->ProcessFlags = flag::DefenderServiceSid;
  MpSetProcessHardening(PsInitialSystemProcess, context, nullptr);
  KERNEL_CHECK_EQUAL(context->ProcessFlags, flag::DefenderServiceSid);
  MpReleaseProcessContext(context);
}

CONFORMANCE("C.15", "MpSetProcessHardening", k2019, "msseces.exe is known to the product MpFilter alone") {
  const UNICODE_STRING image = kit::counted(u"\\x\\msseces.exe");
  for (const CallbackNames names : {CallbackNames::Mp, CallbackNames::Wd}) {
    const test::State state(profile);
    KERNEL_REQUIRE(NT_SUCCESS(state.status()));
    MpParameters.names = names;
    MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
    KERNEL_REQUIRE(context);
    MpSetProcessHardening(PsInitialSystemProcess, context, &image);
    KERNEL_CHECK_EQUAL(context->ProcessFlags, names == CallbackNames::Mp ? flag::SecurityEssentials : 0);
    MpReleaseProcessContext(context);
  }
}

CONFORMANCE("A.1", "MP_DATA", kEveryProfile, "MpServiceSID is a SID of S-1-5-80") {
  static constexpr test::ByProfile<std::uint32_t> kMpServiceSid = {0x688, 0x688, 0x948, 0x948};
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  const auto* const sid =
      as_pointer<const std::uint8_t>(*reinterpret_cast<std::uint64_t*>(MpData + kMpServiceSid[profile]));
  static constexpr std::uint8_t kHead[] = {1, 6, 0, 0, 0, 0, 0, 5, 80, 0, 0, 0};
  KERNEL_CHECK(RtlCompareMemory(sid, kHead, sizeof(kHead)) == sizeof(kHead));
  KERNEL_CHECK(RtlCompareMemory(sid + 12, defender::kWinDefendSid.data(), 20) == 20);
}
