// SPDX-License-Identifier: MIT
#include "cli/interrupts.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <future>

namespace wdscope::cli {
namespace {

TEST(Interrupts, ASignalBecomesACallThatKnowsItsSender) {
  std::promise<std::pair<int, Interrupts::Sender>> heard;
  const Interrupts interrupts(
      [&](int signal, Interrupts::Sender sender) { heard.set_value(std::pair(signal, sender)); });
  kill(getpid(), SIGTERM);
  EXPECT_EQ(heard.get_future().get(), std::pair(SIGTERM, Interrupts::Sender::Process));
}

TEST(Interrupts, TheOldActionsComeBack) {
  struct sigaction before = {};
  sigaction(SIGINT, nullptr, &before);
  {
    const Interrupts interrupts([](int, Interrupts::Sender) {});
  }
  struct sigaction after = {};
  sigaction(SIGINT, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

TEST(Interrupts, ASignalThatWasIgnoredStaysIgnored) {
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before = {};
  sigaction(SIGHUP, &ignore, &before);
  {
    const Interrupts interrupts([](int, Interrupts::Sender) { ADD_FAILURE() << "was heard"; });
    kill(getpid(), SIGHUP);
  }
  sigaction(SIGHUP, &before, nullptr);
}

TEST(BrokenPipes, AreAnErrorOfTheWriteAndNotADeath) {
  survive_broken_pipes();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

TEST(BrokenPipes, AStartedProgramStillDiesOfThem) {
  survive_broken_pipes();
  const pid_t pid = fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    execl("/bin/sh", "sh", "-c", "kill -PIPE $$; exit 0", nullptr);
    _exit(99);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFSIGNALED(status));
}

}  // namespace
}  // namespace wdscope::cli
