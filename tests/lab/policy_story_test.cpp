// SPDX-License-Identifier: MIT
// What a policy says, as the notifier does it: on commands of this machine and on a recorded past, in each profile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

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

// A notifier without a command says one of these: STATUS_INVALID_DEVICE_REQUEST, STATUS_NOT_SUPPORTED.
bool lacks_the_command(const Error& error) {
  const auto status = static_cast<std::uint32_t>(error.native);
  return status == 0xC0000010 || status == 0xC00000BB;
}

class PolicyStory : public LabStory, public testing::WithParamInterface<Profile> {
 protected:
  PolicyStory() {
    std::string name = (std::filesystem::temp_directory_path() / "wdscope-policy-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    const auto log = parse_process_log(kPast, "log");
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
  LabOptions options = options_with(
      "[exclusions]\nprocesses = ['C:\\t\\*']\n[[doc_rule]]\nprocess = \"b.exe\"\nextensions = [\"pdf\"]\n");
  options.history = &history_.machines.at(0);
  auto lab = Lab::start(options);
  if (!lab && lacks_the_command(lab.error())) {
    EXPECT_THAT(lab.error().what, testing::HasSubstr("the notifier refuses the policy's"));
    GTEST_SKIP() << "these drivers know no commands of the service";
  }
  ASSERT_TRUE(lab) << lab.error().what;
  lab_ = std::move(*lab);
  auto reader = open_reader();
  ASSERT_TRUE(lab_->play([]() -> Result<void> { return {}; }));
  const auto life = of_process(read_all(*reader), 4244);
  const bool trusted =
      std::any_of(life.begin(), life.end(), [](const auto& event) { return event.trusted.value_or(false); });
  EXPECT_TRUE(trusted);
  if (!tells_contexts()) return;
  ASSERT_NE(last_context(life), nullptr);
  EXPECT_NE(last_context(life)->context->flags & defender::flag::Excluded, 0u);
}

INSTANTIATE_TEST_SUITE_P(Profiles, PolicyStory, testing::Values(Profile::Wd1910, Profile::Wd25080, Profile::WdA5),
                         [](const auto& parameter) { return std::string(profile_name(parameter.param)); });

}  // namespace
}  // namespace wdscope
