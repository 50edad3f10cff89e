// SPDX-License-Identifier: MIT
#include "cli/character_width.h"

#include <gtest/gtest.h>

namespace wdscope::cli {
namespace {

TEST(CharacterWidth, EveryScriptHasItsWidth) {
  use_unicode_widths();
  EXPECT_EQ(character_width(U'a'), 1);
  EXPECT_EQ(character_width(0xE9), 1);     // e with acute
  EXPECT_EQ(character_width(0x416), 1);    // Cyrillic
  EXPECT_EQ(character_width(0x439), 1);    // Cyrillic, with a breve
  EXPECT_EQ(character_width(0x622), 1);    // Arabic, with a madda
  EXPECT_EQ(character_width(0x304C), 2);   // Hiragana, with a voiced sound mark
  EXPECT_EQ(character_width(0x5D0), 1);    // Hebrew
  EXPECT_EQ(character_width(0x301), 0);    // combining acute
  EXPECT_EQ(character_width(0x6F22), 2);   // Han
  EXPECT_EQ(character_width(0xD55C), 2);   // Hangul
  EXPECT_EQ(character_width(0x3042), 2);   // Hiragana
  EXPECT_EQ(character_width(0xFF21), 2);   // fullwidth A
  EXPECT_EQ(character_width(0x1F600), 2);  // emoji
  EXPECT_EQ(character_width(0x20000), 2);  // Han of the second plane
  EXPECT_EQ(character_width(0x1D400), 1);  // mathematical A
}

TEST(CharacterWidth, ControlsHaveNone) {
  use_unicode_widths();
  EXPECT_EQ(character_width(0x7), -1);
  EXPECT_EQ(character_width(0x9B), -1);
}

}  // namespace
}  // namespace wdscope::cli
