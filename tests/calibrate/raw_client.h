// SPDX-License-Identifier: MIT
// A client of the observer's device that captures and loads layouts.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "abi/wire/layout.h"
#include "host/machine.h"

namespace wdscope::tests {

class RawClient {
 public:
  explicit RawClient(host::Machine& machine, host::Access access = host::Access::ReadWrite);

  host::NtStatus start(std::uint32_t notifications = 10'000, std::uint32_t time_ms = 600'000);
  host::NtStatus start(const wire::RawStartRequest& request);
  struct Read {
    host::NtStatus status = 0;
    wire::ReadReply reply{};
    std::vector<std::byte> records;  // whole, back to back
  };
  Read read(std::size_t buffer_size = 5 * 1024 * 1024);
  struct Stopped {
    host::NtStatus status = 0;
    wire::RawTotals totals{};
  };
  Stopped stop();

  host::NtStatus load(const wire::ContextLayout& layout);
  host::NtStatus unload();

  host::DeviceFile& file() { return *file_; }
  void close() { file_.reset(); }

 private:
  std::unique_ptr<host::DeviceFile> file_;
};

}  // namespace wdscope::tests
