// SPDX-License-Identifier: MIT
// What a policy says, as the notifier does it: on commands of this machine and on a recorded past, in each profile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "abi/defender/flags.h"
#include "capture/machine_history.h"
#include "lab_stories/lab_story.h"
#include "lab_stories/output_pipe.h"

namespace wdscope {
namespace {

constexpr const char* kPast =
    R"({"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Hostname":"W1","UtcTime":"2021-03-04 05:06:07","ProcessId":"4244","Image":"C:\\t\\a.exe","CommandLine":"a -x","ParentProcessId":"800","ParentImage":"C:\\t\\p.exe"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Hostname":"W1","UtcTime":"2021-03-04 05:06:08","ProcessId":"4300","Image":"C:\\t\\b.exe","CommandLine":"b","ParentProcessId":"4244","ParentImage":"C:\\t\\a.exe"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":5,"Hostname":"W1","UtcTime":"2021-03-04 05:06:09","ProcessId":"4244","Image":"C:\\t\\a.exe"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":5,"Hostname":"W1","UtcTime":"2021-03-04 05:06:10","ProcessId":"4300","Image":"C:\\t\\b.exe"}
)";

class PolicyStory : public LabStory, public testing::WithParamInterface<Profile> {
 protected:
  PolicyStory() {
    std::string name = (std::filesystem::temp_directory_path() / "wdscope-policy-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    auto log = parse_process_log(LogText(kPast), "log");
    EXPECT_TRUE(log) << log.error().what;
    history_ = make_history(*log);
  }
  ~PolicyStory() override { std::filesystem::remove_all(folder_); }

  LabOptions options_with(std::string_view policy) {
    std::ofstream(folder_ / "policy.toml") << policy;
    LabOptions options;
    options.profile = GetParam();
    options.policy = folder_ / "policy.toml";
    return options;
  }

  std::vector<ProcessEvent> play(std::string_view policy) {
    LabOptions options = options_with(policy);
    options.history = &history_.machines.at(0);
    start(std::move(options));
    auto reader = open_reader();
    EXPECT_TRUE(lab_->play([]() -> Result<void> { return {}; }));
    counts_ = lab_->feed_counts();
    return read_all(*reader);
  }
  std::vector<ProcessEvent> run(std::string_view policy, const std::vector<std::string>& command, int status) {
    start(options_with(policy));
    auto reader = open_reader();
    const auto done = lab_->run(command);
    EXPECT_TRUE(done) << done.error().what;
    EXPECT_EQ(done.value_or(-1), status);
    counts_ = lab_->feed_counts();
    return read_all(*reader);
  }

  static std::vector<Operation> operations(const std::vector<ProcessEvent>& events) {
    std::vector<Operation> list;
    for (const ProcessEvent& event : events) list.push_back(event.operation);
    return list;
  }
  static const ProcessEvent* last_context(const std::vector<ProcessEvent>& events) {
    const auto found =
        std::find_if(events.rbegin(), events.rend(), [](const auto& event) { return event.context.has_value(); });
    return found == events.rend() ? nullptr : &*found;
  }
  bool tells_contexts() const { return GetParam() != Profile::Wd25080; }

  std::filesystem::path folder_;
  ProcessHistory history_;
  FeedCounts counts_;
};

using testing::ElementsAre;

TEST_P(PolicyStory, ADenialOfThePastIsToldAndNotEnforced) {
  const auto events = play("[[verdict]]\nimage = \"a.exe\"\nanswer = \"deny\"\n");
  const auto life = of_process(events, 4244);
  EXPECT_THAT(operations(life), ElementsAre(Operation::Create, Operation::Terminate));
  EXPECT_EQ(life[0].time, life[1].time);
  EXPECT_EQ(of_process(events, 4300).front().operation, Operation::Create);
  EXPECT_EQ(counts_.denied, 1u);
  EXPECT_EQ(counts_.enforced, 0u);
  EXPECT_EQ(counts_.started, 2u);
  EXPECT_EQ(counts_.exited, 2u);
}

TEST_P(PolicyStory, ADeniedCommandEndsBeforeItsFirstInstruction) {
  OutputPipe output;
  const auto events = run("[[verdict]]\nimage = \"true\"\nanswer = \"deny\"\n",
                          {"sh", "-c", "/bin/true; s=$?; echo; echo status=$s; exit 5"}, 5);
  EXPECT_EQ(output.number("status"), 126);
  const auto trues = creates_of(events, "true");
  ASSERT_EQ(trues.size(), 1u);
  EXPECT_THAT(operations(of_process(events, *trues[0].pid)), ElementsAre(Operation::Create, Operation::Terminate));
  EXPECT_EQ(counts_.denied, 1u);
  EXPECT_EQ(counts_.enforced, 1u);
}

TEST_P(PolicyStory, WhenTheCommandItselfIsDeniedItsStatusIs126) {
  const auto events = run("[[verdict]]\nimage = \"true\"\nanswer = \"deny\"\n", {"/bin/true"}, 126);
  EXPECT_THAT(operations(events), ElementsAre(Operation::Create, Operation::Terminate));
}

TEST_P(PolicyStory, AParentDecidesAboutItsChildren) {
  const auto events = play("[[verdict]]\nparent = 'C:\\t\\a.exe'\nanswer = \"deny\"\n");
  EXPECT_EQ(of_process(events, 4300)[1].operation, Operation::Terminate);
  EXPECT_EQ(of_process(events, 4300)[1].time, of_process(events, 4300)[0].time);
  EXPECT_EQ(counts_.denied, 1u);
}

TEST_P(PolicyStory, WithoutAnAnswerTheProcessGoesThroughWhenItsTimeIsUp) {
  const auto events =
      play("[service]\ncreate_timeout_ms = 3000\n[[verdict]]\nimage = \"a.exe\"\nanswer = \"time_out\"\n");
  const auto life = of_process(events, 4244);
  EXPECT_THAT(operations(life), ElementsAre(Operation::Create, Operation::Terminate));
  // b started a second after a: by then the three seconds had passed.
  EXPECT_EQ(of_process(events, 4300).front().time, *life.front().created() + 30'000'000);
  if (GetParam() == Profile::WdA5) {
    EXPECT_EQ(life.front().context_tail->send_result & 0xF, static_cast<std::uint32_t>(defender::SendResult::Timeout));
  }
}

TEST_P(PolicyStory, ALateAnswerIsAnAnswer) {
  const auto events = play("[[verdict]]\nimage = \"a.exe\"\nanswer = \"delay\"\ndelay_ms = 500\ntrusted = true\n");
  const auto life = of_process(events, 4244);
  const auto trust =
      std::find_if(life.begin(), life.end(), [](const auto& event) { return event.operation == Operation::Trust; });
  ASSERT_NE(trust, life.end());
  EXPECT_EQ(trust->trusted, true);
  EXPECT_EQ(trust->time, history_.machines[0].steps[0].time + 5'000'000);
}

TEST_P(PolicyStory, AMalformedReplyLetsTheProcessThroughUntrusted) {
  const auto events = play("[[verdict]]\nimage = \"a.exe\"\nanswer = \"malformed\"\n");
  const auto life = of_process(events, 4244);
  EXPECT_THAT(operations(life), ElementsAre(Operation::Create, Operation::Terminate));
  if (GetParam() == Profile::WdA5) {
    EXPECT_EQ(life.front().context_tail->send_result & 0xF,
              static_cast<std::uint32_t>(defender::SendResult::MalformedReply));
  }
}

TEST_P(PolicyStory, ARealTimeOutEndsToo) {
  const auto events = run("[service]\ncreate_timeout_ms = 100\n[[verdict]]\nimage = \"true\"\nanswer = \"time_out\"\n",
                          {"/bin/true"}, 0);
  EXPECT_THAT(operations(events), ElementsAre(Operation::Create, Operation::Terminate));
  EXPECT_GE(events[1].time - *events[0].created(), 1'000'000);
}

TEST_P(PolicyStory, AProcessInfoArrivesInTheContext) {
  const auto events = play(
      "[[process]]\nimage = \"a.exe\"\nrules = 0x4000\nrules2 = 2\nrules3 = 1\ninjection_target_mask = \"0xF0\"\n"
      "injection_request_mask = 0x0F\nhardening_excluded = [\"file\"]\n");
  if (!tells_contexts()) return;
  const auto life = of_process(events, 4244);
  const ProcessEvent* event = last_context(life);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->context->rules, 0x4000u);
  EXPECT_EQ(event->context->injection_target_mask, 0xF0u);
  EXPECT_EQ(event->context->injection_request_mask, 0x0Fu);
  if (GetParam() != Profile::WdA5) return;
  EXPECT_EQ(event->context->rules2, 2u);
  EXPECT_EQ(event->context_tail->rules3, 1u);
  EXPECT_EQ(event->context_tail->state & defender::state::HardeningExclusions, defender::state::FileHardeningExcluded);
}

TEST_P(PolicyStory, ExclusionsMakeProcessesExemptAndTrusted) {
  const auto life = of_process(play("[exclusions]\nprocesses = ['C:\\t\\*']\n"), 4244);
  const bool trusted =
      std::any_of(life.begin(), life.end(), [](const auto& event) { return event.trusted.value_or(false); });
  EXPECT_TRUE(trusted);
  if (!tells_contexts()) return;
  ASSERT_NE(last_context(life), nullptr);
  EXPECT_NE(last_context(life)->context->flags & defender::flag::Excluded, 0u);
}

TEST_P(PolicyStory, ADocRuleIsForTheProgramOfItsName) {
  const auto events = play("[[doc_rule]]\nprocess = \"B.EXE\"\nextensions = [\"pdf\"]\n");
  if (!tells_contexts()) return;
  EXPECT_EQ(last_context(of_process(events, 4244))->context->doc_rule_address, 0u);
  EXPECT_NE(last_context(of_process(events, 4300))->context->doc_rule_address, 0u);
}

// What a notifier knows of friendliness: a flag in 1910, three bits later.
bool is_friendly(const ProcessEvent& event) {
  if (!event.context_tail) return (event.context->flags & defender::flag::Friendly) != 0;
  return (event.context_tail->state & defender::state::HardeningExclusions) == defender::state::HardeningExclusions;
}

TEST_P(PolicyStory, AFriendlyProcessIsRegisteredAsSoonAsItIsAskedAbout) {
  const auto events = play("[[process]]\nparent = \"a.exe\"\nfriendly = true\n");
  if (!tells_contexts()) return;
  EXPECT_TRUE(is_friendly(*last_context(of_process(events, 4300))));
  EXPECT_FALSE(is_friendly(*last_context(of_process(events, 4244))));
  // The newest build announces a creation when the service has answered.
  EXPECT_EQ(is_friendly(of_process(events, 4300).front()), GetParam() == Profile::WdA5);
}

TEST_P(PolicyStory, WhatRanBeforeTheLabIsToldToo) {
  // A process whose end alone is in the log ran before.
  auto log = parse_process_log(
      LogText(
          R"({"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":5,"Hostname":"W1","UtcTime":"2021-03-04 05:06:09","ProcessId":"4244","Image":"C:\\t\\a.exe"})"
          "\n"),
      "log");
  ASSERT_TRUE(log) << log.error().what;
  history_ = make_history(*log);
  const auto events = play(
      "[trust]\nwindows_folders = ['C:\\t']\n[exclusions]\nprocesses = [\"a.exe\"]\n[[process]]\nimage = \"a.exe\"\n"
      "rules = 1\nhardening_excluded = [\"file\"]\n");
  if (!tells_contexts()) return;
  const auto life = of_process(events, 4244);
  ASSERT_THAT(operations(life), ElementsAre(Operation::Terminate));
  const ProcessEvent& end = life.front();
  EXPECT_EQ(end.context->rules, 1u | defender::rule::ForceTrusted);
  EXPECT_EQ(end.context->flags & (defender::flag::Excluded | defender::flag::Trusted),
            defender::flag::Excluded | defender::flag::Trusted);
  if (GetParam() != Profile::WdA5) return;
  EXPECT_EQ(end.context_tail->info_applications, 1u);
  EXPECT_EQ(end.context_tail->state & defender::state::HardeningExclusions, defender::state::FileHardeningExcluded);
}

struct AnswerCase {
  const char* words;
  bool passes;
  bool trusted;
  defender::SendResult result;
};
// Of a program that is trusted by where it lies.
constexpr AnswerCase kAnswers[] = {
    {"answer = \"allow\"", true, true, defender::SendResult::ReplyOk},
    {"answer = \"allow\"\ntrusted = false", true, false, defender::SendResult::ReplyOk},
    {"answer = \"deny\"", false, false, defender::SendResult::ReplyOk},
    {"answer = \"delay\"\ndelay_ms = 20", true, true, defender::SendResult::ReplyOk},
    {"answer = \"time_out\"", true, false, defender::SendResult::Timeout},
    {"answer = \"malformed\"", true, false, defender::SendResult::MalformedReply},
};

class PolicyAnswers : public PolicyStory {
 protected:
  static std::string policy_of(std::string_view pattern, const AnswerCase& expected) {
    return std::string("[trust]\nwindows_folders = ['C:\\t']\n[service]\ncreate_timeout_ms = 100\n[[verdict]]\n") +
           std::string(pattern) + "\n" + expected.words + "\n";
  }
  void check(const std::vector<ProcessEvent>& life, const AnswerCase& expected) const {
    ASSERT_FALSE(life.empty());
    const bool trusted =
        std::any_of(life.begin(), life.end(), [](const auto& event) { return event.trusted.value_or(false); });
    EXPECT_EQ(trusted, expected.trusted);
    EXPECT_EQ(counts_.denied, expected.passes ? 0u : 1u);
    if (GetParam() != Profile::WdA5) return;
    EXPECT_EQ(life.back().context_tail->send_result & 0xF, static_cast<std::uint32_t>(expected.result));
  }
};

TEST_P(PolicyAnswers, AreGivenToAFollowedCommandByImageCommandLineAndParent) {
  for (const char* const pattern : {"image = \"/usr/bin/true\"", "command_line = \"*TRUE marked\"",
                                    "image = \"true\"\nparent = \"*/d?sh\"\ncommand_line = \"*marked\""}) {
    for (const AnswerCase& expected : kAnswers) {
      SCOPED_TRACE(std::string(pattern) + "; " + expected.words);
      const auto events =
          run(policy_of(pattern, expected), {"sh", "-c", "/bin/true marked; exit $?"}, expected.passes ? 0 : 126);
      EXPECT_EQ(counts_.enforced, counts_.denied);
      ASSERT_EQ(creates_of(events, "true").size(), 1u);
      check(of_process(events, *creates_of(events, "true")[0].pid), expected);
      lab_.reset();
    }
  }
}

TEST_P(PolicyAnswers, AreGivenToThePastByImageCommandLineAndParent) {
  for (const char* const pattern : {"image = 'c:\\T\\b.exe'", "command_line = \"B\"",
                                    "image = \"b.*\"\nparent = \"a.exe\"\ncommand_line = \"?\""}) {
    for (const AnswerCase& expected : kAnswers) {
      SCOPED_TRACE(std::string(pattern) + "; " + expected.words);
      check(of_process(play(policy_of(pattern, expected)), 4300), expected);
      EXPECT_EQ(counts_.enforced, 0u);
      lab_.reset();
    }
  }
}

TEST_P(PolicyStory, APolicyThatTakesAnothersPlaceReachesWhatRuns) {
  start(options_with("[[process]]\nimage = \"sh\"\nparent = \"nobody\"\n"));
  auto reader = open_reader();
  ASSERT_TRUE(lab_->apply_policy(*parse_policy("[[verdict]]\nimage = \"true\"\nanswer = \"deny\"\n", "p")));
  const auto status = lab_->run({"sh", "-c", "/bin/true; exit $?"});
  EXPECT_EQ(status.value_or(-1), 126);
  ASSERT_TRUE(lab_->apply_policy(Policy()));
  EXPECT_EQ(lab_->run({"true"}).value_or(-1), 0);
}

TEST_P(PolicyStory, PoliciesAreExchangedWhileProcessesComeAndGo) {
  const auto deny = parse_policy(
      "[[verdict]]\nimage = \"true\"\nanswer = \"deny\"\n[[process]]\nimage = \"sh\"\nfriendly = true\n"
      "[exclusions]\nprocesses = [\"true\"]\n",
      "p");
  ASSERT_TRUE(deny);
  start(options_with(""));
  auto reader = open_reader();
  std::atomic<bool> over = false;
  std::size_t exchanges = 0;
  std::thread changing([&] {
    for (; !over; ++exchanges) {
      const auto effect = lab_->apply_policy(exchanges % 2 == 0 ? *deny : Policy());
      EXPECT_TRUE(effect) << effect.error().what;
    }
  });
  OutputPipe output;
  const auto status = lab_->run(
      {"sh", "-c",
       "d=0; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do /bin/true || d=$((d+1)); done; echo denied=$d"});
  over = true;
  changing.join();
  EXPECT_EQ(status.value_or(-1), 0);
  EXPECT_GT(exchanges, 0u);
  const FeedCounts counts = lab_->feed_counts();
  EXPECT_EQ(static_cast<std::uint64_t>(output.number("denied")), counts.denied);
  EXPECT_EQ(counts.enforced, counts.denied);
  const auto events = read_all(*reader);
  const auto trues = creates_of(events, "true");
  EXPECT_EQ(trues.size(), 16u);
  // What is excluded is denied, and the other way round: no process was judged half by one policy, half by the other.
  if (!tells_contexts()) return;
  const auto excluded = std::count_if(trues.begin(), trues.end(), [](const auto& event) {
    return (event.context->flags & defender::flag::Excluded) != 0;
  });
  EXPECT_EQ(static_cast<std::uint64_t>(excluded), counts.denied);
}

std::string story_profile(const testing::TestParamInfo<Profile>& info) {
  return std::string(profile_name(info.param));
}
INSTANTIATE_TEST_SUITE_P(Profiles, PolicyStory, testing::ValuesIn(kProfiles), story_profile);
INSTANTIATE_TEST_SUITE_P(Profiles, PolicyAnswers, testing::ValuesIn(kProfiles), story_profile);

}  // namespace
}  // namespace wdscope
