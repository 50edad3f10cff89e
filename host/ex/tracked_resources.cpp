// SPDX-License-Identifier: MIT
#include "host/ex/tracked_resources.h"

#include <map>
#include <mutex>

#include "host/image/loaded_image.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

struct TrackedResources {
  std::mutex mutex;
  std::map<Resource*, void*> all;  // and who initialised it
};

TrackedResources& tracked_resources() {
  static auto* const the_tracked = new TrackedResources;
  return *the_tracked;
}

}  // namespace

bool track_resource(Resource* resource, void* caller) {
  TrackedResources& t = tracked_resources();
  std::lock_guard hold(t.mutex);
  return t.all.emplace(resource, caller).second;
}

bool untrack_resource(Resource* resource) {
  TrackedResources& t = tracked_resources();
  std::lock_guard hold(t.mutex);
  return t.all.erase(resource) != 0;
}

std::vector<std::string> resources_of(const LoadedImage& image) {
  std::vector<std::string> found;
  TrackedResources& t = tracked_resources();
  std::lock_guard hold(t.mutex);
  for (const auto& [resource, caller] : t.all) {
    if (image.contains(caller) || image.contains(resource)) {
      found.push_back("ERESOURCE " + hex(resource) + " (initialised by " + describe_address(caller) + ")");
    }
  }
  return found;
}

std::string resource_within(const void* start, std::size_t size) {
  auto* const first = static_cast<Resource*>(const_cast<void*>(start));
  TrackedResources& t = tracked_resources();
  std::lock_guard hold(t.mutex);
  const auto found = t.all.lower_bound(first);
  if (found == t.all.end() || static_cast<const void*>(found->first) >= static_cast<const std::byte*>(start) + size) {
    return {};
  }
  return "ERESOURCE " + hex(found->first) + " (initialised by " + describe_address(found->second) + ")";
}

void forget_resources_of(const LoadedImage& image) {
  TrackedResources& t = tracked_resources();
  std::lock_guard hold(t.mutex);
  std::erase_if(t.all, [&](const auto& item) { return image.contains(item.second) || image.contains(item.first); });
}

}  // namespace wdscope::host
