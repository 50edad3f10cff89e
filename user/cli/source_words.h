// SPDX-License-Identifier: MIT
// What the user must know of a stream before its first event: whose notifier it is, what it cannot tell, whether it is
// a replay.
#pragma once

#include <string>
#include <vector>

#include "event/event.h"
#include "event/recording.h"

namespace wdscope::cli {

// One sentence a line, without a final full stop or newline.
std::vector<std::string> source_words(const Origin& origin);

// The same for a recording: that it is a replay comes first.
std::vector<std::string> recording_words(const RecordingInfo& info, const std::string& file);

}  // namespace wdscope::cli
