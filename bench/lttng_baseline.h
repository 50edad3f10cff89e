// SPDX-License-Identifier: MIT
// LTTng-UST with the payload of payload.h: what a mature tracer takes to put as many bytes into a ring of its own. The
// session (flight recorder: overwriting, nobody reads) is made by bench/run.sh before the program starts.
#pragma once

namespace wdscope::bench {

// False when no session records the tracepoint: then there is no baseline.
bool baseline_is_recording();

// Records one event.
void record_baseline_event();

}  // namespace wdscope::bench
