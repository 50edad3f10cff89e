// SPDX-License-Identifier: MIT
// Processes 2004 and 2008 of the test machine run the services TrustedInstaller and CryptSvc (tests/notifier).
#include "notifier/known_process.h"

#include "abi/defender/flags.h"
#include "kit/kernel_string.h"
#include "notifier/conformance.h"
#include "notifier/counted_string.h"
#include "notifier/kernel_handle.h"
#include "notifier/test_support.h"

using namespace wdscope;
using namespace wdscope::notifier;
using test::as_id;
using test::insert_context;

CONFORMANCE("A.3.3", "KnownProcessType", k2025, "name and token decide the type") {
  KERNEL_NEEDS(test::has_process(2008), "a process 2008");
  struct Row {
    UNICODE_STRING image;
    ULONG_PTR process_id;
    std::uint32_t type;
  };
  const Row rows[] = {
      {kit::counted(u"\\x\\CSRSS.exe"), 1000, 0x1F},
      {kit::counted(u"\\x\\TrustedInstaller.exe"), 2004, 0x11},
      {kit::counted(u"\\x\\TiWorker.exe"), 2004, 0x11},
      {kit::counted(u"\\x\\TrustedInstaller.exe"), 1000, 0},  // the token lacks the SID
      {kit::counted(u"\\x\\svchost.exe"), 2008, 0x1D},
      {kit::counted(u"\\x\\svchost.exe"), 2004, 0},
      {kit::counted(u"\\x\\other.exe"), 2004, 0},
  };
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  for (const Row& row : rows) {
    ProcessReference process;
    KERNEL_REQUIRE(NT_SUCCESS(PsLookupProcessByProcessId(as_id(row.process_id), process.put())));
    MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
    KERNEL_REQUIRE(context);
    context->ImageName = as_address(duplicate_string(row.image));
    KERNEL_REQUIRE(context->ImageName);
    classify_known_process(process.get(), context, nullptr);
    KERNEL_CHECK_EQUAL(tail_of(context)->KnownProcessType, row.type);
    MpDeleteProcessContext(context);
    MpReleaseProcessContext(context);
  }
}

CONFORMANCE("A.3.3", "KnownProcessType", k2025,
            "a child of the TrustedInstaller family is one when its parent makes it itself") {
  KERNEL_NEEDS(test::runs_in_system(), "the System process as 4");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  // The test runs in the System process: make that the installer.
  MP_PROCESS_CONTEXT* const parent = insert_context(4, PsGetProcessCreateTimeQuadPart(PsInitialSystemProcess));
  MP_PROCESS_CONTEXT* const child = insert_context(400, 1);
  KERNEL_REQUIRE(parent && child);
  set_known_type(tail_of(parent), defender::KnownProcessType::TrustedInstaller);
  child->ImageName = as_address(duplicate_string(kit::counted(u"\\x\\child.exe")));
  KERNEL_REQUIRE(child->ImageName);
  classify_known_process(PsInitialSystemProcess, child, as_id(1000));  // claimed, not the maker
  KERNEL_CHECK_EQUAL(tail_of(child)->KnownProcessType, 0u);
  classify_known_process(PsInitialSystemProcess, child, as_id(4));
  KERNEL_CHECK_EQUAL(tail_of(child)->KnownProcessType, 0x12u);
  set_known_type(tail_of(parent), defender::KnownProcessType::None);
  classify_known_process(PsInitialSystemProcess, child, as_id(4));
  KERNEL_CHECK_EQUAL(tail_of(child)->KnownProcessType, 0u);
  MpReleaseProcessContext(parent);
  MpReleaseProcessContext(child);
}

CONFORMANCE("B.3", "MP_PROCESS_CONTEXT", k2025, "dllhost is marked only while it is tracked") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  context->ImageName = as_address(duplicate_string(kit::counted(u"\\x\\DllHost.exe")));
  KERNEL_REQUIRE(context->ImageName);
  classify_known_process(PsInitialSystemProcess, context, nullptr);
  KERNEL_CHECK_EQUAL(tail_of(context)->State, 0u);
  mp_data(&defender::MpDataLayout::DllHostTracking) = 1;
  classify_known_process(PsInitialSystemProcess, context, nullptr);
  KERNEL_CHECK_EQUAL(tail_of(context)->State, defender::state::DllHost);
  MpReleaseProcessContext(context);
}
