// SPDX-License-Identifier: MIT
// Driver objects: what DriverEntry gets, and what the executive keeps about a loaded driver beside it.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "host/image/loaded_image.h"
#include "host/machine.h"
#include "host/nt/io.h"
#include "host/ob/object.h"

namespace wdscope::host {

struct LoadedDriver {
  std::string service_name;
  std::unique_ptr<LoadedImage> image;
  DriverObject* object = nullptr;           // referenced
  std::atomic<std::int64_t> open_files{0};  // -1: unloading, no file can be opened
};

extern ObjectType driver_type;

// A driver object named \Driver\<service>, every major function answering INVALID_DEVICE_REQUEST. Null: no memory.
DriverObject* create_driver_object(LoadedDriver& driver);
LoadedDriver* loaded_driver_of(DriverObject* object);

}  // namespace wdscope::host
