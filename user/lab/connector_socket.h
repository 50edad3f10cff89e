// SPDX-License-Identifier: MIT
// Linux's process connector: a netlink socket on which the kernel tells of every fork, exec and exit.
//
// Only for root in the initial user, process-id and network namespaces; elsewhere the kernel refuses or stays silent.
// Messages are lost when they come faster than they are read: the kernel says so once (ENOBUFS) however many were lost,
// and its per-processor numbers tell how many.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "event/result.h"

namespace wdscope {

struct ConnectorEvent {
  enum class Kind : std::uint8_t { Fork, Exec, Exit, Acknowledge, Other };
  Kind kind = Kind::Other;
  std::uint32_t processor = 0;
  std::uint32_t number = 0;        // consecutive for each processor
  std::uint64_t monotonic_ns = 0;  // when it happened
  pid_t thread = 0;                // who forked's child, executed or exited; Acknowledge: the errno
  pid_t process = 0;               // its thread group
  pid_t parent = 0;                // Fork only: thread group of the parent
};

// One datagram's messages; what is cut or foreign is left out.
void parse_connector_messages(std::span<const std::byte> bytes,
                              const std::function<void(const ConnectorEvent&)>& visit);

// How many messages each processor's numbers say are missing.
class ConnectorGaps {
 public:
  // Returns the number of messages missing before this one.
  std::uint64_t note(const ConnectorEvent& event);

 private:
  std::vector<std::optional<std::uint32_t>> last_;
};

class ConnectorSocket {
 public:
  // NotPermitted when this process may not listen.
  static Result<ConnectorSocket> listen();
  ConnectorSocket(ConnectorSocket&& other) noexcept;
  ConnectorSocket& operator=(ConnectorSocket&&) = delete;
  ~ConnectorSocket();

  int file() const { return file_; }

  enum class Read : std::uint8_t { Messages, Empty, Overflowed };
  // Never waits. Messages: one datagram was handed to `visit`.
  Read read(const std::function<void(const ConnectorEvent&)>& visit);

 private:
  explicit ConnectorSocket(int file) : file_(file) {}

  int file_ = -1;
};

}  // namespace wdscope
