// SPDX-License-Identifier: MIT
// Process 2000 of the test machine is in session 0, process 1000 in another (tests/notifier).
#include "notifier/pre_scan.h"

#include "abi/defender/exclusions.h"
#include "abi/defender/flags.h"
#include "kit/kernel_string.h"
#include "notifier/conformance.h"
#include "notifier/kernel_handle.h"
#include "notifier/test_support.h"

using namespace wdscope;
using namespace wdscope::notifier;
using test::as_id;
using test::insert_context;

namespace {

UNICODE_STRING csrss_path() {
  return kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\CSRSS.exe");
}

void set_type(MP_PROCESS_CONTEXT* context, defender::KnownProcessType type) {
  if (auto* const tail = tail_of(context)) tail->KnownProcessType = static_cast<std::uint32_t>(type);
}

std::uint64_t address_of(PreScanRoutine routine) {
  return reinterpret_cast<ULONG_PTR>(routine);
}

}  // namespace

CONFORMANCE("C.13", "MpSetProcessPreScanHook", kEveryProfile, "csrss is hooked once, in session 0, by its full path") {
  KERNEL_NEEDS(test::has_process(2000), "a process 2000");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  ProcessReference session_0;
  ProcessReference session_3;
  KERNEL_REQUIRE(NT_SUCCESS(PsLookupProcessByProcessId(as_id(2000), session_0.put())));
  KERNEL_REQUIRE(NT_SUCCESS(PsLookupProcessByProcessId(as_id(1000), session_3.put())));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  MP_PROCESS_CONTEXT* const second = insert_context(404, 1);
  KERNEL_REQUIRE(context && second);
  set_type(context, defender::KnownProcessType::Csrss);
  set_type(second, defender::KnownProcessType::Csrss);
  const UNICODE_STRING elsewhere = kit::counted(u"\\x\\csrss.exe");
  const UNICODE_STRING path = csrss_path();
  set_pre_scan(session_0.get(), context, nullptr);
  set_pre_scan(session_0.get(), context, &elsewhere);
  set_pre_scan(session_3.get(), context, &path);
  KERNEL_CHECK_EQUAL(context->PreScanHook, 0u);
  set_pre_scan(session_0.get(), context, &path);
  KERNEL_CHECK_EQUAL(context->PreScanHook, address_of(MpPreScanCsrss));
  set_pre_scan(session_0.get(), second, &path);
  KERNEL_CHECK_EQUAL(second->PreScanHook, 0u);
  const auto* const data = as_pointer<defender::CSRSS_HOOK_DATA>(mp_data(&defender::MpDataLayout::CsrssHookData));
  KERNEL_CHECK_EQUAL(data->HookSet, 1u);
  MpReleaseProcessContext(context);
  MpReleaseProcessContext(second);
}

CONFORMANCE("C.13", "MpSetProcessPreScanFilterRoutine", k2025, "System and Cryptographic Services are hooked by type") {
  using defender::KnownProcessType;
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  const UNICODE_STRING name = kit::counted(u"\\x\\a.exe");
  set_pre_scan(PsInitialSystemProcess, context, &name);
  KERNEL_CHECK_EQUAL(context->PreScanHook, 0u);
  set_type(context, KnownProcessType::System);
  set_pre_scan(PsInitialSystemProcess, context, &name);
  KERNEL_CHECK_EQUAL(context->PreScanHook, address_of(MpPreScanSystem));
  set_type(context, KnownProcessType::CryptographicServices);
  set_pre_scan(PsInitialSystemProcess, context, &name);
  KERNEL_CHECK_EQUAL(context->PreScanHook, address_of(MpPreScanCryptSvc));
  MpReleaseProcessContext(context);
}

CONFORMANCE("C.13", "MpSetProcessPreScanHook", k2019, "nobody but csrss is hooked") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  const UNICODE_STRING name = kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\svchost.exe");
  set_pre_scan(PsInitialSystemProcess, context, &name);
  KERNEL_CHECK_EQUAL(context->PreScanHook, 0u);
  MpReleaseProcessContext(context);
}
