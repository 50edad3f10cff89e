// SPDX-License-Identifier: MIT
#include "cli/lab_watch.h"

#include "cli/lab_options.h"

namespace wdscope::cli {

Result<LabWatch> open_lab(const Arguments& arguments) {
  auto lab = Lab::start(lab_options(arguments));
  if (!lab) return tl::unexpected(lab.error());
  auto device = (*lab)->open_device();
  if (!device) return tl::unexpected(device.error());
  auto source = DeviceSource::open(std::move(*device), (*lab)->origin());
  if (!source) return tl::unexpected(source.error());
  return LabWatch{std::move(*lab), std::move(*source)};
}

}  // namespace wdscope::cli
