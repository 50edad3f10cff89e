// SPDX-License-Identifier: MIT
#include "notifier/file_name.h"

#include "kit/kernel_string.h"
#include "kit/test.h"

using namespace wdscope;
using namespace wdscope::notifier;

namespace {

struct Pair {
  UNICODE_STRING one;
  UNICODE_STRING other;
};

}  // namespace

KERNEL_TEST("names are equal exactly when RtlEqualUnicodeString says so") {
  const Pair pairs[] = {
      {kit::counted(u""), kit::counted(u"")},
      {kit::counted(u"a"), kit::counted(u"A")},
      {kit::counted(u"a"), kit::counted(u"b")},
      {kit::counted(u"compiler.exe"), kit::counted(u"COMPILER.EXE")},
      {kit::counted(u"compiler.exe"), kit::counted(u"compiler.ex")},
      {kit::counted(u"xompiler.exe"), kit::counted(u"compiler.exe")},
      {kit::counted(u"compiler.exf"), kit::counted(u"compiler.exe")},
      {kit::counted(u"compIler.exe"), kit::counted(u"xompiler.exe")},
      // 0x20 apart, but no letters.
      {kit::counted(u"tool@.exe"), kit::counted(u"tool`.exe")},
      {kit::counted(u"tool[.exe"), kit::counted(u"tool{.exe")},
      {kit::counted(u"caf\u00E9.exe"), kit::counted(u"CAF\u00C9.EXE")},
      {kit::counted(u"caf\u00E9.exe"), kit::counted(u"CAF\u00C8.EXE")},
      {kit::counted(u"\u00FFab.exe"), kit::counted(u"\u0178AB.EXE")},
      {kit::counted(u"xaf\u00E9.exe"), kit::counted(u"CAF\u00C9.EXE")},
      {kit::counted(u"cafe.exe"), kit::counted(u"caf\u00E9.exe")},
  };
  for (const Pair& pair : pairs) {
    KERNEL_CHECK_EQUAL(equal_names(pair.one, pair.other), RtlEqualUnicodeString(&pair.one, &pair.other, TRUE) != FALSE);
    KERNEL_CHECK_EQUAL(equal_names(pair.other, pair.one), RtlEqualUnicodeString(&pair.one, &pair.other, TRUE) != FALSE);
  }
}

KERNEL_TEST("a name begins with a prefix exactly when RtlPrefixUnicodeString says so") {
  const UNICODE_STRING name = kit::counted(u"\\Device\\\u00C4nderung\\tool.exe");
  const UNICODE_STRING prefixes[] = {
      kit::counted(u""),
      kit::counted(u"\\device\\"),
      kit::counted(u"\\device\\\u00E4nderung\\"),
      kit::counted(u"\\device\\anderung\\"),
      kit::counted(u"\\devise\\\u00E4nderung\\"),
      kit::counted(u"\\Device\\\u00C4nderung\\tool.exe"),
      kit::counted(u"\\Device\\\u00C4nderung\\tool.exe2"),
  };
  for (const UNICODE_STRING& prefix : prefixes) {
    KERNEL_CHECK_EQUAL(has_prefix(name, prefix), RtlPrefixUnicodeString(&prefix, &name, TRUE) != FALSE);
  }
}
