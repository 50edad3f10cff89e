// SPDX-License-Identifier: MIT
#include "host/verifier/lock_watch.h"

#include <fmt/format.h>

#include <map>
#include <mutex>

#include "host/ex/pool.h"
#include "host/image/loaded_image.h"
#include "host/io/driver.h"
#include "host/nt/io.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

struct Seen {
  LockKind kind;
  const LoadedImage* owner;  // only compared; null: nobody's, or in memory that the executive gave
  std::string place;
  std::uint64_t taken;
};

struct Watched {
  std::mutex mutex;
  std::map<const void*, Seen> locks;
};

Watched& watched() {
  static Watched* const the_locks = new Watched;  // outlives every thread
  return *the_locks;
}

// The lock is being taken, so the memory around it is there. No other program is asked for lines: this is under a
// mutex, and often.
Seen look_at(const void* lock, LockKind kind) {
  if (const LoadedImage* image = image_containing(lock)) return {kind, image, image->describe_symbol(lock), 0};
  if (is_pool_address(lock)) return {kind, pool_owner_of(lock), pool_place_of(lock), 0};
  return {kind, nullptr, hex(lock), 0};
}

const DeviceObject* device_around(const LoadedDriver& driver, const void* address) {
  for (const DeviceObject* device = driver.object->device_object; device; device = device->next_device) {
    const auto* start = reinterpret_cast<const std::byte*>(device);
    if (address >= start && address < start + device->size) return device;
  }
  return nullptr;
}

}  // namespace

std::atomic<bool> locks_are_watched{false};

void watch_locks(LockWatch watch) {
  locks_are_watched = watch == LockWatch::On;
  if (watch == LockWatch::On) return;
  const std::scoped_lock hold(watched().mutex);
  watched().locks.clear();
}

NTAPI void note_lock_taken(const void* lock, LockKind kind) {
  Watched& all = watched();
  const std::scoped_lock hold(all.mutex);
  auto found = all.locks.find(lock);
  if (found == all.locks.end()) found = all.locks.emplace(lock, look_at(lock, kind)).first;
  ++found->second.taken;
}

std::vector<DriverHoldings::Lock> locks_taken_of(const LoadedDriver& driver) {
  std::vector<DriverHoldings::Lock> locks;
  Watched& all = watched();
  const std::scoped_lock hold(all.mutex);
  for (const auto& [lock, seen] : all.locks) {
    std::string place = seen.place;
    if (seen.owner != driver.image.get()) {
      const DeviceObject* device = device_around(driver, lock);
      if (!device) continue;
      const auto* extension = static_cast<const std::byte*>(device->device_extension);
      place = fmt::format("offset {} of the extension of device {}", static_cast<const std::byte*>(lock) - extension,
                          hex(device));
    }
    locks.push_back({lock_kind_name(seen.kind), std::move(place), seen.taken});
  }
  return locks;
}

}  // namespace wdscope::host
