// SPDX-License-Identifier: MIT
#include "lab/nt_path.h"

#include <gtest/gtest.h>

namespace wdscope {
namespace {

TEST(NtPath, AnAbsolutePathLiesOnTheLabsVolume) {
  EXPECT_EQ(to_nt_path("/usr/bin/cc"), u"\\Device\\HarddiskVolume1\\usr\\bin\\cc");
  EXPECT_EQ(to_nt_path("/"), u"\\Device\\HarddiskVolume1\\");
}

TEST(NtPath, ANameThatIsNoPathStandsAsItIs) {
  EXPECT_EQ(to_nt_path("[kthreadd]"), u"[kthreadd]");
  EXPECT_EQ(to_nt_path(""), u"");
}

TEST(NtPath, Utf8BecomesUtf16AlsoBeyondTheFirstPlane) {
  EXPECT_EQ(to_nt_path("/\xC3\xA9/\xE2\x82\xAC/\xF0\x9F\x98\x80"),
            u"\\Device\\HarddiskVolume1\\\u00E9\\\u20AC\\\U0001F600");
}

// Texts are widened sixteen bytes at a time, the last ones together with some before them.
TEST(NtPath, TextsOfEachLengthComeOutWhole) {
  for (std::size_t length = 0; length <= 50; ++length) {
    for (std::size_t accent = 0; accent <= length; ++accent) {  // at the end: none
      std::string text;
      std::u16string wanted = u"before ";
      for (std::size_t index = 0; index < length; ++index) {
        const char letter = static_cast<char>('!' + index);
        text += index == accent ? "\xC3\xA9" : std::string(1, letter);
        wanted += index == accent ? u'\u00E9' : static_cast<char16_t>(letter);
      }
      std::u16string out = u"before ";
      append_utf16(out, text);
      EXPECT_EQ(out, wanted) << length << " with an accent at " << accent;
    }
  }
}

TEST(NtPath, EachByteThatIsNoUtf8BecomesOneReplacement) {
  std::u16string out;
  append_utf16(out, "a\xFF\xC3");          // no lead byte; cut
  append_utf16(out, "\xC0\xAF");           // overlong
  append_utf16(out, "\xED\xA0\x80");       // a surrogate
  append_utf16(out, "\xF4\x90\x80\x80z");  // beyond the last plane
  EXPECT_EQ(out, u"a\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDz");
}

TEST(NtPath, ThePathComesBack) {
  for (const char* path : {"/usr/bin/cc", "/tmp/\xE2\x82\xAC \xF0\x9F\x98\x80", "/"})
    EXPECT_EQ(to_linux_path(to_nt_path(path)), path);
}

TEST(NtPath, OnlyTheLabsVolumeComesBack) {
  EXPECT_FALSE(to_linux_path(u"\\Device\\HarddiskVolume2\\usr\\bin\\cc"));
  EXPECT_FALSE(to_linux_path(u"\\Device\\HarddiskVolume12\\cc"));
  EXPECT_FALSE(to_linux_path(u"[kthreadd]"));
}

TEST(NtPath, ABackslashInALinuxNameIsKept) {
  EXPECT_EQ(to_nt_path("/tmp/a\\b"), u"\\Device\\HarddiskVolume1\\tmp\\a\\b");
}

TEST(NtPath, AnUnpairedSurrogateBecomesAReplacement) {
  EXPECT_EQ(to_utf8(std::u16string{u'a', 0xD800, u'b', 0xDC00}),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
}

// Both ways take plain text many characters at a time: where that ends must not show.
TEST(NtPath, TextIsTheSameWhereverItStopsBeingPlain) {
  for (std::size_t before = 0; before < 40; ++before) {
    for (std::size_t behind : {0, 1, 7, 8, 9, 15, 16, 17, 33}) {
      const std::string start(before, 'a'), end(behind, 'z');
      const std::u16string wide =
          std::u16string(before, u'a') + u"\u00E4\u20AC\U0001F600" + std::u16string(behind, u'z');
      std::u16string widened = u"x";
      append_utf16(widened, start + "\u00E4\u20AC\U0001F600" + end);
      EXPECT_EQ(widened, u"x" + wide);
      std::string narrowed = "x";
      append_utf8(narrowed, wide);
      EXPECT_EQ(narrowed, "x" + start + "\u00E4\u20AC\U0001F600" + end);
    }
    EXPECT_EQ(to_utf8(std::u16string(before, u'a') + u'\xD800'), std::string(before, 'a') + "\uFFFD");
  }
}

}  // namespace
}  // namespace wdscope
