// SPDX-License-Identifier: MIT
// driver ..., doctor: of Windows, where they are verb_driver_windows.cpp.
#include "cli/verbs.h"

namespace wdscope::cli {
namespace {

tl::unexpected<Error> needs_windows(const char* what) {
  return failure(ErrorCode::SourceUnavailable,
                 std::string(what) + " needs Windows: it asks Windows' service control manager",
                 "here 'watch', 'run' and 'lab load' bring their own machine with both drivers in it");
}

}  // namespace

Result<int> driver_install(const Arguments&) {
  return needs_windows("'driver install'");
}

Result<int> driver_start(const Arguments&) {
  return needs_windows("'driver start'");
}

Result<int> driver_stop(const Arguments&) {
  return needs_windows("'driver stop'");
}

Result<int> driver_uninstall(const Arguments&) {
  return needs_windows("'driver uninstall'");
}

Result<int> driver_status(const Arguments&) {
  return needs_windows("'driver status'");
}

Result<int> doctor(const Arguments&) {
  return needs_windows("'doctor'");
}

}  // namespace wdscope::cli
