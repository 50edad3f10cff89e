// SPDX-License-Identifier: MIT
// service ...: on other systems in verb_driver.cpp.
#include "cli/exit_code.h"
#include "cli/machine_checks.h"
#include "cli/recorder_service.h"
#include "cli/talk.h"
#include "cli/verbs.h"

namespace wdscope::cli {

Result<int> service_install(const Arguments& arguments) {
  if (auto elevated = require_elevation(); !elevated) return tl::unexpected(elevated.error());
  if (auto installed = install_recorder(arguments); !installed) return tl::unexpected(installed.error());
  say("installed the service wdscope-recorder; 'sc start wdscope-recorder' starts it");
  return static_cast<int>(ExitCode::Done);
}

Result<int> service_uninstall(const Arguments&) {
  if (auto elevated = require_elevation(); !elevated) return tl::unexpected(elevated.error());
  if (auto gone = uninstall_recorder(); !gone) return tl::unexpected(gone.error());
  say("the service wdscope-recorder is not installed; its recordings are left where they are");
  return static_cast<int>(ExitCode::Done);
}

Result<int> service_run(const Arguments& arguments) {
  return run_recorder(arguments);
}

}  // namespace wdscope::cli
