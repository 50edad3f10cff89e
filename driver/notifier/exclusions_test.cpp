// SPDX-License-Identifier: MIT
#include "notifier/exclusions.h"

#include "abi/defender/flags.h"
#include "kit/kernel_string.h"
#include "kit/pool.h"
#include "notifier/test_support.h"

using namespace wdscope;
using namespace wdscope::notifier;
using test::insert_context;

namespace flag = defender::flag;

namespace {

template <std::size_t kUnits>
NTSTATUS exclude(const char16_t (&text)[kUnits]) {
  ExclusionList list;
  const NTSTATUS status = list.push(text, sizeof(text) - sizeof(WCHAR));
  if (NT_SUCCESS(status)) list.exchange();
  return status;
}

}  // namespace

KERNEL_TEST("Exclusions: bare names, wildcards and full paths match as published, whatever the case (C.15, A.6)") {
  struct Row {
    UNICODE_STRING exclusion;
    UNICODE_STRING image;
    bool excluded;
  };
  const Row rows[] = {
      // NoBackslash: the final component
      {kit::counted(u"A.exe"), kit::counted(u"\\Device\\V\\bin\\a.EXE"), true},
      {kit::counted(u"a.exe"), kit::counted(u"a.exe"), true},
      {kit::counted(u"a.exe"), kit::counted(u"\\Device\\V\\a.exe2"), false},
      {kit::counted(u"a.exe"), kit::counted(u"\\Device\\V\\a.exe\\b"), false},
      // Wildcard: a prefix of the full path, backslash included
      {kit::counted(u"\\Device\\V\\bin\\*"), kit::counted(u"\\Device\\V\\BIN\\x\\a.exe"), true},
      {kit::counted(u"\\Device\\V\\bin\\*"), kit::counted(u"\\Device\\V\\bin2\\a.exe"), false},
      {kit::counted(u"\\Device\\V\\bin\\*"), kit::counted(u"\\Device\\V"), false},
      // below 8 bytes "\*" is no wildcard; an asterisk elsewhere is a character
      {kit::counted(u"\\a\\*"), kit::counted(u"\\a\\b"), true},
      {kit::counted(u"a\\*"), kit::counted(u"a\\b"), false},
      {kit::counted(u"\\Device\\*.exe"), kit::counted(u"\\Device\\a.exe"), false},
      // the full path
      {kit::counted(u"\\Device\\V\\a.exe"), kit::counted(u"\\device\\v\\A.exe"), true},
      {kit::counted(u"\\Device\\V\\a.exe"), kit::counted(u"\\Device\\W\\a.exe"), false},
  };
  const test::State state;
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  for (const Row& row : rows) {
    ExclusionList list;
    KERNEL_REQUIRE(NT_SUCCESS(list.push(row.exclusion.Buffer, row.exclusion.Length)));
    list.exchange();
    context->ProcessFlags = row.excluded ? 0 : flag::Excluded;  // either way it must change
    MpSetProcessExempt(context, &row.image, Exempt::Yes, nullptr);
    KERNEL_CHECK_EQUAL((context->ProcessFlags & flag::Excluded) != 0, row.excluded);
  }
  MpReleaseProcessContext(context);
}

KERNEL_TEST("Exclusions: root and entry have the published layout (A.6)") {
  const test::State state;
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  KERNEL_REQUIRE(NT_SUCCESS(exclude(u"\\Device\\V\\*")));
  const auto* const entry = as_pointer<const std::uint8_t>(MpProcessExclusion->Head);
  KERNEL_REQUIRE(entry);
  KERNEL_CHECK_EQUAL(*reinterpret_cast<const std::uint64_t*>(entry), 0u);
  KERNEL_CHECK_EQUAL(*reinterpret_cast<const std::uint16_t*>(entry + 0x08), sizeof(u"\\Device\\V\\") - 2);
  KERNEL_CHECK_EQUAL(entry[0x18], 0u);
  KERNEL_CHECK_EQUAL(entry[0x19], 1u);
}

KERNEL_TEST("Exclusions: a missing name leaves the flag, an unlisted one takes it (C.15)") {
  const test::State state;
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  context->ProcessFlags = flag::Excluded;
  MpSetProcessExempt(context, nullptr, Exempt::Yes, nullptr);
  const UNICODE_STRING empty = {};
  MpSetProcessExempt(context, &empty, Exempt::Yes, nullptr);
  KERNEL_CHECK_EQUAL(context->ProcessFlags, flag::Excluded);
  const UNICODE_STRING name = kit::counted(u"a.exe");
  MpSetProcessExempt(context, &name, Exempt::Yes, nullptr);
  KERNEL_CHECK_EQUAL(context->ProcessFlags, 0u);
  MpReleaseProcessContext(context);
}

KERNEL_TEST("Exclusions: the engine is exempt by its id, and keeps flag 8 when it goes (C.15)") {
  for (const wire::NotifierProfile profile : test::kAllProfiles) {
    const test::State state(profile);
    KERNEL_REQUIRE(NT_SUCCESS(state.status()));
    MpSetProcessExempt(nullptr, nullptr, Exempt::Yes, PsInitialSystemProcess);
    ContextReference context;
    KERNEL_REQUIRE(NT_SUCCESS(MpGetProcessContextByObject(PsInitialSystemProcess, context.put())));
    KERNEL_CHECK_EQUAL(context->ProcessFlags & 9u, 9u);
    MpSetProcessExempt(nullptr, nullptr, Exempt::No, PsInitialSystemProcess);
    KERNEL_CHECK_EQUAL(context->ProcessFlags & 9u, 8u);
    context->ProcessFlags = 0;
    mp_data(&defender::MpDataLayout::EngineProcessId) = context->ProcessId;
    MpSetProcessExempt(context.get(), nullptr, Exempt::Yes, nullptr);
    KERNEL_CHECK_EQUAL(context->ProcessFlags, 9u);
  }
}

KERNEL_TEST("Exclusions: a text of 0x10000 bytes is refused, the longest below is kept whole (E.5.1)") {
  const test::State state;
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  kit::PoolBytes text;
  KERNEL_REQUIRE(NT_SUCCESS(text.allocate(kit::Pool::Paged, 0x10000, kit::tag::Test)));
  for (std::size_t unit = 0; unit < 0x8000; ++unit) text.as<WCHAR>()[unit] = L'x';
  ExclusionList list;
  KERNEL_CHECK_EQUAL(list.push(text.data(), 0x10000), STATUS_INTEGER_OVERFLOW);
  KERNEL_CHECK_EQUAL(list.push(text.data(), 0xFFFE), STATUS_SUCCESS);
}
