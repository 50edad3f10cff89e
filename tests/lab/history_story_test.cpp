// SPDX-License-Identifier: MIT
// A recorded past, from its log through both drivers to typed events, for each profile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/machine_history.h"
#include "event/json.h"
#include "lab_stories/lab_story.h"

namespace wdscope {
namespace {

constexpr const char* kLog =
    R"({"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Hostname":"W1","UtcTime":"2021-03-04 05:06:07.089","ProcessId":"4244","Image":"C:\\Windows\\System32\\cmd.exe","CommandLine":"cmd.exe /c \"echo \u00e9\"","ParentProcessId":"800","ParentImage":"C:\\Windows\\explorer.exe","ParentCommandLine":"explorer.exe","TerminalSessionId":"2"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Hostname":"W1","UtcTime":"2021-03-04 05:06:07.100","ProcessId":"4300","Image":"C:\\Users\\u\\tool.exe","CommandLine":"tool","ParentProcessId":"4244","ParentImage":"C:\\Windows\\System32\\cmd.exe","TerminalSessionId":"2"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":5,"Hostname":"W1","UtcTime":"2021-03-04 05:06:09.250","ProcessId":"4244","Image":"C:\\Windows\\System32\\cmd.exe"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":5,"Hostname":"W1","UtcTime":"2021-03-04 05:06:10.500","ProcessId":"800","Image":"C:\\Windows\\explorer.exe"}
)";

class HistoryStory : public LabStory, public testing::WithParamInterface<Profile> {
 protected:
  HistoryStory() {
    auto log = parse_process_log(LogText(kLog), "log");
    EXPECT_TRUE(log) << log.error().what;
    history_ = make_history(*log);
  }

  // Every event of the history, and each as its NDJSON line.
  std::vector<ProcessEvent> play(std::string* lines = nullptr) {
    LabOptions options;
    options.profile = GetParam();
    options.history = &history_.machines.at(0);
    start(std::move(options));
    auto reader = open_reader();
    std::vector<ProcessEvent> events;
    const auto played = lab_->play([&]() -> Result<void> {
      for (const ProcessEvent& event : read_all(*reader)) events.push_back(event);
      return {};
    });
    EXPECT_TRUE(played) << played.error().what;
    if (lines != nullptr)
      for (const ProcessEvent& event : events) append_json(*lines, event, reader->origin());
    counts_ = lab_->feed_counts();
    reader.reset();
    lab_.reset();
    return events;
  }
  bool tells_contexts() const { return GetParam() != Profile::Wd25080; }

  ProcessHistory history_;
  FeedCounts counts_;
};

TEST_P(HistoryStory, EachStartAndEndComesOnceAtItsTimeWithAllThatWasTold) {
  const auto events = play();
  const auto creates = creates_of(events, "cmd.exe");
  ASSERT_EQ(creates.size(), 1u);
  const ProcessEvent& create = creates[0];
  EXPECT_EQ(create.pid, 4244u);
  EXPECT_EQ(create.effective_parent_pid(), 800u);
  EXPECT_EQ(create.image->value, "\\Device\\HarddiskVolume3\\Windows\\System32\\cmd.exe");
  EXPECT_EQ(create.effective_session_id(), 2u);
  const FileTime started = history_.machines[0].steps[0].time;
  EXPECT_EQ(create.created(), started);
  EXPECT_EQ(create.time, started);
  if (tells_contexts()) {
    EXPECT_EQ(create.command_line->value, "cmd.exe /c \"echo \u00e9\"");
  }

  const auto life = of_process(events, 4244);
  EXPECT_EQ(life.back().operation, Operation::Terminate);
  EXPECT_EQ(life.back().time, started + 21'610'000);
  EXPECT_EQ(counts_.started, 2u);
  EXPECT_EQ(counts_.exited, 2u);
  EXPECT_EQ(counts_.refused, 0u);
}

TEST_P(HistoryStory, AProcessThatRanBeforeIsOnlySeenToEnd) {
  const auto life = of_process(play(), 800);
  ASSERT_EQ(life.size(), 1u);
  EXPECT_EQ(life[0].operation, Operation::Terminate);
}

TEST_P(HistoryStory, SystemFoldersAreTrustedByTheBuiltInPolicy) {
  const auto events = play();
  const auto trusted = [&](std::uint64_t pid) {
    const auto life = of_process(events, pid);
    return std::any_of(life.begin(), life.end(),
                       [](const ProcessEvent& event) { return event.trusted.value_or(false); });
  };
  EXPECT_TRUE(trusted(4244));
  EXPECT_FALSE(trusted(4300));
}

// Whatever room its message needs: the service's grows with it, and is the next one's as well.
TEST_P(HistoryStory, TheLongestCommandLineIsJudgedLikeTheShortest) {
  const std::vector<std::size_t> lengths = {10, 300, 10, 3000, 30'000, 10, 700};
  auto& steps = history_.machines.at(0).steps;
  steps.clear();
  for (std::size_t index = 0; index < lengths.size(); ++index) {
    HistoryProcess process;
    process.pid = 1000 + 4 * index;
    process.created = 133'000'000'000'000'000 + static_cast<FileTime>(index) * 10'000;
    process.image = "C:\\Windows\\System32\\tool.exe";
    process.command_line = std::string(lengths[index], 'x');
    history_.machines[0].processes.push_back(process);
    steps.push_back({HistoryStep::Kind::Start, process.created,
                     static_cast<std::uint32_t>(history_.machines[0].processes.size() - 1)});
  }
  const auto events = play();
  EXPECT_EQ(counts_.started, lengths.size());
  for (std::size_t index = 0; index < lengths.size(); ++index) {
    const auto life = of_process(events, 1000 + 4 * index);
    EXPECT_TRUE(std::any_of(life.begin(), life.end(), [](const ProcessEvent& event) {
      return event.trusted.value_or(false);
    })) << lengths[index];
  }
}

TEST_P(HistoryStory, TheSameLogComesOutTheSame) {
  std::string first, second;
  play(&first);
  play(&second);
  EXPECT_EQ(first, second);
  EXPECT_THAT(first, testing::HasSubstr("\"host\":\"W1\""));
}

TEST_P(HistoryStory, ALabWithAHistoryFollowsNothingElse) {
  LabOptions options;
  options.profile = GetParam();
  options.history = &history_.machines.at(0);
  start(std::move(options));
  EXPECT_EQ(lab_->run({"true"}).error().code, ErrorCode::Usage);
  EXPECT_EQ(lab_->follow_machine().error().code, ErrorCode::Usage);
  lab_.reset();
  start({});
  EXPECT_EQ(lab_->play([]() -> Result<void> { return {}; }).error().code, ErrorCode::Usage);
}

INSTANTIATE_TEST_SUITE_P(Profiles, HistoryStory, testing::ValuesIn(kProfiles),
                         [](const auto& parameter) { return std::string(profile_name(parameter.param)); });

}  // namespace
}  // namespace wdscope
