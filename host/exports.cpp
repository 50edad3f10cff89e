// SPDX-License-Identifier: MIT
#include "host/exports.h"

#include <unwind.h>

#include <fmt/format.h>

#include <array>
#include <set>
#include <unordered_map>

namespace wdscope::host {
namespace {

std::set<std::string, std::less<>> hidden;

const std::unordered_map<std::string_view, void*>& exports_by_name() {
  static const auto* const by_name = [] {
    auto* index = new std::unordered_map<std::string_view, void*>;
    for (const auto& table : all_exports()) {
      for (const Export& item : table) index->emplace(item.name, item.address);
    }
    return index;
  }();
  return *by_name;
}

}  // namespace

std::span<const std::span<const Export>> all_exports() {
  static const std::array<std::span<const Export>, 14> tables = {
      ke_exports(),  ex_exports(),  ex_callback_exports(), mm_exports(),       ob_exports(),
      ps_exports(),  io_exports(),  cm_exports(),          se_exports(),       rtl_exports(),
      flt_exports(), dbg_exports(), etw_exports(),         sanitizer_exports()};
  return tables;
}

std::vector<std::string> hide_exports(const std::vector<std::string>& names) {
  std::vector<std::string> unknown;
  for (const std::string& name : names) {
    if (!exports_by_name().contains(name)) unknown.push_back(name);
  }
  if (unknown.empty()) hidden = {names.begin(), names.end()};
  return unknown;
}

bool is_hidden_export(std::string_view name) {
  return hidden.contains(name);
}

void* find_nt_export(std::string_view name) {
  if (is_hidden_export(name)) return nullptr;
  const auto found = exports_by_name().find(name);
  return found == exports_by_name().end() ? nullptr : found->second;
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
