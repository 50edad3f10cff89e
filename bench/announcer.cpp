// SPDX-License-Identifier: MIT
#include "bench/announcer.h"

#include <cstdio>
#include <cstring>
#include <vector>

#include "abi/defender/callback_names.h"
#include "abi/defender/notify_info.h"
#include "abi/defender/process_context.h"
#include "abi/wire/control.h"
#include "bench/must.h"
#include "bench/payload.h"
#include "host/ex/callback.h"
#include "host/ex/pool.h"
#include "host/testing/driver_image.h"

namespace wdscope::bench {
namespace {

constexpr std::uint64_t kProcessId = 0x1234;
constexpr std::int64_t kCreated = 134'000'000'000'000'000;  // a FILETIME in 2025
constexpr host::Ulong kTag = 0x6E62'7357;                   // "Wsbn"

// The text in pool, as Defender's strings are.
defender::CountedString* counted_in_pool(std::u16string_view text) {
  const std::size_t length = text.size() * sizeof(char16_t);
  auto* string = static_cast<defender::CountedString*>(
      host::pool_allocate_for_host(sizeof(defender::CountedString) + length, kTag));
  std::memcpy(string + 1, text.data(), length);
  *string = {static_cast<std::uint16_t>(length), static_cast<std::uint16_t>(length), 0,
             reinterpret_cast<std::uint64_t>(string + 1)};
  return string;
}

}  // namespace

struct Announcer::State {
  std::unique_ptr<host::Machine> machine;
  host::LoadedDriver* driver = nullptr;
  host::CallbackObject* callback = nullptr;
  defender::CountedString* image = nullptr;
  defender::CountedString* command_line = nullptr;
  defender::MP_PROCESS_CONTEXT_25080* context = nullptr;
};

Announcer::Announcer(std::span<const std::byte> observer, std::uint32_t ring_size_kb)
    : state_(std::make_unique<State>()) {
  auto machine = host::Machine::boot();
  if (!machine) give_up("booting the host: " + machine.error().message);
  state_->machine = std::move(*machine);

  host::ProcessStart process;
  process.process_id = kProcessId;
  process.parent_process_id = 4;
  process.created_100ns = kCreated;
  process.image = kImage;
  process.command_line = kCommandLine;
  if (!host::nt_success(state_->machine->adopt_process(process))) give_up("making a process: refused");

  host::NtStatus created = host::kStatusUnsuccessful;
  in_kernel([&] {
    std::u16string text = defender::kWdProcessNotificationCallback;
    host::UnicodeString name{static_cast<std::uint16_t>(text.size() * sizeof(char16_t)),
                             static_cast<std::uint16_t>(text.size() * sizeof(char16_t)), text.data()};
    const host::ObjectAttributes attributes{sizeof(host::ObjectAttributes), 0,       &name,
                                            defender::kCallbackAttributes,  nullptr, nullptr};
    created = host::ExCreateCallback(&state_->callback, &attributes, 1, 1);
  });
  if (!host::nt_success(created)) give_up("making the callback object: refused");

  state_->image = counted_in_pool(kImage);
  state_->command_line = counted_in_pool(kCommandLine);
  state_->context =
      static_cast<defender::MP_PROCESS_CONTEXT_25080*>(host::pool_allocate_for_host(sizeof(*state_->context), kTag));
  *state_->context = {};
  auto& common = state_->context->Common;
  common.Magic = defender::kProcessContextMagic25080;
  common.ProcessId = kProcessId;
  common.CreateTime = kCreated;
  common.CommandLine = reinterpret_cast<std::uint64_t>(state_->command_line);
  common.ImageName = reinterpret_cast<std::uint64_t>(state_->image);
  common.RefCount = 1;

  host::DriverOptions options;
  options.service_name = "wdscope";
  options.parameters["SnapshotOnAttach"] = 0u;
  if (ring_size_kb != 0) options.parameters["RingSizeKb"] = ring_size_kb;
  auto driver = state_->machine->load(observer, options);
  if (!driver) give_up("loading wdscope.sys: " + driver.error().message);
  state_->driver = *driver;
}

Announcer::~Announcer() {
  if (auto unloaded = state_->machine->unload(state_->driver); !unloaded) {
    give_up("unloading wdscope.sys: " + unloaded.error().message);
  }
  host::pool_free_for_host(state_->context);
  host::pool_free_for_host(state_->command_line);
  host::pool_free_for_host(state_->image);
}

void Announcer::announce() {
  defender::WD_PS_NOTIFY_FRAME_A5 frame{};
  frame.Context = reinterpret_cast<std::uint64_t>(state_->context);
  frame.Info.ProcessId = kProcessId;
  frame.Info.ParentProcessId = 4;
  frame.Info.ImageName = reinterpret_cast<std::uint64_t>(state_->image);
  frame.Info.OperationType = static_cast<std::uint32_t>(defender::OperationType::Create);
  frame.Info.Trusted = 1;
  host::ExNotifyCallback(state_->callback, &frame.Info, nullptr);
}

void Announcer::announce_bare() {
  const defender::WD_PS_NOTIFY_INFO info{0, 0, 0, static_cast<std::uint32_t>(defender::OperationType::Trust),
                                         1, 0, 0, 0};
  host::ExNotifyCallback(state_->callback, const_cast<defender::WD_PS_NOTIFY_INFO*>(&info), nullptr);
}

void Announcer::in_kernel(const std::function<void()>& body) {
  state_->machine->run_in_process(kProcessId, body);
}

std::unique_ptr<host::DeviceFile> Announcer::open_device() {
  auto file = state_->machine->open(wire::kUserDeviceName, host::Access::Read);
  if (!file) give_up("opening the observer's device: " + file.error().message);
  return std::move(*file);
}

std::span<const std::byte> observer_image() {
  static const std::vector<std::byte> bytes = host::testing::driver_image("wdscope.sys");
  return bytes;
}

}  // namespace wdscope::bench
