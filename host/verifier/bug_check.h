// SPDX-License-Identifier: MIT
// The one way a broken rule ends: a report with the driver's own symbols, then the process stops, as Windows would.
#pragma once

#include <string>

#include "host/machine.h"
#include "host/nt/base.h"

namespace wdscope::host {

// Codes the host raises, by their Windows names.
inline constexpr Ulong kApcIndexMismatch = 0x01;
inline constexpr Ulong kIrqlNotLessOrEqual = 0x0A;
inline constexpr Ulong kKmodeExceptionNotHandled = 0x1E;
inline constexpr Ulong kMultipleIrpCompleteRequests = 0x44;
inline constexpr Ulong kPageFaultInNonpagedArea = 0x50;
inline constexpr Ulong kBadPoolCaller = 0xC2;
inline constexpr Ulong kDriverVerifierDetectedViolation = 0xC4;
inline constexpr Ulong kDriverUnloadedWithoutCancellingPendingOperations = 0xCE;
inline constexpr Ulong kDriverIrqlNotLessOrEqual = 0xD1;
inline constexpr Ulong kResourceNotOwned = 0xE3;
inline constexpr Ulong kKernelSecurityCheckFailure = 0x139;

struct BugCheckParameters {
  std::uint64_t p1 = 0, p2 = 0, p3 = 0, p4 = 0;
};

// Reports and does not return. `explanation` says which rule, which routine, which values.
[[noreturn]] void bug_check(Ulong code, BugCheckParameters parameters, std::string explanation);

// The same, for a stack that was captured elsewhere (a fault's, innermost first).
[[noreturn]] void bug_check_at(Ulong code, BugCheckParameters parameters, std::string explanation,
                               const std::vector<void*>& stack, std::optional<Fault> fault = std::nullopt);

inline constexpr int kAbortExitCode = 134;

// Installed by Machine::boot. Null: report to stderr only. Then the process ends with `exit_code`.
void set_bug_check_handler(std::function<void(const BugCheck&)> handler, int exit_code = kAbortExitCode);

}  // namespace wdscope::host
