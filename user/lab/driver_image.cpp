// SPDX-License-Identifier: MIT
#include "lab/driver_image.h"

#include <cerrno>
#include <cstring>
#include <fstream>

extern "C" {
extern const std::byte wdscope_notifier_begin[];
extern const std::byte wdscope_notifier_end[];
extern const std::byte wdscope_observer_begin[];
extern const std::byte wdscope_observer_end[];
extern const std::byte wdscope_nis_begin[];
extern const std::byte wdscope_nis_end[];
}

namespace wdscope {

namespace {

struct Shipped {
  std::string_view file_name;
  std::string_view service_name;
  std::span<const std::byte> embedded;
};

const Shipped& shipped(Driver driver) {
  static const Shipped kDrivers[] = {
      {"wdnotifier.sys", "wdnotifier", {wdscope_notifier_begin, wdscope_notifier_end}},
      {"wdscope.sys", "wdscope", {wdscope_observer_begin, wdscope_observer_end}},
      {"wdnis.sys", "wdnis", {wdscope_nis_begin, wdscope_nis_end}},
  };
  return kDrivers[static_cast<std::size_t>(driver)];
}

}  // namespace

std::string_view driver_file_name(Driver driver) {
  return shipped(driver).file_name;
}

std::string_view driver_service_name(Driver driver) {
  return shipped(driver).service_name;
}

Result<std::vector<std::byte>> read_driver_file(const std::filesystem::path& path, std::string advice) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) {
    return failure(ErrorCode::InputUnreadable, "cannot read the driver " + path.string() + ": " + error.message(),
                   std::move(advice), error.value());
  }
  if (size == 0) return failure(ErrorCode::InputDamaged, "the driver " + path.string() + " is empty");
  std::vector<std::byte> bytes(size);
  std::ifstream stream(path, std::ios::binary);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!stream) return failure(ErrorCode::InputUnreadable, "cannot read the driver " + path.string());
  return bytes;
}

Result<DriverImage> DriverImage::open(Driver driver, const std::filesystem::path& folder) {
  DriverImage image;
  if (folder.empty()) {
    image.embedded_ = shipped(driver).embedded;
    return image;
  }
  auto bytes =
      read_driver_file(folder / driver_file_name(driver), "the folder must hold wdnotifier.sys and wdscope.sys");
  if (!bytes) return tl::unexpected(bytes.error());
  image.file_ = std::move(*bytes);
  return image;
}

}  // namespace wdscope
