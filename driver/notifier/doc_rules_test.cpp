// SPDX-License-Identifier: MIT
#include "notifier/doc_rules.h"

#include "kit/kernel_string.h"
#include "notifier/conformance.h"
#include "notifier/test_support.h"

using namespace wdscope;
using namespace wdscope::notifier;
using test::insert_context;

namespace {

constexpr char16_t kPdf[] = u"pdf\0";  // and the literal's own NUL: a whole multi-string
constexpr char16_t kDoc[] = u"doc\0";

template <std::size_t kName, std::size_t kExtensions>
NTSTATUS push(DocRuleList& list, const char16_t (&name)[kName], const char16_t (&extensions)[kExtensions]) {
  return list.push(name, sizeof(name), extensions, sizeof(extensions));
}

MP_DOC_OPEN_RULE* rule_of_context(const MP_PROCESS_CONTEXT* context) {
  return as_pointer<MP_DOC_OPEN_RULE>(context->DocRule);
}

}  // namespace

CONFORMANCE("A.5", "MP_DOC_OPEN_RULES, MP_DOC_OPEN_RULE", kEveryProfile,
            "root and rule have the published magic, sizes and members") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  KERNEL_CHECK_EQUAL(MpBmDocOpenRules->Magic, 0x0100DA14u);
  KERNEL_CHECK_EQUAL(reinterpret_cast<PPAGED_LOOKASIDE_LIST>(MpBmDocOpenRules->RuleLookaside.bytes)->L.Size, 0x228u);
  DocRuleList list;
  KERNEL_REQUIRE(NT_SUCCESS(push(list, u"AcroRd32.exe", kPdf)));
  KERNEL_REQUIRE(NT_SUCCESS(list.exchange()));
  const auto* const rule = reinterpret_cast<std::uint8_t*>(as_pointer<void>(MpBmDocOpenRules->Head)) - 8;
  KERNEL_CHECK_EQUAL(*reinterpret_cast<const std::uint32_t*>(rule), 0x0228DA15u);
  KERNEL_CHECK_EQUAL(*reinterpret_cast<const std::uint32_t*>(rule + 4), 1u);
  KERNEL_CHECK_EQUAL(*reinterpret_cast<const std::uint64_t*>(rule + 8), 0u);
  KERNEL_CHECK(RtlCompareMemory(rule + 0x10, u"AcroRd32.exe", 26) == 26);
  KERNEL_CHECK(RtlCompareMemory(*reinterpret_cast<void* const*>(rule + 0x220), u"pdf\0", 10) == 10);
}

CONFORMANCE("C.14", "MpSetProcessDocOpenRule", kEveryProfile,
            "a process gets the rule of its whole last component, whatever the case") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  DocRuleList list;
  KERNEL_REQUIRE(NT_SUCCESS(push(list, u"AcroRd32.exe", kPdf)));
  KERNEL_REQUIRE(NT_SUCCESS(list.exchange()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  const UNICODE_STRING reader = kit::counted(u"\\Device\\HarddiskVolume1\\acrord32.EXE");
  KERNEL_CHECK_EQUAL(MpSetProcessDocOpenRule(context, &reader), STATUS_SUCCESS);
  KERNEL_REQUIRE(rule_of_context(context));
  KERNEL_CHECK_EQUAL(rule_of_context(context)->RefCount, 2);
  // The whole component counts, not its beginning.
  const UNICODE_STRING shorter = kit::counted(u"\\Device\\HarddiskVolume1\\acrord32");
  KERNEL_CHECK_EQUAL(MpSetProcessDocOpenRule(context, &shorter), STATUS_SUCCESS);
  KERNEL_CHECK_EQUAL(context->DocRule, 0u);
  MpReleaseProcessContext(context);
}

CONFORMANCE("C.14", "MpSetProcessDocOpenRule", kEveryProfile,
            "null arguments are refused, an empty name leaves the rule") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  DocRuleList list;
  KERNEL_REQUIRE(NT_SUCCESS(push(list, u"a.exe", kPdf)));
  KERNEL_REQUIRE(NT_SUCCESS(list.exchange()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  const UNICODE_STRING name = kit::counted(u"\\x\\a.exe");
  KERNEL_CHECK_EQUAL(MpSetProcessDocOpenRule(nullptr, &name), STATUS_INVALID_PARAMETER);
  KERNEL_CHECK_EQUAL(MpSetProcessDocOpenRule(context, nullptr), STATUS_INVALID_PARAMETER);
  KERNEL_CHECK_EQUAL(MpSetProcessDocOpenRule(context, &name), STATUS_SUCCESS);
  const UNICODE_STRING empty = {};
  KERNEL_CHECK_EQUAL(MpSetProcessDocOpenRule(context, &empty), STATUS_SUCCESS);
  KERNEL_CHECK(context->DocRule != 0);
  MpReleaseProcessContext(context);
}

CONFORMANCE("C.14", "MpSetProcessDocOpenRule", kEveryProfile, "of two rules for one name the last one counts") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  DocRuleList list;
  KERNEL_REQUIRE(NT_SUCCESS(push(list, u"a.exe", kPdf)));
  KERNEL_REQUIRE(NT_SUCCESS(push(list, u"a.exe", kDoc)));
  KERNEL_REQUIRE(NT_SUCCESS(list.exchange()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  const UNICODE_STRING name = kit::counted(u"a.exe");
  KERNEL_CHECK_EQUAL(MpSetProcessDocOpenRule(context, &name), STATUS_SUCCESS);
  KERNEL_REQUIRE(rule_of_context(context));
  KERNEL_CHECK_EQUAL(*as_pointer<char16_t>(rule_of_context(context)->Extensions), u'd');
  MpReleaseProcessContext(context);
}

CONFORMANCE("C.14", "MpSetDocOpenRule", kEveryProfile, "a rule outlives its list while a context refers to it") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  {
    DocRuleList list;
    KERNEL_REQUIRE(NT_SUCCESS(push(list, u"a.exe", kPdf)));
    KERNEL_REQUIRE(NT_SUCCESS(list.exchange()));
    const UNICODE_STRING name = kit::counted(u"a.exe");
    KERNEL_CHECK_EQUAL(MpSetProcessDocOpenRule(context, &name), STATUS_SUCCESS);
    DocRuleList none;
    KERNEL_REQUIRE(NT_SUCCESS(none.exchange()));
  }
  KERNEL_REQUIRE(rule_of_context(context));
  KERNEL_CHECK_EQUAL(rule_of_context(context)->RefCount, 1);
  KERNEL_CHECK_EQUAL(rule_of_context(context)->Magic, 0x0228DA15u);
  MpReleaseProcessContext(context);  // and State's end frees the table, which releases the rule
}

CONFORMANCE("C.2", "MpFreeProcessContext", kEveryProfile, "the context's end gives back its rule's reference") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  DocRuleList list;
  KERNEL_REQUIRE(NT_SUCCESS(push(list, u"a.exe", kPdf)));
  KERNEL_REQUIRE(NT_SUCCESS(list.exchange()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  const UNICODE_STRING name = kit::counted(u"a.exe");
  KERNEL_CHECK_EQUAL(MpSetProcessDocOpenRule(context, &name), STATUS_SUCCESS);
  const MP_DOC_OPEN_RULE* const rule = rule_of_context(context);
  KERNEL_REQUIRE(rule);
  KERNEL_CHECK_EQUAL(rule->RefCount, 2);
  MpDeleteProcessContext(context);
  KERNEL_CHECK_EQUAL(rule->RefCount, 2);
  MpReleaseProcessContext(context);
  KERNEL_CHECK_EQUAL(rule->RefCount, 1);
}

CONFORMANCE("C.4", "MpInitializeDocOpenRules", kEveryProfile, "the list begins empty") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  KERNEL_CHECK_EQUAL(MpBmDocOpenRules->Head, 0u);
}
