// SPDX-License-Identifier: MIT
#include "capture/raw_capture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "capture/nt_status.h"

namespace wdscope {
namespace {

// Some hundred contexts at a time; more than the longest record.
constexpr std::size_t kRawBufferSize = 1024 * 1024;
static_assert(sizeof(wire::ReadReply) + wire::kMaximumRawRecordSize <= kRawBufferSize);

tl::unexpected<Error> refused_raw(std::string_view doing, std::int32_t status) {
  switch (status) {
    case nt_status::kAccessDenied:
      return failure(ErrorCode::NotPermitted, fmt::format("{} is not permitted", doing), "run as an administrator",
                     status);
    case nt_status::kDeviceBusy:
      return failure(ErrorCode::SourceUnavailable, fmt::format("{}: another raw capture is going on", doing),
                     "it ends with its client, its time or its count", status);
    case nt_status::kInvalidDeviceRequest:
      return failure(ErrorCode::Incompatible, fmt::format("{}: this observer does not know how", doing),
                     "use the drivers of this program", status);
    default:
      return failure(ErrorCode::SourceUnavailable,
                     fmt::format("{}: the device answered status 0x{:08X}", doing, static_cast<std::uint32_t>(status)),
                     {}, status);
  }
}

}  // namespace

RawCapture::RawCapture(std::unique_ptr<DeviceChannel> channel)
    : channel_(std::move(channel)), buffer_(kRawBufferSize / sizeof(std::uint64_t)) {}

Result<std::unique_ptr<RawCapture>> RawCapture::begin(std::unique_ptr<DeviceChannel> channel, const RawLimits& limits) {
  std::unique_ptr<RawCapture> capture(new RawCapture(std::move(channel)));
  const wire::RawStartRequest request{sizeof request, 0, limits.notifications,
                                      static_cast<std::uint32_t>(limits.time.count())};
  const auto reply = capture->channel_->control(wire::kControlRawStart, std::as_bytes(std::span(&request, 1)), {});
  if (!reply) return tl::make_unexpected(reply.error());
  if (reply->status != nt_status::kSuccess) return refused_raw("beginning a raw capture", reply->status);
  return capture;
}

Result<std::span<const std::byte>> RawCapture::read() {
  const auto output = std::as_writable_bytes(std::span(buffer_));
  const auto reply = channel_->control(wire::kControlRawRead, {}, output);
  if (!reply) return tl::make_unexpected(reply.error());
  if (reply->status != nt_status::kSuccess) return refused_raw("reading a raw capture", reply->status);
  wire::ReadReply head{};
  if (reply->information < sizeof head || reply->information > output.size()) {
    return failure(ErrorCode::Internal,
                   fmt::format("the observer's device gave {} bytes of a raw capture", reply->information));
  }
  std::memcpy(&head, output.data(), sizeof head);
  lost_ = head.lost;
  return output.subspan(sizeof head, reply->information - sizeof head);
}

Result<wire::RawTotals> RawCapture::end() {
  wire::RawTotals totals{};
  const auto reply = channel_->control(wire::kControlRawStop, {}, std::as_writable_bytes(std::span(&totals, 1)));
  if (!reply) return tl::make_unexpected(reply.error());
  if (reply->status != nt_status::kSuccess) return refused_raw("ending a raw capture", reply->status);
  return totals;
}

Result<void> load_layout(DeviceChannel& channel, const wire::ContextLayout& layout) {
  const auto reply = channel.control(wire::kControlLoadLayout, std::as_bytes(std::span(&layout, 1)), {});
  if (!reply) return tl::make_unexpected(reply.error());
  if (reply->status == nt_status::kSuccess) return {};
  return refused_raw("loading a layout", reply->status);
}

}  // namespace wdscope
