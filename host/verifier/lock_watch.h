// SPDX-License-Identifier: MIT
// Which locks were taken, and how often: for a report on a driver. Off unless somebody wants that report; then every
// acquisition passes through one mutex of the host's own.
#pragma once

#include <atomic>
#include <vector>

#include "host/machine.h"
#include "host/verifier/lock_order.h"

namespace wdscope::host {

struct LoadedDriver;

enum class LockWatch : std::uint8_t { Off, On };
void watch_locks(LockWatch watch);  // Off forgets what was seen

void note_lock_taken(const void* lock, LockKind kind);

// Locks seen in the driver's image, in its pool and in the extensions of its devices, in order of address.
std::vector<DriverHoldings::Lock> locks_taken_of(const LoadedDriver& driver);

}  // namespace wdscope::host
