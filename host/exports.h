// SPDX-License-Identifier: MIT
// What the executive offers to drivers: one table for each NT prefix, each defined beside its routines.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/nt/base.h"

namespace wdscope::host {

std::span<const Export> ke_exports();  // events, waits, spin locks, IRQL, DPCs, timers, system threads
std::span<const Export> ex_exports();  // pool, lookaside, ERESOURCE, fast mutex, push lock, rundown, interlocked lists
std::span<const Export> ex_callback_exports();
std::span<const Export> mm_exports();
std::span<const Export> ob_exports();
std::span<const Export> ps_exports();  // processes, notify routines, system threads
std::span<const Export> io_exports();  // devices, IRPs, cancel-safe queues
std::span<const Export> cm_exports();  // registry
std::span<const Export> se_exports();
std::span<const Export> rtl_exports();
std::span<const Export> flt_exports();
std::span<const Export> dbg_exports();
std::span<const Export> etw_exports();
std::span<const Export> sanitizer_exports();  // __asan_*, __tsan_*: only in sanitised builds

// All of the above: what an image's imports are bound to.
std::span<const std::span<const Export>> all_exports();

// Hides these names from drivers, instead of those hidden before; none: all are there. Gives the names that the host
// never had; then nothing is changed. Only while no driver is loaded.
std::vector<std::string> hide_exports(const std::vector<std::string>& names);
bool is_hidden_export(std::string_view name);

// The address of an exported routine or variable; null if the host has none of that name, or hides it.
void* find_nt_export(std::string_view name);
// "nt!KeSetEvent+0x12" if `address` is inside the code of an exported routine, else empty.
std::string nt_routine_containing(const void* address);

}  // namespace wdscope::host
