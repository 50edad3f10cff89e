// SPDX-License-Identifier: MIT
// What the notifier says to a kernel debugger. Lines begin with "wdnotifier: " and end with a newline.
#pragma once

#include "kit/nt.h"

namespace wdscope::notifier {

// Something failed and somebody should know. Shown by default. Any IRQL; %wZ, %ws only at PASSIVE_LEVEL.
#define trace_error(format, ...) \
  DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "wdnotifier: " format "\n" __VA_OPT__(, ) __VA_ARGS__)

// The normal course of things. Needs bit 3 of the component's filter mask.
#define trace_info(format, ...) \
  DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_INFO_LEVEL, "wdnotifier: " format "\n" __VA_OPT__(, ) __VA_ARGS__)

}  // namespace wdscope::notifier
