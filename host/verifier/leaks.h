// SPDX-License-Identifier: MIT
// What a driver leaves behind in ke/ and ex/ when it goes.
#pragma once

#include <string>
#include <vector>

namespace wdscope::host {

class LoadedImage;

// Undeleted ERESOURCEs and lookaside lists, timers set, DPCs queued, system threads running, and locks that
// the calling thread holds: a line each. Pool is told by pool_use_of().
std::vector<std::string> kernel_objects_left_by(const LoadedImage& image);

// The image goes: nothing of it is tracked any more.
void forget_kernel_objects_of(const LoadedImage& image);

}  // namespace wdscope::host
