// SPDX-License-Identifier: MIT
#include "host/machine_drivers.h"

#include <fmt/format.h>

#include "host/cm/registry.h"
#include "host/etw/provider.h"
#include "host/ex/callback.h"
#include "host/ex/pool.h"
#include "host/exports.h"
#include "host/io/device.h"
#include "host/io/work_item.h"
#include "host/ke/thread.h"
#include "host/nt/pool_tag.h"
#include "host/ob/handle.h"
#include "host/ob/namespace.h"
#include "host/ps/notify.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/leaks.h"
#include "host/verifier/lock_watch.h"

namespace wdscope::host {
namespace {

constexpr NtStatus kStatusDeviceBusy = nt_status(0x80000011);
constexpr std::uint64_t kPoolLeakedAtUnload = 0x62;
constexpr std::size_t kBlocksShown = 16;
constexpr Ulong kRegistryPathTag = pool_tag("Path");

tl::unexpected<HostError> refuse(NtStatus status, std::string message) {
  return tl::unexpected(HostError{status, std::move(message)});
}

void add(std::vector<std::string>& all, std::vector<std::string> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::string lines(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += "\n  - " + item;
  return text;
}

// Bug-checks when anything of the driver is still reachable, or its pool not freed.
void check_nothing_left(const LoadedDriver& driver, const char* when) {
  const LoadedImage& image = *driver.image;
  DriverHoldings holdings = driver_holdings(driver);
  std::vector<std::string> left = std::move(holdings.registrations);
  add(left, std::move(holdings.devices));
  add(left, std::move(holdings.objects));
  if (!left.empty())
    bug_check(kDriverUnloadedWithoutCancellingPendingOperations,
              {reinterpret_cast<std::uint64_t>(image.base()), left.size(), 0, 0},
              fmt::format("{} {} and left behind:{}", image.name(), when, lines(left)));
  const PoolUse use = pool_use_of(&image);
  if (use.allocations != 0)
    bug_check(kDriverVerifierDetectedViolation,
              {kPoolLeakedAtUnload, reinterpret_cast<std::uint64_t>(image.base()), use.paged_bytes + use.nonpaged_bytes,
               use.allocations},
              fmt::format("{} {} and left {} pool allocation(s), {} paged and {} nonpaged bytes:{}", image.name(), when,
                          use.allocations, use.paged_bytes, use.nonpaged_bytes,
                          lines(describe_pool_blocks_of(&image, kBlocksShown))));
}

// DriverEntry gets the path as a counted string that lives for the call alone.
NtStatus call_driver_entry(LoadedDriver& driver) {
  const std::u16string path = service_key_path(driver.service_name);
  const auto length = static_cast<std::uint16_t>(path.size() * 2);
  auto* registry_path =
      static_cast<UnicodeString*>(pool_allocate_for_host(sizeof(UnicodeString) + length, kRegistryPathTag));
  if (!registry_path) return kStatusInsufficientResources;
  auto* text = reinterpret_cast<char16_t*>(registry_path + 1);
  path.copy(text, path.size());
  *registry_path = {length, length, text};
  const CallGuard guard("DriverEntry");
  const NtStatus status = driver.object->driver_init(driver.object, registry_path);
  guard.check();
  pool_free_for_host(registry_path);
  return status;
}

void finish_initialization(DriverObject* object) {
  object->flags |= kDriverInitialized;
  for (DeviceObject* device = object->device_object; device; device = device->next_device)
    device->flags &= ~kDeviceInitializing;
}

}  // namespace

HostResult<std::unique_ptr<LoadedDriver>> load_driver(std::span<const std::byte> file, const DriverOptions& options,
                                                      LeakCheck leak_check) {
  auto image = LoadedImage::map(file, options.service_name + ".sys", all_exports());
  if (!image) return tl::unexpected(std::move(image.error()));
  auto driver = std::make_unique<LoadedDriver>();
  driver->service_name = options.service_name;
  driver->image = std::move(*image);
  driver->object = create_driver_object(*driver);
  if (!driver->object) return refuse(kStatusInsufficientResources, "no memory for a driver object");
  create_service_key(options.service_name, options.parameters);

  const NtStatus status = call_driver_entry(*driver);
  if (nt_success(status)) {
    finish_initialization(driver->object);
    return driver;
  }
  if (leak_check == LeakCheck::On) check_nothing_left(*driver, "failed in DriverEntry");
  discard_driver(*driver);
  return tl::unexpected(HostError{
      status,
      fmt::format("DriverEntry of {} failed with {:#010x}", driver->image->name(), static_cast<std::uint32_t>(status)),
      true});
}

DriverHoldings driver_holdings(const LoadedDriver& driver) {
  const LoadedImage& image = *driver.image;
  DriverHoldings holdings;
  holdings.registrations = callbacks_left_by(image);
  add(holdings.registrations, notify_routines_left_by(image));
  holdings.devices = devices_left_by(driver.object);
  add(holdings.devices, links_left_by(image));
  holdings.objects = handles_left_by(image);
  add(holdings.objects, work_items_left_by(image));
  add(holdings.objects, providers_left_by(image));
  add(holdings.objects, kernel_objects_left_by(image));
  holdings.pool = pool_tags_of(&image);
  holdings.locks = locks_taken_of(driver);
  holdings.can_unload = driver.object->driver_unload != nullptr;
  return holdings;
}

HostResult<void> unload_driver(LoadedDriver& driver, LeakCheck leak_check) {
  const DriverUnloadRoutine routine = driver.object->driver_unload;
  if (!routine) return refuse(kStatusInvalidDeviceRequest, driver.image->name() + " has no unload routine");
  std::int64_t none = 0;
  if (!driver.open_files.compare_exchange_strong(none, -1))
    return refuse(kStatusDeviceBusy, fmt::format("{} file(s) of {} are open", none, driver.image->name()));
  driver.object->flags |= kDriverUnloadInvoked;
  const CallGuard guard("DriverUnload");
  routine(driver.object);
  guard.check();
  run_down_work_items(*driver.image);
  if (leak_check == LeakCheck::On) check_nothing_left(driver, "unloaded");
  discard_driver(driver);
  return {};
}

void discard_driver(LoadedDriver& driver) {
  pool_disown(driver.image.get());
  delete_service_key(driver.service_name);
  remove_name(driver.object);
  dereference_object(driver.object);
  driver.object = nullptr;
}

}  // namespace wdscope::host
