// SPDX-License-Identifier: MIT
#include "lab/command_tracer.h"

#include <poll.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {  // glibc 2.36's header does not say so itself
#include <sys/pidfd.h>
}

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include "lab/command_launch.h"
#include "lab/denied_image.h"
#include "lab/process_folder.h"

namespace wdscope {
namespace {

constexpr long kTraceOptions = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
                               PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;

constexpr std::chrono::milliseconds kPatience{2000};  // with a command that was told to end

int event_of(int status) {
  return status >> 16;
}

// A stop that job control made, which lasts until SIGCONT.
bool is_group_stop(int signal) {
  return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

// Whether the process of this pidfd ends within kPatience.
bool wait_for_end(int pid_descriptor) {
  pollfd ended{pid_descriptor, POLLIN, 0};
  return poll(&ended, 1, static_cast<int>(kPatience.count())) > 0;
}

int to_exit_code(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

CommandTracer::CommandTracer(ProcessTracker& tracker, const LabClock& clock) : tracker_(tracker), clock_(clock) {}

Result<int> CommandTracer::run(const std::vector<std::string>& command) {
  auto waker = WakeChild::make();
  if (!waker) return tl::unexpected(waker.error());
  auto launch = CommandLaunch::prepare(command);
  if (!launch) return tl::unexpected(launch.error());
  const pid_t pid = launch->pid();
  if (ptrace(PTRACE_SEIZE, pid, nullptr, kTraceOptions) != 0) {
    const int error = errno;
    return failure(ErrorCode::NotPermitted, std::string("cannot trace a child process: ") + std::strerror(error),
                   "a container may forbid ptrace: allow it (docker run --cap-add SYS_PTRACE)", error);
  }
  threads_[pid] = Thread{pid, false};
  processes_[pid] = Process{1, false};
  launched_ = clock_.now();
  root_ = pid;
  {
    const std::scoped_lock lock(mutex_);
    command_ = pid;
    waker_ = &*waker;
    follower_ = gettid();
  }
  launch->release();
  follow();
  {
    const std::scoped_lock lock(mutex_);
    command_ = 0;
    waker_ = nullptr;
    follower_ = 0;
    left_.notify_all();
  }

  if (!command_started_) {
    const int error = launch->exec_errno();
    const std::string reason = error != 0 ? std::strerror(error) : "it ended before it began";
    return failure(ErrorCode::SourceUnavailable, "cannot start '" + command.front() + "': " + reason, {},
                   error == ENOENT ? 127 : 126);
  }
  if (!command_status_) {
    return failure(ErrorCode::SourceUnavailable, "stopped following '" + command.front() + "' before it ended",
                   "what still runs of it keeps running");
  }
  return to_exit_code(*command_status_);
}

void CommandTracer::signal_command(int signal) {
  const std::scoped_lock lock(mutex_);
  if (command_ != 0) kill(command_, signal);
}

void CommandTracer::stop() {
  const std::scoped_lock lock(mutex_);
  stop_requested_ = true;
  if (waker_ != nullptr) waker_->wake();
}

CommandFate CommandTracer::abandon() {
  int command = -1;  // a pidfd: good even when the pid is another's
  bool on_follower = false;
  {
    const std::scoped_lock lock(mutex_);
    if (follower_ == 0) return CommandFate::NotRunning;
    if (command_ != 0) {
      command = pidfd_open(command_, 0);
      kill(command_, SIGTERM);
    }
    on_follower = follower_ == gettid();
  }
  bool loose = true;
  if (on_follower) {
    let_loose_silently();
  } else {
    stop();
    std::unique_lock lock(mutex_);
    loose = left_.wait_for(lock, kPatience, [this] { return follower_ == 0; });
  }
  if (command < 0) return loose ? CommandFate::NotRunning : CommandFate::Abandoned;
  CommandFate fate = CommandFate::Abandoned;
  if (loose) {
    fate = CommandFate::Ended;
    if (!wait_for_end(command)) {
      fate = CommandFate::Killed;
      pidfd_send_signal(command, SIGKILL, nullptr, 0);
      wait_for_end(command);
    }
  }
  close(command);
  return fate;
}

// As follow() does when it lets loose, but for at most kPatience and without a word to the tracker. What stands still
// beyond that is killed with this program.
void CommandTracer::let_loose_silently() {
  const auto detach = [](pid_t thread, int status) {
    const int signal = event_of(status) == 0 ? WSTOPSIG(status) : 0;
    ptrace(PTRACE_DETACH, thread, nullptr, static_cast<long>(signal));
  };
  if (in_hand_ != 0) {
    ptrace(PTRACE_DETACH, in_hand_, nullptr, nullptr);
    threads_.erase(in_hand_);
  }
  interrupt_all();
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!threads_.empty() && std::chrono::steady_clock::now() < deadline) {
    int status = 0;
    const pid_t thread = waitpid(-1, &status, WNOHANG | __WALL | __WNOTHREAD);
    if (thread < 0 && errno != EINTR) return;  // nobody is left
    if (thread <= 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    threads_.erase(thread);
    if (!WIFSTOPPED(status)) {
      if (thread == waker_->pid()) waker_->reaped();
      continue;
    }
    unsigned long child = 0;
    const int event = event_of(status);
    const bool forked = event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE;
    // The child is traced from its beginning, and its first stop is still to come.
    if (forked && ptrace(PTRACE_GETEVENTMSG, thread, nullptr, &child) == 0) {
      threads_.try_emplace(static_cast<pid_t>(child), Thread{});
    }
    detach(thread, status);
  }
}

bool CommandTracer::stopping() {
  const std::scoped_lock lock(mutex_);
  return stop_requested_;
}

void CommandTracer::follow() {
  while (!threads_.empty()) {
    if (!letting_loose_ && stopping()) interrupt_all();
    // Waiting without reaping first: what is reaped under the lock cannot be signalled after its pid was given away.
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOWAIT | __WALL | __WNOTHREAD) != 0) {
      if (errno == EINTR) continue;
      return;  // ECHILD: nobody is left
    }
    const pid_t thread = info.si_pid;
    int status = 0;
    {
      const std::scoped_lock lock(mutex_);
      if (waitpid(thread, &status, WNOHANG | WUNTRACED | __WALL | __WNOTHREAD) != thread) continue;
      if (!WIFSTOPPED(status) && thread == command_) command_ = 0;
      if (!WIFSTOPPED(status) && thread == waker_->pid()) {
        waker_->reaped();
        continue;
      }
    }
    if (WIFSTOPPED(status)) {
      in_hand_ = thread;
      handle_stop(thread, status);
      in_hand_ = 0;
    } else {
      handle_end(thread, status);
    }
  }
}

// The thread that stopped, made known if this is the first time. Null when it is gone already.
const CommandTracer::Thread* CommandTracer::meet(pid_t thread) {
  if (const auto known = threads_.find(thread); known != threads_.end()) return &known->second;
  const auto group = read_thread_group(thread);
  if (!group) return nullptr;
  if (*group == thread) processes_[thread] = Process{};
  ++processes_[*group].live_threads;
  return &(threads_[thread] = Thread{*group, false});
}

void CommandTracer::handle_stop(pid_t thread, int status) {
  const int signal = WSTOPSIG(status);
  const int event = event_of(status);
  if (!threads_.contains(thread)) {
    if (letting_loose_ && thread == root_) return;  // let loose already, and stopped as any child may
    // A child's first stop, before its parent's event was reported: /proc has its parent, also for CLONE_PARENT.
    const Thread* met = meet(thread);
    if (met != nullptr && met->group == thread) {
      const auto stat = read_stat(thread);
      tracker_.forked(stat ? stat->parent : 0, thread, clock_.now());
    }
    met_early_.insert(thread);
  }
  switch (event) {
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE:
      handle_new_child(thread, event);
      return resume(thread, 0);
    case PTRACE_EVENT_EXEC:
      handle_exec(thread);
      return resume(thread, 0);
    case PTRACE_EVENT_EXIT:
      handle_exit_stop(thread);
      return resume(thread, 0);
    case PTRACE_EVENT_STOP:
      if (letting_loose_ || !is_group_stop(signal)) return resume(thread, 0);
      // Stays stopped, and its SIGCONT will be reported.
      ptrace(PTRACE_LISTEN, thread, nullptr, nullptr);
      return;
    default:
      return resume(thread, signal);
  }
}

void CommandTracer::handle_new_child(pid_t parent_thread, int event) {
  unsigned long message = 0;
  if (ptrace(PTRACE_GETEVENTMSG, parent_thread, nullptr, &message) != 0) return;
  const auto child = static_cast<pid_t>(message);
  if (met_early_.erase(child) != 0 || threads_.contains(child)) return;
  const pid_t forker = threads_[parent_thread].group;
  if (ended_early_.erase(child) != 0) {
    // Killed before its first stop; of a clone nothing tells any more whether it was a thread.
    if (event == PTRACE_EVENT_CLONE) return;
    tracker_.forked(forker, child, clock_.now());
    tracker_.exited(child, clock_.now());
    return;
  }
  const Thread* met = meet(child);
  if (met == nullptr || met->group != child) return;
  // With CLONE_PARENT the forker's own parent becomes the parent.
  const auto forker_stat = read_stat(forker);
  const auto child_stat = read_stat(child);
  const bool sibling = forker_stat && child_stat && child_stat->parent == forker_stat->parent;
  tracker_.forked(sibling ? forker_stat->parent : forker, child, clock_.now());
}

void CommandTracer::handle_exec(pid_t leader) {
  unsigned long message = 0;
  ptrace(PTRACE_GETEVENTMSG, leader, nullptr, &message);
  const auto former = static_cast<pid_t>(message);
  // Another thread's id became the leader's; all others are gone, whatever was reported of them.
  if (former != leader) std::erase_if(threads_, [&](const auto& entry) { return entry.second.group == leader; });
  threads_[leader] = Thread{leader, false};
  processes_[leader] = Process{1, false};
  if (leader == root_ && !command_started_) {
    // The fork is told only now: a command that cannot be started was never a process.
    command_started_ = true;
    tracker_.forked(getpid(), leader, launched_);
  }
  const auto answer = tracker_.executed(leader, read_identity(leader), clock_.now());
  if (answer == ProcessListener::Answer::Denied && end_before_first_instruction(leader)) tracker_.enforced();
}

void CommandTracer::handle_exit_stop(pid_t thread) {
  const auto found = threads_.find(thread);
  if (found != threads_.end()) thread_leaves(found->second);
}

void CommandTracer::handle_end(pid_t thread, int status) {
  const auto found = threads_.find(thread);
  if (found == threads_.end()) {
    ended_early_.insert(thread);
    return;
  }
  const pid_t group = found->second.group;
  thread_leaves(found->second);
  threads_.erase(found);
  if (thread != group) return;
  // A leader's end is reported after all its threads have ended.
  processes_[group].live_threads = 0;
  announce_exit(group);
  processes_.erase(group);
  if (group == root_) command_status_ = status;
}

void CommandTracer::thread_leaves(Thread& thread) {
  if (thread.exiting) return;
  thread.exiting = true;
  const auto process = processes_.find(thread.group);
  if (process == processes_.end()) return;
  if (--process->second.live_threads <= 0) announce_exit(thread.group);
}

void CommandTracer::announce_exit(pid_t group) {
  Process& process = processes_[group];
  if (process.announced_exit) return;
  process.announced_exit = true;
  tracker_.exited(group, clock_.now());
}

void CommandTracer::resume(pid_t thread, int signal) {
  // A failure is ESRCH: it was killed in the meantime, and its end will be reported.
  if (letting_loose_) {
    if (ptrace(PTRACE_DETACH, thread, nullptr, static_cast<long>(signal)) == 0) threads_.erase(thread);
    return;
  }
  ptrace(PTRACE_CONT, thread, nullptr, static_cast<long>(signal));
}

void CommandTracer::interrupt_all() {
  letting_loose_ = true;
  for (const auto& [thread, state] : threads_) ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr);
}

}  // namespace wdscope
