// SPDX-License-Identifier: MIT
#include "lab/host_access.h"

#include <fmt/format.h>

#include <utility>

#include "abi/defender/messages.h"
#include "abi/wire/engine.h"

namespace wdscope {
namespace {

// A driver that is no whole PE image or imports the unknown is a bad input file; all else is the machine's refusal.
ErrorCode code_of(host::NtStatus status) {
  return status == host::kStatusInvalidImageFormat || status == host::kStatusEntryPointNotFound
             ? ErrorCode::InputDamaged
             : ErrorCode::SourceUnavailable;
}

class HostChannel final : public DeviceChannel {
 public:
  explicit HostChannel(std::unique_ptr<host::DeviceFile> file) : file_(std::move(file)) {}

  Result<Reply> control(std::uint32_t code, std::span<const std::byte> input, std::span<std::byte> output) override {
    const auto done = file_->control(code, input, output);
    return Reply{done.status, done.information};
  }
  void cancel() override { file_->cancel(); }

 private:
  std::unique_ptr<host::DeviceFile> file_;
};

}  // namespace

tl::unexpected<Error> from_host(const std::string& doing, const host::HostError& error) {
  return failure(
      code_of(error.status),
      fmt::format("{}: {} (status {:#010x})", doing, error.message, static_cast<std::uint32_t>(error.status)), {},
      error.status);
}

std::unique_ptr<DeviceChannel> channel_of(std::unique_ptr<host::DeviceFile> file) {
  return std::make_unique<HostChannel>(std::move(file));
}

Result<host::LoadedDriver*> load_driver_of(host::Machine& machine, Driver driver, const std::filesystem::path& folder,
                                           std::map<std::string, host::RegistryValue> parameters) {
  const auto image = DriverImage::open(driver, folder);
  if (!image) return tl::unexpected(image.error());
  host::DriverOptions options;
  options.service_name = driver_service_name(driver);
  options.parameters = std::move(parameters);
  const auto loaded = machine.load(image->bytes(), std::move(options));
  if (loaded) return *loaded;
  const std::string place = folder.empty() ? "embedded " : "";
  const std::string name =
      folder.empty() ? std::string(driver_file_name(driver)) : (folder / driver_file_name(driver)).string();
  return from_host("cannot load the " + place + "driver " + name, loaded.error());
}

std::uint32_t profile_parameter(Profile profile) {
  switch (profile) {
    case Profile::Wd1910:
      return static_cast<std::uint32_t>(wire::NotifierProfile::Wd1910);
    case Profile::Wd20H1:
      return static_cast<std::uint32_t>(wire::NotifierProfile::Wd20H1);
    case Profile::Wd25080:
      return static_cast<std::uint32_t>(wire::NotifierProfile::Wd25080);
    case Profile::WdA5:
      break;
  }
  return static_cast<std::uint32_t>(wire::NotifierProfile::WdA5);
}

std::uint8_t message_version(Profile profile) {
  return is_2019(profile)              ? defender::kMessageVersion1910
         : profile == Profile::Wd25080 ? defender::kMessageVersion25080
                                       : defender::kMessageVersionA5;
}

}  // namespace wdscope
