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
