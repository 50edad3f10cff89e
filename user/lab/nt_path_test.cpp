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

}  // namespace
}  // namespace wdscope
