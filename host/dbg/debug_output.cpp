// SPDX-License-Identifier: MIT
#include "host/dbg/debug_output.h"

#include <atomic>
#include <mutex>
#include <string>

#include "host/exports.h"
#include "host/image/loaded_image.h"
#include "host/ke/thread.h"
#include "host/nt/export_table.h"
#include "host/rtl/format.h"

namespace wdscope::host {
namespace {

constexpr std::size_t kLongestMessage = 512;
constexpr Ulong kComponents = 156;        // DPFLTR_ENDOFTABLE_ID
constexpr Ulong kDefaultComponent = 101;  // DPFLTR_DEFAULT_ID
constexpr Ulong kInfoLevel = 3;
constexpr NtStatus kStatusInvalidParameter1 = nt_status(0xC00000EF);

std::mutex output_lock;
DebugOutput output;
std::atomic<Ulong> system_wide_mask{1};
std::atomic<Ulong> component_masks[kComponents];

Ulong mask_of_level(Ulong level) {
  return level < 32 ? 1U << level : level;
}

bool shown(Ulong component, Ulong level) {
  const Ulong own = component < kComponents ? component_masks[component].load(std::memory_order_relaxed) : 0;
  return (mask_of_level(level) & (own | system_wide_mask.load(std::memory_order_relaxed))) != 0;
}

// Cuts at the limit without splitting a character.
void cut(std::string& text) {
  if (text.size() <= kLongestMessage) return;
  std::size_t end = kLongestMessage;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
}

void show(std::string_view driver, std::string_view text) {
  std::scoped_lock lock(output_lock);
  if (output) output(driver, text);
}

Ulong print(const void* caller, const char* prefix, Ulong component, Ulong level, const char* format,
            __builtin_ms_va_list arguments) {
  if (!shown(component, level)) return kStatusSuccess;
  FormatResult result = format_narrow(format, arguments);
  if (result.touches_unicode) require_irql_at_most(kPassiveLevel, "DbgPrint with a Unicode conversion");
  std::string text = prefix + result.text;
  cut(text);
  const LoadedImage* image = image_containing(caller);
  show(image ? image->name() : std::string_view(), text);
  return kStatusSuccess;
}

}  // namespace

void set_debug_output(DebugOutput wanted, Ulong level_mask) {
  std::scoped_lock lock(output_lock);
  output = std::move(wanted);
  system_wide_mask = level_mask;
  for (auto& mask : component_masks) mask = 0;
}

void debug_line(std::string_view text) {
  show({}, text);
}

Ulong NTAPI vDbgPrintExWithPrefix(const char* prefix, Ulong component, Ulong level, const char* format,
                                  __builtin_ms_va_list arguments) {
  return print(__builtin_return_address(0), prefix, component, level, format, arguments);
}

Ulong NTAPI vDbgPrintEx(Ulong component, Ulong level, const char* format, __builtin_ms_va_list arguments) {
  return print(__builtin_return_address(0), "", component, level, format, arguments);
}

Ulong NTAPI DbgPrintEx(Ulong component, Ulong level, const char* format, ...) {
  __builtin_ms_va_list arguments;
  __builtin_ms_va_start(arguments, format);
  const Ulong status = print(__builtin_return_address(0), "", component, level, format, arguments);
  __builtin_ms_va_end(arguments);
  return status;
}

Ulong NTAPI DbgPrint(const char* format, ...) {
  __builtin_ms_va_list arguments;
  __builtin_ms_va_start(arguments, format);
  const Ulong status = print(__builtin_return_address(0), "", kDefaultComponent, kInfoLevel, format, arguments);
  __builtin_ms_va_end(arguments);
  return status;
}

NtStatus NTAPI DbgSetDebugFilterState(Ulong component, Ulong level, Boolean state) {
  if (component >= kComponents) return kStatusInvalidParameter1;
  if (state)
    component_masks[component].fetch_or(mask_of_level(level));
  else
    component_masks[component].fetch_and(~mask_of_level(level));
  return kStatusSuccess;
}

NtStatus NTAPI DbgQueryDebugFilterState(Ulong component, Ulong level) {
  return component >= kComponents ? kStatusInvalidParameter1 : NtStatus{shown(component, level)};
}

std::span<const Export> dbg_exports() {
  static const Export table[] = {
      NT_EXPORT(DbgPrint),
      NT_EXPORT(DbgPrintEx),
      NT_EXPORT(vDbgPrintEx),
      NT_EXPORT(vDbgPrintExWithPrefix),
      NT_EXPORT(DbgSetDebugFilterState),
      NT_EXPORT(DbgQueryDebugFilterState),
  };
  return table;
}

}  // namespace wdscope::host
