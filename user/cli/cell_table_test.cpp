// SPDX-License-Identifier: MIT
#include "cli/cell_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/character_width.h"

namespace wdscope::cli {
namespace {

using testing::ElementsAre;

class CellTableTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { use_unicode_widths(); }

  CellTable table_{{{"PID", Side::Right}, {"TRUST"}, {"IMAGE", Side::Left, Cut::Start, 8}, {"LINE"}}};
};

TEST_F(CellTableTest, ColumnsAreAsWideAsTheirWidestCell) {
  table_.add({{"1"}, {"no"}, {"a"}, {"x"}});
  table_.add({{"12345"}, {"yes"}, {"a longer image"}, {"y z"}});
  EXPECT_EQ(table_.render(Color::Off, std::nullopt),
            "  PID TRUST IMAGE          LINE\n"
            "    1 no    a              x\n"
            "12345 yes   a longer image y z\n");
}

TEST_F(CellTableTest, WhatIsUnknownIsADashAndAnUnknownColumnIsLeftOutAndTold) {
  table_.add({{"1"}, {}, {"a"}, {}});
  table_.add({{"2"}, {}, {}, {}});
  EXPECT_EQ(table_.render(Color::Off, std::nullopt), "PID IMAGE\n  1 a\n  2 -\n");
  EXPECT_THAT(table_.unknown_columns(), ElementsAre("TRUST", "LINE"));
}

TEST_F(CellTableTest, WithoutRowsTheTitlesStand) {
  EXPECT_EQ(table_.render(Color::Off, std::nullopt), "PID TRUST IMAGE LINE\n");
  EXPECT_TRUE(table_.unknown_columns().empty());
}

TEST_F(CellTableTest, ATerminalCutsAtItsWidth) {
  table_.add({{"1"}, {"no"}, {"0123456789"}, {"a command line that is too long"}});
  EXPECT_EQ(table_.render(Color::Off, 30), "PID TRUST IMAGE    LINE\n  1 no    …3456789 a command …\n");
}

TEST_F(CellTableTest, AWideCharacterThatIsCutLeavesTheNextColumnInPlace) {
  table_.add({{"1"}, {"no"}, {"日本日本日"}, {"x"}});
  EXPECT_EQ(table_.render(Color::Off, 30), "PID TRUST IMAGE    LINE\n  1 no    …日本日  x\n");
}

TEST_F(CellTableTest, ARowMayComeInPartsAndACombiningMarkAloneIsKnown) {
  table_.add({{"1"}, {"\u0301"}});
  table_.add({{"a"}, {"x"}});
  EXPECT_EQ(table_.row_count(), 1u);
  EXPECT_EQ(table_.render(Color::Off, std::nullopt), "PID TRUST IMAGE LINE\n  1 \u0301      a     x\n");
}

TEST_F(CellTableTest, NothingInACellDrivesTheTerminal) {
  table_.add({{"1"}, {"no"}, {"\x1b[2J"}, {"\n"}});
  const std::string text = table_.render(Color::Off, std::nullopt);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST_F(CellTableTest, LooksAreColoursOnlyWhereAskedFor) {
  table_.add({{"1"}, {"no", Look::Notice}, {"a"}, {"x"}});
  EXPECT_NE(table_.render(Color::On, std::nullopt).find("\x1b[33mno\x1b[0m"), std::string::npos);
}

}  // namespace
}  // namespace wdscope::cli
