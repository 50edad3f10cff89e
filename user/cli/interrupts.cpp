// SPDX-License-Identifier: MIT
#include "cli/interrupts.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <iterator>
#include <system_error>
#include <thread>

namespace wdscope::cli {
namespace {

std::atomic<int> write_end = -1;
static_assert(std::atomic<int>::is_always_lock_free);

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

struct Message {
  int signal;  // 0: the listener is to end
  Interrupts::Sender sender;
};

void on_broken_pipe(int) {}

void on_interrupt(int signal, siginfo_t* info, void*) {
  const int saved = errno;
  const Message message{signal,
                        info->si_code == SI_KERNEL ? Interrupts::Sender::Terminal : Interrupts::Sender::Process};
  // A full pipe holds thousands of unheard signals: one more changes nothing.
  [[maybe_unused]] const ssize_t written = write(write_end.load(), &message, sizeof message);
  errno = saved;
}

}  // namespace

void survive_broken_pipes() {
  struct sigaction action = {};
  // A handler and not SIG_IGN, which a command started later would inherit.
  action.sa_handler = on_broken_pipe;
  action.sa_flags = SA_RESTART;
  sigaction(SIGPIPE, &action, nullptr);
}

class Interrupts::Listener {
 public:
  explicit Listener(std::function<void(int, Sender)> on_signal);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  void listen();

  std::function<void(int, Sender)> on_signal_;
  int read_end_ = -1;
  struct sigaction previous_[std::size(kSignals)] = {};
  std::thread thread_;
};

Interrupts::Interrupts(std::function<void(int, Sender)> on_signal)
    : listener_(std::make_unique<Listener>(std::move(on_signal))) {}

Interrupts::~Interrupts() = default;

Interrupts::Listener::Listener(std::function<void(int, Sender)> on_signal) : on_signal_(std::move(on_signal)) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "cannot make a pipe");
  read_end_ = ends[0];
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  write_end = ends[1];
  thread_ = std::thread([this] { listen(); });
  for (std::size_t i = 0; i < std::size(kSignals); ++i) {
    sigaction(kSignals[i], nullptr, &previous_[i]);
    if (previous_[i].sa_handler == SIG_IGN) continue;
    struct sigaction action = {};
    action.sa_sigaction = on_interrupt;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(kSignals[i], &action, nullptr);
  }
}

Interrupts::Listener::~Listener() {
  for (std::size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &previous_[i], nullptr);
  fcntl(write_end.load(), F_SETFL, 0);  // the last message must get through
  const Message end{0, Sender::Process};
  while (write(write_end.load(), &end, sizeof end) < 0 && errno == EINTR) {
  }
  thread_.join();
  close(write_end.exchange(-1));
  close(read_end_);
}

void Interrupts::Listener::listen() {
  for (;;) {
    Message message;
    const ssize_t size = read(read_end_, &message, sizeof message);
    if (size < 0 && errno == EINTR) continue;
    if (size != sizeof message || message.signal == 0) return;
    on_signal_(message.signal, message.sender);
  }
}

}  // namespace wdscope::cli
