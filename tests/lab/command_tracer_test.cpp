// SPDX-License-Identifier: MIT
// The ptrace feed against real commands; what it tells is written down instead of going to a machine.
#include "lab/command_tracer.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <thread>

#include "lab/recording_listener.h"
#include "lab/running_processes.h"
#include "lab_stories/output_pipe.h"

namespace wdscope {
namespace {

using Entry = RecordingListener::Entry;
using Kind = Entry::Kind;

class CommandTracerTest : public testing::Test {
 protected:
  CommandTracerTest() {
    for (const RunningProcess& process : read_running_processes(clock_)) tracker_.adopt(process);
    adopted_ = listener_.alive_count();
  }

  int run(const std::vector<std::string>& command) {
    const auto status = tracer_.run(command);
    EXPECT_TRUE(status) << status.error().what;
    EXPECT_EQ(listener_.faults(), 0);
    EXPECT_EQ(listener_.alive_count(), adopted_) << "something of the tree was left";
    return status.value_or(-1);
  }
  int run_family(const std::string& way) { return run({LAB_FAMILY, way}); }
  int run_shell(const std::string& script) { return run({"sh", "-c", script}); }

  std::size_t place(Kind kind, std::uint64_t process_id) const {
    const auto& list = listener_.entries;
    const auto found = std::find_if(list.begin(), list.end(), [&](const Entry& entry) {
      return entry.kind == kind && entry.process.process_id == process_id;
    });
    return static_cast<std::size_t>(found - list.begin());
  }

  LabClock clock_;
  FeedCounters counters_;
  RecordingListener listener_;
  ProcessTracker tracker_{listener_, counters_};
  CommandTracer tracer_{tracker_, clock_};
  std::size_t adopted_ = 0;
};

TEST_F(CommandTracerTest, EveryCommandOfAShellLoopComesWithItsImageParentAndCommandLine) {
  EXPECT_EQ(run_shell("for i in 1 2 3; do /bin/true $i 'a b'; done"), 0);
  const auto list = listener_.announced();
  ASSERT_EQ(list.size(), 8u);
  EXPECT_EQ(list[0].kind, Kind::Started);
  EXPECT_EQ(list[0].process.parent_process_id, to_nt_pid(getpid()));
  EXPECT_EQ(list[0].command_line(), "sh -c \"for i in 1 2 3; do /bin/true $i 'a b'; done\"");
  for (std::size_t turn = 0; turn < 3; ++turn) {
    const Entry& start = list[1 + 2 * turn];
    const Entry& exit = list[2 + 2 * turn];
    EXPECT_EQ(start.kind, Kind::Started);
    EXPECT_EQ(start.image(), "\\Device\\HarddiskVolume1\\usr\\bin\\true");
    EXPECT_EQ(start.command_line(), "/bin/true " + std::to_string(turn + 1) + " \"a b\"");
    EXPECT_EQ(start.process.parent_process_id, list[0].process.process_id);
    EXPECT_EQ(exit.kind, Kind::Exited);
    EXPECT_EQ(exit.process.process_id, start.process.process_id);
  }
  EXPECT_EQ(list[7].process.process_id, list[0].process.process_id);
  EXPECT_EQ(counters_.read().started, 4u);
  EXPECT_EQ(counters_.read().incomplete, 0u);
}

TEST_F(CommandTracerTest, CreationTimesAreNowAndGrow) {
  const FileTime before = clock_.now();
  EXPECT_EQ(run_shell("/bin/true; /bin/true; :"), 0);
  FileTime last = before;
  for (const Entry& entry : listener_.starts_of("true")) {
    EXPECT_GT(entry.process.created_100ns, last);
    last = entry.process.created_100ns;
  }
  EXPECT_LT(last, clock_.now());
}

TEST_F(CommandTracerTest, ExitCodesAreThoseOfAShell) {
  EXPECT_EQ(run_shell("exit 3"), 3);
}

TEST_F(CommandTracerTest, AKilledCommandIs128AndItsSignal) {
  EXPECT_EQ(run_family("kill-self"), 128 + SIGKILL);
}

TEST_F(CommandTracerTest, ACommandThatIsNotThereIs127AndNoProcess) {
  const auto status = tracer_.run({"/nonexistent/program"});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::SourceUnavailable);
  EXPECT_EQ(status.error().native, 127);
  EXPECT_TRUE(listener_.announced().empty());
}

TEST_F(CommandTracerTest, ACommandThatMayNotRunIs126) {
  const auto status = tracer_.run({"/etc/passwd"});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().native, 126);
  EXPECT_TRUE(listener_.announced().empty());
}

TEST_F(CommandTracerTest, NoCommandIsAUsageError) {
  const auto status = tracer_.run({});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::Usage);
}

TEST_F(CommandTracerTest, AForkWithoutExecIsACopyOfItsParentThatExits) {
  OutputPipe output;
  EXPECT_EQ(run_family("fork-only"), 0);
  const auto child = to_nt_pid(output.number("child"));
  const auto list = listener_.announced();
  ASSERT_EQ(list.size(), 4u);
  EXPECT_EQ(list[1].kind, Kind::Started);
  EXPECT_EQ(list[1].process.process_id, child);
  EXPECT_EQ(list[1].process.parent_process_id, list[0].process.process_id);
  EXPECT_EQ(list[1].image(), list[0].image());
  EXPECT_EQ(list[1].command_line(), list[0].command_line());
  EXPECT_EQ(list[2].kind, Kind::Exited);
  EXPECT_EQ(list[2].process.process_id, child);
}

TEST_F(CommandTracerTest, AChainOfExecsIsAChainOfProcessesWithOneId) {
  EXPECT_EQ(run_shell("exec env A=1 /bin/true last"), 0);
  const auto list = listener_.announced();
  ASSERT_EQ(list.size(), 6u);
  EXPECT_TRUE(list[2].image().ends_with("\\env"));
  EXPECT_TRUE(list[4].image().ends_with("\\true"));
  for (const Entry& entry : list) EXPECT_EQ(entry.process.process_id, list[0].process.process_id);
  EXPECT_EQ(list[4].process.parent_process_id, to_nt_pid(getpid()));
  EXPECT_LT(list[2].process.created_100ns, list[4].process.created_100ns);
}

TEST_F(CommandTracerTest, AFailedExecIsNoEvent) {
  EXPECT_EQ(run_family("failed-exec"), 0);
  EXPECT_EQ(listener_.announced().size(), 4u);
  EXPECT_EQ(listener_.starts_of("true").size(), 1u);
}

TEST_F(CommandTracerTest, ThreadsAreNoProcesses) {
  EXPECT_EQ(run_family("many-threads"), 0);
  EXPECT_EQ(listener_.announced().size(), 2u);
}

TEST_F(CommandTracerTest, AnExecByAnotherThreadKeepsTheProcessId) {
  OutputPipe output;
  EXPECT_EQ(run_family("thread-exec"), 0);
  const auto list = listener_.announced();
  ASSERT_EQ(list.size(), 4u);
  EXPECT_EQ(list[2].process.process_id, to_nt_pid(output.number("self")));
  EXPECT_EQ(list[2].command_line(), "true by-thread");
}

TEST_F(CommandTracerTest, AProcessEndsWithItsLastThread) {
  EXPECT_EQ(run_family("leader-first"), 5);
  EXPECT_EQ(listener_.announced().size(), 2u);
}

TEST_F(CommandTracerTest, OrphansAreFollowedUntilTheyEnd) {
  OutputPipe output;
  EXPECT_EQ(run_family("orphan"), 0);
  const auto child = to_nt_pid(output.number("child"));
  const auto grandchild = to_nt_pid(output.number("grandchild"));
  const auto trues = listener_.starts_of("true");
  ASSERT_EQ(trues.size(), 1u);
  EXPECT_EQ(trues[0].process.process_id, grandchild);
  EXPECT_EQ(trues[0].process.parent_process_id, child);
  EXPECT_LT(place(Kind::Exited, child), place(Kind::Exited, grandchild));
}

TEST_F(CommandTracerTest, ASiblingMadeByCloneHasItsMakersParent) {
  EXPECT_EQ(run_family("clone-parent"), 0);
  const auto trues = listener_.starts_of("true");
  ASSERT_EQ(trues.size(), 1u);
  EXPECT_EQ(trues[0].process.parent_process_id, to_nt_pid(getpid()));
}

// Runs `body` in a child as the user nobody; its answer comes back as the exit code.
int as_nobody(const std::function<int()>& body) {
  constexpr uid_t kNobody = 65534;
  const pid_t child = fork();
  if (child == 0) {
    if (setgid(kNobody) != 0 || setuid(kNobody) != 0) _exit(99);
    prctl(PR_SET_DUMPABLE, 1);  // who gave up root cannot be traced until it says so, nor can its children
    _exit(body());
  }
  int end = 0;
  EXPECT_EQ(waitpid(child, &end, 0), child);
  return WIFEXITED(end) ? WEXITSTATUS(end) : 128 + WTERMSIG(end);
}

TEST_F(CommandTracerTest, ASetuidImageGainsNothingUnderAnUnprivilegedTracer) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to make a setuid image";
  std::string folder = testing::TempDir() + "wdscope-setuid-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string image = folder + "/who";
  std::filesystem::copy_file(LAB_FAMILY, image);
  ASSERT_EQ(chmod(folder.c_str(), 0755), 0);
  ASSERT_EQ(chmod(image.c_str(), 04755), 0);
  constexpr int kIsRoot = 10, kIsNobody = 11;  // as family.cpp answers
  const int untraced = as_nobody([&] {
    execl(image.c_str(), "who", "am-i-root", nullptr);
    return 98;
  });
  const int traced = as_nobody([&] {
    const auto status = tracer_.run({image, "am-i-root"});
    return status && listener_.starts_of("who").size() == 1 ? *status : 97;
  });
  std::filesystem::remove_all(folder);
  if (untraced == kIsNobody)
    GTEST_SKIP() << "no image gains anything here: " << testing::TempDir() << " is mounted nosuid";
  EXPECT_EQ(untraced, kIsRoot);
  EXPECT_EQ(traced, kIsNobody);
}

TEST_F(CommandTracerTest, AStoppedChildCanBeContinued) {
  EXPECT_EQ(run_family("stop-and-go"), 4);
}

TEST_F(CommandTracerTest, SignalsReachTheirHandlers) {
  EXPECT_EQ(run_family("handle-signal"), 0);
}

TEST_F(CommandTracerTest, ASignalIsForwardedToTheCommand) {
  OutputPipe output;
  std::thread sender([&] {
    EXPECT_GT(output.number("ready"), 0);
    tracer_.signal_command(SIGTERM);
  });
  EXPECT_EQ(run_family("wait-for-signal"), 7);
  sender.join();
}

TEST_F(CommandTracerTest, APipelineOfManyProcessesIsWhole) {
  EXPECT_EQ(run_shell("i=0; while [ $i -lt 40 ]; do (/bin/true | /bin/cat) & i=$((i+1)); done; wait"), 0);
  EXPECT_EQ(listener_.starts_of("true").size(), 40u);
  EXPECT_EQ(listener_.starts_of("cat").size(), 40u);
}

TEST_F(CommandTracerTest, StoppingLetsTheTreeLoose) {
  OutputPipe output;
  int pid = 0;
  std::thread stopper([&] {
    pid = output.number("ready");
    tracer_.stop();
  });
  const auto status = tracer_.run({LAB_FAMILY, "wait-for-signal"});
  stopper.join();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::SourceUnavailable);
  EXPECT_TRUE(listener_.alive(to_nt_pid(pid)));
  // It is our own child again and answers as if nothing had been.
  ASSERT_EQ(kill(pid, SIGTERM), 0);
  int end = 0;
  ASSERT_EQ(waitpid(pid, &end, 0), pid);
  EXPECT_EQ(WEXITSTATUS(end), 7);
}

}  // namespace
}  // namespace wdscope
