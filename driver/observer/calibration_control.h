// SPDX-License-Identifier: MIT
// The control codes of calibration: raw capture (abi/wire/raw_capture.h) and the loaded layout (abi/wire/layout.h).
#pragma once

#include "observer/observation.h"
#include "observer/reader.h"

namespace wdscope::observer {

// Completes a request with one of those codes; `reader` is its handle's. PASSIVE_LEVEL.
NTSTATUS dispatch_calibration(Observation& observation, const Reader& reader, PIRP irp);

}  // namespace wdscope::observer
