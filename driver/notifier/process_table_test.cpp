// SPDX-License-Identifier: MIT
#include "notifier/process_table.h"

#include "notifier/test_support.h"

using namespace wdscope::notifier;
using test::as_id;
using test::insert_context;

KERNEL_TEST("ProcessTable: it has the published magic, size and bucket count (A.2)") {
  const test::State state;
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  KERNEL_CHECK_EQUAL(MpProcessTable->Magic, 0x01C0DA13u);
  KERNEL_CHECK_EQUAL(KeReadStateEvent(enumeration_done()), 1);
  KERNEL_CHECK_EQUAL(context_lookaside()->L.Size, 0x130u);
  KERNEL_CHECK_EQUAL(list_entry_lookaside()->L.Size, 0x18u);
  const auto* const heads = as_pointer<LIST_ENTRY>(MpProcessTable->Buckets);
  for (std::uint32_t index = 0; index < 0x80; ++index) KERNEL_CHECK(IsListEmpty(&heads[index]));
}

KERNEL_TEST("ProcessTable: a reused pid gets a fresh context (C.1)") {
  const test::State state;
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const old_one = insert_context(400, 1);
  MP_PROCESS_CONTEXT* const new_one = insert_context(400, 2);
  KERNEL_REQUIRE(old_one && new_one);
  ContextReference found_old;
  ContextReference found_new;
  KERNEL_CHECK(NT_SUCCESS(MpGetProcessContextByIdAndCreationTime(as_id(400), 1, found_old.put())));
  KERNEL_CHECK(NT_SUCCESS(MpGetProcessContextByIdAndCreationTime(as_id(400), 2, found_new.put())));
  KERNEL_CHECK_EQUAL(found_old.get(), old_one);
  KERNEL_CHECK_EQUAL(found_new.get(), new_one);
  MpReleaseProcessContext(old_one);
  MpReleaseProcessContext(new_one);
}

KERNEL_TEST("ProcessTable: pid 0 and an unknown time are not found (C.1)") {
  const test::State state;
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  MP_PROCESS_CONTEXT* found = nullptr;
  KERNEL_CHECK_EQUAL(MpGetProcessContextByIdAndCreationTime(nullptr, 1, &found), STATUS_NOT_FOUND);
  KERNEL_CHECK_EQUAL(MpGetProcessContextByIdAndCreationTime(as_id(400), 2, &found), STATUS_NOT_FOUND);
  KERNEL_CHECK(found == nullptr);
  MpReleaseProcessContext(context);
}

KERNEL_TEST("ProcessTable: an id that NT does not know gives NT's status (C.1)") {
  const test::State state;
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* found = nullptr;
  KERNEL_CHECK_EQUAL(MpGetProcessContextById(as_id(0x7FFFFFF0), &found), STATUS_INVALID_CID);
  KERNEL_CHECK(found == nullptr);
}

KERNEL_TEST("ProcessTable: a new context stands at the head of its bucket (C.1)") {
  const test::State state;
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  // 4 * 128 apart: the same bucket.
  MP_PROCESS_CONTEXT* const first = insert_context(8, 1);
  MP_PROCESS_CONTEXT* const second = insert_context(8 + 512, 1);
  KERNEL_REQUIRE(first && second);
  const auto* const head = as_pointer<LIST_ENTRY>(MpProcessTable->Buckets) + 2;
  KERNEL_CHECK_EQUAL(as_address(head->Flink), as_address(second) + 8);
  KERNEL_CHECK_EQUAL(as_address(head->Flink->Flink), as_address(first) + 8);
  MpReleaseProcessContext(first);
  MpReleaseProcessContext(second);
}

KERNEL_TEST("ProcessTable: the counters fall at the last release, not at the deletion (C.2)") {
  const test::State state;
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  KERNEL_CHECK_EQUAL(context->RefCount, 2);
  KERNEL_CHECK_EQUAL(MpProcessTable->UntrustedCount, 1u);
  MpDeleteProcessContext(context);
  KERNEL_CHECK_EQUAL(context->RefCount, 1);
  KERNEL_CHECK_EQUAL(MpProcessTable->UntrustedCount, 1u);
  MP_PROCESS_CONTEXT* found = nullptr;
  KERNEL_CHECK_EQUAL(MpGetProcessContextByIdAndCreationTime(as_id(400), 1, &found), STATUS_NOT_FOUND);
  MpReleaseProcessContext(context);
  KERNEL_CHECK_EQUAL(MpProcessTable->UntrustedCount, 0u);
}
