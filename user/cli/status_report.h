// SPDX-License-Identifier: MIT
// What an observer says of itself, and which build of the notifier it believes it sees: for eyes and for programs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "abi/wire/control.h"
#include "capture/device_source.h"
#include "cli/exit_code.h"
#include "cli/look.h"

namespace wdscope::cli {

struct ObserverStatus {
  Origin origin;
  wire::VersionReply version{};
  wire::Statistics statistics{};
  std::optional<wire::Evidence> evidence;  // absent: an observer of an earlier schema
};

// Asks the observer behind `source`. Errors as DeviceSource::statistics.
Result<ObserverStatus> ask_status(DeviceSource& source);

// The known build that the decision fits: "1910", "20h1", "25080", "a5"; "unknown" for another; "undecided" while there
// is no decision.
std::string_view build_of(const wire::Evidence& evidence);

// Done: a known build. No: another one. Source: undecided, or the observer cannot tell.
ExitCode exit_code_of(const ObserverStatus& status);

std::string status_text(const ObserverStatus& status, const TextStyle& style);
// One JSON object and a newline; docs/observer.md has the fields.
std::string status_json(const ObserverStatus& status);

}  // namespace wdscope::cli
