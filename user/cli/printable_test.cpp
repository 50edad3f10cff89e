// SPDX-License-Identifier: MIT
#include "cli/printable.h"

#include <gtest/gtest.h>

#include "cli/character_width.h"

namespace wdscope::cli {
namespace {

class Printable : public testing::Test {
 protected:
  static void SetUpTestSuite() { use_unicode_widths(); }

  static std::string shown(std::string_view text) {
    std::string out;
    append_printable(out, text);
    return out;
  }
  static std::size_t width(std::string_view text) {
    std::string out;
    return append_printable(out, text);
  }
  static std::string cut(std::string_view text, std::size_t columns, Cut where) {
    std::string out;
    EXPECT_LE(append_cut(out, text, columns, where), columns);
    return out;
  }
};

TEST_F(Printable, AnEscapeSequenceBecomesVisibleAndHarmless) {
  EXPECT_EQ(shown("\x1b[31mred\x07"), "␛[31mred␇");
  EXPECT_EQ(shown("a\nb\rc\td\x7f"), "a␊b␍c␉d␡");
}

TEST_F(Printable, AC1ControlIsNamed) {
  EXPECT_EQ(shown("\xC2\x9B"
                  "31m"),
            "<U+009B>31m");
}

TEST_F(Printable, BidirectionalAndZeroWidthFormattingIsNamed) {
  EXPECT_EQ(shown("a\u202Egpj.exe"), "a<U+202E>gpj.exe");
  EXPECT_EQ(shown("a\u200Bb\uFEFF"), "a<U+200B>b<U+FEFF>");
}

TEST_F(Printable, BytesThatAreNoUtf8AreNamedOneByOne) {
  EXPECT_EQ(shown("a\xFFz"), "a<FF>z");
  EXPECT_EQ(shown("\xE2\x82"), "<E2><82>");
  EXPECT_EQ(shown("\xC0\xAF"), "<C0><AF>");          // overlong '/'
  EXPECT_EQ(shown("\xED\xA0\x80"), "<ED><A0><80>");  // a surrogate
}

// Plain characters are judged eight at a time; no byte may hide among them.
TEST_F(Printable, EachByteIsTheSameAloneAndAtEachPlaceAmongPlainOnes) {
  for (int value = 0; value < 256; ++value) {
    const std::string byte(1, static_cast<char>(value));
    for (std::size_t place = 0; place <= 17; ++place) {
      const std::string before(place, 'b');
      EXPECT_EQ(shown(before + byte + "after all"), before + shown(byte) + "after all") << value << " at " << place;
      EXPECT_EQ(width(before + byte + "after all"), place + width(byte) + 9) << value << " at " << place;
    }
  }
}

TEST_F(Printable, WideAndCombiningCharactersCountAsTheTerminalDoes) {
  EXPECT_EQ(width("abc"), 3u);
  EXPECT_EQ(width("日本"), 4u);
  EXPECT_EQ(width("e\u0301"), 1u);
  EXPECT_EQ(width("\n"), 1u);
  EXPECT_EQ(width("\xFF"), 4u);
}

TEST_F(Printable, ATextThatFitsIsNotCut) {
  EXPECT_EQ(cut("abcdef", 6, Cut::End), "abcdef");
  EXPECT_EQ(cut("abcdef", 6, Cut::Start), "abcdef");
  EXPECT_EQ(cut("", 1, Cut::End), "");
}

TEST_F(Printable, TheEndGivesWayWithAMark) {
  EXPECT_EQ(cut("abcdef", 5, Cut::End), "abcd…");
  EXPECT_EQ(cut("abcdef", 1, Cut::End), "…");
}

TEST_F(Printable, TheStartGivesWayWithAMark) {
  EXPECT_EQ(cut("/usr/bin/cc", 7, Cut::Start), "…bin/cc");
}

TEST_F(Printable, AWideCharacterIsNeverHalved) {
  EXPECT_EQ(cut("日本語", 4, Cut::End), "日…");
  EXPECT_EQ(cut("日本語", 4, Cut::Start), "…語");
}

TEST_F(Printable, ACombiningMarkGoesWithItsLetterWhenTheStartIsCut) {
  EXPECT_EQ(cut("abe\u0301cd", 3, Cut::Start), "…cd");
}

}  // namespace
}  // namespace wdscope::cli
