// SPDX-License-Identifier: MIT
#include "host/flt/parse_name.h"

#include <gtest/gtest.h>

#include <string>

namespace wdscope::host {
namespace {

struct Case {
  std::u16string_view name, final_component, extension, stream;
};

UnicodeString of(std::u16string_view text) {
  const auto length = static_cast<std::uint16_t>(text.size() * 2);
  return {length, length, const_cast<char16_t*>(text.data())};
}

TEST(FltParseFileName, TakesNamesApart) {
  for (const Case& wanted : {
           Case{u"\\Device\\HarddiskVolume1\\Documents\\Test Results.txt:stream1", u"Test Results.txt:stream1", u"txt",
                u":stream1"},
           Case{u"\\a\\b.c\\file", u"file", u"", u""},
           Case{u"\\a\\file.tar.gz:s:$DATA", u"file.tar.gz:s:$DATA", u"gz", u":s:$DATA"},
           Case{u"TestRe~1.txt", u"TestRe~1.txt", u"txt", u""},
           Case{u"\\a\\", u"", u"", u""},
           Case{u"", u"", u"", u""},
           Case{u"\\a\\name.", u"name.", u"", u""},
           Case{u"\\a\\.hidden", u".hidden", u"hidden", u""},
           Case{u"\\a\\:x.y", u":x.y", u"", u":x.y"},
           Case{u"a.b:c.d:e", u"a.b:c.d:e", u"b", u":c.d:e"},
           Case{u"\\..\\12345678.90:a", u"12345678.90:a", u"90", u":a"},
           Case{u"\\a.b\\a longer name. with several.dots: and a.stream:",
                u"a longer name. with several.dots: and a.stream:", u"dots", u": and a.stream:"},
       }) {
    const UnicodeString name = of(wanted.name);
    UnicodeString extension, stream, final_component;
    ASSERT_EQ(FltParseFileName(&name, &extension, &stream, &final_component), kStatusSuccess);
    EXPECT_EQ(final_component.view(), wanted.final_component);
    EXPECT_EQ(extension.view(), wanted.extension);
    EXPECT_EQ(stream.view(), wanted.stream);
    EXPECT_EQ(extension.buffer == nullptr, wanted.extension.empty());
  }
}

// Whatever the length of the component and of what stands before it.
TEST(FltParseFileName, PartsMayBeginAnywhere) {
  for (std::size_t before = 0; before < 20; ++before) {
    for (std::size_t length = 0; length < 20; ++length) {
      for (std::size_t behind = 0; behind < 20; ++behind) {
        const std::u16string path = std::u16string(before, u'p') + u".:\\";
        const std::u16string extension(behind, u'e'), stream = u":" + std::u16string(behind, u's') + u".";
        const std::u16string text = path + std::u16string(length, u'f') + u"." + extension + stream;
        const UnicodeString name = of(text);
        FltFileNameInformation out{};
        ASSERT_EQ(FltParseFileName(&name, &out.extension, &out.stream, &out.final_component), kStatusSuccess);
        ASSERT_EQ(out.final_component.view(), std::u16string_view(text).substr(path.size()));
        ASSERT_EQ(out.extension.view(), extension);
        ASSERT_EQ(out.stream.view(), stream);
      }
    }
  }
}

TEST(FltParseFileName, OutputsAreOptionalAndPointIntoTheName) {
  const UnicodeString name = of(u"\\a\\b.c");
  UnicodeString extension;
  ASSERT_EQ(FltParseFileName(&name, &extension, nullptr, nullptr), kStatusSuccess);
  EXPECT_EQ(extension.buffer, name.buffer + 5);
}

TEST(FltParseFileNameInformation, AddsTheParentDirectory) {
  FltFileNameInformation information{};
  information.name = of(u"\\Device\\HarddiskVolume1\\a\\b\\c.d");
  information.volume = of(u"\\Device\\HarddiskVolume1");
  ASSERT_EQ(FltParseFileNameInformation(&information), kStatusSuccess);
  EXPECT_EQ(information.parent_dir.view(), u"\\a\\b\\");
  EXPECT_EQ(information.final_component.view(), u"c.d");
  EXPECT_EQ(information.names_parsed, 0xF);
}

}  // namespace
}  // namespace wdscope::host
