// SPDX-License-Identifier: MIT
#include "notifier/exclusions.h"

#include "abi/defender/flags.h"
#include "kit/kernel_string.h"
#include "kit/pool.h"
#include "notifier/conformance.h"
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
  return NT_SUCCESS(status) ? list.exchange() : status;
}

}  // namespace

CONFORMANCE("C.15", "MpSetProcessExempt", kEveryProfile,
            "bare names match the last component, wildcards a prefix, paths the whole name, whatever the case") {
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
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  for (const Row& row : rows) {
    ExclusionList list;
    KERNEL_REQUIRE(NT_SUCCESS(list.push(row.exclusion.Buffer, row.exclusion.Length)));
    KERNEL_REQUIRE(NT_SUCCESS(list.exchange()));
    context->ProcessFlags = row.excluded ? 0 : flag::Excluded;  // either way it must change
    MpSetProcessExempt(context, &row.image, Exempt::Yes, nullptr);
    KERNEL_CHECK_EQUAL((context->ProcessFlags & flag::Excluded) != 0, row.excluded);
  }
  MpReleaseProcessContext(context);
}

CONFORMANCE("A.6", "MP_PROCESS_EXCLUDED", kEveryProfile, "a wildcard loses its asterisk and keeps its backslash") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  KERNEL_REQUIRE(NT_SUCCESS(exclude(u"\\Device\\V\\*")));
  const auto* const entry = as_pointer<const std::uint8_t>(MpProcessExclusion->Head);
  KERNEL_REQUIRE(entry);
  KERNEL_CHECK_EQUAL(*reinterpret_cast<const std::uint64_t*>(entry), 0u);
  KERNEL_CHECK_EQUAL(*reinterpret_cast<const std::uint16_t*>(entry + 0x08), sizeof(u"\\Device\\V\\") - 2);
  KERNEL_CHECK_EQUAL(entry[0x18], 0u);
  KERNEL_CHECK_EQUAL(entry[0x19], 1u);
}

CONFORMANCE("C.15", "MpSetProcessExempt", kEveryProfile,
            "a missing or empty name leaves flag 1, an unlisted one takes it") {
  const test::State state(profile);
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

CONFORMANCE("C.15", "MpSetProcessExempt", kEveryProfile,
            "the engine is exempt by its id, and keeps flag 8 when it goes") {
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

CONFORMANCE("E.5.1", "SET_PROCESS_EXCLUSION", kEveryProfile,
            "a text of 0x10000 bytes is refused, the longest below is kept whole") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  kit::PoolBytes text;
  KERNEL_REQUIRE(NT_SUCCESS(text.allocate(kit::Pool::Paged, 0x10000, kit::tag::Test)));
  for (std::size_t unit = 0; unit < 0x8000; ++unit) text.as<WCHAR>()[unit] = L'x';
  ExclusionList list;
  KERNEL_CHECK_EQUAL(list.push(text.data(), 0x10000), STATUS_INTEGER_OVERFLOW);
  KERNEL_CHECK_EQUAL(list.push(text.data(), 0xFFFE), STATUS_SUCCESS);
}

CONFORMANCE("C.4", "MpInitializeProcessExclusions", kEveryProfile, "both lists begin as NULL") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  KERNEL_CHECK_EQUAL(MpProcessExclusion->Head, 0u);
  KERNEL_CHECK_EQUAL(MpProcessExclusion->HardeningData, 0u);
}
