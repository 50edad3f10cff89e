// SPDX-License-Identifier: MIT
#include "notifier/process_info.h"

#include "abi/defender/flags.h"
#include "notifier/conformance.h"
#include "notifier/known_process.h"
#include "notifier/test_support.h"

using namespace wdscope;
using namespace wdscope::notifier;
using test::insert_context;

CONFORMANCE("C.16", "MpSetProcessInfoByContext", k2025, "each field of the entry lands in its member of the context") {
  const test::State state(profile);
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

CONFORMANCE("C.16", "MpSetProcessInfoByContext", k2025, "an anti-malware process keeps its hardening exclusions") {
  const test::State state(profile);
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

CONFORMANCE("C.16", "MpSetProcessInfoByContext", k2025, "bits and kind stay when the entry does not name them") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  auto* const tail = tail_of(context);
  tail->State = defender::state::FileHardeningExcluded;
  tail->KnownProcessType = 0x1D;
  defender::PROCESS_INFO_25080 info = {};
  info.RegistryHardeningExcluded = 1;
  info.CloudSync = 2;
  MpSetProcessInfoByContext(context, info);
  KERNEL_CHECK_EQUAL(tail->State, defender::state::FileHardeningExcluded);
  KERNEL_CHECK_EQUAL(tail->KnownProcessType, 0x1Du);
  MpReleaseProcessContext(context);
}

CONFORMANCE("C.16", "MpSetProcessInfoByContext", k2025,
            "the TrustedInstaller family takes the bits, and loses all three when rule word 3 has bit 2") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  auto* const tail = tail_of(context);
  for (const std::uint32_t type : {0x11u, 0x12u}) {
    set_known_type(tail, static_cast<defender::KnownProcessType>(type));
    tail->State = defender::state::HardeningExclusions;
    defender::PROCESS_INFO_25080 info = {};
    info.HardeningValid = 1;
    info.ObjectHardeningExcluded = 1;
    MpSetProcessInfoByContext(context, info);
    KERNEL_CHECK_EQUAL(tail->State, defender::state::ObjectHardeningExcluded);
    info.Rules3 = 4;
    MpSetProcessInfoByContext(context, info);
    KERNEL_CHECK_EQUAL(tail->State, 0u);
  }
  MpReleaseProcessContext(context);
}

CONFORMANCE("C.16", "MpSetProcessInfoByContext", k2019,
            "rules, masks and blocks land in their members, the one at 0x3C stays") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  context->ProcessRules2 = 0x77;
  defender::PROCESS_INFO_1910 info = {};
  info.Rules = defender::rule::ForceTrusted;
  info.InjectionTargetMask = 0x11;
  info.InjectionRequestMask = 0x22;
  info.HipRules[0] = 0xA1;
  info.HipRules1[0] = 0xA2;
  info.InfoBlock3[0] = 0xA3;
  MpSetProcessInfoByContext(context, info);
  KERNEL_CHECK_EQUAL(context->ProcessRules, defender::rule::ForceTrusted);
  KERNEL_CHECK_EQUAL(context->ProcessRules2, 0x77u);
  KERNEL_CHECK_EQUAL(context->CodeInjectionTargetMask, 0x11u);
  KERNEL_CHECK_EQUAL(context->CodeInjectionRequestMask, 0x22u);
  KERNEL_CHECK_EQUAL(context->HipRules[0], 0xA1u);
  KERNEL_CHECK_EQUAL(context->HipRules1[0], 0xA2u);
  KERNEL_CHECK_EQUAL(context->InfoBlock3[0], 0xA3u);
  KERNEL_CHECK(context->ProcessFlags & defender::flag::Trusted);
  MpReleaseProcessContext(context);
}

namespace {

// What every build's entry has.
template <class Info>
void check_substitutes() {
  MP_PROCESS_CONTEXT* const engine = insert_context(400, 1);
  MP_PROCESS_CONTEXT* const system = insert_context(4, 1);
  KERNEL_REQUIRE(engine && system);
  mp_data(&defender::MpDataLayout::EngineProcessId) = 400;
  Info info = {};
  info.ProcessId = 400;
  info.CreateTime = 1;
  KERNEL_CHECK_EQUAL(MpSetOneProcessInfo(info), STATUS_SUCCESS);
  KERNEL_CHECK_EQUAL(engine->ProcessRules, 0x7FFu);
  KERNEL_CHECK_EQUAL(engine->CodeInjectionRequestMask, ~std::uint64_t{0});
  KERNEL_CHECK(engine->ProcessFlags & defender::flag::Trusted);
  info.ProcessId = 4;
  KERNEL_CHECK_EQUAL(MpSetOneProcessInfo(info), STATUS_SUCCESS);
  KERNEL_CHECK_EQUAL(system->ProcessRules, defender::rule::AllRegistryAllowed);
  MpReleaseProcessContext(engine);
  MpReleaseProcessContext(system);
}

template <class Info>
void check_keys() {
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  Info info = {};
  info.Rules = defender::rule::ForceTrusted;
  KERNEL_CHECK_EQUAL(MpSetOneProcessInfo(info), STATUS_SUCCESS);
  info.ProcessId = 400;
  info.CreateTime = 2;
  KERNEL_CHECK_EQUAL(MpSetOneProcessInfo(info), STATUS_NOT_FOUND);
  KERNEL_CHECK_EQUAL(context->ProcessRules, 0u);
  MpReleaseProcessContext(context);
}

}  // namespace

CONFORMANCE("C.16", "MpSetOneProcessInfo", kEveryProfile,
            "the engine's own process gets rules 0x7FF, process 4 rule 0x400") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  if (test::is_2019(profile)) {
    check_substitutes<defender::PROCESS_INFO_1910>();
  } else {
    check_substitutes<defender::PROCESS_INFO_25080>();
  }
}

CONFORMANCE("C.16", "MpSetOneProcessInfo", k2025,
            "process 4 stays excluded from registry hardening, and applications are counted") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const system = insert_context(4, 1);
  KERNEL_REQUIRE(system);
  defender::PROCESS_INFO_25080 info = {};
  info.ProcessId = 4;
  info.CreateTime = 1;
  info.HardeningValid = 1;
  for (std::uint32_t application = 1; application <= 2; ++application) {
    KERNEL_CHECK_EQUAL(MpSetOneProcessInfo(info), STATUS_SUCCESS);
    KERNEL_CHECK_EQUAL(tail_of(system)->InfoApplications, application);
  }
  KERNEL_CHECK_EQUAL(tail_of(system)->State & defender::state::HardeningExclusions,
                     defender::state::RegistryHardeningExcluded);
  MpReleaseProcessContext(system);
}

CONFORMANCE("C.16", "MpSetOneProcessInfo", kEveryProfile, "process 0 is nobody, an unknown key is not found") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  if (test::is_2019(profile)) {
    check_keys<defender::PROCESS_INFO_1910>();
  } else {
    check_keys<defender::PROCESS_INFO_25080>();
  }
}
