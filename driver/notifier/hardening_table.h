// SPDX-License-Identifier: MIT
// The table of images that are excluded from hardening, in the build's layout (abi/defender/exclusions.h): full paths
// below System32, and MpCmdRun's.
#pragma once

#include "abi/defender/exclusions.h"
#include "kit/nt.h"

namespace wdscope::notifier {

// PASSIVE_LEVEL. All of the table, or STATUS_INSUFFICIENT_RESOURCES and nothing.
[[nodiscard]] NTSTATUS make_hardening_table(defender::HARDENING_EXCLUSION_DATA** data);
void free_hardening_table(defender::HARDENING_EXCLUSION_DATA* data);

// One row of the registry parameter "HardeningTable": name=kinds, rows parted by commas; kinds: 0 to 7, bits 0, 1, 2
// for registry, file, object.
struct HardeningRow {
  UNICODE_STRING name;  // points into the text
  std::uint32_t kinds;
};

// Takes the first row off `rest`, which must not be empty. False for a malformed one; then *row is untouched.
[[nodiscard]] bool take_hardening_row(UNICODE_STRING* rest, HardeningRow* row);

}  // namespace wdscope::notifier
