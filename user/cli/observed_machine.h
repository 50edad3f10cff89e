// SPDX-License-Identifier: MIT
// The machine that a verb looks at, and a reader of its observer: on Windows the machine itself, elsewhere a lab.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capture/device_source.h"
#include "cli/arguments.h"
#include "event/process_picture.h"
#include "event/result.h"
#include "lab/lab.h"

namespace wdscope::cli {

struct ObservedMachine {
  std::unique_ptr<Lab> lab;              // null on Windows
  std::unique_ptr<DeviceSource> source;  // goes before the lab
};

// What the lab's drivers print goes to standard error if the arguments ask for it. Errors as Lab::start,
// open_observer_device, DeviceSource::open.
Result<ObservedMachine> open_machine(const Arguments& arguments);

// What the user must know of a picture that one refresh of this machine made.
std::vector<std::string> snapshot_words(const ProcessPicture& picture);

}  // namespace wdscope::cli
