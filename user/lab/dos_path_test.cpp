// SPDX-License-Identifier: MIT
#include "lab/dos_path.h"

#include <gtest/gtest.h>

#include "lab/nt_path.h"

namespace wdscope {
namespace {

std::string nt(std::string_view dos) {
  return to_utf8(dos_to_nt_path(dos));
}

TEST(DosPath, EachDriveIsAVolume) {
  EXPECT_EQ(nt("C:\\Windows\\System32\\cmd.exe"), "\\Device\\HarddiskVolume3\\Windows\\System32\\cmd.exe");
  EXPECT_EQ(nt("d:\\tool.exe"), "\\Device\\HarddiskVolume4\\tool.exe");
}

TEST(DosPath, OtherSpellingsOfADrivePathAreTheSame) {
  for (const char* path : {"\\??\\C:\\Windows\\x.exe", "\\\\?\\C:\\Windows\\x.exe", "\\SystemRoot\\x.exe"})
    EXPECT_EQ(nt(path), "\\Device\\HarddiskVolume3\\Windows\\x.exe") << path;
}

TEST(DosPath, AShareIsBehindTheRedirector) {
  EXPECT_EQ(nt("\\\\server\\share\\x.exe"), "\\Device\\Mup\\server\\share\\x.exe");
}

TEST(DosPath, WhatIsNoDosPathStaysAsItIs) {
  for (const char* path : {"Registry", "MemCompression", "<unknown process>", "\\Device\\HarddiskVolume1\\usr\\bin\\ls",
                           "C:", "C:x.exe", "1:\\x.exe", ""})
    EXPECT_EQ(nt(path), path);
}

TEST(DosPath, ThereAndBackIsTheSameForDrives) {
  EXPECT_EQ(nt_to_dos_path(dos_to_nt_path("C:\\Program Files\\Käse\\a.exe")), "C:\\Program Files\\Käse\\a.exe");
  EXPECT_EQ(nt_to_dos_path(u"\\DEVICE\\HARDDISKVOLUME26\\a"), "Z:\\a");
}

TEST(DosPath, OtherPathsHaveNoDrive) {
  for (const char16_t* path :
       {u"\\Device\\Mup\\server\\x", u"\\Device\\HarddiskVolume27\\x", u"\\Device\\HarddiskVolume\\x",
        u"\\Device\\HarddiskVolume0\\x", u"\\Device\\HarddiskVolume3", u"Registry", u""})
    EXPECT_EQ(nt_to_dos_path(path), std::nullopt);
}

}  // namespace
}  // namespace wdscope
