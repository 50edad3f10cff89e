// SPDX-License-Identifier: MIT
#include "cli/test_surroundings.h"

#include <cstdlib>
#include <ctime>

namespace wdscope::cli {

void set_variable(const char* name, const char* value) {
  if (value == nullptr) {
    unsetenv(name);
  } else {
    setenv(name, value, 1);
  }
}

bool use_utc() {
  setenv("TZ", "UTC", 1);
  tzset();
  return true;
}

}  // namespace wdscope::cli
