// SPDX-License-Identifier: MIT
#include "notifier/name_marks.h"

#include "kit/kernel_string.h"
#include "kit/test.h"
#include "notifier/file_name.h"

using namespace wdscope;
using namespace wdscope::notifier;

namespace {

struct Texts {
  UNICODE_STRING one;
  UNICODE_STRING other;
};

constexpr std::uint32_t kEntries = 3;

}  // namespace

KERNEL_TEST("NameMarks: texts that are equal without case have the same mark") {
  const Texts rows[] = {
      {kit::counted(u"compiler.exe"), kit::counted(u"COMPILER.Exe")},
      {kit::counted(u"caf\u00E9.exe"), kit::counted(u"CAF\u00C9.EXE")},
      {kit::counted(u"\u00FFab.exe"), kit::counted(u"\u0178AB.EXE")},
      {kit::counted(u""), kit::counted(u"")},
  };
  for (const Texts& row : rows) {
    KERNEL_REQUIRE(equal_names(row.one, row.other));
    KERNEL_CHECK_EQUAL(mark_of(row.one), mark_of(row.other));
  }
}

KERNEL_TEST("NameMarks: a path has its own mark and that of each folder, hardly others") {
  const UNICODE_STRING path = kit::counted(u"\\Device\\Volume1\\Program Files\\tool.exe");
  NameMarks marks;
  marks.add_with_folders(path);
  const UNICODE_STRING beginnings[] = {
      kit::counted(u"\\"),
      kit::counted(u"\\DEVICE\\"),
      kit::counted(u"\\device\\volume1\\"),
      kit::counted(u"\\Device\\Volume1\\Program Files\\"),
      kit::counted(u"\\Device\\Volume1\\Program Files\\TOOL.EXE"),
  };
  for (const UNICODE_STRING& beginning : beginnings) KERNEL_CHECK(marks.contains(mark_of(beginning)));
  std::uint32_t count = 0;
  for (std::uint32_t mark = 0; mark < kNameMarkCount; ++mark) count += marks.contains(static_cast<NameMark>(mark));
  KERNEL_CHECK(count <= sizeof(beginnings) / sizeof(beginnings[0]));
}

KERNEL_TEST("NameMarks: names that differ in one unit hardly share a mark") {
  WCHAR buffer[] = {L'\\', L'b', L'i', L'n', L'\\', L'0', L'0', L'0', L'.', L'e', L'x', L'e'};
  const UNICODE_STRING text = {sizeof(buffer), sizeof(buffer), buffer};
  NameMarks sought;
  sought.add(kit::counted(u"\\bin\\abc.exe"));
  std::uint32_t shared = 0;
  for (std::uint32_t number = 0; number < 1000; ++number) {
    buffer[5] = static_cast<WCHAR>(L'0' + number / 100);
    buffer[6] = static_cast<WCHAR>(L'0' + number / 10 % 10);
    buffer[7] = static_cast<WCHAR>(L'0' + number % 10);
    shared += sought.contains(mark_of(text));
  }
  KERNEL_CHECK(shared < 10);
}

KERNEL_TEST("MarkedEntries: the first entry that fits is found, one whose mark alone fits is not") {
  const UNICODE_STRING name = kit::counted(u"tool.exe");
  MarkedEntries entries;
  KERNEL_REQUIRE(NT_SUCCESS(entries.allocate(kEntries)));
  for (defender::KernelAddress entry = 1; entry <= kEntries; ++entry) entries.add(mark_of(name), entry);
  NameMarks marks;
  marks.add(kit::counted(u"TOOL.exe"));
  KERNEL_CHECK_EQUAL(entries.first(marks, [](defender::KernelAddress entry) { return entry >= 2; }), 2u);
  KERNEL_CHECK_EQUAL(entries.first(marks, [](defender::KernelAddress) { return false; }), 0u);
  KERNEL_CHECK_EQUAL(entries.first(NameMarks(), [](defender::KernelAddress) { return true; }), 0u);
  entries.release();
  KERNEL_CHECK(entries.empty());
}
