// SPDX-License-Identifier: MIT
#include "lab/trust_policy.h"

#include <gtest/gtest.h>

namespace wdscope {
namespace {

constexpr ImageFile kSystemFile{true, 0, 0755};

TEST(TrustPolicy, TheDefaultTrustsRootsFilesInSystemFolders) {
  const TrustPolicy policy;
  EXPECT_EQ(policy.judge("/usr/bin/cc", kSystemFile), Verdict::Trusted);
  EXPECT_EQ(policy.judge("/usr/lib/gcc/x86_64-linux-gnu/12/cc1", kSystemFile), Verdict::Trusted);
  EXPECT_EQ(policy.judge("/tmp/cc", kSystemFile), Verdict::NotTrusted);
  EXPECT_EQ(policy.judge("/home/user/usr/bin/cc", kSystemFile), Verdict::NotTrusted);
}

TEST(TrustPolicy, AFolderIsNotAPrefixOfLetters) {
  const TrustPolicy policy;
  EXPECT_EQ(policy.judge("/usr/binary/cc", kSystemFile), Verdict::NotTrusted);
  EXPECT_EQ(policy.judge("/usr/bin", kSystemFile), Verdict::NotTrusted);
}

TEST(TrustPolicy, AFileThatOthersCouldHaveWrittenIsNotTrusted) {
  const TrustPolicy policy;
  EXPECT_EQ(policy.judge("/usr/bin/cc", ImageFile{true, 1000, 0755}), Verdict::NotTrusted);
  EXPECT_EQ(policy.judge("/usr/bin/cc", ImageFile{true, 0, 0775}), Verdict::NotTrusted);
  EXPECT_EQ(policy.judge("/usr/bin/cc", ImageFile{true, 0, 0757}), Verdict::NotTrusted);
  EXPECT_EQ(policy.judge("/usr/bin/cc", ImageFile{false, 0, 0755}), Verdict::NotTrusted);
  EXPECT_EQ(policy.judge("/usr/bin/cc", std::nullopt), Verdict::NotTrusted);
}

TEST(TrustPolicy, ExceptionsWinOverFoldersAndImages) {
  TrustPolicy policy;
  policy.images = {"/opt/tool"};
  policy.except = {"/usr/bin/nc", "/opt"};
  EXPECT_EQ(policy.judge("/usr/bin/nc", kSystemFile), Verdict::NotTrusted);
  EXPECT_EQ(policy.judge("/usr/bin/cc", kSystemFile), Verdict::Trusted);
  EXPECT_EQ(policy.judge("/opt/tool", kSystemFile), Verdict::NotTrusted);
}

TEST(TrustPolicy, OfAHistoryNamesCountAndCaseDoesNot) {
  TrustPolicy policy;
  EXPECT_EQ(policy.judge_windows("C:\\Windows\\System32\\cmd.exe"), Verdict::Trusted);
  EXPECT_EQ(policy.judge_windows("c:\\PROGRAM FILES\\x\\a.exe"), Verdict::Trusted);
  EXPECT_EQ(policy.judge_windows("C:\\Windows\\Temp\\a.exe"), Verdict::NotTrusted);
  EXPECT_EQ(policy.judge_windows("C:\\Windows\\System32evil\\a.exe"), Verdict::NotTrusted);
  policy.windows_except = {"C:\\Windows\\System32\\WindowsPowerShell"};
  EXPECT_EQ(policy.judge_windows("C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"),
            Verdict::NotTrusted);
}

}  // namespace
}  // namespace wdscope
