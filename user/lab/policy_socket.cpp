// SPDX-License-Identifier: MIT
#include "lab/policy_socket.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace wdscope {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatienceWithCallers{5};
constexpr int kBacklog = 8;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

std::optional<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
  return address;
}

int connect_to(int file, const sockaddr_un& address) {
  return connect(file, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

int open_stream() {
  return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

// When a wait is given up: at a time, or when `stop` becomes readable.
struct Limit {
  std::optional<SteadyClock::time_point> deadline = std::nullopt;
  int stop = -1;
};

bool wait_until_ready(int file, short events, const Limit& limit) {
  for (;;) {
    int timeout_ms = -1;
    if (limit.deadline) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*limit.deadline - SteadyClock::now());
      if (left.count() <= 0) return false;
      timeout_ms = static_cast<int>(left.count());
    }
    pollfd files[2] = {{file, events, 0}, {limit.stop, POLLIN, 0}};
    const int ready = poll(files, limit.stop >= 0 ? 2 : 1, timeout_ms);
    if (ready < 0 && errno != EINTR) return false;
    if (ready <= 0) continue;
    return files[1].revents == 0;
  }
}

bool receive_all(int file, std::span<std::byte> into, const Limit& limit) {
  while (!into.empty()) {
    if (!wait_until_ready(file, POLLIN, limit)) return false;
    const ssize_t got = recv(file, into.data(), into.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return false;
    into = into.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

bool send_all(int file, std::span<const std::byte> bytes, const Limit& limit) {
  while (!bytes.empty()) {
    if (!wait_until_ready(file, POLLOUT, limit)) return false;
    const ssize_t sent = send(file, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (sent < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

// Head and what it says that follows, or the head alone when it is none; empty when that does not come whole.
std::vector<std::byte> receive_message(int file, const Limit& limit,
                                       std::optional<std::size_t> (*size_behind)(std::span<const std::byte>)) {
  std::vector<std::byte> bytes(sizeof(PolicyRequestHead));
  static_assert(sizeof(PolicyRequestHead) == sizeof(PolicyAnswerHead));
  if (!receive_all(file, bytes, limit)) return {};
  const auto behind = size_behind(bytes);
  if (!behind) return bytes;
  const std::size_t head = bytes.size();
  bytes.resize(head + *behind);
  if (!receive_all(file, std::span(bytes).subspan(head), limit)) return {};
  return bytes;
}

tl::unexpected<Error> no_socket(const std::filesystem::path& path, const std::string& why, int error) {
  return failure(ErrorCode::SourceUnavailable, "cannot listen for policies at " + path.string() + ": " + why, {},
                 error);
}

}  // namespace

Result<std::unique_ptr<PolicySocket>> PolicySocket::listen(const std::filesystem::path& path, Apply apply) {
  const auto address = address_of(path);
  if (!address) return no_socket(path, "the path is too long for a socket", 0);
  Descriptor listener(open_stream());
  Descriptor stop(eventfd(0, EFD_CLOEXEC));
  if (listener.get() < 0 || stop.get() < 0) return no_socket(path, std::strerror(errno), errno);
  const auto bind_here = [&] {
    return bind(listener.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0 ? 0 : errno;
  };
  int error = bind_here();
  if (error == EADDRINUSE) {
    // What a lab has left that was killed; one that listens is left alone, and so is what is no socket.
    struct stat facts {};
    const bool left = lstat(address->sun_path, &facts) == 0 && S_ISSOCK(facts.st_mode);
    const Descriptor visitor(open_stream());
    if (left && connect_to(visitor.get(), *address) == ECONNREFUSED && unlink(address->sun_path) == 0)
      error = bind_here();
  }
  if (error != 0) return no_socket(path, std::strerror(error), error);
  // Nobody is heard before listen(), so nobody comes in between.
  if (chmod(address->sun_path, S_IRUSR | S_IWUSR) != 0 || ::listen(listener.get(), kBacklog) != 0) {
    error = errno;
    unlink(address->sun_path);
    return no_socket(path, std::strerror(error), error);
  }
  return std::unique_ptr<PolicySocket>(new PolicySocket(path, listener.release(), stop.release(), std::move(apply)));
}

PolicySocket::PolicySocket(std::filesystem::path path, int listener, int stop, Apply apply)
    : path_(std::move(path)), listener_(listener), stop_(stop), apply_(std::move(apply)), thread_([this] {
        serve();
      }) {}

PolicySocket::~PolicySocket() {
  eventfd_write(stop_, 1);
  thread_.join();
  unlink(path_.c_str());
  close(listener_);
  close(stop_);
}

void PolicySocket::serve() {
  while (wait_until_ready(listener_, POLLIN, {std::nullopt, stop_})) {
    const Descriptor caller(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    if (caller.get() >= 0) answer(caller.get());
  }
}

void PolicySocket::answer(int caller) {
  const auto say = [&](const PolicyAnswer& answer) {
    send_all(caller, write_policy_answer(answer.outcome, answer.text), {SteadyClock::now() + kPatienceWithCallers});
  };
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool known = getsockopt(caller, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  if (!known || (peer.uid != 0 && peer.uid != geteuid())) {
    return say({PolicyOutcome::NotPermitted, "only the owner of a lab and root may tell it a policy"});
  }
  const auto bytes = receive_message(caller, {SteadyClock::now() + kPatienceWithCallers, stop_}, size_behind_request);
  const auto request = read_policy_request(bytes);
  if (!request) return say({PolicyOutcome::NotUnderstood, "the request is none, or did not come whole"});
  say(apply_(*request, peer.pid));
}

bool lab_listens(const std::filesystem::path& path) {
  const auto address = address_of(path);
  const Descriptor file(open_stream());
  const int error = !address ? ENAMETOOLONG : connect_to(file.get(), *address);
  return error == 0 || error == EACCES;
}

Result<PolicyAnswer> send_policy(const std::filesystem::path& path, std::string_view name, std::string_view text) {
  const auto request = write_policy_request(name, text);
  if (!request) {
    return failure(ErrorCode::Usage, "the policy " + std::string(name) + " has " + std::to_string(text.size()) +
                                         " bytes, and a lab takes " + std::to_string(kLongestPolicyText));
  }
  const auto address = address_of(path);
  const Descriptor file(open_stream());
  const int error = !address ? ENAMETOOLONG : file.get() < 0 ? errno : connect_to(file.get(), *address);
  if (error == EACCES || error == EPERM) {
    return failure(ErrorCode::NotPermitted, "the lab at " + path.string() + " belongs to somebody else",
                   "its owner and root may tell it a policy");
  }
  if (error != 0) {
    return failure(ErrorCode::SourceUnavailable, "no lab listens at " + path.string(),
                   "the line that 'wdscope watch' begins with names the lab", error);
  }
  // A lab that refuses may answer before it has read all: the answer counts.
  const bool sent = send_all(file.get(), *request, {});
  const auto bytes = receive_message(file.get(), {}, size_behind_answer);
  if (bytes.empty()) {
    return failure(ErrorCode::SourceUnavailable,
                   "the lab at " + path.string() + (sent ? " ended before it answered" : " hung up"),
                   "whether the policy was applied is not known");
  }
  auto answer = read_policy_answer(bytes);
  if (!answer) return failure(ErrorCode::Incompatible, "the lab at " + path.string() + " gives an unknown answer");
  return std::move(*answer);
}

}  // namespace wdscope
