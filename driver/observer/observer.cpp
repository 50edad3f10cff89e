// SPDX-License-Identifier: MIT
#include "observer/observer.h"

#include "abi/wire/control.h"
#include "kit/irql.h"
#include "kit/kernel_string.h"
#include "kit/registry.h"
#include "observer/clock.h"

namespace wdscope::observer {
namespace {

constexpr kit::NumberParameter kRingSizeKb{u"RingSizeKb", 16384, 256, 262144};
constexpr kit::NumberParameter kSnapshotOnAttach{u"SnapshotOnAttach", 1, 0, 1};

struct DeviceExtension {
  Observer* observer;
};

void say(const char* what, NTSTATUS status) {
  DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "wdscope: not started: %s: 0x%08X.\n", what, status);
}

}  // namespace

NTSTATUS Observer::start(PDRIVER_OBJECT driver, const UNICODE_STRING& registry_path) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  LARGE_INTEGER now;
  KeQuerySystemTimePrecise(&now);
  loaded_at_100ns_ = now.QuadPart;
  boot_id_ = static_cast<std::uint64_t>(now.QuadPart) ^ interrupt_time_100ns() << 32;

  std::uint32_t ring_size_kb = 0;
  std::uint32_t snapshot_on_attach = 0;
  NTSTATUS status = kit::read_number(registry_path, kRingSizeKb, ring_size_kb);
  if (NT_SUCCESS(status)) status = kit::read_number(registry_path, kSnapshotOnAttach, snapshot_on_attach);
  if (!NT_SUCCESS(status)) {
    say("its parameters cannot be read", status);
    return status;
  }
  status = subscription_.open();
  if (!NT_SUCCESS(status)) return status;
  status = ring_.start(std::size_t{ring_size_kb} * 1024, sizeof(wire::ProcessRecord));
  if (NT_SUCCESS(status)) status = observation_.start();
  if (!NT_SUCCESS(status)) {
    say("no memory for the records", status);
    return status;
  }
  status = waiting_reads_.start();
  if (!NT_SUCCESS(status)) {
    say("no thread for waiting reads", status);
    return status;
  }
  status = device_.create(driver, kit::counted(wire::kDeviceName), kit::counted(wire::kDosDeviceName),
                          wire::kDeviceType, kit::Opens::Shared, sizeof(DeviceExtension));
  if (!NT_SUCCESS(status)) {
    say(status == STATUS_OBJECT_NAME_COLLISION ? "another observer is loaded, and one machine has one"
                                               : "the device cannot be made",
        status);
    return status;
  }
  device_.object()->Flags |= DO_DIRECT_IO;
  static_cast<DeviceExtension*>(device_.object()->DeviceExtension)->observer = this;
  status = subscription_.start(notified, this);
  if (!NT_SUCCESS(status) || snapshot_on_attach == 0 || !subscription_.can_refresh()) return status;
  return snapshot_.take(wire::SnapshotTrigger::Attach);
}

void Observer::stop() {
  subscription_.stop();
  waiting_reads_.stop();
  device_.destroy();
  observation_.stop();
}

VOID Observer::notified(PVOID self, PVOID argument1, PVOID argument2) {
  static_cast<Observer*>(self)->observation_.notify(argument1, argument2);
}

Observer& observer_of(PDEVICE_OBJECT device) {
  return *static_cast<DeviceExtension*>(device->DeviceExtension)->observer;
}

}  // namespace wdscope::observer
