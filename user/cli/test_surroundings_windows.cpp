// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <windows.h>

#include "cli/test_surroundings.h"

namespace wdscope::cli {

void set_variable(const char* name, const char* value) {
  _putenv_s(name, value == nullptr ? "" : value);  // an empty one is none
}

bool use_utc() {
  TIME_ZONE_INFORMATION zone = {};
  return GetTimeZoneInformation(&zone) == TIME_ZONE_ID_UNKNOWN && zone.Bias == 0;
}

}  // namespace wdscope::cli
