// SPDX-License-Identifier: MIT
// Golden byte images: each structure of A.1 to A.7 and A.9 as it lies in memory, in every profile. All offsets and
// values are written out here as the research has them: the structures of abi/defender are not used to make an image.
#include "notifier/golden_image.h"
#include "abi/defender/flags.h"
#include "kit/kernel_string.h"
#include "kit/pool_tags.h"
#include "notifier/conformance.h"
#include "notifier/doc_rules.h"
#include "notifier/exclusions.h"
#include "notifier/hardening_exclusion.h"
#include "notifier/pre_scan.h"
#include "notifier/process_context_list.h"
#include "notifier/test_support.h"

using namespace wdscope;
using namespace wdscope::notifier;
using test::as_id;
using test::golden_image;
using test::Image;
using test::is_2019;
using wire::NotifierProfile;

namespace {

std::uint64_t word(const void* at, std::size_t offset) {
  std::uint64_t value;
  RtlCopyMemory(&value, static_cast<const std::uint8_t*>(at) + offset, sizeof(value));
  return value;
}

constexpr ULONG_PTR kSystem = 4;
constexpr test::ByProfile<std::uint32_t> kContextSize = {0xC0, 0xC8, 0x130, 0x130};
constexpr test::ByProfile<std::uint32_t> kContextMagic = {0x00C0DA0F, 0x00C8DA0F, 0x0130DA0F, 0x0130DA0F};

LONGLONG system_time() {
  return PsGetProcessCreateTimeQuadPart(PsInitialSystemProcess);
}

// Tag and element size of a paged lookaside list at `offset`; the rest of it is NT's.
void put_lookaside(Image& image, std::size_t offset, const char (&tag)[5], std::uint32_t element) {
  image.any(offset, 0x28).put(offset + 0x28, kit::pool_tag(tag)).put(offset + 0x2C, element).any(offset + 0x30, 0x50);
}

}  // namespace

CONFORMANCE("A.3", "MP_PROCESS_CONTEXT", kEveryProfile, "golden byte image") {
  KERNEL_NEEDS(test::runs_in_system(), "the System process as 4");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  const UNICODE_STRING image_name = kit::counted(u"\\Device\\HarddiskVolume1\\System");
  const UNICODE_STRING command_line = kit::counted(u"System");
  const CreateParameters parameters = {&image_name, &command_line, nullptr};
  ContextReference context;
  KERNEL_REQUIRE(NT_SUCCESS(MpCreateProcessContext(as_id(kSystem), system_time(), &parameters, context.put())));
  const void* const actual = context.get();
  const std::uint64_t head = MpProcessTable->Buckets + 0x10 * 1;  // (4 >> 2) & 0x7F

  Image& image = golden_image(kContextSize[profile]);
  image.put(0x00, kContextMagic[profile]);
  image.put(0x08, head).put(0x10, head).put(0x18, std::uint64_t{kSystem}).put(0x20, system_time());
  image.put(0x28, word(actual, 0x28)).put(0x30, 2).put(0x34, 0x4040u).put(0x48, ~std::uint64_t{0});
  image.put(0x80, word(actual, 0x80)).put(0xB8, std::uint8_t{0x72});
  KERNEL_CHECK(word(actual, 0x28) != 0 && word(actual, 0x80) != 0);
  if (image.size() == 0x130) {
    image.put(0xD0, as_address(actual) + 0xD0).put(0xD8, as_address(actual) + 0xD0);
    image.put(0xF0, 0x1Eu).put(0x100, 0u).put(0x108, word(actual, 0x108)).put(0x120, 0x39u);
    KERNEL_CHECK(word(actual, 0x108) != 0);
  }
  CHECK_IMAGE(image, actual);
}

CONFORMANCE("A.2, A.4", "MP_PROCESS_TABLE, process-context list entry", kEveryProfile, "golden byte images") {
  KERNEL_NEEDS(test::runs_in_system(), "the System process as 4");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  defender::KernelAddress list = 0;
  KERNEL_REQUIRE(NT_SUCCESS(MpGetProcessContextList(&list, MissingContexts::Create)));
  // The System process is listed first, so it is the last entry.
  defender::KernelAddress entry = list;
  std::uint32_t others = 0;
  for (; word(as_pointer<void>(entry), 0); entry = word(as_pointer<void>(entry), 0)) ++others;
  Image& entry_image = golden_image(0x18);
  entry_image.put(0x00, 0x0018DA17u).put(0x10, as_address(context_in(entry)));
  CHECK_IMAGE(entry_image, as_pointer<void>(entry - 8));

  Image& image = golden_image(0x1C0);
  image.put(0x000, 0x01C0DA13u).any(0x008, 0x68);
  put_lookaside(image, 0x080, "MPpX", kContextSize[profile]);
  put_lookaside(image, 0x100, "MPpe", 0x18);
  image.put(0x180, word(MpProcessTable, 0x180)).any(0x188, 0x18);
  image.put(0x1A4, 1u).put(0x1A8, others);
  CHECK_IMAGE(image, MpProcessTable);
  KERNEL_CHECK_EQUAL(KeReadStateEvent(enumeration_done()), 1);
  while (list) list = MpReleaseProcessContextListEntry(list);
}

CONFORMANCE("A.1", "MP_DATA", kEveryProfile, "golden byte image") {
  KERNEL_NEEDS(test::is_windows_10(), "Windows 10");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  Image& image = golden_image(is_2019(profile) ? 0xCC0 : 0x1180);
  image.put(0x00, is_2019(profile) ? 0x0CC0DA00u : 0x1180DA00u);
  for (const std::size_t routine : {0x18, 0x20}) {
    KERNEL_CHECK(word(MpData, routine) != 0);
    image.put(routine, word(MpData, routine));
  }
  image.put(0x28, word(MpData, 0x28));  // the host has no thread routine of the Ex kind
  image.any(is_2019(profile) ? 0x238 : 0x2F0, 0x68).put(is_2019(profile) ? 0x2A8 : 0x360, 0x19Fu);
  if (is_2019(profile)) {
    for (const std::size_t sid : {0x688, 0x690, 0x698}) image.put(sid, word(MpData, sid));
    image.put(0x6B1, std::uint8_t{1});
  } else {
    for (const std::size_t sid : {0x948, 0x950, 0x958, 0x960, 0x970, 0x978}) image.put(sid, word(MpData, sid));
  }
  CHECK_IMAGE(image, MpData);
}

CONFORMANCE("A.5", "MP_DOC_OPEN_RULES, MP_DOC_OPEN_RULE", kEveryProfile, "golden byte images") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  DocRuleList rules;
  KERNEL_REQUIRE(NT_SUCCESS(rules.push(u"a.exe", 10, u"pdf\0", 10)));
  KERNEL_REQUIRE(NT_SUCCESS(rules.push(u"b.exe", 10, u"doc\0", 10)));
  KERNEL_REQUIRE(NT_SUCCESS(rules.exchange()));
  const void* const newest = as_pointer<void>(word(MpBmDocOpenRules, 0x08) - 8);
  Image& root = golden_image(0x100);
  root.put(0x00, 0x0100DA14u).put(0x08, as_address(newest) + 8).any(0x10, 0x68);
  put_lookaside(root, 0x80, "MPdo", 0x228);
  CHECK_IMAGE(root, MpBmDocOpenRules);

  Image& image = golden_image(0x228);
  image.put(0x000, 0x0228DA15u).put(0x004, 1).put(0x008, word(newest, 0x008)).text(0x010, u"b.exe", 10);
  image.put(0x220, word(newest, 0x220));
  KERNEL_CHECK(word(newest, 0x008) != 0);
  CHECK_IMAGE(image, newest);
  Image& extensions = golden_image(10);
  extensions.text(0, u"doc\0", 10);
  CHECK_IMAGE(extensions, as_pointer<void>(word(newest, 0x220)));
}

CONFORMANCE("A.6", "MP_PROCESS_EXCLUSION, MP_PROCESS_EXCLUDED", kEveryProfile, "golden byte images") {
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  ExclusionList exclusions;
  KERNEL_REQUIRE(NT_SUCCESS(exclusions.push(u"a.exe", 10)));
  KERNEL_REQUIRE(NT_SUCCESS(exclusions.push(u"\\Device\\*", 18)));
  KERNEL_REQUIRE(NT_SUCCESS(exclusions.push(u"\\a\\b.exe", 16)));
  KERNEL_REQUIRE(NT_SUCCESS(exclusions.exchange()));
  Image& root = golden_image(0x78);
  root.any(0x00, 0x68).put(0x68, word(MpProcessExclusion, 0x68));
  CHECK_IMAGE(root, MpProcessExclusion);

  // Pushed at the front, so the last one comes first; the wildcard has lost its asterisk alone.
  struct {
    const char16_t* text;
    std::uint16_t length, maximum;
    std::uint8_t no_backslash, wildcard;
  } const rows[] = {{u"\\a\\b.exe", 16, 18, 0, 0}, {u"\\Device\\", 16, 20, 0, 1}, {u"a.exe", 10, 12, 1, 0}};
  std::uint64_t at = word(MpProcessExclusion, 0x68);
  for (const auto& row : rows) {
    KERNEL_REQUIRE(at != 0);
    const void* const entry = as_pointer<void>(at);
    Image& image = golden_image(0x20);
    image.put(0x00, word(entry, 0x00)).put(0x08, row.length).put(0x0A, row.maximum).put(0x10, word(entry, 0x10));
    image.put(0x18, row.no_backslash).put(0x19, row.wildcard);
    CHECK_IMAGE(image, entry);
    Image& text = golden_image(row.length);
    text.text(0, row.text, row.length);
    CHECK_IMAGE(text, as_pointer<void>(word(entry, 0x10)));
    at = word(entry, 0x00);
  }
  KERNEL_CHECK_EQUAL(at, 0u);
}

CONFORMANCE("A.7", "hardening-exclusion data", kEveryProfile, "golden byte images") {
  KERNEL_NEEDS(test::is_windows_10(), "Windows 10");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  KERNEL_REQUIRE(NT_SUCCESS(MpCreateProcessHardeningExcludeDataIfNeeded()));
  const void* const data = as_pointer<void>(word(MpProcessExclusion, 0x70));
  const void* const first = as_pointer<void>(word(data, 0x00));
  Image& head = golden_image(0x18);
  head.put(0x00, as_address(first)).put(0x08, word(data, 0x08)).put(0x10, word(data, 0x10));
  KERNEL_CHECK(word(data, 0x10) != 0);
  CHECK_IMAGE(head, data);
  // The last row of the table stands first: setupcl.exe.
  Image& entry = golden_image(0x20);
  entry.put(0x00, word(first, 0x00)).put(0x08, as_address(data)).put(0x10, word(first, 0x10));
  if (is_2019(profile)) {
    entry.put(0x18, 0x20u);
  } else {
    entry.put(0x18, std::uint8_t{1}).put(0x19, std::uint8_t{1}).put(0x1A, std::uint8_t{1});
  }
  CHECK_IMAGE(entry, first);
  const UNICODE_STRING path = kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\setupcl.exe");
  KERNEL_CHECK(RtlEqualUnicodeString(as_pointer<UNICODE_STRING>(word(first, 0x10)), &path, FALSE));
}

CONFORMANCE("A.9", "CSRSS hook data", kEveryProfile, "golden byte image") {
  KERNEL_NEEDS(test::runs_in_system(), "the System process as 4");
  const test::State state(profile);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  MP_PROCESS_CONTEXT* const context = test::insert_context(400, 1);
  KERNEL_REQUIRE(context);
  if (auto* const tail = tail_of(context)) {
    tail->KnownProcessType = static_cast<std::uint32_t>(defender::KnownProcessType::Csrss);
  }
  // The System process's token is of session 0.
  const UNICODE_STRING csrss = kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\System32\\csrss.exe");
  set_pre_scan(PsInitialSystemProcess, context, &csrss);
  const void* const data = as_pointer<void>(word(MpData, is_2019(profile) ? 0x6D0 : 0x9B0));
  KERNEL_REQUIRE(data);
  const UNICODE_STRING paths[] = {kit::counted(u"\\Device\\HarddiskVolume1\\Windows"),
                                  kit::counted(u"\\Device\\HarddiskVolume1\\Windows\\WinSxS"), csrss};
  Image& image = golden_image(0x20);
  for (std::size_t index = 0; index < 3; ++index) {
    image.put(8 * index, word(data, 8 * index));
    KERNEL_CHECK(RtlEqualUnicodeString(as_pointer<UNICODE_STRING>(word(data, 8 * index)), &paths[index], FALSE));
  }
  image.put(0x18, std::uint8_t{1});
  CHECK_IMAGE(image, data);
  MpReleaseProcessContext(context);
}
