// SPDX-License-Identifier: MIT
// The observer's device as a source: the handshake, batched reads and the device's own counts.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "abi/wire/control.h"
#include "capture/device_channel.h"
#include "event/source.h"

namespace wdscope {

class DeviceSource final : public Source {
 public:
  // Asks for the version. Incompatible for another protocol, SourceUnavailable if the device does not answer as one.
  // `origin.boot_id` becomes the observer's.
  static Result<std::unique_ptr<DeviceSource>> open(std::unique_ptr<DeviceChannel> channel, Origin origin);

  const Origin& origin() const override { return origin_; }
  const wire::VersionReply& version() const { return version_; }

  // After cancel() it waits no more: what the observer had made by then is still delivered, then End. SourceUnavailable
  // when the device fails, Internal when its reply breaks the contract: malformed
  // records, sequences that neither follow nor are covered by a loss record, counts that disagree.
  Result<Batch> next(std::chrono::milliseconds timeout) override;
  void cancel() override;
  SourceCounts counts() const override { return counts_; }

  // Process records that the observer had made by the last reply, and those not yet read of them.
  std::uint64_t produced() const { return produced_; }
  std::uint64_t unread() const;

  Result<wire::Statistics> statistics();
  // By what the observer knows its notifier. Only with capability::Evidence.
  Result<wire::Evidence> evidence();
  // Has the notifier repeat the state of every process. SourceUnavailable without that ability or while one runs.
  Result<void> refresh();

 private:
  DeviceSource(std::unique_ptr<DeviceChannel> channel, Origin origin);
  struct Reading {
    std::int32_t status;
    wire::ReadReply reply;
    std::span<const std::byte> records;
  };
  Result<Reading> read(std::uint32_t minimum_records, std::chrono::milliseconds timeout);
  Result<void> grow(std::uint32_t needed_size);
  Result<void> account(const wire::ReadReply& reply, std::span<const std::byte> records);
  Result<void> follow_sequence(std::uint64_t first, std::uint64_t count);

  std::unique_ptr<DeviceChannel> channel_;
  Origin origin_;
  wire::VersionReply version_{};
  std::vector<std::uint64_t> buffer_;  // 8-byte aligned, as the device demands
  SourceCounts counts_;
  std::uint64_t next_sequence_ = 0;
  bool sequence_known_ = false;
  std::uint64_t produced_ = 0;
  std::optional<std::uint64_t> last_wanted_;  // after cancel(): where the stream ends
  std::atomic<bool> cancelled_ = false;
};

}  // namespace wdscope
