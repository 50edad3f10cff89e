// SPDX-License-Identifier: MIT
// The observer's device, however it is reached: DeviceIoControl on Windows, the host's IRPs in the lab. Speaks control
// codes (abi/wire/control.h); knows nothing of records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "event/result.h"

namespace wdscope {

class DeviceChannel {
 public:
  virtual ~DeviceChannel() = default;

  struct Reply {
    std::int32_t status;      // NTSTATUS
    std::size_t information;  // bytes written to `output`
  };
  // Sends one control code and waits for its completion. Every NTSTATUS is a Reply; an Error means that the channel
  // itself is gone. Any thread.
  virtual Result<Reply> control(std::uint32_t code, std::span<const std::byte> input, std::span<std::byte> output) = 0;

  // Completes every waiting control() of this channel with STATUS_CANCELLED. Any thread.
  virtual void cancel() = 0;
};

}  // namespace wdscope
