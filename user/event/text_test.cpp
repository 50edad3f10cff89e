// SPDX-License-Identifier: MIT
#include "event/text.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "event/decode.h"

namespace wdscope {
namespace {

std::string json_of(std::string_view utf8) {
  std::string out(utf8.size() * kJsonBytesPerUnit + kTextSlack, '\0');
  out.resize(static_cast<std::size_t>(write_json_text(out.data(), utf8) - out.data()));
  return out;
}

std::string json_of(std::u16string_view units) {
  std::string out(units.size() * kJsonBytesPerUnit + kTextSlack, '\0');
  bool damaged = false;
  const Utf16Bytes bytes{reinterpret_cast<const std::byte*>(units.data()), units.size()};
  out.resize(static_cast<std::size_t>(write_json_text(out.data(), bytes, damaged) - out.data()));
  return out;
}

// The definition, one unit at a time.
std::string slow_utf8(std::u16string_view units) {
  std::string out;
  for (std::size_t i = 0; i < units.size(); ++i) {
    char32_t c = units[i];
    const bool high = c >= 0xD800 && c <= 0xDBFF;
    if (high && i + 1 < units.size() && units[i + 1] >= 0xDC00 && units[i + 1] <= 0xDFFF) {
      c = 0x10000 + (c - 0xD800) * 0x400 + (units[++i] - 0xDC00);
    } else if (c >= 0xD800 && c <= 0xDFFF) {
      c = 0xFFFD;
    }
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else if (c < 0x800) {
      out += static_cast<char>(0xC0 + c / 64);
      out += static_cast<char>(0x80 + c % 64);
    } else if (c < 0x10000) {
      out += static_cast<char>(0xE0 + c / 4096);
      out += static_cast<char>(0x80 + c / 64 % 64);
      out += static_cast<char>(0x80 + c % 64);
    } else {
      out += static_cast<char>(0xF0 + c / 262144);
      out += static_cast<char>(0x80 + c / 4096 % 64);
      out += static_cast<char>(0x80 + c / 64 % 64);
      out += static_cast<char>(0x80 + c % 64);
    }
  }
  return out;
}

TEST(Text, AsciiStaysAsItIs) {
  const Text text = to_text(u"C:\\Windows\\System32\\svchost.exe -k netsvcs -p");
  EXPECT_EQ(text.value, "C:\\Windows\\System32\\svchost.exe -k netsvcs -p");
  EXPECT_FALSE(text.damaged);
}

TEST(Text, ASurrogatePairBecomesOneCodePoint) {
  const Text text = to_text(u"\xd83d\xde00");
  EXPECT_EQ(text.value, "\xF0\x9F\x98\x80");
  EXPECT_FALSE(text.damaged);
}

TEST(Text, EachUnpairedSurrogateBecomesOneReplacementAndIsTold) {
  const Text text = to_text(
      u"a\xdc00\xd800"
      u"b\xd800");
  EXPECT_EQ(text.value,
            "a\xEF\xBF\xBD\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
  EXPECT_TRUE(text.damaged);
}

TEST(Text, AHighSurrogateBeforeAPairDoesNotSwallowIt) {
  EXPECT_EQ(to_text(u"\xd800\xd83d\xde00").value, "\xEF\xBF\xBD\xF0\x9F\x98\x80");
}

TEST(Text, AnOddAddressIsNoProblem) {
  const std::u16string_view units = u"0123456789abcdefghij";
  std::vector<std::byte> bytes(units.size() * 2 + 1);
  std::memcpy(bytes.data() + 1, units.data(), units.size() * 2);
  std::string out(256, '\0');
  bool damaged = false;
  out.resize(static_cast<std::size_t>(write_utf8(out.data(), {bytes.data() + 1, units.size()}, damaged) - out.data()));
  EXPECT_EQ(out, "0123456789abcdefghij");
}

TEST(Text, EveryUnitComesOutAsDefinedAtEveryPlaceInABlock) {
  for (unsigned unit = 0; unit <= 0xFFFF; ++unit) {
    std::u16string text(37, u'x');
    text[unit % 37] = static_cast<char16_t>(unit);
    const Text got = to_text(text);
    ASSERT_EQ(got.value, slow_utf8(text)) << unit;
    ASSERT_EQ(got.damaged, unit >= 0xD800 && unit <= 0xDFFF) << unit;
  }
}

TEST(Text, RandomTextOfEveryLengthComesOutAsDefined) {
  std::mt19937 random(1);
  constexpr char16_t kAlphabet[] = {u'a', u'\\', u'"', u'\n', 0x7F, 0x80, 0xFF, 0x7FF, 0xD800, 0xDBFF, 0xDC00, 0xDFFF};
  for (int round = 0; round < 20000; ++round) {
    std::u16string text(random() % 70, u'.');
    for (auto& unit : text) {
      if (random() % 4 == 0) unit = kAlphabet[random() % std::size(kAlphabet)];
    }
    const std::string utf8 = slow_utf8(text);
    ASSERT_EQ(to_text(text).value, utf8);
    ASSERT_EQ(json_of(text), json_of(utf8));
  }
}

TEST(Text, JsonEscapesWhatJsonForbidsAndNothingElse) {
  std::string all;
  std::string expected;
  for (unsigned c = 0; c < 0x80; ++c) {
    all.assign(20, 'x');
    all[c % 20] = static_cast<char>(c);
    const std::string got = json_of(all);
    switch (c) {
      case '"':
        expected = "\\\"";
        break;
      case '\\':
        expected = "\\\\";
        break;
      case '\n':
        expected = "\\n";
        break;
      case '\r':
        expected = "\\r";
        break;
      case '\t':
        expected = "\\t";
        break;
      case '\b':
        expected = "\\b";
        break;
      case '\f':
        expected = "\\f";
        break;
      default:
        expected.assign(1, static_cast<char>(c));
        if (c < 0x20) {
          char text[8];
          std::snprintf(text, sizeof text, "\\u%04x", c);
          expected = text;
        }
    }
    std::string whole(20, 'x');
    whole.replace(c % 20, 1, expected);
    EXPECT_EQ(got, whole) << c;
  }
}

}  // namespace
}  // namespace wdscope
