// SPDX-License-Identifier: MIT
#include "lab/command_line.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lab/nt_path.h"

namespace wdscope {
namespace {

using Arguments = std::vector<std::string>;

// CommandLineToArgvW as documented: the inverse that the joining has to satisfy.
Arguments split_as_windows_does(std::u16string_view line) {
  Arguments arguments;
  std::size_t at = 0;
  std::u16string program;
  if (!line.empty() && line[0] == u'"') {
    for (at = 1; at < line.size() && line[at] != u'"'; ++at) program.push_back(line[at]);
    ++at;
  } else {
    for (; at < line.size() && line[at] > u' '; ++at) program.push_back(line[at]);
  }
  arguments.push_back(to_utf8(program));
  for (;;) {
    while (at < line.size() && (line[at] == u' ' || line[at] == u'\t')) ++at;
    if (at >= line.size()) return arguments;
    std::u16string argument;
    bool quoted = false;
    while (at < line.size() && (quoted || (line[at] != u' ' && line[at] != u'\t'))) {
      std::size_t backslashes = 0;
      while (at < line.size() && line[at] == u'\\') ++backslashes, ++at;
      if (at < line.size() && line[at] == u'"') {
        argument.append(backslashes / 2, u'\\');
        if (backslashes % 2 == 1) {
          argument.push_back(u'"');
        } else {
          quoted = !quoted;
        }
        ++at;
      } else {
        argument.append(backslashes, u'\\');
        if (at < line.size() && (quoted || (line[at] != u' ' && line[at] != u'\t'))) argument.push_back(line[at++]);
      }
    }
    arguments.push_back(to_utf8(argument));
  }
}

TEST(CommandLine, WindowsSplitsItIntoTheSameArguments) {
  const std::vector<Arguments> lists = {
      {"cc", "-o", "a b", "c"},
      {"/usr/bin/my program", ""},
      {"p", "", " ", "\t"},
      {"p", "\"", "a\"b", "\\\"", "\\\\\""},
      {"p", "\\", "a\\", "a b\\", "a b\\\\", "c:\\dir\\"},
      {"p\\", "line\nbreak", "\xE2\x82\xAC"},
      {"quo\"te", "x"},
  };
  for (const Arguments& arguments : lists) {
    const CommandLine line = join_arguments(arguments);
    EXPECT_FALSE(line.clipped);
    EXPECT_EQ(split_as_windows_does(line.text), arguments) << to_utf8(line.text);
  }
}

TEST(CommandLine, WhatNeedsNoQuotesGetsNone) {
  EXPECT_EQ(join_arguments(Arguments{"sh", "-c", "for i in 1"}).text, u"sh -c \"for i in 1\"");
  EXPECT_EQ(join_arguments(Arguments{"C:\\x\\y", "a\\b"}).text, u"C:\\x\\y a\\b");
}

TEST(CommandLine, NoArgumentsAreAnEmptyText) {
  EXPECT_EQ(join_arguments(Arguments{}).text, u"");
}

TEST(CommandLine, AnEmptyProgramNameIsStillThere) {
  EXPECT_EQ(join_arguments(Arguments{"", "x"}).text, u"\"\" x");
}

TEST(CommandLine, AProgramNameThatCannotBeWrittenLosesItsQuotes) {
  EXPECT_EQ(join_arguments(Arguments{"a \"b\"", "x"}).text, u"\"a b\" x");
}

TEST(CommandLine, TheLongestFitsAndOneMoreIsClipped) {
  const CommandLine fits = join_arguments(Arguments{std::string(kMaximumCommandLineUnits, 'x')});
  EXPECT_EQ(fits.text.size(), kMaximumCommandLineUnits);
  EXPECT_FALSE(fits.clipped);
  const CommandLine clipped = join_arguments(Arguments{std::string(kMaximumCommandLineUnits - 1, 'x'), "y"});
  EXPECT_EQ(clipped.text.size(), kMaximumCommandLineUnits);
  EXPECT_TRUE(clipped.clipped);
}

TEST(CommandLine, ClippingLeavesNoHalfOfAPair) {
  const CommandLine line =
      join_arguments(Arguments{std::string(kMaximumCommandLineUnits - 1, 'x') + "\xF0\x9F\x98\x80"});
  EXPECT_EQ(line.text.size(), kMaximumCommandLineUnits - 1);
  EXPECT_EQ(line.text.back(), u'x');
  EXPECT_TRUE(line.clipped);
}

}  // namespace
}  // namespace wdscope
