// SPDX-License-Identifier: MIT
#include "host/rtl/format.h"

#include <gtest/gtest.h>

#include <array>

namespace wdscope::host {
namespace {

// What a narrow format gives, through the routine that drivers import.
template <class... Arguments>
std::string narrow(const char* format, Arguments... arguments) {
  std::array<char, 600> buffer{};
  const int length = nt_snprintf(buffer.data(), buffer.size(), format, arguments...);
  return std::string(buffer.data(), static_cast<std::size_t>(length));
}

TEST(Format, IntegersFollowTheMicrosoftRuntime) {
  EXPECT_EQ(narrow("%d %i %u", -5, 7, 4'000'000'000U), "-5 7 4000000000");
  EXPECT_EQ(narrow("%x %X %#x %08x", 0xabcU, 0xabcU, 0xabcU, 0xabcU), "abc ABC 0xabc 00000abc");
  EXPECT_EQ(narrow("%+d % d %5d|%-5d|%05d", 3, 3, 3, 3, -3), "+3  3     3|3    |-0003");
  EXPECT_EQ(narrow("%.3d %o", 7, 8U), "007 10");
}

TEST(Format, LongIs32BitsAndI64Is64) {
  EXPECT_EQ(narrow("%lx", 0xFFFFFFFF'00000001ULL), "1");
  EXPECT_EQ(narrow("%I64x %llx %Ix", 0x1'00000002ULL, 0x1'00000003ULL, 0x1'00000004ULL),
            "100000002 100000003 100000004");
  EXPECT_EQ(narrow("%I64d", -1LL), "-1");
  EXPECT_EQ(narrow("%hx %hhx", 0x12345, 0x12345), "2345 45");
}

TEST(Format, PointersAreSixteenUpperCaseDigits) {
  EXPECT_EQ(narrow("%p", reinterpret_cast<void*>(0xabcdULL)), "000000000000ABCD");
}

TEST(Format, StringsOfEitherWidth) {
  EXPECT_EQ(narrow("%s %hs", "narrow", "too"), "narrow too");
  EXPECT_EQ(narrow("%S %ws %ls", u"wide", u"w", u"l"), "wide w l");
  EXPECT_EQ(narrow("%10s|%-6s|", "right", "left"), "     right|left  |");
  EXPECT_EQ(narrow("%c%C", 'a', u'b'), "ab");
  EXPECT_EQ(narrow("%s %S", static_cast<const char*>(nullptr), static_cast<const char16_t*>(nullptr)), "(null) (null)");
}

TEST(Format, PrecisionBoundsAnUnterminatedString) {
  const char16_t unterminated[] = {u'a', u'b', u'c'};
  EXPECT_EQ(narrow("%.3S", unterminated), "abc");
  EXPECT_EQ(narrow("%.*s", 2, "xyz"), "xy");
}

TEST(Format, CountedStringsNeedNoTerminator) {
  char16_t text[] = {u'p', u'i', u'd', u'!'};
  const UnicodeString unicode{6, 8, text};
  char bytes[] = {'a', 'n', 's', 'i'};
  const AnsiString ansi{3, 4, bytes};
  const UnicodeString empty{};
  EXPECT_EQ(narrow("%wZ %Z", &unicode, &ansi), "pid ans");
  EXPECT_EQ(narrow("%wZ %wZ", &empty, static_cast<const UnicodeString*>(nullptr)), "(null) (null)");
  EXPECT_EQ(narrow("%5wZ|", &unicode), "  pid|");
}

TEST(Format, WhatDoesNotFitIsCutAndSaysMinusOne) {
  std::array<char, 4> buffer{'#', '#', '#', '#'};
  EXPECT_EQ(nt_snprintf(buffer.data(), 3, "abc"), 3);
  EXPECT_EQ(buffer[3], '#') << "no room for a terminator, none written";
  EXPECT_EQ(nt_snprintf(buffer.data(), 3, "abcd"), -1);
  EXPECT_EQ(nt_snprintf(buffer.data(), 4, "ab"), 2);
  EXPECT_STREQ(buffer.data(), "ab");
}

TEST(Format, InAWideFormatTheWidthsSwap) {
  std::array<char16_t, 40> buffer{};
  EXPECT_EQ(nt_snwprintf(buffer.data(), buffer.size(), u"%s %S %d%%", u"wide", "narrow", 5), 14);
  EXPECT_EQ(std::u16string(buffer.data()), u"wide narrow 5%");
}

TEST(Format, UnicodeConversionsAreReported) {
  struct Call {
    static FormatResult NTAPI of(const char* format, ...) {
      __builtin_ms_va_list arguments;
      __builtin_ms_va_start(arguments, format);
      FormatResult result = format_narrow(format, arguments);
      __builtin_ms_va_end(arguments);
      return result;
    }
  };
  EXPECT_FALSE(Call::of("%s %x", "a", 1).touches_unicode);
  EXPECT_TRUE(Call::of("%S", u"a").touches_unicode);
}

}  // namespace
}  // namespace wdscope::host
