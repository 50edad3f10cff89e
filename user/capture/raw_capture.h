// SPDX-License-Identifier: MIT
// A raw capture of the observer (abi/wire/raw_capture.h), and layouts given to it (abi/wire/layout.h): both through one
// handle with write access.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "abi/wire/layout.h"
#include "capture/device_channel.h"
#include "event/result.h"

namespace wdscope {

struct RawLimits {
  std::uint32_t notifications = wire::kMaximumRawNotifications;
  std::chrono::milliseconds time{wire::kMaximumRawTimeMs};
};

class RawCapture {
 public:
  // Begins at once. SourceUnavailable when another one is going on, or the observer is one without raw capture;
  // NotPermitted.
  static Result<std::unique_ptr<RawCapture>> begin(std::unique_ptr<DeviceChannel> channel, const RawLimits& limits);

  // What was captured since the last call: whole records, valid until the next call; empty when there is nothing.
  Result<std::span<const std::byte>> read();
  // Ends it; what was not read is gone.
  Result<wire::RawTotals> end();
  std::uint64_t lost() const { return lost_; }

 private:
  explicit RawCapture(std::unique_ptr<DeviceChannel> channel);

  std::unique_ptr<DeviceChannel> channel_;
  std::vector<std::uint64_t> buffer_;
  std::uint64_t lost_ = 0;
};

// The layout is the observer's until it is unloaded. Errors as begin(), and SourceUnavailable when the observer finds
// it broken.
Result<void> load_layout(DeviceChannel& channel, const wire::ContextLayout& layout);

}  // namespace wdscope
