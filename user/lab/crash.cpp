// SPDX-License-Identifier: MIT
#include "lab/crash.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "abi/defender/callback_names.h"
#include "abi/defender/notify_info.h"
#include "host/machine.h"
#include "host/mm/guarded_copy.h"
#include "lab/nt_path.h"
#include "lab/process_tracker.h"

namespace wdscope {
namespace {

using defender::OperationType;
using defender::WD_PS_NOTIFY_INFO;

// A field that a pointer of the driver's may have been meant to reach lies this near.
constexpr std::uint64_t kNear = 0x200;
constexpr std::uint64_t kNeverMapped = 0x10000;
constexpr std::uint64_t kUserSpaceEnd = 0x7FFF'FFFF'0000;
constexpr std::uint64_t kLargestPid = 0xFFFF'FFFF;
constexpr std::size_t kLongestName = 1024;

constexpr unsigned kIrqlTooHigh = 0x0A, kPageFault = 0x50, kBadPool = 0xC2, kVerifier = 0xC4, kUnloaded = 0xCE,
                   kDriverIrql = 0xD1;

std::string hex(std::uint64_t value) {
  return fmt::format("0x{:X}", value);
}

template <class T>
std::optional<T> read_at(const void* address) {
  T value;
  return host::guarded_copy(&value, address, sizeof value) == sizeof value ? std::optional(value) : std::nullopt;
}

std::u16string read_string(std::uint64_t address) {
  const auto string = read_at<defender::CountedString>(reinterpret_cast<const void*>(address));
  if (!string) return {};
  std::u16string text(std::min<std::size_t>(string->length, kLongestName) / 2, u'\0');
  const std::size_t size = text.size() * 2;
  if (host::guarded_copy(text.data(), reinterpret_cast<const void*>(string->buffer), size) != size) return {};
  return text;
}

struct Notification {
  WD_PS_NOTIFY_INFO info;
  std::string object;
  std::string function;
};

// The innermost one: a callback may make the notifier send another.
std::optional<Notification> notification_of(const host::BugCheck& check) {
  const std::string names[] = {to_utf8(defender::kWdProcessNotificationCallback),
                               to_utf8(defender::kMpProcessNotificationCallback)};
  for (const host::CallbackCall& call : check.callbacks) {
    if (std::find(std::begin(names), std::end(names), call.object) == std::end(names)) continue;
    const auto info = read_at<WD_PS_NOTIFY_INFO>(call.argument1);
    if (info) return Notification{*info, call.object, call.function};
  }
  return std::nullopt;
}

std::string operation_name(const WD_PS_NOTIFY_INFO& info) {
  switch (static_cast<OperationType>(info.OperationType)) {
    case OperationType::Create:
      return "create";
    case OperationType::Terminate:
      return "terminate";
    case OperationType::Trust:
      return info.ImageName == 0 ? "trust" : "refresh";
  }
  return fmt::format("unknown ({})", info.OperationType);
}

std::string describe(const Notification& notification, const CrashScene& scene) {
  const WD_PS_NOTIFY_INFO& info = notification.info;
  std::u16string image = read_string(info.ImageName);
  if (image.empty() && scene.image_of) image = scene.image_of(info.ProcessId);
  return fmt::format("the {} notification of process {} (NT {}), {}, by {} to {}", operation_name(info),
                     to_linux_pid(info.ProcessId), info.ProcessId, image.empty() ? "image unknown" : to_utf8(image),
                     notification.object, notification.function);
}

std::string describe_other(const host::BugCheck& check, const CrashScene& scene) {
  if (!check.callbacks.empty()) {
    const host::CallbackCall& call = check.callbacks.front();
    return fmt::format("a notification by {} to {}",
                       call.object.empty() ? "a callback object without a name" : call.object, call.function);
  }
  return scene.doing.empty() ? "no notification: the driver's own work" : scene.doing;
}

std::uint64_t distance(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : b - a;
}

std::string difference(std::uint64_t address, std::uint64_t base) {
  if (address == base) return "that number itself";
  return address < base ? fmt::format("that number less {}", base - address)
                        : fmt::format("that number and {} more", address - base);
}

bool passes_pid_by_value(Profile profile) {
  return !is_2019(profile);
}

// How the address at fault follows from the notification, if it does.
std::optional<std::string> cause_in(const Notification& notification, std::uint64_t address, Profile profile) {
  const WD_PS_NOTIFY_INFO& info = notification.info;
  const std::uint64_t parent = info.ParentProcessId;
  if (parent != 0 && parent <= kLargestPid && parent % kPidFactor == 0 && distance(address, parent) < kNear) {
    return fmt::format(
        "The 8 bytes at Argument1+0x08 hold {}. In this build (profile {}) that is a process id, the parent's ({} on "
        "Linux), and not a pointer to it as in the builds of 2019. The driver took it for a pointer: {} is {}.",
        hex(parent), profile_name(profile), to_linux_pid(parent), hex(address), difference(address, parent));
  }
  std::string nulls;
  const auto add = [&nulls](std::string_view name) { nulls += (nulls.empty() ? "" : " and ") + std::string(name); };
  if (parent == 0) add("Argument1+0x08 (the parent)");
  if (info.ImageName == 0) add("Argument1+0x10 (the image name)");
  add("Argument2");
  // Also a little before it: a field reached backwards from a null pointer.
  if (address >= kNear && ~address >= kNear) return std::nullopt;
  return fmt::format("In a {} notification {} hold{} no pointer but 0: {} follows from one that is null.",
                     operation_name(info), nulls, nulls.find(" and ") == std::string::npos ? "s" : "", hex(address));
}

std::string address_reason(std::uint64_t address, host::Fault::Access access) {
  if (access == host::Fault::Access::Execute) {
    return hex(address) + " holds no code that may run: the driver called or returned through a wrong pointer.";
  }
  if (address < kNeverMapped) {
    return hex(address) + " lies in the lowest 64 KiB, where Windows never maps anything.";
  }
  if (address < kUserSpaceEnd) {
    return hex(address) +
           " is an address of user space: nothing is mapped there in the process that the notification runs in, or at "
           "best something of that process's own.";
  }
  if (address < 0xFFFF'8000'0000'0000) {
    return hex(address) + " is not canonical: the processor refuses it, whatever is mapped.";
  }
  return hex(address) + " is an address of kernel space where nothing is mapped.";
}

std::string code_reason(const host::BugCheck& check) {
  switch (check.code) {
    case kIrqlTooHigh:
    case kDriverIrql:
      return fmt::format(
          "At IRQL {} no page fault can be served and no waiting is possible; Windows stops at once when it must.",
          check.irql);
    case kPageFault:
      return "A bad address of kernel space cannot be caught, not even by __try: Windows stops.";
    case kUnloaded:
      return "Windows would run code or touch data that is gone with the driver, at the next notification or sooner.";
    case kBadPool:
      return "Windows keeps its own bookkeeping beside pool blocks and stops when it finds that broken, now or later.";
    case kVerifier:
      return "Windows stops for this at once under Driver Verifier, and without it when the damage shows. The lab is "
             "as strict as Driver Verifier, here and there stricter.";
    default:
      return check.fault ? "An access violation in kernel code that no exception handler catches stops Windows."
                         : "An exception in kernel code that nobody handles stops Windows.";
  }
}

}  // namespace

Crash explain_crash(const host::BugCheck& check, Profile profile, const CrashScene& scene) {
  Crash crash;
  crash.code = fmt::format("0x{:X} {}", check.code, check.name);
  crash.parameters = fmt::format("{}, {}, {}, {}", hex(check.parameters[0]), hex(check.parameters[1]),
                                 hex(check.parameters[2]), hex(check.parameters[3]));
  crash.happening = check.explanation;
  crash.stack = check.stack;
  crash.irql = check.irql;

  const auto notification = notification_of(check);
  crash.on_behalf = notification ? describe(*notification, scene) : describe_other(check, scene);
  if (check.fault) {
    const auto& [access, address, instruction] = *check.fault;
    const std::string_view verb = access == host::Fault::Access::Write     ? "write to"
                                  : access == host::Fault::Access::Execute ? "execution of"
                                                                           : "read of";
    crash.happening = fmt::format("{} {} by {}", verb, hex(address), instruction);
    if (notification) {
      if (auto cause = cause_in(*notification, address, profile)) {
        crash.why.push_back(std::move(*cause));
        if (passes_pid_by_value(profile)) {
          crash.advice =
              "Follow no member of a notification unchecked: a value within IoGetStackLimits is a pointer, a small "
              "multiple of 4 a process id, and what lies behind a pointer is read by MmCopyMemory (docs/lab.md)";
        }
      }
    }
    crash.why.push_back(address_reason(address, access));
  }
  crash.why.push_back(code_reason(check));
  return crash;
}

}  // namespace wdscope
