// SPDX-License-Identifier: MIT
// A process that behaves in one way that a feed must understand; the first argument says which. Prints the process ids
// that the test needs to know, each as "name=pid".
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace {

void tell(const char* name, pid_t pid) {
  std::printf("%s=%d\n", name, pid);
  std::fflush(stdout);
}

int wait_for(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// A child that ends without an exec.
int fork_only() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  tell("child", child);
  return wait_for(child);
}

// Another thread than the leader executes.
int thread_exec() {
  tell("self", getpid());
  std::thread other([] { execl("/bin/true", "true", "by-thread", nullptr); });
  other.join();
  return 99;
}

void* end_late(void* end_of_pipe) {
  char nothing = 0;
  const ssize_t length = read(*static_cast<int*>(end_of_pipe), &nothing, 1);
  _exit(length == 0 ? 5 : 6);
}

// The leading thread ends first; a child, made by the thread that stays, shows that the process still lives then.
int leader_first() {
  static int ends[2];
  if (pipe(ends) != 0) return 99;
  pthread_t thread;
  pthread_create(&thread, nullptr, end_late, &ends[0]);
  tell("self", getpid());
  close(ends[1]);
  pthread_exit(nullptr);
}

// The parent ends before the grandchild, which executes afterwards.
int orphan() {
  int ends[2];
  if (pipe(ends) != 0) return 99;
  const pid_t child = fork();
  if (child == 0) {
    const pid_t grandchild = fork();
    if (grandchild == 0) {
      close(ends[1]);
      char nothing = 0;
      // Ends when child and parent are gone.
      if (read(ends[0], &nothing, 1) != 0) _exit(99);
      execl("/bin/true", "true", "orphan", nullptr);
      _exit(99);
    }
    tell("grandchild", grandchild);
    _exit(0);
  }
  tell("child", child);
  return wait_for(child);
}

int kill_self() {
  return raise(SIGKILL);
}

// A stopped child that is continued: job control has to work under a tracer.
int stop_and_go() {
  const pid_t child = fork();
  if (child == 0) {
    raise(SIGSTOP);
    _exit(4);
  }
  int status = 0;
  if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status)) return 99;
  kill(child, SIGCONT);
  return wait_for(child);
}

int caught = 0;
void note_signal(int) {
  caught = 1;
}

// A signal reaches its handler.
int handle_signal() {
  signal(SIGUSR1, note_signal);
  raise(SIGUSR1);
  return caught == 1 ? 0 : 99;
}

// Waits for a signal from outside.
int wait_for_signal() {
  signal(SIGTERM, note_signal);
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  tell("ready", getpid());
  while (caught == 0) sigsuspend(&before);
  return 7;
}

int wait_then_fork() {
  return wait_for_signal() == 7 ? fork_only() : 99;
}

// A sibling instead of a child.
int clone_parent() {
  const long child = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child == 0) {
    execl("/bin/true", "true", "sibling", nullptr);
    _exit(99);
  }
  tell("self", getpid());
  return child > 0 ? 0 : 99;
}

int failed_exec() {
  const pid_t child = fork();
  if (child == 0) {
    execl("/nonexistent/program", "program", nullptr);
    execl("/bin/true", "true", "second-try", nullptr);
    _exit(99);
  }
  return wait_for(child);
}

int many_threads() {
  for (int i = 0; i < 20; ++i) std::thread([] {}).join();
  return 0;
}

// For a setuid image.
int am_i_root() {
  return geteuid() == 0 ? 10 : 11;
}

struct Way {
  const char* name;
  int (*go)();
};
constexpr Way kWays[] = {
    {"fork-only", fork_only},         {"thread-exec", thread_exec},
    {"leader-first", leader_first},   {"orphan", orphan},
    {"kill-self", kill_self},         {"stop-and-go", stop_and_go},
    {"handle-signal", handle_signal}, {"wait-for-signal", wait_for_signal},
    {"clone-parent", clone_parent},   {"failed-exec", failed_exec},
    {"many-threads", many_threads},   {"wait-then-fork", wait_then_fork},
    {"am-i-root", am_i_root},
};

}  // namespace

int main(int count, char** arguments) {
  for (const Way& way : kWays)
    if (count > 1 && std::strcmp(arguments[1], way.name) == 0) return way.go();
  std::fprintf(stderr, "no such way\n");
  return 2;
}
