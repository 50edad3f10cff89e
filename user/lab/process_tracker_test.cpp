// SPDX-License-Identifier: MIT
#include "lab/process_tracker.h"

#include <gtest/gtest.h>

#include "lab/recording_listener.h"

namespace wdscope {
namespace {

using Kind = RecordingListener::Entry::Kind;

SharedIdentity identity(std::u16string image, std::u16string command_line = u"") {
  auto made = std::make_shared<ProcessIdentity>();
  made->image = std::move(image);
  made->command_line = std::move(command_line);
  return made;
}

class ProcessTrackerTest : public testing::Test {
 protected:
  RunningProcess running(pid_t pid, pid_t parent, std::u16string image, FileTime created, FileTime seen) {
    RunningProcess process;
    process.pid = pid;
    process.parent = parent;
    process.identity = identity(std::move(image));
    process.created = created;
    process.seen = seen;
    return process;
  }
  const host::ProcessStart& process(std::size_t index) { return listener_.entries.at(index).process; }
  Kind kind(std::size_t index) { return listener_.entries.at(index).kind; }

  RecordingListener listener_;
  FeedCounters counters_;
  ProcessTracker tracker_{listener_, counters_};
};

TEST_F(ProcessTrackerTest, AProcessIsAnnouncedAtItsFirstExec) {
  tracker_.adopt(running(10, 1, u"sh", 50, 60));
  tracker_.forked(10, 11, 100);
  EXPECT_EQ(listener_.entries.size(), 1u);
  tracker_.executed(11, identity(u"true", u"true -x"), 110);
  ASSERT_EQ(listener_.entries.size(), 2u);
  EXPECT_EQ(kind(1), Kind::Started);
  EXPECT_EQ(process(1).process_id, 44u);
  EXPECT_EQ(process(1).parent_process_id, 40u);
  EXPECT_EQ(process(1).created_100ns, 110);
  EXPECT_EQ(process(1).image, u"true");
  EXPECT_EQ(process(1).command_line, u"true -x");
  tracker_.exited(11, 120);
  ASSERT_EQ(listener_.entries.size(), 3u);
  EXPECT_EQ(kind(2), Kind::Exited);
  EXPECT_EQ(process(2).process_id, 44u);
}

TEST_F(ProcessTrackerTest, AForkWithoutExecIsACopyOfItsParentAsItWasThen) {
  tracker_.adopt(running(10, 1, u"sh", 50, 60));
  tracker_.forked(10, 11, 100);
  tracker_.executed(10, identity(u"other"), 105);
  tracker_.exited(11, 120);
  ASSERT_EQ(listener_.entries.size(), 5u);
  EXPECT_EQ(kind(3), Kind::Started);
  EXPECT_EQ(process(3).process_id, 44u);
  EXPECT_EQ(process(3).image, u"sh");
  EXPECT_EQ(process(3).created_100ns, 100);
  EXPECT_EQ(kind(4), Kind::Exited);
  EXPECT_EQ(listener_.faults(), 0);
}

TEST_F(ProcessTrackerTest, ASecondExecIsAnExitAndAStartWithTheSameParent) {
  tracker_.adopt(running(10, 1, u"sh", 50, 60));
  tracker_.forked(10, 11, 100);
  tracker_.executed(11, identity(u"first"), 110);
  tracker_.executed(11, identity(u"second"), 120);
  ASSERT_EQ(listener_.entries.size(), 4u);
  EXPECT_EQ(kind(2), Kind::Exited);
  EXPECT_EQ(kind(3), Kind::Started);
  EXPECT_EQ(process(3).image, u"second");
  EXPECT_EQ(process(3).parent_process_id, 40u);
  EXPECT_GT(process(3).created_100ns, process(1).created_100ns);
}

TEST_F(ProcessTrackerTest, CreationTimesOfOnePidAlwaysGrow) {
  tracker_.forked(10, 11, 100);
  tracker_.executed(11, identity(u"first"), 100);
  tracker_.executed(11, identity(u"second"), 101);
  EXPECT_LT(process(0).created_100ns, process(2).created_100ns);
}

TEST_F(ProcessTrackerTest, InitIsNtsSystemAndNeverAnnounced) {
  tracker_.adopt(running(1, 0, u"init", 10, 20));
  tracker_.executed(1, identity(u"init2"), 100);
  tracker_.exited(1, 110);
  EXPECT_TRUE(listener_.entries.empty());
}

TEST_F(ProcessTrackerTest, AForkOfAPidThatIsStillThereEndsTheOldProcess) {
  tracker_.forked(10, 11, 100);
  tracker_.executed(11, identity(u"old"), 110);
  tracker_.forked(10, 11, 200);
  tracker_.executed(11, identity(u"new"), 210);
  ASSERT_EQ(listener_.entries.size(), 3u);
  EXPECT_EQ(kind(1), Kind::Exited);
  EXPECT_EQ(process(2).image, u"new");
  EXPECT_EQ(listener_.faults(), 0);
}

TEST_F(ProcessTrackerTest, AnExecOfAPidNeverSeenIsAStartWithTheParentThatProcNames) {
  tracker_.executed(11, identity(u"true"), 110, 10);
  ASSERT_EQ(listener_.entries.size(), 1u);
  EXPECT_EQ(process(0).parent_process_id, 40u);
}

TEST_F(ProcessTrackerTest, TheExitOfAPidNeverSeenIsNothing) {
  tracker_.exited(11, 110);
  EXPECT_TRUE(listener_.entries.empty());
}

TEST_F(ProcessTrackerTest, AForkWithoutExecOfAnUnknownParentIsIncomplete) {
  tracker_.forked(10, 11, 100);
  tracker_.exited(11, 110);
  ASSERT_EQ(listener_.entries.size(), 2u);
  EXPECT_EQ(process(0).image, u"<unknown>");
  EXPECT_EQ(counters_.read().incomplete, 1u);
}

TEST_F(ProcessTrackerTest, EventsOlderThanTheAdoptionAreDropped) {
  tracker_.adopt(running(11, 10, u"cat", 50, 100));
  tracker_.forked(10, 11, 51);
  tracker_.executed(11, identity(u"cat"), 52);
  EXPECT_EQ(listener_.entries.size(), 1u);
  tracker_.exited(11, 120);
  EXPECT_EQ(listener_.entries.size(), 2u);
}

TEST_F(ProcessTrackerTest, ARefusedProcessHasNoExit) {
  listener_.refuse = {44};
  tracker_.forked(10, 11, 100);
  tracker_.executed(11, identity(u"true"), 110);
  tracker_.exited(11, 120);
  EXPECT_TRUE(listener_.entries.empty());
  EXPECT_EQ(counters_.read().refused, 1u);
  EXPECT_EQ(counters_.read().exited, 0u);
}

TEST_F(ProcessTrackerTest, ReconcilingEndsWhatIsGoneAndStartsWhatIsNew) {
  tracker_.adopt(running(10, 1, u"gone", 50, 60));
  tracker_.adopt(running(11, 1, u"stays", 50, 60));
  tracker_.reconcile({running(11, 1, u"stays", 50, 200), running(12, 11, u"new", 150, 201)}, 199);
  ASSERT_EQ(listener_.entries.size(), 4u);
  EXPECT_EQ(kind(2), Kind::Exited);
  EXPECT_EQ(process(2).process_id, 40u);
  EXPECT_EQ(kind(3), Kind::Started);
  EXPECT_EQ(process(3).process_id, 48u);
  EXPECT_EQ(process(3).created_100ns, 150);
  // What the socket still holds of the new one is old news.
  tracker_.forked(11, 12, 150);
  tracker_.executed(12, identity(u"new"), 151);
  EXPECT_EQ(listener_.entries.size(), 4u);
}

TEST_F(ProcessTrackerTest, ReconcilingFindsALostExecByItsImage) {
  tracker_.adopt(running(10, 1, u"sh", 50, 60));
  tracker_.reconcile({running(10, 1, u"cat", 50, 200)}, 199);
  ASSERT_EQ(listener_.entries.size(), 3u);
  EXPECT_EQ(kind(1), Kind::Exited);
  EXPECT_EQ(process(2).image, u"cat");
}

TEST_F(ProcessTrackerTest, ReconcilingFindsAPidThatWasGivenAway) {
  tracker_.adopt(running(10, 1, u"sh", 50, 60));
  tracker_.reconcile({running(10, 5, u"sh", 150, 200)}, 199);
  ASSERT_EQ(listener_.entries.size(), 3u);
  EXPECT_EQ(kind(1), Kind::Exited);
  EXPECT_EQ(process(2).parent_process_id, 20u);
}

TEST_F(ProcessTrackerTest, ReconcilingLeavesAloneWhatBeganAfterTheLook) {
  tracker_.forked(10, 11, 300);
  tracker_.executed(11, identity(u"young"), 310);
  tracker_.reconcile({}, 199);
  EXPECT_EQ(listener_.entries.size(), 1u);
}

}  // namespace
}  // namespace wdscope
