// SPDX-License-Identifier: MIT
// The lab itself: its parts left out or replaced, and its errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "lab/process_tracker.h"
#include "lab_stories/lab_story.h"
#include "lab_stories/output_pipe.h"

namespace wdscope {
namespace {

class LabItself : public LabStory {
 protected:
  LabItself() {
    std::string name = (std::filesystem::temp_directory_path() / "wdscope-lab-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~LabItself() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& file, std::string_view content) {
    std::ofstream(folder_ / file, std::ios::binary) << content;
  }
  std::string shipped(const std::string& file) {
    std::ifstream stream(std::filesystem::path(WDSCOPE_DRIVERS) / file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
  Error start_fails(LabOptions options) {
    const auto lab = Lab::start(std::move(options));
    EXPECT_FALSE(lab);
    return lab ? Error{} : lab.error();
  }

  std::filesystem::path folder_;
};

TEST_F(LabItself, WithoutTheObserverNothingBreaks) {
  LabOptions options;
  options.load_observer = false;
  start(std::move(options));
  EXPECT_EQ(lab_->run({"sh", "-c", "/bin/true; exit 3"}), 3);
  EXPECT_FALSE(lab_->open_device());
  EXPECT_EQ(lab_->feed_counts().started, 2u);
  EXPECT_EQ(lab_->feed_counts().refused, 0u);
}

TEST_F(LabItself, ThereIsOnlyOneInAProcess) {
  start({});
  EXPECT_EQ(start_fails({}).code, ErrorCode::SourceUnavailable);
}

TEST_F(LabItself, AnotherFollowsWhenOneIsGone) {
  start({});
  lab_.reset();
  start({});
  EXPECT_EQ(lab_->run({"true"}), 0);
}

TEST_F(LabItself, APolicyDecidesWhoIsTrusted) {
  write("policy.toml", "[trust]\nexcept = [\"/usr/bin/true\"]\n");
  LabOptions options;
  options.policy = folder_ / "policy.toml";
  start(std::move(options));
  auto reader = open_reader();
  EXPECT_EQ(lab_->run({"sh", "-c", "/bin/true; :"}), 0);
  const auto events = read_all(*reader);
  const auto trues = creates_of(events, "true");
  ASSERT_EQ(trues.size(), 1u);
  EXPECT_EQ(trues[0].trusted, false);
  EXPECT_EQ(of_process(events, *trues[0].pid).size(), 2u);
  EXPECT_EQ(of_process(events, *events.front().pid).size(), 3u);
}

TEST_F(LabItself, ABadPolicyIsNamed) {
  write("policy.toml", "[trust]\nfolder = []\n");
  LabOptions options;
  options.policy = folder_ / "policy.toml";
  EXPECT_THAT(start_fails(std::move(options)).what, testing::HasSubstr("policy.toml:2:1"));
}

TEST_F(LabItself, DriversOfAFolderAreTheSame) {
  LabOptions options;
  options.drivers = WDSCOPE_DRIVERS;
  start(std::move(options));
  EXPECT_EQ(lab_->run({"true"}), 0);
}

TEST_F(LabItself, AFolderWithoutDriversIsNamed) {
  LabOptions options;
  options.drivers = folder_;
  const Error error = start_fails(std::move(options));
  EXPECT_EQ(error.code, ErrorCode::InputUnreadable);
  EXPECT_THAT(error.what, testing::HasSubstr("wdnotifier.sys"));
}

TEST_F(LabItself, AFileThatIsNoDriverIsNamedAndLeavesNothing) {
  const std::string whole = shipped("wdnotifier.sys");
  ASSERT_GT(whole.size(), 4096u);
  for (const std::string& content : {std::string("this is no driver"), whole.substr(0, whole.size() / 2)}) {
    write("wdnotifier.sys", content);
    LabOptions options;
    options.drivers = folder_;
    const Error error = start_fails(std::move(options));
    EXPECT_THAT(error.what, testing::HasSubstr("cannot load the driver"));
    EXPECT_THAT(error.what, testing::HasSubstr("wdnotifier.sys"));
  }
  start({});
}

TEST_F(LabItself, ADriverThatImportsTheUnknownIsNamed) {
  std::string content = shipped("wdnotifier.sys");
  const std::size_t at = content.find("ExNotifyCallback");
  ASSERT_NE(at, std::string::npos);
  content.replace(at, 16, "ExNotifyCallbakk");
  write("wdnotifier.sys", content);
  LabOptions options;
  options.drivers = folder_;
  EXPECT_THAT(start_fails(std::move(options)).what, testing::HasSubstr("ExNotifyCallbakk"));
}

TEST_F(LabItself, TheWholeMachineIsFollowed) {
  start({});
  auto reader = open_reader();
  if (const auto followed = lab_->follow_machine(); !followed) {
    ASSERT_EQ(followed.error().code, ErrorCode::NotPermitted);
    EXPECT_THAT(followed.error().advice, testing::HasSubstr("run"));
    GTEST_SKIP() << followed.error().what;
  }
  // Other processes of the machine come and go meanwhile: these are found by a name of their own.
  std::filesystem::copy_file(LAB_FAMILY, folder_ / "lab_relative");
  const std::string image = (folder_ / "lab_relative").string();
  OutputPipe output;
  char way[] = "wait-then-fork";
  char* arguments[] = {const_cast<char*>(image.c_str()), way, nullptr};
  pid_t relative = 0;
  ASSERT_EQ(posix_spawn(&relative, image.c_str(), nullptr, nullptr, arguments, environ), 0);
  ASSERT_EQ(output.number("ready"), relative);
  // It goes on when its create has arrived, so that it was there to be read.
  std::vector<ProcessEvent> events;
  while (creates_of(events, "lab_relative").empty()) {
    const auto batch = reader->next(std::chrono::seconds(60));
    ASSERT_TRUE(batch);
    ASSERT_EQ(batch->state, Batch::State::Records) << "the create never came";
    append(*reader, *batch, events);
  }
  ASSERT_EQ(kill(relative, SIGTERM), 0);
  int status = 0;
  ASSERT_EQ(waitpid(relative, &status, 0), relative);
  EXPECT_EQ(status, 0);
  lab_->stop_feed();
  EXPECT_EQ(lab_->feed_counts().lost, 0u);
  for (const ProcessEvent& event : read_all(*reader)) events.push_back(event);
  const auto relatives = creates_of(events, "lab_relative");
  ASSERT_EQ(relatives.size(), 2u);
  EXPECT_TRUE(relatives[0].command_line->value.ends_with("lab_relative wait-then-fork"));
  EXPECT_EQ(relatives[1].effective_parent_pid(), relatives[0].pid);
  for (const ProcessEvent& create : relatives) {
    const auto life = of_process(events, *create.pid);
    ASSERT_FALSE(life.empty());
    EXPECT_EQ(life.back().operation, Operation::Terminate);
  }
}

TEST_F(LabItself, OneFeedAtATime) {
  start({});
  if (!lab_->follow_machine()) GTEST_SKIP() << "needs root on the machine itself";
  const auto run = lab_->run({"true"});
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, ErrorCode::Usage);
  EXPECT_FALSE(lab_->follow_machine());
  lab_->stop_feed();
  EXPECT_EQ(lab_->run({"true"}), 0);
}

TEST_F(LabItself, ProfilesHaveNames) {
  for (const Profile profile : kProfiles) EXPECT_EQ(parse_profile(profile_name(profile)), profile);
  EXPECT_EQ(parse_profile("1911").error().code, ErrorCode::Usage);
}

}  // namespace
}  // namespace wdscope
