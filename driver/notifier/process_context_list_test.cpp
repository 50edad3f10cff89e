// SPDX-License-Identifier: MIT
#include "notifier/process_context_list.h"

#include "notifier/conformance.h"
#include "notifier/test_support.h"

using namespace wdscope;
using namespace wdscope::notifier;

namespace {

std::uint32_t list_length(defender::KernelAddress entry) {
  std::uint32_t count = 0;
  while (entry) {
    ++count;
    entry = *as_pointer<defender::KernelAddress>(entry);
  }
  return count;
}

}  // namespace

CONFORMANCE("C.12", "MpGetProcessContextList", kEveryProfile,
            "without contexts and without creation it is empty, and the event is signalled again") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  defender::KernelAddress list = 0;
  KERNEL_CHECK(NT_SUCCESS(MpGetProcessContextList(&list, MissingContexts::Skip)));
  KERNEL_CHECK_EQUAL(list, 0u);
  KERNEL_CHECK_EQUAL(MpProcessTable->EnumerationsInProgress, 0);
  KERNEL_CHECK_EQUAL(KeReadStateEvent(enumeration_done()), 1);
}

CONFORMANCE("C.12", "MpGetProcessContextList", kEveryProfile,
            "with creation every running process has an entry with a reference of its own") {
  KERNEL_NEEDS(test::runs_in_system(), "the System process as 4");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  defender::KernelAddress list = 0;
  KERNEL_REQUIRE(NT_SUCCESS(MpGetProcessContextList(&list, MissingContexts::Create)));
  KERNEL_CHECK(list != 0);
  KERNEL_CHECK_EQUAL(list_length(list), MpProcessTable->TrustedCount + MpProcessTable->UntrustedCount);
  bool saw_system = false;
  while (list) {
    MP_PROCESS_CONTEXT* const context = context_in(list);
    saw_system |= context->ProcessId == 4;
    KERNEL_CHECK_EQUAL(context->RefCount, 2);
    KERNEL_CHECK_EQUAL(*as_pointer<std::uint32_t>(list - 8), 0x0018DA17u);
    list = MpReleaseProcessContextListEntry(list);
  }
  KERNEL_CHECK(saw_system);
}

CONFORMANCE("C.12", "MpReleaseProcessContextListEntry", kEveryProfile, "the context of each entry is released") {
  KERNEL_NEEDS(test::runs_in_system(), "the System process as 4");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  std::uint32_t visited = 0;
  KERNEL_CHECK(NT_SUCCESS(for_each_process_context(MissingContexts::Create, [&](MP_PROCESS_CONTEXT*) { ++visited; })));
  KERNEL_CHECK(visited != 0);
  ContextReference system;
  KERNEL_REQUIRE(NT_SUCCESS(MpGetProcessContextById(test::as_id(4), system.put())));
  KERNEL_CHECK_EQUAL(system->RefCount, 2);
}
