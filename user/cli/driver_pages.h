// SPDX-License-Identifier: MIT
// What `lab load` says of a driver, as pages for a reader: what it holds, and how it stopped the machine.
#pragma once

#include <string>

#include "lab/crash.h"
#include "lab/driver_report.h"
#include "lab/lab.h"

namespace wdscope::cli {

// Each ends in a newline and is safe for a terminal.
std::string report_page(const DriverReport& report, const FeedCounts& feed);
std::string crash_page(const std::string& driver, const Crash& crash);

}  // namespace wdscope::cli
