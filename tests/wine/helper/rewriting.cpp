// SPDX-License-Identifier: MIT
// The import slots of each driver, rewritten as it is loaded: Wine calls the load-image routine when a driver's imports
// are bound and before its DriverEntry. Wine's own exports stay as they are.
#include "wine/helper/executive.h"

namespace wdscope::wine {
namespace {

std::string_view text_at(const UCHAR* base, ULONG rva) {
  return reinterpret_cast<const char*>(base + rva);
}

bool is_kernel_module(std::string_view name) {
  const auto equals = [name](std::string_view wanted) {
    if (name.size() != wanted.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
      const char lower = name[i] >= 'A' && name[i] <= 'Z' ? static_cast<char>(name[i] + 32) : name[i];
      if (lower != wanted[i]) return false;
    }
    return true;
  };
  return equals("ntoskrnl.exe") || equals("fltmgr.sys") || equals("hal.dll");
}

// The DDK's headers have no PE structures: IMAGE_IMPORT_DESCRIPTOR, and where the optional header keeps what is read.
struct ImportedModule {
  ULONG names;  // RVAs
  ULONG time_stamp;
  ULONG forwarder_chain;
  ULONG name;
  ULONG slots;
};
constexpr ULONG kHeaderOffsetAt = 0x3C;
constexpr ULONG kOptionalHeader = 24;
constexpr ULONG kSubsystem = kOptionalHeader + 68;
constexpr ULONG kImportDirectory = kOptionalHeader + 120;
constexpr USHORT kNative = 1;

template <class T>
T read(const UCHAR* at) {
  T value;
  RtlCopyMemory(&value, at, sizeof value);
  return value;
}

// The slots lie in memory that can be written, as the drivers' linker has it.
ULONG rewrite_module(UCHAR* base, const ImportedModule& module) {
  constexpr ULONGLONG kByOrdinal = 1ull << 63;
  constexpr ULONG kHintSize = sizeof(USHORT);
  ULONG count = 0;
  const auto* name = reinterpret_cast<const ULONGLONG*>(base + module.names);
  auto* slot = reinterpret_cast<void**>(base + module.slots);
  for (; *name != 0; ++name, ++slot) {
    if ((*name & kByOrdinal) != 0) continue;
    if (void* const ours = replacement(text_at(base, static_cast<ULONG>(*name) + kHintSize))) {
      *slot = ours;
      ++count;
    }
  }
  return count;
}

void NTAPI on_image(PUNICODE_STRING, HANDLE, PIMAGE_INFO info) {
  auto* const base = static_cast<UCHAR*>(info->ImageBase);
  const UCHAR* const headers = base + read<ULONG>(base + kHeaderOffsetAt);
  const auto imports = read<ULONG>(headers + kImportDirectory);
  if (read<USHORT>(headers + kSubsystem) != kNative || imports == 0) return;
  ULONG count = 0;
  for (const auto* module = reinterpret_cast<const ImportedModule*>(base + imports); module->name != 0; ++module) {
    if (is_kernel_module(text_at(base, module->name))) count += rewrite_module(base, *module);
  }
  DbgPrint("wdwine: %lu import slots of the driver at %p rewritten.\n", count, base);
}

}  // namespace

void* replacement(std::string_view name) {
  void* (*const parts[])(std::string_view) = {callback_routine, queue_routine, closing_routine, process_routine,
                                              memory_routine};
  for (const auto find : parts) {
    if (void* const address = find(name)) return address;
  }
  return nullptr;
}

NTSTATUS start_rewriting() {
  return PsSetLoadImageNotifyRoutine(on_image);
}

void stop_rewriting() {
  PsRemoveLoadImageNotifyRoutine(on_image);
}

}  // namespace wdscope::wine
