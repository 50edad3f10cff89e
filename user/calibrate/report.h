// SPDX-License-Identifier: MIT
// What was inferred, in words: one line a member with how sure it is and why, and what spoke against it.
#pragma once

#include <string>

#include "calibrate/inference.h"
#include "calibrate/observations.h"

namespace wdscope::calibrate {

std::string_view sureness_name(Sureness sureness);  // "certain" ...

// Lines for the eye, each with its end.
std::string report_text(const Observations& observations, const Calibration& calibration);

}  // namespace wdscope::calibrate
