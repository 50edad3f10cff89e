// SPDX-License-Identifier: MIT
#include "host/image/image_registry.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <mutex>
#include <vector>

namespace wdscope::host {
namespace {

constexpr std::size_t kMaximumImages = 64, kRememberedImages = 64;

// `start` is written last and cleared first: a reader that sees it sees the rest.
struct Slot {
  std::atomic<std::uintptr_t> start{0};
  std::atomic<std::size_t> size{0};
  std::atomic<const LoadedImage*> image{nullptr};
};

std::array<Slot, kMaximumImages> registered;
std::atomic<std::size_t> slots_used{0};
std::mutex registry_mutex;

struct Gone {
  std::string name;
  std::uintptr_t start;
  std::size_t size;
};

std::vector<Gone>& gone() {
  static auto* const list = new std::vector<Gone>;
  return *list;
}

}  // namespace

bool register_image(const LoadedImage* image) {
  std::lock_guard hold(registry_mutex);
  for (std::size_t i = 0; i < kMaximumImages; ++i) {
    Slot& slot = registered[i];
    if (slot.image.load(std::memory_order_relaxed)) continue;
    slot.image.store(image, std::memory_order_relaxed);
    slot.size.store(image->size(), std::memory_order_relaxed);
    slot.start.store(reinterpret_cast<std::uintptr_t>(image->base()), std::memory_order_release);
    if (i >= slots_used.load(std::memory_order_relaxed)) slots_used.store(i + 1, std::memory_order_release);
    return true;
  }
  return false;
}

void unregister_image(const LoadedImage* image) {
  std::lock_guard hold(registry_mutex);
  for (Slot& slot : registered) {
    if (slot.image.load(std::memory_order_relaxed) != image) continue;
    slot.start.store(0, std::memory_order_release);
    slot.image.store(nullptr, std::memory_order_release);
    if (gone().size() == kRememberedImages) gone().erase(gone().begin());
    gone().push_back({image->name(), reinterpret_cast<std::uintptr_t>(image->base()), image->size()});
  }
}

NTAPI const LoadedImage* image_containing(const void* address) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  const std::size_t count = slots_used.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uintptr_t start = registered[i].start.load(std::memory_order_acquire);
    if (start != 0 && at - start < registered[i].size.load(std::memory_order_relaxed)) {
      return registered[i].image.load(std::memory_order_relaxed);
    }
  }
  return nullptr;
}

std::string describe_unloaded(const void* address) {
  if (image_containing(address)) return {};  // another has its place
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  std::lock_guard hold(registry_mutex);
  for (auto image = gone().rbegin(); image != gone().rend(); ++image) {
    if (at - image->start < image->size) {
      return fmt::format("inside the unloaded driver {} ({}+0x{:X})", image->name, image->name, at - image->start);
    }
  }
  return {};
}

}  // namespace wdscope::host
