// SPDX-License-Identifier: MIT
// Where the bytes of our drivers come from: this program itself, or a folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/result.h"

namespace wdscope {

enum class Driver : std::uint8_t { Notifier, Observer, NetworkInspection };

std::string_view driver_file_name(Driver driver);  // "wdnotifier.sys", "wdscope.sys", "wdnis.sys"
std::string_view driver_service_name(Driver driver);

// The bytes of a driver file. InputUnreadable, with this advice; InputDamaged if it is empty.
Result<std::vector<std::byte>> read_driver_file(const std::filesystem::path& path, std::string advice);

class DriverImage {
 public:
  // `folder` empty: the embedded one. InputUnreadable if the file cannot be read.
  static Result<DriverImage> open(Driver driver, const std::filesystem::path& folder);
  std::span<const std::byte> bytes() const { return file_.empty() ? embedded_ : std::span<const std::byte>(file_); }

 private:
  std::span<const std::byte> embedded_;
  std::vector<std::byte> file_;
};

}  // namespace wdscope
