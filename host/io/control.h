// SPDX-License-Identifier: MIT
// Device control: how the four methods of a control code pass their buffers.
#pragma once

#include <span>

#include "host/io/request.h"
#include "host/machine.h"

namespace wdscope::host {

// FILE_READ_DATA and FILE_WRITE_DATA as the code demands them of the handle.
constexpr Ulong control_access(Ulong code) {
  return code >> 14 & 3;
}

// Gives the request its buffers. INSUFFICIENT_RESOURCES: no memory, and nothing to finish.
NtStatus prepare_control(Request& request, Ulong code, std::span<const std::byte> input, std::span<std::byte> output);
// Copies back what METHOD_BUFFERED owes the caller and frees the buffers.
DeviceFile::Completion finish_control(Request& request, Ulong code, std::span<std::byte> output);

}  // namespace wdscope::host
