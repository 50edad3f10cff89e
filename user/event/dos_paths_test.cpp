// SPDX-License-Identifier: MIT
#include "event/dos_paths.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>

#include "event/decode.h"
#include "event/json.h"
#include "event/record_builder.h"

namespace wdscope {
namespace {

using std::chrono::milliseconds;

DosNames names() {
  return {{{"C:", "\\Device\\HarddiskVolume3"},
           {"D:", "\\Device\\HarddiskVolume1"},
           {"E:", "\\Device\\CdRom0"},
           {"S:", "\\??\\C:\\folder"},
           {"T:", "\\Device\\LanmanRedirector\\;T:0000000000012345\\server\\share"},
           {"X:", "\\Device\\HarddiskVolume3"}},
          "C:\\Windows"};
}

std::string dos_path_of(std::string_view path) {
  const DosAnswer answer = find_dos_form(names(), path);
  if (!answer.form) return answer.unknown_device ? "unknown device" : "none";
  return answer.form->head + std::string(path.substr(answer.form->replaced));
}

TEST(DosPathsTest, AVolumeIsItsFirstLetter) {
  EXPECT_EQ(dos_path_of("\\Device\\HarddiskVolume3\\Windows\\x.exe"), "C:\\Windows\\x.exe");
  EXPECT_EQ(dos_path_of("\\DEVICE\\harddiskvolume3\\Grüße.exe"), "C:\\Grüße.exe");
  EXPECT_EQ(dos_path_of("\\Device\\CdRom0\\setup.exe"), "E:\\setup.exe");
}

TEST(DosPathsTest, OneVolumesNameMayBeginAnothers) {
  EXPECT_EQ(dos_path_of("\\Device\\HarddiskVolume1\\x.exe"), "D:\\x.exe");
  EXPECT_EQ(dos_path_of("\\Device\\HarddiskVolume12\\x.exe"), "unknown device");
  EXPECT_EQ(dos_path_of("\\Device\\HarddiskVolume3"), "unknown device");
}

TEST(DosPathsTest, SharesAreTheirServersWhateverLetterTheyHave) {
  EXPECT_EQ(dos_path_of("\\Device\\Mup\\server\\share\\x.exe"), "\\\\server\\share\\x.exe");
  EXPECT_EQ(dos_path_of("\\Device\\Mup\\;LanmanRedirector\\;T:0000000000012345\\server\\share\\x.exe"),
            "\\\\server\\share\\x.exe");
  EXPECT_EQ(dos_path_of("\\??\\UNC\\server\\share\\x.exe"), "\\\\server\\share\\x.exe");
  EXPECT_EQ(dos_path_of("\\Device\\Mup\\"), "none");
  EXPECT_EQ(dos_path_of("\\Device\\Mup\\;LanmanRedirector"), "none");
  EXPECT_EQ(dos_path_of("\\Device\\Mup\\\\share"), "none");
}

TEST(DosPathsTest, NtsOtherNamesForDrivesGoAway) {
  EXPECT_EQ(dos_path_of("\\SystemRoot\\System32\\smss.exe"), "C:\\Windows\\System32\\smss.exe");
  EXPECT_EQ(dos_path_of("\\systemroot\\x"), "C:\\Windows\\x");
  EXPECT_EQ(dos_path_of("\\??\\C:\\Windows\\x.exe"), "C:\\Windows\\x.exe");
}

TEST(DosPathsTest, WhatHasNoDosPathStaysAsItIs) {
  for (const char* path : {"", "Registry", "MemCompression", "System", "C:\\x.exe", "\\??\\Volume{1}\\x.exe",
                           "\\??\\C:", "\\SystemRoot", "\\Device", "[kthreadd]"}) {
    EXPECT_EQ(dos_path_of(path), "none") << path;
  }
  EXPECT_EQ(find_dos_form({}, "\\SystemRoot\\x").form.has_value(), false);
  Origin origin;
  EXPECT_EQ(shown_image(origin, "\\??\\C:\\x"), "\\??\\C:\\x");
  origin.dos_paths = std::make_shared<const DosPaths>(names());
  EXPECT_EQ(shown_image(origin, "\\??\\C:\\x"), "C:\\x");
  EXPECT_EQ(shown_image(origin, "Registry"), "Registry");
}

TEST(DosPathsTest, AnUnknownDeviceHasTheDrivesReadAgainButNotForEachPath) {
  int reads = 0;
  DosPaths::Clock::time_point now{};
  DosNames current = names();
  const DosPaths paths(
      [&] {
        ++reads;
        return current;
      },
      [&] { return now; });
  EXPECT_EQ(reads, 1);
  current.drives.push_back({"F:", "\\Device\\HarddiskVolume9"});
  const std::string_view stick = "\\Device\\HarddiskVolume9\\x.exe";
  EXPECT_FALSE(paths.form(stick));  // read a moment ago
  EXPECT_EQ(reads, 1);
  now += DosPaths::kPatience;
  ASSERT_TRUE(paths.form(stick));
  EXPECT_EQ(paths.form(stick)->head, "F:");
  EXPECT_EQ(reads, 2);
  now += DosPaths::kPatience;
  EXPECT_TRUE(paths.form("\\Device\\HarddiskVolume3\\x.exe"));  // known
  EXPECT_FALSE(paths.form(std::string_view("Registry")));       // on no device
  EXPECT_EQ(reads, 2);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(paths.form("\\Device\\HarddiskVolume77\\x.exe"));
  EXPECT_EQ(reads, 3);
}

TEST(DosPathsTest, FixedNamesStay) {
  const DosPaths paths(names());
  EXPECT_FALSE(paths.form("\\Device\\HarddiskVolume9\\x.exe"));
  EXPECT_EQ(paths.names().drives.size(), names().drives.size());
}

TEST(DosPathsTest, BothWaysToJsonHaveTheDosPathBesideTheNtPath) {
  Origin origin;
  origin.kind = Origin::Kind::Device;
  const auto record = RecordBuilder::create(400, 4)
                          .image(u"\\Device\\HarddiskVolume3\\Gr\u00FC\u00DFe \xD83D\xDE00\\\xD800.exe")
                          .build();
  std::string without;
  ASSERT_TRUE(append_json_record(without, record, origin));
  EXPECT_EQ(without.find("dos_image"), std::string::npos);

  origin.dos_paths = std::make_shared<const DosPaths>(names());
  std::string line;
  ASSERT_TRUE(append_json_record(line, record, origin));
  EXPECT_NE(line.find(R"("image":"\\Device\\HarddiskVolume3\\Grüße 😀\\)"
                      "\uFFFD"
                      R"(.exe","dos_image":"C:\\Grüße 😀\\)"
                      "\uFFFD"
                      R"(.exe",)"),
            std::string::npos)
      << line;
  std::string typed;
  append_json(typed, *decode(record, origin), origin);
  EXPECT_EQ(line, typed);
}

TEST(DosPathsTest, TheLongestImageAndFolderFitIntoTheirLine) {
  Origin origin;
  DosNames long_names = names();
  long_names.windows_folder = std::string(40000, '\x01');
  origin.dos_paths = std::make_shared<const DosPaths>(long_names);
  const auto record = RecordBuilder::create(400, 4).image(u"\\SystemRoot\\" + std::u16string(32000, u'\x02')).build();
  std::string line;
  ASSERT_TRUE(append_json_record(line, record, origin));
  EXPECT_GT(line.size(), 6u * (2 * 32000 + 40000));
}

}  // namespace
}  // namespace wdscope
