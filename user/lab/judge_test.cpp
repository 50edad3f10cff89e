// SPDX-License-Identifier: MIT
#include "lab/judge.h"

#include <gtest/gtest.h>

namespace wdscope {
namespace {

CreateMessage message_of(std::u16string_view image, std::u16string_view command_line, std::uint32_t parent = 8) {
  CreateMessage message;
  message.process_id = 0x7FFFFFF0;  // nobody's: the file is judged by its name
  message.parent_process_id = parent;
  message.image = image;
  message.command_line = command_line;
  return message;
}

Policy read(std::string_view text) {
  auto policy = parse_policy(text, "p.toml");
  EXPECT_TRUE(policy) << policy.error().what;
  return policy ? std::move(*policy) : Policy();
}

TEST(Judge, WithoutRulesTrustAloneIsDecided) {
  const ProcessRoster running;
  const Judge judge(Policy(), Judge::World::Windows, running);
  const Decision decision = judge.decide(message_of(u"\\Device\\HarddiskVolume3\\Windows\\System32\\cmd.exe", u"cmd"));
  EXPECT_EQ(decision.answer, Answer::Allow);
  EXPECT_EQ(decision.trust, Verdict::Trusted);
  EXPECT_FALSE(decision.info);
  EXPECT_EQ(judge.decide(message_of(u"\\Device\\Mup\\server\\x.exe", u"x")).trust, Verdict::NotTrusted);
  EXPECT_EQ(judge.decide(message_of(u"\\Device\\HarddiskVolume3\\Windows\\System32\\cmd.exe", u"")).trust,
            Verdict::Trusted);
  // An image that nobody told is no image, the second time, too.
  for (int time = 0; time < 2; ++time) EXPECT_EQ(judge.decide(message_of({}, u"x")).trust, Verdict::NotTrusted);
}

TEST(Judge, RulesSeeThePathsOfTheirWorld) {
  const ProcessRoster running;
  const std::string_view rules =
      "[[verdict]]\nimage = 'C:\\t\\*'\nanswer = \"deny\"\n[[verdict]]\nimage = \"/t/*\"\nanswer = \"time_out\"\n";
  const Judge windows(read(rules), Judge::World::Windows, running);
  EXPECT_EQ(windows.decide(message_of(u"\\Device\\HarddiskVolume3\\t\\a.exe", u"")).answer, Answer::Deny);
  const Judge linux_judge(read(rules), Judge::World::Linux, running);
  EXPECT_EQ(linux_judge.decide(message_of(u"\\Device\\HarddiskVolume1\\t\\a", u"")).answer, Answer::TimeOut);
}

TEST(Judge, AParentIsKnownAsLongAsItRuns) {
  ProcessRoster running;
  const Judge judge(read("[[verdict]]\nparent = \"word.exe\"\ncommand_line = \"*evil*\"\nanswer = \"deny\"\n"),
                    Judge::World::Windows, running);
  const CreateMessage message = message_of(u"\\Device\\HarddiskVolume3\\a.exe", u"a evil", 400);
  EXPECT_EQ(judge.decide(message).answer, Answer::Allow);
  host::ProcessStart parent;
  parent.process_id = 400;
  parent.image = u"\\Device\\HarddiskVolume3\\Office\\WORD.EXE";
  running.add(parent);
  EXPECT_EQ(judge.decide(message).answer, Answer::Deny);
  running.remove(400);
  EXPECT_EQ(judge.decide(message).answer, Answer::Allow);
  // Another process has the id by now: it is younger than its child would be.
  parent.created_100ns = message.created_100ns + 1;
  running.add(parent);
  EXPECT_EQ(judge.decide(message).answer, Answer::Allow);
}

TEST(Judge, AVerdictMaySayTrustAndAnInfoComesWithIt) {
  const ProcessRoster running;
  const Judge judge(read("[[verdict]]\nimage = \"a.exe\"\nanswer = \"delay\"\ndelay_ms = 7\ntrusted = true\n"
                         "[[process]]\nimage = \"a.exe\"\nrules2 = 2\n"),
                    Judge::World::Windows, running);
  const Decision decision = judge.decide(message_of(u"\\Device\\HarddiskVolume3\\t\\a.exe", u""));
  EXPECT_EQ(decision.answer, Answer::Delay);
  EXPECT_EQ(decision.delay_ms, 7u);
  EXPECT_EQ(decision.trust, Verdict::Trusted);
  ASSERT_TRUE(decision.info);
  EXPECT_EQ(decision.info->rules2, 2u);
}

}  // namespace
}  // namespace wdscope
