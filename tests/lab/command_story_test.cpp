// SPDX-License-Identifier: MIT
// A command's processes, from ptrace through both drivers to typed events, for each profile.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "lab/process_tracker.h"
#include "lab_stories/lab_story.h"
#include "lab_stories/output_pipe.h"

namespace wdscope {
namespace {

class CommandStory : public LabStory, public testing::WithParamInterface<Profile> {
 protected:
  void SetUp() override {
    LabOptions options;
    options.profile = GetParam();
    start(std::move(options));
  }
  bool tells_contexts() const { return GetParam() != Profile::Wd25080; }
  int run(const std::vector<std::string>& command) {
    const auto status = lab_->run(command);
    EXPECT_TRUE(status) << status.error().what;
    return status.value_or(-1);
  }
};

TEST_P(CommandStory, EveryProcessOfAShellLoopIsCreatedTrustedAndTerminated) {
  auto reader = open_reader();
  EXPECT_EQ(run({"sh", "-c", "for i in 1 2 3; do /bin/true; done"}), 0);
  const auto events = read_all(*reader);
  const auto trues = creates_of(events, "true");
  ASSERT_EQ(trues.size(), 3u);
  EXPECT_EQ(events.size(), 4u * 3u);  // four processes: create, trust, terminate
  const auto shell = events.front().pid;
  for (const ProcessEvent& create : trues) {
    EXPECT_EQ(create.effective_parent_pid(), shell);
    EXPECT_EQ(create.image->value, "\\Device\\HarddiskVolume1\\usr\\bin\\true");
    EXPECT_EQ(create.host_pid, *create.pid / kPidFactor);
    EXPECT_EQ(create.anomalies, 0u);
    EXPECT_EQ(create.context.has_value(), tells_contexts());
    if (tells_contexts()) {
      EXPECT_EQ(create.command_line->value, "/bin/true");
    } else {
      EXPECT_FALSE(create.command_line);
    }

    const auto life = of_process(events, *create.pid);
    ASSERT_EQ(life.size(), 3u);
    // The newest build announces only after the service's verdict.
    const bool verdict_first = GetParam() == Profile::WdA5;
    EXPECT_EQ(life[0].operation, verdict_first ? Operation::Trust : Operation::Create);
    EXPECT_EQ(life[1].operation, verdict_first ? Operation::Create : Operation::Trust);
    EXPECT_EQ(life[2].operation, Operation::Terminate);
    EXPECT_EQ(create.trusted, verdict_first);
    EXPECT_EQ(life[verdict_first ? 0 : 1].trusted, true);
  }
}

TEST_P(CommandStory, AnImageOutsideTheSystemFoldersIsNotTrusted) {
  OutputPipe output;
  auto reader = open_reader();
  EXPECT_EQ(run({LAB_FAMILY, "fork-only"}), 0);
  const auto child = to_nt_pid(output.number("child"));
  const auto events = read_all(*reader);
  ASSERT_EQ(events.size(), 4u);
  for (const ProcessEvent& event : events) EXPECT_NE(event.operation, Operation::Trust);
  EXPECT_EQ(of_process(events, child).size(), 2u);
  EXPECT_EQ(of_process(events, child)[0].effective_parent_pid(), events[0].pid);
}

TEST_P(CommandStory, TwoReadersSeeTheSame) {
  auto first = open_reader();
  auto second = open_reader();
  EXPECT_EQ(run({"sh", "-c", "/bin/true; /bin/true; exit 3"}), 3);
  const auto events = read_all(*first);
  const auto others = read_all(*second);
  ASSERT_EQ(events.size(), others.size());
  for (std::size_t index = 0; index < events.size(); ++index) {
    EXPECT_EQ(events[index].sequence, others[index].sequence);
    EXPECT_EQ(events[index].pid, others[index].pid);
    EXPECT_EQ(events[index].operation, others[index].operation);
  }
  EXPECT_EQ(first->counts().lost, 0u);
}

TEST_P(CommandStory, ARefreshShowsWhatRanBefore) {
  auto reader = open_reader();
  const auto refreshed = reader->refresh();
  ASSERT_TRUE(refreshed) << refreshed.error().what;
  const auto mine = of_process(read_all(*reader), to_nt_pid(getpid()));
  ASSERT_EQ(mine.size(), 1u);
  EXPECT_EQ(mine[0].operation, Operation::Refresh);
  EXPECT_TRUE(mine[0].image->value.ends_with("\\lab_stories"));
  EXPECT_EQ(mine[0].nt_parent_pid, to_nt_pid(getppid()));
}

TEST_P(CommandStory, AnExecChainIsSeveralProcessesWithOneId) {
  auto reader = open_reader();
  EXPECT_EQ(run({"sh", "-c", "exec env A=1 /bin/true"}), 0);
  const auto events = read_all(*reader);
  EXPECT_EQ(creates_of(events, "env").size(), 1u);
  EXPECT_EQ(creates_of(events, "true").size(), 1u);
  EXPECT_EQ(std::count_if(events.begin(), events.end(),
                          [](const ProcessEvent& event) { return event.operation == Operation::Terminate; }),
            3);
}

TEST_P(CommandStory, TheOriginSaysThatThisIsAReplica) {
  EXPECT_EQ(lab_->origin().kind, Origin::Kind::Lab);
  EXPECT_EQ(lab_->origin().profile, profile_name(GetParam()));
  EXPECT_NE(lab_->origin().description.find("replica"), std::string::npos);
  EXPECT_EQ(lab_->origin().pid_factor, kPidFactor);
  EXPECT_NE(lab_->origin().boot_id, 0u);
}

INSTANTIATE_TEST_SUITE_P(Profiles, CommandStory, testing::ValuesIn(kProfiles),
                         [](const auto& profile) { return std::string(profile_name(profile.param)); });

class SnapshotStory : public LabStory, public testing::WithParamInterface<Profile> {
 protected:
  void SetUp() override {
    LabOptions options;
    options.profile = GetParam();
    options.snapshot_on_attach = true;
    start(std::move(options));
  }
};

TEST_P(SnapshotStory, TheStreamBeginsWithWhatRanBeforeBetweenTwoMarks) {
  auto reader = open_reader();
  const auto events = read_all(*reader);
  ASSERT_GE(events.size(), 3u);
  EXPECT_EQ(events.front().operation, Operation::SnapshotBegin);
  EXPECT_EQ(events.back().operation, Operation::SnapshotEnd);
  EXPECT_EQ(events.front().snapshot->trigger, wire::SnapshotTrigger::Attach);
  EXPECT_EQ(events.back().snapshot->answered, events.size() - 2);
  EXPECT_TRUE(std::all_of(events.begin() + 1, events.end() - 1,
                          [](const ProcessEvent& event) { return event.operation == Operation::Refresh; }));
  EXPECT_EQ(of_process(events, to_nt_pid(getpid())).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Profiles, SnapshotStory, testing::ValuesIn(kProfiles),
                         [](const auto& profile) { return std::string(profile_name(profile.param)); });

}  // namespace
}  // namespace wdscope
