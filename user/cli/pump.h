// SPDX-License-Identifier: MIT
// Moves records from a source to a sink until there is a reason to end. Allocates nothing per record.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "cli/stop_request.h"
#include "cli/tally.h"
#include "event/source.h"

namespace wdscope::cli {

enum class PumpEnd : std::uint8_t { SourceEnded, TimeUp, Stopped };

// Until the source ends, `limit` is over or `stop` is asked for (noticed within 100 ms). Flushes the sink whenever the
// source has nothing to give at once, and before every return, also of an error of the source. Records are tallied when
// the sink has taken them.
Result<PumpEnd> pump(Source& source, Sink& sink, Tally& tally, const StopRequest& stop,
                     std::optional<std::chrono::milliseconds> limit);

// Takes what the source still holds, until it gave nothing for `quiet` or `at_most` is over. The caller has stopped
// whatever feeds the source.
Result<void> drain(Source& source, Sink& sink, Tally& tally, std::chrono::milliseconds quiet,
                   std::chrono::milliseconds at_most);

}  // namespace wdscope::cli
