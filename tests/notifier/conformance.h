// SPDX-License-Identifier: MIT
// The table of what is expected of the notifier: each row names its section of the collected research and the routine,
// and enters the table when the test that proves it has passed. At the end of a whole run docs/conformance.md must be
// that table; WDSCOPE_WRITE_CONFORMANCE=1 writes it anew.
#pragma once

#include <span>
#include <string_view>

#include "abi/wire/engine.h"

namespace wdscope::test {

// What the running test proves if it passes, in the profile that is its parameter: at its top, once for each row.
void conforms(std::string_view section, std::string_view routine, std::string_view expectation);
// The same for a test that goes through `profiles` itself.
void conforms(std::string_view section, std::string_view routine, std::string_view expectation,
              std::span<const wire::NotifierProfile> profiles);

// The verdict of a CONFORMANCE test (driver/notifier/conformance.h) that passed, as the kernel printed it. False for
// any other line.
bool take_conformance(std::string_view line);

}  // namespace wdscope::test
