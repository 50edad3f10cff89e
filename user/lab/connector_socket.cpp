// SPDX-License-Identifier: MIT
#include "lab/connector_socket.h"

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace wdscope {
namespace {

// Some 50,000 messages; the kernel doubles it for its own book-keeping.
constexpr int kReceiveBufferBytes = 16 << 20;
constexpr int kAcknowledgeTimeoutMs = 1000;
constexpr const char* kAdvice =
    "needs root on the machine itself, not in a container; 'wdscope run -- COMMAND' needs neither";

// The fixed members of proc_event, read one by one: the datagram gives no alignment, and newer kernels append.
struct EventHead {
  std::uint32_t what;
  std::uint32_t cpu;
  std::uint64_t timestamp_ns;
};
static_assert(sizeof(EventHead) == offsetof(proc_event, event_data));

template <class T>
bool copy_at(std::span<const std::byte> bytes, std::size_t offset, T& value) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof value) return false;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return true;
}

void parse_one(std::span<const std::byte> payload, const std::function<void(const ConnectorEvent&)>& visit) {
  cn_msg message;
  EventHead head;
  if (!copy_at(payload, 0, message) || message.id.idx != CN_IDX_PROC || message.id.val != CN_VAL_PROC) return;
  if (!copy_at(payload, sizeof message, head)) return;
  ConnectorEvent event;
  event.processor = head.cpu;
  event.number = message.seq;
  event.monotonic_ns = head.timestamp_ns;
  std::uint32_t data[4] = {};
  const std::size_t at = sizeof message + sizeof head;
  bool whole = true;
  switch (head.what) {
    case proc_event::PROC_EVENT_NONE:
      whole = copy_at(payload, at, data[0]);
      event.kind = ConnectorEvent::Kind::Acknowledge;
      event.thread = static_cast<pid_t>(data[0]);
      break;
    case proc_event::PROC_EVENT_FORK:
      whole = copy_at(payload, at, data);
      event.kind = ConnectorEvent::Kind::Fork;
      event.parent = static_cast<pid_t>(data[1]);
      event.thread = static_cast<pid_t>(data[2]);
      event.process = static_cast<pid_t>(data[3]);
      break;
    case proc_event::PROC_EVENT_EXEC:
    case proc_event::PROC_EVENT_EXIT: {
      std::uint32_t ids[2] = {};
      whole = copy_at(payload, at, ids);
      event.kind = head.what == proc_event::PROC_EVENT_EXEC ? ConnectorEvent::Kind::Exec : ConnectorEvent::Kind::Exit;
      event.thread = static_cast<pid_t>(ids[0]);
      event.process = static_cast<pid_t>(ids[1]);
      break;
    }
    default:
      break;
  }
  if (whole) visit(event);
}

tl::unexpected<Error> not_permitted(const std::string& why, int error) {
  return failure(ErrorCode::NotPermitted, "cannot listen to this machine's processes: " + why, kAdvice, error);
}

Result<void> subscribe(int file) {
  // The request's parts end in flexible arrays, so they are laid out by hand.
  constexpr std::uint32_t kOperation = PROC_CN_MCAST_LISTEN;
  std::array<std::byte, sizeof(nlmsghdr) + sizeof(cn_msg) + sizeof kOperation> request{};
  nlmsghdr header{};
  header.nlmsg_len = request.size();
  header.nlmsg_type = NLMSG_DONE;
  cn_msg message{};
  message.id.idx = CN_IDX_PROC;
  message.id.val = CN_VAL_PROC;
  message.len = sizeof kOperation;
  std::memcpy(request.data(), &header, sizeof header);
  std::memcpy(request.data() + sizeof header, &message, sizeof message);
  std::memcpy(request.data() + sizeof header + sizeof message, &kOperation, sizeof kOperation);
  if (send(file, request.data(), request.size(), 0) != static_cast<ssize_t>(request.size())) {
    const int error = errno;
    return not_permitted(std::strerror(error), error);
  }
  return {};
}

}  // namespace

void parse_connector_messages(std::span<const std::byte> bytes,
                              const std::function<void(const ConnectorEvent&)>& visit) {
  nlmsghdr header;
  while (copy_at(bytes, 0, header)) {
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > bytes.size()) return;
    if (header.nlmsg_type == NLMSG_DONE)
      parse_one(bytes.subspan(sizeof header, header.nlmsg_len - sizeof header), visit);
    const std::size_t aligned = (std::size_t{header.nlmsg_len} + 3) & ~std::size_t{3};
    bytes = bytes.subspan(std::min(aligned, bytes.size()));
  }
}

std::uint64_t ConnectorGaps::note(const ConnectorEvent& event) {
  constexpr std::uint32_t kMostProcessors = 1 << 16;
  // Acknowledgements are numbered by whoever asked.
  if (event.kind == ConnectorEvent::Kind::Acknowledge || event.processor >= kMostProcessors) return 0;
  if (event.processor >= last_.size()) last_.resize(event.processor + 1);
  auto& last = last_[event.processor];
  const std::uint32_t missing = last ? event.number - *last - 1 : 0;
  last = event.number;
  // A number that went back says nothing.
  return missing < 0x80000000u ? missing : 0;
}

Result<ConnectorSocket> ConnectorSocket::listen() {
  // Newer kernels let anybody listen, but only root may look into everybody's process folders.
  if (geteuid() != 0) return not_permitted("not root", EPERM);
  const int file = socket(PF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);
  if (file < 0) {
    const int error = errno;
    return not_permitted(std::strerror(error), error);
  }
  ConnectorSocket connector(file);
  // If neither works the default stays, and what it loses is counted.
  if (setsockopt(file, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBufferBytes, sizeof kReceiveBufferBytes) != 0)
    setsockopt(file, SOL_SOCKET, SO_RCVBUF, &kReceiveBufferBytes, sizeof kReceiveBufferBytes);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = CN_IDX_PROC;
  if (bind(file, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    return not_permitted(std::strerror(error), error);
  }
  if (auto asked = subscribe(file); !asked) return tl::unexpected(asked.error());

  // Outside the initial namespaces the kernel does not even refuse.
  std::optional<int> answer;
  while (!answer) {
    pollfd ready{file, POLLIN, 0};
    const int count = poll(&ready, 1, kAcknowledgeTimeoutMs);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return not_permitted("the kernel does not answer", ETIMEDOUT);
    connector.read([&](const ConnectorEvent& event) {
      if (event.kind == ConnectorEvent::Kind::Acknowledge) answer = event.thread;
    });
  }
  if (*answer != 0) return not_permitted(std::strerror(*answer), *answer);
  return connector;
}

ConnectorSocket::ConnectorSocket(ConnectorSocket&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

ConnectorSocket::~ConnectorSocket() {
  if (file_ >= 0) close(file_);
}

ConnectorSocket::Read ConnectorSocket::read(const std::function<void(const ConnectorEvent&)>& visit) {
  alignas(nlmsghdr) std::byte buffer[8192];
  for (;;) {
    sockaddr_nl sender{};
    socklen_t sender_size = sizeof sender;
    const ssize_t length =
        recvfrom(file_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&sender), &sender_size);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return errno == ENOBUFS ? Read::Overflowed : Read::Empty;
    // Any process may send to a netlink socket; only the kernel is port 0.
    if (sender.nl_pid != 0) continue;
    parse_connector_messages(std::span(buffer, static_cast<std::size_t>(length)), visit);
    return Read::Messages;
  }
}

}  // namespace wdscope
