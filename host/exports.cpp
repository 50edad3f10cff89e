// SPDX-License-Identifier: MIT
#include "host/exports.h"

#include <unwind.h>

#include <fmt/format.h>

#include <array>
#include <unordered_map>

namespace wdscope::host {

std::span<const std::span<const Export>> all_exports() {
  static const std::array<std::span<const Export>, 13> tables = {
      ke_exports(), ex_exports(), ex_callback_exports(), mm_exports(),  ob_exports(),  ps_exports(),       io_exports(),
      cm_exports(), se_exports(), rtl_exports(),         flt_exports(), dbg_exports(), sanitizer_exports()};
  return tables;
}

void* find_nt_export(std::string_view name) {
  static const auto* const by_name = [] {
    auto* index = new std::unordered_map<std::string_view, void*>;
    for (const auto& table : all_exports()) {
      for (const Export& item : table) index->emplace(item.name, item.address);
    }
    return index;
  }();
  const auto found = by_name->find(name);
  return found == by_name->end() ? nullptr : found->second;
}

std::string nt_routine_containing(const void* address) {
  void* const start = _Unwind_FindEnclosingFunction(const_cast<void*>(address));
  if (!start) return {};
  for (const auto& table : all_exports()) {
    for (const Export& item : table) {
      if (item.address != start) continue;
      const auto offset = static_cast<const char*>(address) - static_cast<const char*>(start);
      return offset ? fmt::format("nt!{}+0x{:X}", item.name, offset) : fmt::format("nt!{}", item.name);
    }
  }
  return {};
}

}  // namespace wdscope::host
