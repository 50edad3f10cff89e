// SPDX-License-Identifier: MIT
#include "calibrate/layout_file.h"
#include "capture/observer_device.h"
#include "capture/raw_capture.h"
#include "cli/exit_code.h"
#include "cli/talk.h"
#include "cli/verbs.h"

namespace wdscope::cli {

Result<int> layouts_load(const Arguments& arguments) {
  const auto file = calibrate::load_layout_file(arguments.file);
  if (!file) return tl::unexpected(file.error());
  auto device = open_changeable_observer_device();
  if (!device) return tl::unexpected(device.error());
  if (auto loaded = load_layout(**device, file->layout); !loaded) return tl::unexpected(loaded.error());
  if (arguments.talk == Talk::Normal) say("the observer decodes by " + arguments.file + " until it is unloaded");
  return static_cast<int>(ExitCode::Done);
}

}  // namespace wdscope::cli
