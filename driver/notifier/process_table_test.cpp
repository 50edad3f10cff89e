// SPDX-License-Identifier: MIT
#include "notifier/process_table.h"

#include "notifier/conformance.h"
#include "notifier/test_support.h"

using namespace wdscope::notifier;
using test::as_id;
using test::insert_context;

namespace {

constexpr test::ByProfile<std::uint32_t> kContextSize = {0xC0, 0xC8, 0x130, 0x130};

}  // namespace

CONFORMANCE("C.3", "MpInitializeProcessTable", kEveryProfile,
            "magic, lookaside sizes, 0x80 empty buckets, a signalled event") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  KERNEL_CHECK_EQUAL(MpProcessTable->Magic, 0x01C0DA13u);
  KERNEL_CHECK_EQUAL(KeReadStateEvent(enumeration_done()), 1);
  KERNEL_CHECK_EQUAL(context_lookaside()->L.Size, kContextSize[profile]);
  KERNEL_CHECK_EQUAL(list_entry_lookaside()->L.Size, 0x18u);
  const auto* const heads = as_pointer<LIST_ENTRY>(MpProcessTable->Buckets);
  for (std::uint32_t index = 0; index < 0x80; ++index) KERNEL_CHECK(IsListEmpty(&heads[index]));
}

CONFORMANCE("C.1", "MpGetProcessContextByIdAndCreationTime", kEveryProfile,
            "a reused pid gets a fresh context beside the stale one") {
  const test::State state(profile);
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

CONFORMANCE("C.1", "MpGetProcessContextByIdAndCreationTime", kEveryProfile,
            "whoever stands anywhere in a bucket is found, as often as asked for, until it leaves the table") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  constexpr ULONG_PTR kSameBucket = 4 * 0x80;
  MP_PROCESS_CONTEXT* contexts[5];
  for (ULONG_PTR index = 0; index < 5; ++index) {
    contexts[index] = insert_context(400 + index * kSameBucket, 1);
    KERNEL_REQUIRE(contexts[index]);
  }
  for (MP_PROCESS_CONTEXT* const context : contexts) {
    for (int time = 0; time < 2; ++time) {
      ContextReference found;
      KERNEL_CHECK(NT_SUCCESS(MpGetProcessContextByIdAndCreationTime(as_id(context->ProcessId), 1, found.put())));
      KERNEL_CHECK_EQUAL(found.get(), context);
    }
    MP_PROCESS_CONTEXT* other = nullptr;
    KERNEL_CHECK_EQUAL(MpGetProcessContextByIdAndCreationTime(as_id(context->ProcessId), 0, &other), STATUS_NOT_FOUND);
    MpDeleteProcessContext(context);
    KERNEL_CHECK_EQUAL(MpGetProcessContextByIdAndCreationTime(as_id(context->ProcessId), 1, &other), STATUS_NOT_FOUND);
  }
  for (MP_PROCESS_CONTEXT* const context : contexts) MpReleaseProcessContext(context);
}

CONFORMANCE("C.1", "MpGetProcessContextByIdAndCreationTime", kEveryProfile, "pid 0 and an unknown time are not found") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  MP_PROCESS_CONTEXT* found = nullptr;
  KERNEL_CHECK_EQUAL(MpGetProcessContextByIdAndCreationTime(nullptr, 1, &found), STATUS_NOT_FOUND);
  KERNEL_CHECK_EQUAL(MpGetProcessContextByIdAndCreationTime(as_id(400), 2, &found), STATUS_NOT_FOUND);
  KERNEL_CHECK(found == nullptr);
  MpReleaseProcessContext(context);
}

CONFORMANCE("C.1", "MpGetProcessContextById", kEveryProfile, "an id that NT does not know gives NT's status") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* found = nullptr;
  KERNEL_CHECK_EQUAL(MpGetProcessContextById(as_id(0x7FFFFFF0), &found), STATUS_INVALID_CID);
  KERNEL_CHECK(found == nullptr);
}

CONFORMANCE("C.1", "MpProcessTable", kEveryProfile, "a new context stands at the head of bucket (pid >> 2) & 0x7F") {
  const test::State state(profile);
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

CONFORMANCE("C.2", "MpReleaseProcessContext", kEveryProfile,
            "the counters fall at the last release, not at the deletion, and nobody is notified") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  test::Recorder recorder;
  KERNEL_REQUIRE(NT_SUCCESS(recorder.status()));
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
  KERNEL_CHECK_EQUAL(recorder.count(), 0u);
}

CONFORMANCE("C.1", "MpGetProcessContextByObject, MpGetProcessContextById", kEveryProfile,
            "the context of the process that owns the id now, with a reference each") {
  KERNEL_NEEDS(test::runs_in_system(), "the System process as 4");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  const LONGLONG created = PsGetProcessCreateTimeQuadPart(PsInitialSystemProcess);
  MP_PROCESS_CONTEXT* const stale = insert_context(4, created - 1);
  KERNEL_REQUIRE(stale);
  MP_PROCESS_CONTEXT* found = nullptr;
  KERNEL_CHECK_EQUAL(MpGetProcessContextByObject(PsInitialSystemProcess, &found), STATUS_NOT_FOUND);
  KERNEL_CHECK_EQUAL(MpGetProcessContextById(as_id(4), &found), STATUS_NOT_FOUND);
  MP_PROCESS_CONTEXT* const owner = insert_context(4, created);
  KERNEL_REQUIRE(owner);
  ContextReference by_object;
  ContextReference by_id;
  KERNEL_CHECK(NT_SUCCESS(MpGetProcessContextByObject(PsInitialSystemProcess, by_object.put())));
  KERNEL_CHECK(NT_SUCCESS(MpGetProcessContextById(as_id(4), by_id.put())));
  KERNEL_CHECK_EQUAL(by_object.get(), owner);
  KERNEL_CHECK_EQUAL(by_id.get(), owner);
  KERNEL_CHECK_EQUAL(owner->RefCount, 4);  // the table, the test, and two lookups
  MpReleaseProcessContext(owner);
  MpReleaseProcessContext(stale);
}

CONFORMANCE("C.3", "MpShutdownProcessTable", kEveryProfile,
            "every context loses the table's reference, and the table is gone") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  for (ULONG_PTR process_id = 4; process_id <= 4 * 300; process_id += 4) {
    MP_PROCESS_CONTEXT* const context = insert_context(process_id, 1);
    KERNEL_REQUIRE(context);
    MpReleaseProcessContext(context);  // State's end would find what the table still held
  }
  MpShutdownProcessTable();
  KERNEL_CHECK(MpProcessTable == nullptr);
}

CONFORMANCE("C.11", "MpDeleteProcessContext", kEveryProfile, "what stood on both sides in the bucket is joined") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const first = insert_context(8, 1);
  MP_PROCESS_CONTEXT* const middle = insert_context(8 + 512, 1);
  MP_PROCESS_CONTEXT* const last = insert_context(8 + 1024, 1);
  KERNEL_REQUIRE(first && middle && last);
  MpDeleteProcessContext(middle);
  const auto* const head = as_pointer<LIST_ENTRY>(MpProcessTable->Buckets) + 2;
  KERNEL_CHECK_EQUAL(as_address(head->Flink), as_address(last) + 8);
  KERNEL_CHECK_EQUAL(as_address(head->Flink->Flink), as_address(first) + 8);
  KERNEL_CHECK_EQUAL(as_address(head->Blink), as_address(first) + 8);
  KERNEL_CHECK_EQUAL(as_address(head->Blink->Blink), as_address(last) + 8);
  KERNEL_CHECK_EQUAL(middle->RefCount, 1);
  MpReleaseProcessContext(first);
  MpReleaseProcessContext(middle);
  MpReleaseProcessContext(last);
}

KERNEL_TEST("a context is found wherever it stands in its bucket, and nobody else in its stead") {
  const test::State state;
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  constexpr std::uint32_t kMost = 5;
  MP_PROCESS_CONTEXT* contexts[kMost] = {};
  for (std::uint32_t count = 0; count < kMost; ++count) {
    // All of one bucket; times go down, so that none is too young to be looked for.
    contexts[count] = insert_context(8 + 512 * count, 10 - count);
    KERNEL_REQUIRE(contexts[count]);
    for (std::uint32_t index = 0; index <= count; ++index) {
      ContextReference found;
      KERNEL_CHECK(NT_SUCCESS(MpGetProcessContextByIdAndCreationTime(as_id(8 + 512 * index), 10 - index, found.put())));
      KERNEL_CHECK_EQUAL(found.get(), contexts[index]);
    }
    MP_PROCESS_CONTEXT* other = nullptr;
    KERNEL_CHECK_EQUAL(MpGetProcessContextByIdAndCreationTime(as_id(8 + 512 * kMost), 3, &other), STATUS_NOT_FOUND);
    KERNEL_CHECK_EQUAL(MpGetProcessContextByIdAndCreationTime(as_id(8), 3, &other), STATUS_NOT_FOUND);
  }
  for (MP_PROCESS_CONTEXT* const context : contexts) MpReleaseProcessContext(context);
}

KERNEL_TEST("a process whose creation time was put right is found by the new one") {
  const test::State state;
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(8, 0);
  KERNEL_REQUIRE(context);
  {
    const ResourceLock lock(table_resource(), LockMode::Exclusive);
    change_create_time(context, 1000);
  }
  ContextReference found;
  KERNEL_CHECK(NT_SUCCESS(MpGetProcessContextByIdAndCreationTime(as_id(8), 1000, found.put())));
  KERNEL_CHECK_EQUAL(found.get(), context);
  MpReleaseProcessContext(context);
}
