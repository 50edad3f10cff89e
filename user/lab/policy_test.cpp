// SPDX-License-Identifier: MIT
#include "lab/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

namespace wdscope {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Policy read(std::string_view text) {
  auto policy = parse_policy(text, "p.toml");
  if (!policy) {
    ADD_FAILURE() << policy.error().what;
    return {};
  }
  return std::move(*policy);
}

TEST(Policy, AnEmptyFileIsTheDefault) {
  const Policy policy = read("");
  EXPECT_EQ(policy.trust.folders, TrustPolicy().folders);
  EXPECT_TRUE(policy.verdicts.empty());
  EXPECT_TRUE(policy.processes.empty());
  EXPECT_TRUE(policy.exclusions.empty());
  EXPECT_TRUE(policy.doc_rules.empty());
  EXPECT_FALSE(policy.create_timeout_ms);
}

TEST(Policy, TrustSaysWhatItReplaces) {
  const Policy policy = read(
      "version = 1\n[trust]\nfolders = []\nimages = [\"/opt/tool\"]\nwindows_folders = ['D:\\tools']\n"
      "windows_except = ['D:\\tools\\bad.exe']\nrequire_root_owner = false\n");
  EXPECT_EQ(policy.trust.judge("/usr/bin/cc", ImageFile{true, 0, 0755}), Verdict::NotTrusted);
  EXPECT_EQ(policy.trust.judge("/opt/tool", ImageFile{true, 1000, 0755}), Verdict::Trusted);
  EXPECT_EQ(policy.trust.judge("/opt/tool", ImageFile{true, 1000, 0777}), Verdict::NotTrusted);
  EXPECT_EQ(policy.trust.judge_windows("d:\\TOOLS\\a.exe"), Verdict::Trusted);
  EXPECT_EQ(policy.trust.judge_windows("D:\\tools\\bad.exe"), Verdict::NotTrusted);
  EXPECT_EQ(policy.trust.judge_windows("C:\\Windows\\System32\\cmd.exe"), Verdict::NotTrusted);
}

TEST(Policy, TheFirstVerdictThatMatchesCounts) {
  const Policy policy = read(
      "[[verdict]]\nimage = \"nc\"\ncommand_line = \"*-l*\"\nanswer = \"deny\"\n"
      "[[verdict]]\nimage = \"nc\"\nanswer = \"delay\"\ndelay_ms = 250\ntrusted = true\n"
      "[[verdict]]\nparent = \"/usr/bin/ssh*\"\nanswer = \"time_out\"\n"
      "[service]\ncreate_timeout_ms = 500\n");
  EXPECT_EQ(policy.create_timeout_ms, 500u);
  const auto answer = [&](const ProcessNames& names) {
    const VerdictRule* rule = policy.verdict_for(names);
    return rule != nullptr ? std::optional(rule->answer) : std::nullopt;
  };
  EXPECT_EQ(answer({"/bin/nc", "nc -l 80", ""}), Answer::Deny);
  EXPECT_EQ(answer({"/bin/nc", "nc host 80", ""}), Answer::Delay);
  EXPECT_EQ(policy.verdicts[1].delay_ms, 250u);
  EXPECT_EQ(policy.verdicts[1].trusted, true);
  EXPECT_EQ(answer({"/bin/ls", "ls", "/usr/bin/sshd"}), Answer::TimeOut);
  EXPECT_EQ(answer({"/bin/ls", "ls", ""}), std::nullopt);
}

TEST(Policy, AProcessInfoHasRulesMasksAndHardening) {
  const Policy policy = read(
      "[[process]]\nimage = \"tool\"\nrules = 0x4000\nrules2 = \"0x402\"\nrules3 = 4\n"
      "injection_target_mask = \"0xF000000000000001\"\ninjection_request_mask = 0x3\ncloud_sync = true\n"
      "hardening_excluded = [\"registry\", \"object\"]\n");
  const ProcessInfoRule* rule = policy.info_for({"/opt/tool", "", ""});
  ASSERT_NE(rule, nullptr);
  EXPECT_EQ(rule->rules, 0x4000u);
  EXPECT_EQ(rule->rules2, 0x402u);
  EXPECT_EQ(rule->rules3, 4u);
  EXPECT_EQ(rule->injection_target_mask, 0xF000000000000001u);
  EXPECT_EQ(rule->injection_request_mask, 3u);
  EXPECT_TRUE(rule->cloud_sync);
  EXPECT_FALSE(rule->friendly);
  ASSERT_TRUE(rule->hardening_excluded);
  EXPECT_TRUE(rule->hardening_excluded->registry);
  EXPECT_FALSE(rule->hardening_excluded->file);
  EXPECT_TRUE(rule->hardening_excluded->object);
  EXPECT_EQ(policy.info_for({"/opt/other", "", ""}), nullptr);
}

TEST(Policy, ExclusionsAndDocRulesAreKeptAsTheyAreWritten) {
  const Policy policy = read(
      "[exclusions]\nprocesses = [\"cc1\", '/opt/build/*', 'C:\\x.exe']\n"
      "[[doc_rule]]\nprocess = \"AcroRd32.exe\"\nextensions = [\"pdf\", \"fdf\"]\n");
  EXPECT_THAT(policy.exclusions, ElementsAre("cc1", "/opt/build/*", "C:\\x.exe"));
  ASSERT_EQ(policy.doc_rules.size(), 1u);
  EXPECT_EQ(policy.doc_rules[0].process, "AcroRd32.exe");
  EXPECT_THAT(policy.doc_rules[0].extensions, ElementsAre("pdf", "fdf"));
}

TEST(Policy, EachFaultIsNamedWithItsPlaceAndWhatWasExpected) {
  const std::pair<const char*, const char*> faults[] = {
      {"version = 2\n", "p.toml:1:11: version must be 1"},
      {"version = 1\n[trust]\nfolder = []\n",
       "p.toml:3:1: unknown key 'trust.folder': did you mean 'folders'? expected one of folders, images"},
      {"[distrust]\n", "unknown key 'distrust'"},
      {"trust = 1\n", "p.toml:1:9: 'trust' must be a table"},
      {"[trust]\nfolders = \"/usr/bin\"\n", "p.toml:2:11: 'folders' must be a list of texts"},
      {"[trust]\nimages = [\"/a\",\n  7]\n", "p.toml:3:3: 'images' must hold text only"},
      {"[trust]\nexcept = [\"usr/bin\"]\n", "p.toml:2:11: 'usr/bin' is not a plain absolute path"},
      {"[trust]\nfolders = [\"/usr/bin/\"]\n", "'/usr/bin/' is not a plain absolute path"},
      {"[trust]\nfolders = [\"/usr/../bin\"]\n", "'/usr/../bin' is not a plain absolute path"},
      {"[trust]\nwindows_folders = [\"/usr\"]\n", "'/usr' is not a plain drive path: expected C:\\folder"},
      {"[trust]\nrequire_root_owner = \"no\"\n", "p.toml:2:22: 'require_root_owner' must be true or false"},
      {"[trust\n", "p.toml:1:"},
      {"[service]\ncreate_timeout_ms = 99\n",
       "p.toml:2:21: 'create_timeout_ms' must be a number of milliseconds from 100"},
      {"verdict = 1\n", "'verdict' must be a list of tables: expected [[verdict]]"},
      {"[[verdict]]\nanswer = \"deny\"\n", "p.toml:1:1: a [[verdict]] is for some process: expected image"},
      {"[[verdict]]\nimage = \"a\"\n", "a [[verdict]] needs an answer"},
      {"[[verdict]]\nimage = \"a\"\nanswer = \"refuse\"\n", "p.toml:3:10: 'answer' must be \"allow\", \"deny\""},
      {"[[verdict]]\nimage = \"a\"\nanswer = \"delay\"\n", "answer = \"delay\" needs delay_ms"},
      {"[[verdict]]\nimage = \"a\"\nanswer = \"deny\"\ndelay_ms = 5\n", "delay_ms belongs to answer = \"delay\""},
      {"[[verdict]]\nimage = \"a\"\nanswer = \"deny\"\ntrusted = true\n", "trusted belongs to answer = \"allow\""},
      {"[[verdict]]\nimage = \"\"\nanswer = \"deny\"\n", "p.toml:2:9: 'image' must be text, not empty"},
      {"[[process]]\nimage = \"a\"\nrules = -1\n", "p.toml:3:9: 'rules' must be a mask of 32 bits"},
      {"[[process]]\nimage = \"a\"\nrules = 0x100000000\n", "'rules' must be a mask of 32 bits"},
      {"[[process]]\nimage = \"a\"\nrules = \"0xg\"\n", "'rules' must be a mask of 32 bits"},
      {"[[process]]\nimage = \"a\"\nhardening_excluded = [\"disk\"]\n", "p.toml:3:23: 'disk' is no hardening"},
      {"[[process]]\nimage = \"a\"\nfriendly = 1\n", "p.toml:3:12: 'friendly' must be true or false"},
      {"[[process]]\nimage = \"a\"\nfriendly = true\nhardening_excluded = []\n",
       "p.toml:1:1: friendly excludes from all hardening: expected it or hardening_excluded"},
      {"[[process]]\nrules = 1\n", "a [[process]] is for some process"},
      {"[exclusions]\nprocesses = [\"\"]\n", "'' is empty: expected a file name"},
      {"[exclusions]\npaths = []\n", "unknown key 'exclusions.paths': expected one of processes"},
      {"[[doc_rule]]\nprocess = \"C:/a.exe\"\nextensions = [\"pdf\"]\n", "needs process, the name of a file"},
      {"[[doc_rule]]\nprocess = \"a.exe\"\n", "needs extensions, at least one"},
      {"[[doc_rule]]\nprocess = \"a.exe\"\nextensions = [\".pdf\"]\n", "'.pdf' is no extension: expected pdf"},
  };
  for (const auto& [text, message] : faults) {
    const auto policy = parse_policy(text, "p.toml");
    ASSERT_FALSE(policy) << text;
    EXPECT_EQ(policy.error().code, ErrorCode::InputDamaged);
    EXPECT_THAT(policy.error().what, HasSubstr(message)) << text;
  }
}

TEST(Policy, TheExampleIsTheDefaultButForWhatItShows) {
  const auto policy = load_policy(LAB_POLICIES "/every_key.toml");
  ASSERT_TRUE(policy) << policy.error().what;
  const TrustPolicy standard;
  EXPECT_EQ(policy->trust.folders, standard.folders);
  EXPECT_EQ(policy->trust.images, standard.images);
  EXPECT_EQ(policy->trust.except, standard.except);
  EXPECT_EQ(policy->trust.windows_folders, standard.windows_folders);
  EXPECT_EQ(policy->trust.windows_except, standard.windows_except);
  EXPECT_EQ(policy->trust.require_root_owner, standard.require_root_owner);
  EXPECT_EQ(policy->trust.require_protected, standard.require_protected);
  EXPECT_EQ(policy->create_timeout_ms, kDefaultCreateTimeoutMs);
}

TEST(Policy, AMissingFileIsUnreadable) {
  const auto policy = load_policy("/nonexistent/policy.toml");
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().code, ErrorCode::InputUnreadable);
  EXPECT_EQ(policy.error().native, ENOENT);
  EXPECT_EQ(load_policy(std::filesystem::current_path()).error().native, EISDIR);
}

}  // namespace
}  // namespace wdscope
