// SPDX-License-Identifier: MIT
// What the executive offers to drivers: one table for each NT prefix, each defined beside its routines.
#pragma once

#include <span>

#include "host/nt/base.h"

namespace wdscope::host {

std::span<const Export> ke_exports();   // events, waits, spin locks, IRQL, DPCs, timers, system threads
std::span<const Export> ex_exports();   // pool, lookaside, ERESOURCE, fast mutex, push lock, rundown, interlocked lists
std::span<const Export> ex_callback_exports();
std::span<const Export> mm_exports();
std::span<const Export> ob_exports();
std::span<const Export> ps_exports();   // processes, notify routines, system threads
std::span<const Export> io_exports();   // devices, IRPs, cancel-safe queues
std::span<const Export> cm_exports();   // registry
std::span<const Export> se_exports();
std::span<const Export> rtl_exports();
std::span<const Export> flt_exports();
std::span<const Export> dbg_exports();
std::span<const Export> sanitizer_exports();  // __asan_*, __tsan_*: only in sanitised builds

}  // namespace wdscope::host
