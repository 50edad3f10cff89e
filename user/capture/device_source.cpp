// SPDX-License-Identifier: MIT
// Invariant: what was delivered plus what loss records stand for is a run of sequences without a hole, and equals what
// the device counted for this reader. Every reply is checked against it before its records are handed out.
#include "capture/device_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "capture/nt_status.h"
#include "event/decode.h"

namespace wdscope {
namespace {

constexpr std::size_t kFirstBufferSize = 256 * 1024;
// More than any record of this schema needs: those of a later one may be longer.
constexpr std::size_t kLargestBufferSize = 1024 * 1024;
static_assert(sizeof(wire::ReadReply) + wire::kMaximumRecordSize <= kFirstBufferSize);

// cancel() may come between our look at its flag and the device's wait; no single wait outlasts this.
constexpr std::chrono::milliseconds kLongestWait{200};
constexpr std::chrono::hours kForever{24 * 365};  // keeps a deadline within the clock's range

tl::unexpected<Error> broken(std::string what) {
  return failure(ErrorCode::Internal, "the observer's device broke its contract: " + std::move(what));
}

tl::unexpected<Error> refused(std::string_view doing, std::int32_t status) {
  const bool permission = status == nt_status::kAccessDenied;
  return failure(permission ? ErrorCode::NotPermitted : ErrorCode::SourceUnavailable,
                 fmt::format("{}: the device answered status 0x{:08X}", doing, static_cast<std::uint32_t>(status)),
                 permission ? "run as an administrator" : "", status);
}

}  // namespace

DeviceSource::DeviceSource(std::unique_ptr<DeviceChannel> channel, Origin origin)
    : channel_(std::move(channel)), origin_(std::move(origin)), buffer_(kFirstBufferSize / sizeof(std::uint64_t)) {}

Result<std::unique_ptr<DeviceSource>> DeviceSource::open(std::unique_ptr<DeviceChannel> channel, Origin origin) {
  std::unique_ptr<DeviceSource> source(new DeviceSource(std::move(channel), std::move(origin)));
  wire::VersionReply& version = source->version_;
  const auto reply =
      source->channel_->control(wire::kControlVersion, {}, std::as_writable_bytes(std::span(&version, 1)));
  if (!reply) return tl::make_unexpected(reply.error());
  if (reply->status != nt_status::kSuccess) return refused("asking the observer for its version", reply->status);
  if (reply->information < sizeof version.protocol_version) {
    return failure(ErrorCode::SourceUnavailable, "the device does not tell a version; it is not wdscope's observer");
  }
  if (version.protocol_version != wire::kProtocolVersion) {
    const bool older = version.protocol_version < wire::kProtocolVersion;
    return failure(
        ErrorCode::Incompatible,
        fmt::format("the observer speaks protocol {}, this program speaks protocol {}: the {} is the older one",
                    version.protocol_version, wire::kProtocolVersion, older ? "driver" : "program"),
        older ? "load the wdscope.sys that came with this program: stop the driver, install this one, start it"
              : "use the wdscope that came with the driver");
  }
  if (reply->information < sizeof version) {
    return broken(fmt::format("a version reply of {} bytes", reply->information));
  }
  source->origin_.boot_id = version.boot_id;
  return source;
}

Result<Batch> DeviceSource::next(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + std::min<std::chrono::milliseconds>(timeout, kForever);
  for (;;) {
    const bool draining = cancelled_;
    if (draining && last_wanted_ && sequence_known_ && next_sequence_ >= *last_wanted_)
      return Batch{Batch::State::End, {}};
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const auto wait =
        draining ? std::chrono::milliseconds(0) : std::clamp(left, std::chrono::milliseconds(0), kLongestWait);
    auto reading = read(wait.count() > 0 ? 1 : 0, wait);
    if (!reading) return tl::make_unexpected(reading.error());
    if (reading->status == nt_status::kCancelled) {
      if (cancelled_) continue;
      return Batch{};
    }
    if (draining && !last_wanted_) last_wanted_ = reading->reply.produced;
    if (!reading->records.empty()) return Batch{Batch::State::Records, reading->records};
    if (draining) return Batch{Batch::State::End, {}};
    if (std::chrono::steady_clock::now() >= deadline) return Batch{};
  }
}

Result<DeviceSource::Reading> DeviceSource::read(std::uint32_t minimum_records, std::chrono::milliseconds timeout) {
  const wire::ReadRequest request{sizeof request, 0, minimum_records, static_cast<std::uint32_t>(timeout.count())};
  for (;;) {
    const auto output = std::as_writable_bytes(std::span(buffer_));
    Reading reading{};
    // A refused request may leave the buffer alone; what it says then must not be an older reply.
    std::memset(output.data(), 0, sizeof reading.reply);
    const auto reply = channel_->control(wire::kControlRead, std::as_bytes(std::span(&request, 1)), output);
    if (!reply) return tl::make_unexpected(reply.error());
    std::memcpy(&reading.reply, output.data(), sizeof reading.reply);
    reading.status = reply->status;
    if (reply->status == nt_status::kCancelled) return reading;
    if (reply->status == nt_status::kBufferTooSmall) {
      if (auto grown = grow(reading.reply.needed_size); !grown) return tl::make_unexpected(grown.error());
      continue;
    }
    if (reply->status != nt_status::kSuccess) return refused("reading from the observer", reply->status);
    if (reply->information < sizeof reading.reply || reply->information > output.size()) {
      return broken(fmt::format("a read of {} bytes", reply->information));
    }
    reading.records = output.subspan(sizeof reading.reply, reply->information - sizeof reading.reply);
    if (auto right = account(reading.reply, reading.records); !right) return tl::make_unexpected(right.error());
    return reading;
  }
}

Result<void> DeviceSource::grow(std::uint32_t needed_size) {
  const std::size_t size = buffer_.size() * sizeof(std::uint64_t);
  const std::size_t wanted = needed_size != 0 ? needed_size : size * 2;
  if (wanted <= size || wanted > kLargestBufferSize) {
    return broken(fmt::format("it wants {} bytes for one record when it was given {}", wanted, size));
  }
  buffer_.resize((wanted + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t));
  return {};
}

Result<void> DeviceSource::account(const wire::ReadReply& reply, std::span<const std::byte> records) {
  std::uint32_t count = 0;
  auto walked = for_each_record(records, [&](std::span<const std::byte> record) -> Result<void> {
    ++count;
    wire::RecordHeader header;
    std::memcpy(&header, record.data(), sizeof header);
    switch (static_cast<wire::RecordKind>(header.kind)) {
      case wire::RecordKind::Process:
        ++counts_.delivered;
        return follow_sequence(header.sequence, 1);
      case wire::RecordKind::Loss: {
        wire::LossRecord loss;
        if (record.size() < sizeof loss) return broken("a loss record that is too short");
        std::memcpy(&loss, record.data(), sizeof loss);
        counts_.lost += loss.lost_count;
        return follow_sequence(header.sequence, loss.lost_count);
      }
    }
    return {};  // a kind of a later schema has no sequence of its own
  });
  if (!walked) {
    if (walked.error().code == ErrorCode::Internal) return walked;
    return broken(walked.error().what);
  }
  if (count != reply.record_count) {
    return broken(fmt::format("it promised {} records and gave {}", reply.record_count, count));
  }
  if (reply.delivered != counts_.delivered || reply.lost != counts_.lost) {
    return broken(fmt::format("it counts {} delivered and {} lost, we {} and {}", reply.delivered, reply.lost,
                              counts_.delivered, counts_.lost));
  }
  if (sequence_known_ && reply.produced < next_sequence_) {
    return broken(fmt::format("it made {} records and gave record {}", reply.produced, next_sequence_ - 1));
  }
  produced_ = reply.produced;
  return {};
}

Result<void> DeviceSource::follow_sequence(std::uint64_t first, std::uint64_t count) {
  if (sequence_known_ && first != next_sequence_) {
    return broken(fmt::format("record {} follows record {}", first, next_sequence_ - 1));
  }
  sequence_known_ = true;
  next_sequence_ = first + count;
  return {};
}

void DeviceSource::cancel() {
  cancelled_ = true;
  channel_->cancel();
}

std::uint64_t DeviceSource::unread() const {
  return sequence_known_ ? produced_ - next_sequence_ : 0;
}

Result<wire::Statistics> DeviceSource::statistics() {
  wire::Statistics statistics{};
  const auto reply = channel_->control(wire::kControlStatistics, {}, std::as_writable_bytes(std::span(&statistics, 1)));
  if (!reply) return tl::make_unexpected(reply.error());
  if (reply->status != nt_status::kSuccess) return refused("asking the observer for its statistics", reply->status);
  return statistics;
}

Result<wire::Evidence> DeviceSource::evidence() {
  wire::Evidence evidence{};
  const auto reply = channel_->control(wire::kControlEvidence, {}, std::as_writable_bytes(std::span(&evidence, 1)));
  if (!reply) return tl::make_unexpected(reply.error());
  if (reply->status != nt_status::kSuccess) return refused("asking the observer for its evidence", reply->status);
  if (reply->information < sizeof evidence) {
    return broken(fmt::format("evidence of {} bytes", reply->information));
  }
  return evidence;
}

Result<void> DeviceSource::refresh() {
  const auto reply = channel_->control(wire::kControlRefresh, {}, {});
  if (!reply) return tl::make_unexpected(reply.error());
  switch (reply->status) {
    case nt_status::kSuccess:
      return {};
    case nt_status::kNotFound:
      return failure(ErrorCode::SourceUnavailable, "the notifier offers no refresh", {}, reply->status);
    case nt_status::kDeviceBusy:
      return failure(ErrorCode::SourceUnavailable, "a refresh is running or was just made",
                     fmt::format("ask again after {} ms", wire::kRefreshIntervalMs), reply->status);
    default:
      return refused("asking for a refresh", reply->status);
  }
}

}  // namespace wdscope
