// SPDX-License-Identifier: MIT
// A Windows service that records into a folder (sink/recording_folder.h): what `service install|uninstall|run` do. It
// depends on the observer's driver, which Windows starts before it. Of the Windows build alone.
#pragma once

#include "cli/arguments.h"
#include "event/result.h"

namespace wdscope::cli {

inline constexpr wchar_t kRecorderService[] = L"wdscope-recorder";

// Makes the service, which starts on demand, and its source of event-log messages; one that is there gets this folder
// and these limits. NotPermitted without elevation; SourceUnavailable when it is marked for deletion.
Result<void> install_recorder(const Arguments& arguments);
// Stops it first. Nothing of it stays in the registry; the recordings stay.
Result<void> uninstall_recorder();
// Until the service control manager says stop. Usage when it was not that which started this process.
Result<int> run_recorder(const Arguments& arguments);

}  // namespace wdscope::cli
