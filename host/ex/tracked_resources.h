// SPDX-License-Identifier: MIT
// Which ERESOURCEs are initialised, and by whom: none may outlive its driver or its memory.
#pragma once

#include <string>
#include <vector>

#include "host/nt/ex.h"

namespace wdscope::host {

class LoadedImage;

// False: it is known already. `caller`: the code address that initialised it.
bool track_resource(Resource* resource, void* caller);
// False: it is not known.
bool untrack_resource(Resource* resource);

// Resources initialised by code of `image`, or standing in its memory, and not deleted: "ERESOURCE 0x.. (by x.sys!f)".
std::vector<std::string> resources_of(const LoadedImage& image);
// One that stands in [start, start + size), or empty: memory must not go before its resource is deleted.
std::string resource_within(const void* start, std::size_t size);
// The image goes: its resources are no longer tracked.
void forget_resources_of(const LoadedImage& image);

}  // namespace wdscope::host
