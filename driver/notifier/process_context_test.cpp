// SPDX-License-Identifier: MIT
#include "notifier/process_context.h"

#include "abi/defender/flags.h"
#include "kit/kernel_string.h"
#include "notifier/conformance.h"
#include "notifier/test_support.h"

using namespace wdscope;
using namespace wdscope::notifier;
using test::as_id;

namespace {

constexpr ULONG_PTR kSystem = 4;
constexpr test::ByProfile<std::uint32_t> kContextMagic = {0x00C0DA0F, 0x00C8DA0F, 0x0130DA0F, 0x0130DA0F};

LONGLONG system_create_time() {
  return PsGetProcessCreateTimeQuadPart(PsInitialSystemProcess);
}

}  // namespace

CONFORMANCE("C.10 step 13", "MpCreateProcessContext", kEveryProfile,
            "the System process starts trusted, with the members of its build") {
  KERNEL_NEEDS(test::runs_in_system(), "the System process as 4");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  ContextReference context;
  KERNEL_REQUIRE(NT_SUCCESS(MpCreateProcessContext(as_id(kSystem), system_create_time(), nullptr, context.put())));
  KERNEL_CHECK_EQUAL(context->Magic, kContextMagic[profile]);
  KERNEL_CHECK_EQUAL(context->ProcessFlags, 0x4040u);
  KERNEL_CHECK_EQUAL(context->RefCount, 2);
  KERNEL_CHECK_EQUAL(context->CodeInjectionRequestMask, ~std::uint64_t{0});
  KERNEL_CHECK_EQUAL(MpProcessTable->TrustedCount, 1u);
  KERNEL_CHECK_EQUAL(MpProcessTable->UntrustedCount, 0u);
  if (const auto* const tail = tail_of(context.get())) {
    KERNEL_CHECK_EQUAL(tail->KnownProcessType, 0x1Eu);
    KERNEL_CHECK_EQUAL(tail->State & defender::state::HardeningExclusions, 0x38u);
    KERNEL_CHECK_EQUAL(tail->SensitiveSections.flink, as_address(&tail->SensitiveSections));
    KERNEL_CHECK_EQUAL(tail->SensitiveSections.blink, as_address(&tail->SensitiveSections));
  }
}

CONFORMANCE("C.10 step 2", "MpCreateProcessContext", kEveryProfile,
            "creating what exists gives the same context with one more reference") {
  KERNEL_NEEDS(test::runs_in_system(), "the System process as 4");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  ContextReference first;
  ContextReference second;
  KERNEL_REQUIRE(NT_SUCCESS(MpCreateProcessContext(as_id(kSystem), system_create_time(), nullptr, first.put())));
  KERNEL_REQUIRE(NT_SUCCESS(MpCreateProcessContext(as_id(kSystem), system_create_time(), nullptr, second.put())));
  KERNEL_CHECK_EQUAL(first.get(), second.get());
  KERNEL_CHECK_EQUAL(first->RefCount, 3);
  KERNEL_CHECK_EQUAL(MpProcessTable->TrustedCount, 1u);
}

CONFORMANCE("C.10 step 5", "MpCreateProcessContext", kEveryProfile, "an unknown process is fatal and leaves nothing") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* context = nullptr;
  KERNEL_CHECK_EQUAL(MpCreateProcessContext(as_id(0x7FFFFFF0), 1, nullptr, &context), STATUS_INVALID_CID);
  KERNEL_CHECK(context == nullptr);
  KERNEL_CHECK_EQUAL(MpProcessTable->UntrustedCount, 0u);
}

CONFORMANCE("C.10 step 7", "MpCreateProcessContext", kEveryProfile,
            "the strings given are copied into blocks of their own") {
  KERNEL_NEEDS(test::runs_in_system(), "the System process as 4");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  const UNICODE_STRING image = kit::counted(u"\\Device\\HarddiskVolume1\\a.exe");
  const UNICODE_STRING command_line = kit::counted(u"a.exe --now");
  const CreateParameters parameters = {&image, &command_line, nullptr};
  ContextReference context;
  KERNEL_REQUIRE(NT_SUCCESS(MpCreateProcessContext(as_id(kSystem), system_create_time(), &parameters, context.put())));
  KERNEL_CHECK(RtlEqualUnicodeString(image_name_of(context.get()), &image, FALSE));
  KERNEL_CHECK(RtlEqualUnicodeString(command_line_of(context.get()), &command_line, FALSE));
  KERNEL_CHECK(image_name_of(context.get())->Buffer != image.Buffer);
  // One block: header, text, terminator.
  KERNEL_CHECK_EQUAL(as_address(image_name_of(context.get())->Buffer), context->ImageName + 0x10);
  KERNEL_CHECK_EQUAL(image_name_of(context.get())->Buffer[image.Length / sizeof(WCHAR)], 0u);
}

CONFORMANCE("C.10 step 1", "MpCreateProcessContext", kEveryProfile, "a creation time of 0 is a warning, no failure") {
  KERNEL_NEEDS(test::has_process(2000), "a process 2000");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  ContextReference context;
  KERNEL_REQUIRE(NT_SUCCESS(MpCreateProcessContext(as_id(2000), 0, nullptr, context.put())));
  KERNEL_CHECK_EQUAL(context->CreateTime, 0);
}

CONFORMANCE("C.10 step 16", "MpCreateProcessContext", kEveryProfile,
            "a new context has two references and counts as untrusted") {
  KERNEL_NEEDS(test::has_process(2000), "a process 2000");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  ContextReference context;
  KERNEL_REQUIRE(NT_SUCCESS(MpCreateProcessContext(as_id(2000), 1, nullptr, context.put())));
  KERNEL_CHECK_EQUAL(context->RefCount, 2);
  KERNEL_CHECK_EQUAL(context->ProcessFlags, 0u);
  KERNEL_CHECK_EQUAL(MpProcessTable->UntrustedCount, 1u);
  KERNEL_CHECK_EQUAL(MpProcessTable->TrustedCount, 0u);
}
