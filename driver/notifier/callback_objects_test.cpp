// SPDX-License-Identifier: MIT
#include "kit/callback.h"
#include "notifier/conformance.h"
#include "notifier/refresh.h"
#include "notifier/test_support.h"

using namespace wdscope;
using namespace wdscope::notifier;

namespace {

void NTAPI take_nothing(PVOID, PVOID, PVOID) {}

}  // namespace

CONFORMANCE("C.6", "MpRegisterCallback", kEveryProfile, "a null object, routine or slot is an invalid parameter") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  PCALLBACK_OBJECT object = nullptr;
  KERNEL_REQUIRE(NT_SUCCESS(kit::MpCreateCallback(&object, L"\\Callback\\WdNotifierTestObject")));
  PVOID registration = nullptr;
  KERNEL_CHECK_EQUAL(kit::MpRegisterCallback(nullptr, take_nothing, nullptr, &registration), STATUS_INVALID_PARAMETER);
  KERNEL_CHECK_EQUAL(kit::MpRegisterCallback(object, nullptr, nullptr, &registration), STATUS_INVALID_PARAMETER);
  KERNEL_CHECK_EQUAL(kit::MpRegisterCallback(object, take_nothing, nullptr, nullptr), STATUS_INVALID_PARAMETER);
  KERNEL_CHECK(registration == nullptr);
  ObDereferenceObject(object);
}

CONFORMANCE("C.6", "MpCreateCallback", kEveryProfile, "an object of that name is opened, whoever made it") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  PCALLBACK_OBJECT first = nullptr;
  PCALLBACK_OBJECT second = nullptr;
  KERNEL_REQUIRE(NT_SUCCESS(kit::MpCreateCallback(&first, L"\\Callback\\WdNotifierTestObject")));
  KERNEL_REQUIRE(NT_SUCCESS(kit::MpCreateCallback(&second, L"\\Callback\\WdNotifierTestObject")));
  KERNEL_CHECK_EQUAL(first, second);
  // Several may be registered at once.
  PVOID registrations[2] = {};
  for (PVOID& registration : registrations) {
    KERNEL_CHECK(NT_SUCCESS(kit::MpRegisterCallback(first, take_nothing, nullptr, &registration)));
  }
  for (const PVOID registration : registrations) {
    if (registration) ExUnregisterCallback(registration);
  }
  ObDereferenceObject(first);
  ObDereferenceObject(second);
}

CONFORMANCE("C.17", "MpNriNotificationCallback", kEveryProfile, "only with MP_DATA as its context") {
  KERNEL_NEEDS(test::runs_in_system(), "the System process as 4");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  test::Recorder recorder;
  KERNEL_REQUIRE(NT_SUCCESS(recorder.status()));
  MP_PROCESS_CONTEXT* const system = test::insert_context(4, PsGetProcessCreateTimeQuadPart(PsInitialSystemProcess));
  KERNEL_REQUIRE(system);
  std::uint64_t zero = 0;
  MpNriNotificationCallback(nullptr, &zero, nullptr);
  MpNriNotificationCallback(MpProcessTable, &zero, nullptr);
  KERNEL_CHECK_EQUAL(recorder.count(), 0u);
  MpNriNotificationCallback(MpData, &zero, nullptr);
  KERNEL_CHECK_EQUAL(recorder.count(), 1u);
  MpReleaseProcessContext(system);
}
