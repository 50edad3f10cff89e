// SPDX-License-Identifier: MIT
// The lab that a verb's arguments ask for, and a reader of its observer.
#pragma once

#include <memory>

#include "capture/device_source.h"
#include "cli/arguments.h"
#include "event/result.h"
#include "lab/lab.h"

namespace wdscope::cli {

struct LabWatch {
  std::unique_ptr<Lab> lab;
  std::unique_ptr<DeviceSource> source;  // goes before the lab
};

// What the drivers print goes to standard error if the arguments ask for it. Errors as Lab::start, DeviceSource::open.
Result<LabWatch> open_lab(const Arguments& arguments);

}  // namespace wdscope::cli
