// SPDX-License-Identifier: MIT
#include "host/rtl/unicode_string.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "host/rtl/text.h"
#include "host/rtl/upcase.h"

namespace wdscope::host {
namespace {

UnicodeString of(std::u16string_view text) {
  const auto length = static_cast<std::uint16_t>(text.size() * 2);
  return {length, length, const_cast<char16_t*>(text.data())};
}

TEST(UnicodeString, InitCountsAndCuts) {
  UnicodeString text{};
  RtlInitUnicodeString(&text, nullptr);
  EXPECT_EQ(text.length + text.maximum_length, 0);
  RtlInitUnicodeString(&text, u"");
  EXPECT_EQ(text.length, 0);
  EXPECT_EQ(text.maximum_length, 2);
  const std::u16string longest(0x9000, u'x');
  RtlInitUnicodeString(&text, longest.c_str());
  EXPECT_EQ(text.length, 0xFFFC);
  EXPECT_EQ(text.maximum_length, 0xFFFE);
  EXPECT_EQ(RtlInitUnicodeStringEx(&text, longest.c_str()), kStatusNameTooLong);
}

TEST(UnicodeString, CopyCutsAndTerminatesOnlyWithRoom) {
  std::array<char16_t, 4> buffer{u'#', u'#', u'#', u'#'};
  UnicodeString target{0, 6, buffer.data()};
  UnicodeString source = of(u"abcdef");
  RtlCopyUnicodeString(&target, &source);
  EXPECT_EQ(target.view(), u"abc");
  EXPECT_EQ(buffer[3], u'#');
  source = of(u"ab");
  RtlCopyUnicodeString(&target, &source);
  EXPECT_EQ(buffer[2], u'\0');
  RtlCopyUnicodeString(&target, nullptr);
  EXPECT_EQ(target.length, 0);
}

TEST(UnicodeString, AppendChangesNothingWhenItDoesNotFit) {
  std::array<char16_t, 4> buffer{};
  UnicodeString target{0, 8, buffer.data()};
  EXPECT_EQ(RtlAppendUnicodeToString(&target, u"abc"), kStatusSuccess);
  EXPECT_EQ(RtlAppendUnicodeToString(&target, u"de"), kStatusBufferTooSmall);
  EXPECT_EQ(target.view(), u"abc");
  EXPECT_EQ(RtlAppendUnicodeToString(&target, nullptr), kStatusSuccess);
}

TEST(UnicodeString, ComparisonFoldsByTheSimpleTable) {
  const UnicodeString lower = of(u"straße-éλ"), upper = of(u"STRAßE-ÉΛ"), shorter = of(u"stra");
  EXPECT_TRUE(RtlEqualUnicodeString(&lower, &upper, 1));
  EXPECT_FALSE(RtlEqualUnicodeString(&lower, &upper, 0));
  EXPECT_TRUE(RtlPrefixUnicodeString(&shorter, &upper, 1));
  EXPECT_EQ(RtlCompareUnicodeString(&lower, &shorter, 1), 5);
  const UnicodeString empty{};
  EXPECT_TRUE(RtlPrefixUnicodeString(&empty, &lower, 0));
}

TEST(UnicodeString, X65599HashMatchesThePublishedValue) {
  const UnicodeString text = of(u"hello");
  Ulong hash = 0;
  EXPECT_EQ(RtlHashUnicodeString(&text, 1, 1, &hash), kStatusSuccess);
  EXPECT_EQ(hash, 0xCA89A912U);
  EXPECT_EQ(RtlHashUnicodeString(&text, 1, 2, &hash), kStatusInvalidParameter);
}

TEST(UnicodeString, DuplicateFollowsItsFlags) {
  const UnicodeString text = of(u"ab"), empty{};
  UnicodeString copy{};
  ASSERT_EQ(RtlDuplicateUnicodeString(1, &text, &copy), kStatusSuccess);
  EXPECT_EQ(copy.maximum_length, 6);
  RtlFreeUnicodeString(&copy);
  ASSERT_EQ(RtlDuplicateUnicodeString(1, &empty, &copy), kStatusSuccess);
  EXPECT_EQ(copy.buffer, nullptr);
  ASSERT_EQ(RtlDuplicateUnicodeString(3, &empty, &copy), kStatusSuccess);
  EXPECT_EQ(copy.maximum_length, 2);
  ASSERT_NE(copy.buffer, nullptr);
  RtlFreeUnicodeString(&copy);
  EXPECT_EQ(RtlDuplicateUnicodeString(2, &text, &copy), kStatusInvalidParameter);
}

TEST(UnicodeString, IntegersGoBothWays) {
  Ulong value = 0;
  for (const auto& [text, expected] : {std::pair{u" 0x1F", 31U}, {u"-1", ~0U}, {u"12z", 12U}, {u"0b101", 5U}}) {
    const UnicodeString source = of(text);
    EXPECT_EQ(RtlUnicodeStringToInteger(&source, 0, &value), kStatusSuccess);
    EXPECT_EQ(value, expected);
  }
  std::array<char16_t, 3> buffer{};
  UnicodeString target{0, 6, buffer.data()};
  EXPECT_EQ(RtlIntegerToUnicodeString(255, 16, &target), kStatusSuccess);
  EXPECT_EQ(target.view(), u"FF");
  EXPECT_EQ(RtlIntegerToUnicodeString(1000, 10, &target), kStatusBufferOverflow);
  EXPECT_EQ(RtlIntegerToUnicodeString(1, 7, &target), kStatusInvalidParameter);
}

TEST(UnicodeString, UpcaseOfTheWholeTableFoldsBack) {
  for (std::uint32_t unit = 0; unit < 0x10000; ++unit) {
    const char16_t upper = upcase(static_cast<char16_t>(unit));
    EXPECT_EQ(upcase(upper), upper) << unit;
  }
  EXPECT_EQ(upcase(u'ı'), u'ı') << "culture-free";
  EXPECT_EQ(downcase(u'Я'), u'я');
}

TEST(Text, MalformedTextBecomesReplacementCharacters) {
  const char16_t lone[] = {u'a', 0xD800, u'b'};
  EXPECT_EQ(to_utf8({lone, 3}),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(to_utf16("\xF0\x9F\x98\x80"), u"\U0001F600");
  EXPECT_EQ(to_utf16("a\xFF\xC3"), u"a\uFFFD\uFFFD");
  EXPECT_EQ(to_utf8(u"\U0001F600"), "\xF0\x9F\x98\x80");
}

}  // namespace
}  // namespace wdscope::host
