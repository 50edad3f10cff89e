// SPDX-License-Identifier: MIT
#include "cli/observed_machine.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "calibrate/layout_file.h"
#include "capture/raw_capture.h"
#include "cli/lab_options.h"

namespace wdscope::cli {
namespace {

// How many images are no path, because their process folder was out of reach.
std::size_t count_short_names(const ProcessPicture& picture) {
  const auto processes = picture.processes();
  return static_cast<std::size_t>(std::count_if(processes.begin(), processes.end(), [](const ProcessState* process) {
    const std::string& image = process->image.value;
    return process->image && image.find('\\') == std::string::npos && !image.starts_with('[');
  }));
}

}  // namespace

Result<ObservedMachine> open_machine(const Arguments& arguments) {
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
  return ObservedMachine{std::move(*lab), std::move(*source)};
}

std::vector<std::string> snapshot_words(const ProcessPicture& picture) {
  std::vector<std::string> words = {
      "a snapshot of what runs now; the lab's service judges only processes that start, so these are as untrusted as "
      "the notifier found them"};
  if (const std::size_t count = count_short_names(picture); count != 0 && geteuid() != 0) {
    words.push_back(fmt::format(
        "{} images are only short names: without root those of other users' processes cannot be read", count));
  }
  return words;
}

}  // namespace wdscope::cli
