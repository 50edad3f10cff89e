// SPDX-License-Identifier: MIT
#include "lab/trust_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

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

TEST(TrustPolicy, AFileSaysWhatItReplaces) {
  const auto policy = parse_policy(
      "version = 1\n[trust]\nfolders = []\nimages = [\"/opt/tool\"]\nrequire_root_owner = false\n", "p.toml");
  ASSERT_TRUE(policy) << policy.error().what;
  EXPECT_EQ(policy->judge("/usr/bin/cc", kSystemFile), Verdict::NotTrusted);
  EXPECT_EQ(policy->judge("/opt/tool", ImageFile{true, 1000, 0755}), Verdict::Trusted);
  EXPECT_EQ(policy->judge("/opt/tool", ImageFile{true, 1000, 0777}), Verdict::NotTrusted);
}

TEST(TrustPolicy, EachFaultIsNamedWithItsPlace) {
  const std::pair<const char*, const char*> faults[] = {
      {"version = 2\n", "p.toml:1:11: version must be 1"},
      {"version = 1\n[trust]\nfolder = []\n", "p.toml:3:1: unknown key 'trust.folder'"},
      {"[distrust]\n", "unknown key 'distrust'"},
      {"trust = 1\n", "p.toml:1:9: 'trust' must be a table"},
      {"[trust]\nfolders = \"/usr/bin\"\n", "p.toml:2:11: 'folders' must be a list of paths"},
      {"[trust]\nimages = [\"/a\",\n  7]\n", "p.toml:3:3: 'images' must hold text only"},
      {"[trust]\nexcept = [\"usr/bin\"]\n", "p.toml:2:11: 'usr/bin' is not a plain absolute path"},
      {"[trust]\nfolders = [\"/usr/bin/\"]\n", "'/usr/bin/' is not a plain absolute path"},
      {"[trust]\nfolders = [\"/usr/../bin\"]\n", "'/usr/../bin' is not a plain absolute path"},
      {"[trust]\nrequire_root_owner = \"no\"\n", "p.toml:2:22: 'require_root_owner' must be true or false"},
      {"[trust\n", "p.toml:1:"},
  };
  for (const auto& [text, message] : faults) {
    const auto policy = parse_policy(text, "p.toml");
    ASSERT_FALSE(policy) << text;
    EXPECT_EQ(policy.error().code, ErrorCode::InputDamaged);
    EXPECT_THAT(policy.error().what, testing::HasSubstr(message));
  }
}

TEST(TrustPolicy, TheExampleIsTheDefault) {
  const auto policy = load_policy(LAB_SOURCE "/policy.example.toml");
  ASSERT_TRUE(policy) << policy.error().what;
  const TrustPolicy standard;
  EXPECT_EQ(policy->folders, standard.folders);
  EXPECT_EQ(policy->images, standard.images);
  EXPECT_EQ(policy->except, standard.except);
  EXPECT_EQ(policy->require_root_owner, standard.require_root_owner);
  EXPECT_EQ(policy->require_protected, standard.require_protected);
}

TEST(TrustPolicy, AMissingFileIsUnreadable) {
  const auto policy = load_policy("/nonexistent/policy.toml");
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().code, ErrorCode::InputUnreadable);
  EXPECT_FALSE(load_policy("/tmp"));
}

}  // namespace
}  // namespace wdscope
