// SPDX-License-Identifier: MIT
// Work items: a driver's routine, run by a system thread at PASSIVE_LEVEL. A queued item references its device.
#pragma once

#include <string>
#include <vector>

#include "host/nt/io.h"

namespace wdscope::host {

class LoadedImage;
struct IoWorkItem;  // opaque

using WorkItemRoutine = void(NTAPI*)(DeviceObject* device, void* context);

IoWorkItem* NTAPI IoAllocateWorkItem(DeviceObject* device);  // null: no memory
void NTAPI IoQueueWorkItem(IoWorkItem* item, WorkItemRoutine routine, Ulong queue_type, void* context);
void NTAPI IoFreeWorkItem(IoWorkItem* item);  // not while it is queued

// Returns when no routine of the image runs or waits to: a queued item's reference keeps its driver's image in place.
void run_down_work_items(const LoadedImage& image);
std::vector<std::string> work_items_left_by(const LoadedImage& image);
void shut_down_work_items();  // runs what is queued, then ends the worker

}  // namespace wdscope::host
