// SPDX-License-Identifier: MIT
// The commands' bytes, read back as the notifier reads them.
#include "lab/engine_command.h"

#include <gtest/gtest.h>

#include <cstring>

#include "abi/defender/commands.h"
#include "lab/nt_path.h"

namespace wdscope {
namespace {

template <class Command>
Command front_of(const std::vector<std::byte>& bytes, std::size_t offset = 0) {
  Command command{};
  EXPECT_GE(bytes.size(), offset + sizeof command);
  if (bytes.size() >= offset + sizeof command) std::memcpy(&command, bytes.data() + offset, sizeof command);
  return command;
}

std::u16string text_at(const std::vector<std::byte>& bytes, std::size_t offset, std::size_t units) {
  std::u16string text(units, u'?');
  EXPECT_LE(offset + units * 2, bytes.size());
  if (offset + units * 2 <= bytes.size()) std::memcpy(text.data(), bytes.data() + offset, units * 2);
  return text;
}

TEST(EngineCommand, ExclusionsAreNtPathsOrBareNames) {
  EXPECT_EQ(exclusion_text("cc1"), u"cc1");
  EXPECT_EQ(exclusion_text("/usr/bin/cc"), u"\\Device\\HarddiskVolume1\\usr\\bin\\cc");
  EXPECT_EQ(exclusion_text("/opt/build/*"), u"\\Device\\HarddiskVolume1\\opt\\build\\*");
  EXPECT_EQ(exclusion_text("C:\\x\\*"), u"\\Device\\HarddiskVolume3\\x\\*");
  EXPECT_EQ(exclusion_text("\\Device\\HarddiskVolume9\\a.exe"), u"\\Device\\HarddiskVolume9\\a.exe");
}

TEST(EngineCommand, ExclusionsStandBehindTheHeaderEachWithItsNul) {
  for (const auto* protocol : {&defender::kCommands1910, &defender::kCommands25080, &defender::kCommandsA5}) {
    const auto bytes = write_exclusions(protocol->version, {"cc1", "ld"});
    const auto command = front_of<defender::SET_PROCESS_EXCLUSION>(bytes);
    EXPECT_EQ(command.Header.Version, protocol->version);
    EXPECT_EQ(command.Header.Minor, protocol->minor);
    EXPECT_EQ(command.Header.Command, protocol->SetProcessExclusion);
    EXPECT_EQ(command.Header.TotalSize, bytes.size());
    EXPECT_EQ(command.TextOffset, 0x80u);
    EXPECT_EQ(command.TextSize, 14u);
    EXPECT_EQ(bytes.size(), 0x80u + 14u);
    EXPECT_EQ(text_at(bytes, 0x80, 7), std::u16string_view(u"cc1\0ld\0", 7));
  }
}

TEST(EngineCommand, NoExclusionsClearTheList) {
  const auto bytes = write_exclusions(defender::kMessageVersionA5, {});
  EXPECT_EQ(front_of<defender::SET_PROCESS_EXCLUSION>(bytes).TextSize, 0u);
  EXPECT_EQ(bytes.size(), 0x80u);
}

TEST(EngineCommand, DocRulesNameTheirTextsByOffset) {
  const auto bytes = write_doc_rules(defender::kMessageVersion1910, {{"a.exe", {"pdf", "fdf"}}, {"b.exe", {"doc"}}});
  const auto command = front_of<defender::SET_DOC_OPEN_RULE>(bytes);
  EXPECT_EQ(command.Header.Command, defender::kCommands1910.SetDocOpenRule);
  EXPECT_EQ(command.Header.TotalSize, bytes.size());
  EXPECT_EQ(command.DataOffset, 0x80u);
  EXPECT_EQ(command.DataSize, bytes.size() - 0x80);
  EXPECT_EQ(command.RuleCount, 2u);
  EXPECT_EQ(command.RuleArrayOffset, 0x90u);
  const auto first = front_of<defender::DOC_OPEN_RULE_ELEMENT>(bytes, 0x90);
  const auto second = front_of<defender::DOC_OPEN_RULE_ELEMENT>(bytes, 0xA0);
  EXPECT_EQ(text_at(bytes, first.ProcessNameOffset, 6), std::u16string_view(u"a.exe\0", 6));
  EXPECT_EQ(text_at(bytes, first.ExtensionsOffset, 9), std::u16string_view(u"pdf\0fdf\0\0", 9));
  EXPECT_EQ(text_at(bytes, second.ProcessNameOffset, 6), std::u16string_view(u"b.exe\0", 6));
  EXPECT_EQ(text_at(bytes, second.ExtensionsOffset, 5), std::u16string_view(u"doc\0\0", 5));
}

TEST(EngineCommand, TheBudgetOfDocRulesHoldsAllTheirTexts) {
  const std::vector<DocRule> rules = {{"a.exe", {"pdf", "fdf"}}, {"b.exe", {"doc"}}};
  const auto bytes = write_doc_rules(defender::kMessageVersionA5, rules);
  std::size_t needed = 0;
  for (const DocRule& rule : rules) {
    needed += 0x10 + (rule.process.size() + 1) * 2 + 2;
    for (const std::string& extension : rule.extensions) needed += (extension.size() + 1) * 2;
  }
  EXPECT_GE(front_of<defender::SET_DOC_OPEN_RULE>(bytes).DataSize - 0x10, needed);
}

std::vector<ProcessDecision> two_decisions() {
  std::vector<ProcessDecision> list(2);
  list[0].process.process_id = 400;
  list[0].process.created_100ns = 133'000'000'000'000'000;
  list[0].decision.trust = Verdict::Trusted;
  list[1].process.process_id = 404;
  list[1].decision.info = ProcessInfoRule{};
  list[1].decision.info->rules = 0x4000;
  list[1].decision.info->injection_target_mask = 0xF0;
  list[1].decision.info->hardening_excluded = ProcessInfoRule::Hardening{false, true, false};
  return list;
}

TEST(EngineCommand, ProcessInfosFollowTheirCount) {
  const auto bytes = write_process_infos(defender::kMessageVersionA5, two_decisions());
  const auto command = front_of<defender::SET_PROCESS_INFO>(bytes);
  EXPECT_EQ(command.Header.Command, defender::kCommandsA5.SetProcessInfo);
  EXPECT_EQ(command.Header.TotalSize, bytes.size());
  EXPECT_EQ(command.Count, 2u);
  ASSERT_EQ(bytes.size(), 0x18u + 2 * 0x68);
  const auto first = front_of<defender::PROCESS_INFO_25080>(bytes, 0x18);
  // By value: a member of a packed structure cannot be bound to.
  EXPECT_EQ(+first.ProcessId, 400u);
  EXPECT_EQ(+first.CreateTime, 133'000'000'000'000'000);
  EXPECT_EQ(+first.Rules, 0x20u);
  EXPECT_EQ(+first.InjectionRequestMask, ~std::uint64_t{0});
  EXPECT_EQ(+first.HardeningValid, 0);
  EXPECT_EQ(+first.Deny, 0);
  const auto second = front_of<defender::PROCESS_INFO_25080>(bytes, 0x18 + 0x68);
  EXPECT_EQ(+second.ProcessId, 404u);
  EXPECT_EQ(+second.Rules, 0x4000u);
  EXPECT_EQ(+second.InjectionTargetMask, 0xF0u);
  EXPECT_EQ(+second.HardeningValid, 1);
  EXPECT_EQ(+second.RegistryHardeningExcluded, 0);
  EXPECT_EQ(+second.FileHardeningExcluded, 1);
}

TEST(EngineCommand, ProcessInfosOf1910AreSmaller) {
  const auto bytes = write_process_infos(defender::kMessageVersion1910, two_decisions());
  EXPECT_EQ(front_of<defender::SET_PROCESS_INFO>(bytes).Header.Command, defender::kCommands1910.SetProcessInfo);
  ASSERT_EQ(bytes.size(), 0x18u + 2 * sizeof(defender::PROCESS_INFO_1910));
  EXPECT_EQ(front_of<defender::PROCESS_INFO_1910>(bytes, 0x18 + sizeof(defender::PROCESS_INFO_1910)).Rules, 0x4000u);
}

TEST(EngineCommand, AFriendlyProcessIsNamedByItsId) {
  for (const auto* protocol : {&defender::kCommands1910, &defender::kCommands25080, &defender::kCommandsA5}) {
    const auto bytes = write_friendly(protocol->version, 404);
    ASSERT_EQ(bytes.size(), 0x1Cu);
    const auto command = front_of<defender::REGISTER_FRIENDLY_PROCESS>(bytes);
    EXPECT_EQ(command.Header.Command, protocol->RegisterFriendlyProcess);
    EXPECT_EQ(command.ProcessId, 404u);
    EXPECT_EQ(command.Value, 1u);
  }
}

TEST(EngineCommand, TheHardeningResetIsAHeaderAloneAndNotIn1910) {
  const auto bytes = write_hardening_reset(defender::kMessageVersion25080);
  ASSERT_EQ(bytes.size(), 0x10u);
  EXPECT_EQ(front_of<defender::COMMAND_HEADER>(bytes).Command, 0x29u);
  EXPECT_TRUE(write_hardening_reset(defender::kMessageVersion1910).empty());
}

TEST(EngineCommand, NoDocRulesClearTheList) {
  const auto bytes = write_doc_rules(defender::kMessageVersion25080, {});
  ASSERT_EQ(bytes.size(), 0x80u);
  const auto head = front_of<defender::COMMAND_HEADER>(bytes);
  EXPECT_EQ(head.TotalSize, 0x80u);
  EXPECT_EQ(head.Command, defender::kCommands25080.SetDocOpenRule);
}

}  // namespace
}  // namespace wdscope
