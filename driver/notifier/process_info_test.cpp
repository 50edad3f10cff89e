// SPDX-License-Identifier: MIT
#include "notifier/process_info.h"

#include "abi/defender/flags.h"
#include "notifier/test_support.h"

using namespace wdscope;
using namespace wdscope::notifier;
using test::insert_context;

KERNEL_TEST("ProcessInfo: the 2025 entry lands in the published members (E.5, C.16)") {
  const test::State state;
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  auto* const tail = tail_of(context);
  tail->State = defender::state::HardeningExclusions;
  defender::PROCESS_INFO_25080 info = {};
  info.Rules = defender::rule::ForceTrusted;
  info.Rules2 = 0x402;
  info.InjectionTargetMask = 0x11;
  info.InjectionRequestMask = 0x22;
  info.HipRules[0] = 0xA1;
  info.HipRules1[0] = 0xA2;
  info.InfoBlock3[0] = 0xA3;
  info.CloudSync = 1;
  info.Rules3 = 0x33;
  info.HardeningValid = 1;
  info.FileHardeningExcluded = 1;
  MpSetProcessInfoByContext(context, info);
  KERNEL_CHECK_EQUAL(context->ProcessRules, defender::rule::ForceTrusted);
  KERNEL_CHECK_EQUAL(context->ProcessRules2, 0x402u);
  KERNEL_CHECK_EQUAL(context->CodeInjectionTargetMask, 0x11u);
  KERNEL_CHECK_EQUAL(context->CodeInjectionRequestMask, 0x22u);
  KERNEL_CHECK_EQUAL(context->HipRules[0], 0xA1u);
  KERNEL_CHECK_EQUAL(context->HipRules1[0], 0xA2u);
  KERNEL_CHECK_EQUAL(context->InfoBlock3[0], 0xA3u);
  KERNEL_CHECK_EQUAL(tail->KnownProcessType, 0x10u);
  KERNEL_CHECK_EQUAL(tail->ProcessRules3, 0x33u);
  KERNEL_CHECK_EQUAL(tail->State & defender::state::HardeningExclusions, defender::state::FileHardeningExcluded);
  KERNEL_CHECK(context->ProcessFlags & defender::flag::Trusted);
  MpReleaseProcessContext(context);
}

KERNEL_TEST("ProcessInfo: an anti-malware process keeps its hardening exclusions (C.16)") {
  const test::State state;
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  auto* const tail = tail_of(context);
  tail->State = defender::state::HardeningExclusions | defender::state::ProtectionValid;
  context->Protection = 0x31;  // protected light, anti-malware signer
  defender::PROCESS_INFO_25080 info = {};
  info.HardeningValid = 1;
  MpSetProcessInfoByContext(context, info);
  KERNEL_CHECK_EQUAL(tail->State & defender::state::HardeningExclusions, defender::state::HardeningExclusions);
  MpReleaseProcessContext(context);
}

KERNEL_TEST("ProcessInfo: the 1910 entry leaves the member at 0x3C alone (E.3)") {
  const test::State state(wire::NotifierProfile::Wd1910);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  context->ProcessRules2 = 0x77;
  defender::PROCESS_INFO_1910 info = {};
  info.Rules = defender::rule::ForceTrusted;
  MpSetProcessInfoByContext(context, info);
  KERNEL_CHECK_EQUAL(context->ProcessRules2, 0x77u);
  KERNEL_CHECK(context->ProcessFlags & defender::flag::Trusted);
  MpReleaseProcessContext(context);
}

KERNEL_TEST("ProcessInfo: the engine's own process and process 4 get substitutes (C.16)") {
  const test::State state;
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const engine = insert_context(400, 1);
  MP_PROCESS_CONTEXT* const system = insert_context(4, 1);
  KERNEL_REQUIRE(engine && system);
  mp_data(&defender::MpDataLayout::EngineProcessId) = 400;
  defender::PROCESS_INFO_25080 info = {};
  info.ProcessId = 400;
  info.CreateTime = 1;
  KERNEL_CHECK_EQUAL(MpSetOneProcessInfo(info), STATUS_SUCCESS);
  KERNEL_CHECK_EQUAL(engine->ProcessRules, 0x7FFu);
  KERNEL_CHECK_EQUAL(engine->CodeInjectionRequestMask, ~std::uint64_t{0});
  KERNEL_CHECK(engine->ProcessFlags & defender::flag::Trusted);
  KERNEL_CHECK_EQUAL(tail_of(engine)->InfoApplications, 1u);
  info.ProcessId = 4;
  info.HardeningValid = 1;
  KERNEL_CHECK_EQUAL(MpSetOneProcessInfo(info), STATUS_SUCCESS);
  KERNEL_CHECK_EQUAL(system->ProcessRules, defender::rule::AllRegistryAllowed);
  KERNEL_CHECK_EQUAL(tail_of(system)->State & defender::state::HardeningExclusions,
                     defender::state::RegistryHardeningExcluded);
  MpReleaseProcessContext(engine);
  MpReleaseProcessContext(system);
}

KERNEL_TEST("ProcessInfo: process 0 is nobody, an unknown key is not found (C.16)") {
  const test::State state;
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  defender::PROCESS_INFO_25080 info = {};
  info.Rules = defender::rule::ForceTrusted;
  KERNEL_CHECK_EQUAL(MpSetOneProcessInfo(info), STATUS_SUCCESS);
  info.ProcessId = 400;
  info.CreateTime = 2;
  KERNEL_CHECK_EQUAL(MpSetOneProcessInfo(info), STATUS_NOT_FOUND);
  KERNEL_CHECK_EQUAL(context->ProcessRules, 0u);
  MpReleaseProcessContext(context);
}
