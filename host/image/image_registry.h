// SPDX-License-Identifier: MIT
// Which images stand where. Lookups take no lock: they run in signal handlers and on every allocation.
#pragma once

#include "host/image/loaded_image.h"

namespace wdscope::host {

// STATUS_INSUFFICIENT_RESOURCES semantics: false when 64 images are loaded.
bool register_image(const LoadedImage* image);
void unregister_image(const LoadedImage* image);

}  // namespace wdscope::host
