// SPDX-License-Identifier: MIT
// Device objects.
#pragma once

#include <string>
#include <vector>

#include "host/io/file.h"
#include "host/nt/io.h"
#include "host/ob/object.h"

namespace wdscope::host {

extern ObjectType device_type;

// IoCreateDevice: at <= APC_LEVEL. OBJECT_NAME_COLLISION, INSUFFICIENT_RESOURCES, the namespace's statuses.
NtStatus NTAPI IoCreateDevice(DriverObject* driver, Ulong extension_size, const UnicodeString* name, Ulong type,
                              Ulong characteristics, Boolean exclusive, DeviceObject** device);
// Takes the device from its driver and its name away; its memory goes with the last open file.
void NTAPI IoDeleteDevice(DeviceObject* device);

// Devices still on the driver's list, as text for a report.
std::vector<std::string> devices_left_by(DriverObject* driver);

}  // namespace wdscope::host
