// SPDX-License-Identifier: MIT
#include "lab/machine_play.h"

#include "capture/device_source.h"

namespace wdscope {
namespace {

MachineAccount account_of(const Lab& lab, const Source& source) {
  return {lab.feed_counts(), source.counts(), 0};
}

Result<void> take_all(const Lab& lab, Source& source, const PlayListener& listener) {
  if (auto goes_on = listener.take({}, account_of(lab, source)); !goes_on) return goes_on;
  for (;;) {
    const auto batch = source.next(std::chrono::milliseconds(0));
    if (!batch) return tl::unexpected(batch.error());
    if (batch->state != Batch::State::Records) return {};
    if (auto taken = listener.take(batch->records, account_of(lab, source)); !taken) return taken;
  }
}

}  // namespace

Result<void> play_machine(const LabOptions& options, const PlayListener& listener) {
  const auto lab = Lab::start(options);
  if (!lab) return tl::unexpected(lab.error());
  auto device = (*lab)->open_device();
  if (!device) return tl::unexpected(device.error());
  const auto source = DeviceSource::open(std::move(*device), (*lab)->origin());
  if (!source) return tl::unexpected(source.error());
  if (auto begun = listener.begin((*source)->origin()); !begun) return begun;

  auto played = (*lab)->play([&] { return take_all(**lab, **source, listener); });
  MachineAccount account = account_of(**lab, **source);
  if (const auto statistics = (*source)->statistics()) account.without_record = statistics->dropped_too_large;
  listener.end(account);
  return played;
}

}  // namespace wdscope
