// SPDX-License-Identifier: MIT
#include "notifier/trust.h"

#include "abi/defender/flags.h"
#include "notifier/test_support.h"

using namespace wdscope;
using namespace wdscope::notifier;
using test::insert_context;

namespace flag = defender::flag;
namespace rule = defender::rule;

KERNEL_TEST("Trust: only a real change notifies and counts (C.16)") {
  const test::State state;
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

KERNEL_TEST("Trust: the last untrusted process to go takes the counter to zero (C.2)") {
  const test::State state;
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

KERNEL_TEST("Trust: the rule is the published table (C.16)") {
  const test::State state;
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  struct Row {
    std::uint32_t flags;
    std::uint32_t rules;
    bool trusted;
  };
  static constexpr Row kRows[] = {
      {0, rule::ForceTrusted, true},
      {flag::EngineProcess, 0, true},
      {flag::EngineProcess, rule::MonitorAlthoughExcluded, true},
      {flag::DefenderServiceSid, 0, true},
      {flag::Excluded, 0, true},
      {flag::Excluded, rule::MonitorAlthoughExcluded, false},
      {0, 0, false},
      {0, rule::MonitorAlthoughExcluded, false},
  };
  for (const Row& row : kRows) {
    MpSetUntrustedProcess(context);
    context->ProcessFlags = row.flags;
    context->ProcessRules = row.rules;
    MpUpdateProcessTrust(context);
    KERNEL_CHECK_EQUAL((context->ProcessFlags & flag::Trusted) != 0, row.trusted);
  }
  KERNEL_CHECK(!MpShouldSendBmMessage(nullptr));
  context->ProcessFlags = flag::EngineProcess | flag::Excluded;
  context->ProcessRules = rule::MonitorAlthoughExcluded;
  KERNEL_CHECK(!MpShouldSendBmMessage(context));
  context->ProcessFlags = 0;
  MpReleaseProcessContext(context);
}
