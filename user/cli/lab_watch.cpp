// SPDX-License-Identifier: MIT
#include "cli/lab_watch.h"

#include "calibrate/layout_file.h"
#include "capture/raw_capture.h"
#include "cli/lab_options.h"

namespace wdscope::cli {

Result<LabWatch> open_lab(const Arguments& arguments) {
  auto lab = Lab::start(lab_options(arguments));
  if (!lab) return tl::unexpected(lab.error());
  if (!arguments.layout.empty()) {
    const auto file = calibrate::load_layout_file(arguments.layout);
    if (!file) return tl::unexpected(file.error());
    auto changing = (*lab)->open_device(DeviceAccess::Change);
    if (!changing) return tl::unexpected(changing.error());
    if (auto loaded = load_layout(**changing, file->layout); !loaded) return tl::unexpected(loaded.error());
  }
  auto device = (*lab)->open_device();
  if (!device) return tl::unexpected(device.error());
  auto source = DeviceSource::open(std::move(*device), (*lab)->origin());
  if (!source) return tl::unexpected(source.error());
  return LabWatch{std::move(*lab), std::move(*source)};
}

}  // namespace wdscope::cli
