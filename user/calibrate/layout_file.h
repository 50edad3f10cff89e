// SPDX-License-Identifier: MIT
// A layout as a file: TOML, for people to read, keep and hand on. docs/calibrate.md has every key. Read strictly: what
// is not understood is a fault and never ignored, and every rule of abi/wire/layout.h is checked where it is broken.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "abi/wire/layout.h"
#include "calibrate/inference.h"
#include "event/result.h"

namespace wdscope::calibrate {

struct LayoutFile {
  std::string build;   // which Defender; as its author writes it
  std::string source;  // how it was found
  wire::ContextLayout layout{};
};

// InputUnreadable; InputDamaged with file, line and column.
Result<LayoutFile> load_layout_file(const std::filesystem::path& path);
// `name` is how messages call the text.
Result<LayoutFile> parse_layout_file(std::string_view text, std::string_view name);

// What is certain as a layout file; what is not, as comments. Not usable findings are written too, as a file that says
// what is missing: it will be refused until somebody fills that in.
std::string write_layout_file(const Calibration& calibration, std::string_view build, std::string_view source);

}  // namespace wdscope::calibrate
