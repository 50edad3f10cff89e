// SPDX-License-Identifier: MIT
#include "cli/pump.h"

#include <algorithm>

namespace wdscope::cli {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kStopLatency{100};

milliseconds until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
  return std::max(left, milliseconds(0));
}

// One turn: what came, already written and tallied.
Result<Batch::State> turn(Source& source, Sink& sink, Tally& tally, milliseconds timeout) {
  const auto batch = source.next(timeout);
  if (!batch) {
    // The source's failure is the one to tell; what was whole before it must be out by then.
    if (const auto flushed = sink.flush(); !flushed) return tl::unexpected(flushed.error());
    return tl::unexpected(batch.error());
  }
  if (batch->state == Batch::State::Records) {
    if (const auto written = sink.write(batch->records); !written) return tl::unexpected(written.error());
    tally.add(batch->records);
  }
  return batch->state;
}

}  // namespace

Result<PumpEnd> pump(Source& source, Sink& sink, Tally& tally, const StopRequest& stop,
                     std::optional<milliseconds> limit) {
  const auto deadline = limit ? std::optional(Clock::now() + *limit) : std::nullopt;
  const auto flushed = [&](PumpEnd end) -> Result<PumpEnd> { return sink.flush().map([end] { return end; }); };
  bool dirty = true;  // the sink may have a header
  for (;;) {
    if (stop.reason() != StopRequest::Reason::None) return flushed(PumpEnd::Stopped);
    if (deadline && until(*deadline) == milliseconds(0)) return flushed(PumpEnd::TimeUp);
    // With something unflushed the source is only asked what it has at once.
    const milliseconds timeout = dirty      ? milliseconds(0)
                                 : deadline ? std::min(kStopLatency, until(*deadline))
                                            : kStopLatency;
    const auto state = turn(source, sink, tally, timeout);
    if (!state) return tl::unexpected(state.error());
    switch (*state) {
      case Batch::State::Records:
        dirty = true;
        break;
      case Batch::State::TimedOut:
        if (dirty) {
          if (const auto written = sink.flush(); !written) return tl::unexpected(written.error());
        }
        dirty = false;
        break;
      case Batch::State::End:
        return flushed(PumpEnd::SourceEnded);
    }
  }
}

Result<void> drain(Source& source, Sink& sink, Tally& tally, milliseconds quiet, milliseconds at_most) {
  const auto deadline = Clock::now() + at_most;
  for (;;) {
    const auto state = turn(source, sink, tally, std::min(quiet, until(deadline)));
    if (!state) return tl::unexpected(state.error());
    if (*state != Batch::State::Records) return sink.flush();
    if (until(deadline) == milliseconds(0)) return sink.flush();
  }
}

}  // namespace wdscope::cli
