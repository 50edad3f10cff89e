// SPDX-License-Identifier: MIT
#include "notifier/trust.h"

#include "abi/defender/flags.h"
#include "notifier/conformance.h"
#include "notifier/test_support.h"

using namespace wdscope;
using namespace wdscope::notifier;
using test::insert_context;

namespace flag = defender::flag;
namespace rule = defender::rule;

CONFORMANCE("C.16", "MpSetTrustedProcess, MpSetUntrustedProcess", kEveryProfile,
            "only a real change notifies and counts") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  test::Recorder recorder;
  KERNEL_REQUIRE(NT_SUCCESS(recorder.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);

  MpSetUntrustedProcess(context);
  KERNEL_CHECK_EQUAL(recorder.count(), 0u);
  MpSetTrustedProcess(context);
  MpSetTrustedProcess(context);
  KERNEL_CHECK_EQUAL(recorder.count(), 1u);
  KERNEL_CHECK_EQUAL(MpProcessTable->TrustedCount, 1u);
  KERNEL_CHECK_EQUAL(MpProcessTable->UntrustedCount, 0u);
  MpSetUntrustedProcess(context);
  KERNEL_CHECK_EQUAL(recorder.count(), 2u);
  KERNEL_CHECK_EQUAL(MpProcessTable->TrustedCount, 0u);
  KERNEL_CHECK_EQUAL(MpProcessTable->UntrustedCount, 1u);

  KERNEL_CHECK_EQUAL(recorder[0].info.OperationType, 3u);
  KERNEL_CHECK_EQUAL(recorder[0].info.Trusted, 1u);
  KERNEL_CHECK_EQUAL(recorder[1].info.Trusted, 0u);
  KERNEL_CHECK_EQUAL(recorder[1].info.ImageName, 0u);
  MpReleaseProcessContext(context);
}

CONFORMANCE("C.2", "MpReleaseProcessContext", kEveryProfile,
            "the last untrusted process to go takes the counter to zero") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const stays = insert_context(400, 1);
  MP_PROCESS_CONTEXT* const goes = insert_context(404, 1);
  KERNEL_REQUIRE(stays && goes);
  MpSetTrustedProcess(stays);
  MpDeleteProcessContext(goes);
  MpReleaseProcessContext(goes);
  KERNEL_CHECK_EQUAL(MpProcessTable->TrustedCount, 1u);
  KERNEL_CHECK_EQUAL(MpProcessTable->UntrustedCount, 0u);
  MpReleaseProcessContext(stays);
}

CONFORMANCE("C.16", "MpUpdateProcessTrust", kEveryProfile, "each combination of the published table has its trust") {
  // A bit that is not in `known` may be either.
  struct Row {
    std::uint32_t known_flags;
    std::uint32_t flags;
    std::uint32_t known_rules;
    std::uint32_t rules;
    bool trusted;
  };
  constexpr std::uint32_t kFlags = flag::Excluded | flag::EngineProcess | flag::DefenderServiceSid;
  constexpr std::uint32_t kRules = rule::ForceTrusted | rule::MonitorAlthoughExcluded;
  static constexpr Row kRows[] = {
      {0, 0, rule::ForceTrusted, rule::ForceTrusted, true},
      {flag::EngineProcess, flag::EngineProcess, rule::ForceTrusted, 0, true},
      {flag::DefenderServiceSid, flag::DefenderServiceSid, rule::ForceTrusted, 0, true},
      {kFlags, flag::Excluded, kRules, 0, true},
      {kFlags, flag::Excluded, kRules, rule::MonitorAlthoughExcluded, false},
      {kFlags, 0, rule::ForceTrusted, 0, false},
  };
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  std::uint32_t combinations = 0;
  for (const Row& row : kRows) {
    for (std::uint32_t flags = 0; flags <= kFlags; ++flags) {
      if ((flags & ~kFlags) || (flags & row.known_flags) != row.flags) continue;
      for (const std::uint32_t rules : {std::uint32_t{0}, rule::ForceTrusted, rule::MonitorAlthoughExcluded, kRules}) {
        if ((rules & row.known_rules) != row.rules) continue;
        MpSetUntrustedProcess(context);
        context->ProcessFlags = flags;
        context->ProcessRules = rules;
        MpUpdateProcessTrust(context);
        KERNEL_CHECK_EQUAL((context->ProcessFlags & flag::Trusted) != 0, row.trusted);
        ++combinations;
      }
    }
  }
  // Two rows overlap: flags 8 and 0x10 both.
  KERNEL_CHECK_EQUAL(combinations, 32u + 4u);
  MpReleaseProcessContext(context);
}

CONFORMANCE("C.16", "MpShouldSendBmMessage", kEveryProfile,
            "not without a context, not for the engine with rule 0x4000, not for an excluded process without it") {
  struct Row {
    std::uint32_t flags;
    std::uint32_t rules;
    bool sends;
  };
  static constexpr Row kRows[] = {
      {0, 0, true},
      {0, rule::MonitorAlthoughExcluded, true},
      {flag::Excluded, 0, false},
      {flag::Excluded, rule::MonitorAlthoughExcluded, true},
      {flag::EngineProcess, 0, true},
      {flag::EngineProcess, rule::MonitorAlthoughExcluded, false},
      {flag::EngineProcess | flag::Excluded, 0, false},
      {flag::EngineProcess | flag::Excluded, rule::MonitorAlthoughExcluded, false},
  };
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  KERNEL_CHECK(!MpShouldSendBmMessage(nullptr));
  for (const Row& row : kRows) {
    context->ProcessFlags = row.flags;
    context->ProcessRules = row.rules;
    KERNEL_CHECK_EQUAL(MpShouldSendBmMessage(context), row.sends);
  }
  context->ProcessFlags = 0;
  MpReleaseProcessContext(context);
}
