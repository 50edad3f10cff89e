// SPDX-License-Identifier: MIT
#include "cli/driver_service.h"

#include <fmt/format.h>
#include <windows.h>

#include <utility>
#include <vector>

#include "event/windows_text.h"

namespace wdscope::cli {
namespace {

constexpr DWORD kInvalidImageHash = 577;  // ERROR_INVALID_IMAGE_HASH, which mingw's headers lack
constexpr int kPolls = 150;
constexpr DWORD kPollMs = 200;  // a driver that stops waits for its readers: 30 seconds in all

class Service {
 public:
  explicit Service(SC_HANDLE handle = nullptr) : handle_(handle) {}
  ~Service() {
    if (handle_ != nullptr) CloseServiceHandle(handle_);
  }
  Service(Service&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Service& operator=(Service&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  SC_HANDLE get() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr; }

 private:
  SC_HANDLE handle_;
};

tl::unexpected<Error> refused(std::string_view doing, const wchar_t* service, DWORD error) {
  const std::string what = fmt::format("cannot {} the driver '{}': {}", doing, to_utf8(service), system_words(error));
  switch (error) {
    case ERROR_ACCESS_DENIED:
      return failure(ErrorCode::NotPermitted, what,
                     "drivers are an administrator's matter: start the console by 'Run as administrator'");
    case ERROR_SERVICE_MARKED_FOR_DELETE:
      return failure(ErrorCode::SourceUnavailable, what,
                     "it goes when the last program that holds it open ends: close services.msc, Task Manager and what "
                     "else shows services, or restart Windows");
    case ERROR_SERVICE_DOES_NOT_EXIST:
      return failure(ErrorCode::SourceUnavailable, what, "'wdscope driver install' comes first");
    case kInvalidImageHash:
    case ERROR_DRIVER_BLOCKED:
      return failure(
          ErrorCode::SourceUnavailable, what,
          "Windows does not accept the file's signature: a test-signed driver needs test-signing mode, which "
          "'wdscope doctor' tells how to switch on");
    case ERROR_BAD_EXE_FORMAT:
    case ERROR_EXE_MACHINE_TYPE_MISMATCH:
      return failure(ErrorCode::InputDamaged, what, "the file is no driver for this machine: wdscope is for x64 only");
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
      return failure(
          ErrorCode::SourceUnavailable, what,
          "the driver's file is not where the service says: 'wdscope driver install' from the folder that it "
          "is in now");
    case ERROR_PROC_NOT_FOUND:
      return failure(ErrorCode::Incompatible, what,
                     "the driver asks for a routine that this Windows has not: it needs Windows 10 1903 or later");
    case ERROR_NOT_FOUND:
      return failure(
          ErrorCode::SourceUnavailable, what,
          "no notifier offers its callback object: Microsoft Defender's WdFilter must run, or wdnotifier on a "
          "machine without Defender ('wdscope driver start --notifier')");
    case ERROR_DEPENDENT_SERVICES_RUNNING:
    case ERROR_BUSY:
    case ERROR_SERVICE_CANNOT_ACCEPT_CTRL:
      return failure(ErrorCode::SourceUnavailable, what, "it is in use: end what reads from it and try again");
    default:
      return failure(ErrorCode::SourceUnavailable, what, "'wdscope doctor' looks for what is in the way");
  }
}

Result<Service> open_manager(DWORD access, std::string_view doing, const wchar_t* service) {
  Service manager(OpenSCManagerW(nullptr, nullptr, access));
  if (!manager) return refused(doing, service, GetLastError());
  return manager;
}

Result<Service> open_service(DWORD access, std::string_view doing, const wchar_t* name) {
  const auto manager = open_manager(SC_MANAGER_CONNECT, doing, name);
  if (!manager) return tl::unexpected(manager.error());
  Service service(OpenServiceW(manager->get(), name, access));
  if (!service) return refused(doing, name, GetLastError());
  return service;
}

bool exists(const wchar_t* name) {
  const Service manager(OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT));
  return manager && Service(OpenServiceW(manager.get(), name, SERVICE_QUERY_STATUS));
}

Result<DriverState> state_of(const Service& service, std::string_view doing, const wchar_t* name) {
  SERVICE_STATUS status = {};
  if (QueryServiceStatus(service.get(), &status) == 0) {
    const DWORD error = GetLastError();
    if (error == ERROR_SERVICE_MARKED_FOR_DELETE) return DriverState::MarkedForDeletion;
    return refused(doing, name, error);
  }
  switch (status.dwCurrentState) {
    case SERVICE_STOPPED:
      return DriverState::Stopped;
    case SERVICE_RUNNING:
      return DriverState::Running;
    default:
      return DriverState::Changing;
  }
}

// Until it is `wanted`, or the time is over: then what it is.
Result<DriverState> wait_for(const Service& service, DriverState wanted, std::string_view doing, const wchar_t* name) {
  auto state = state_of(service, doing, name);
  for (int poll = 0; poll < kPolls && state && *state != wanted; ++poll) {
    Sleep(kPollMs);
    state = state_of(service, doing, name);
  }
  return state;
}

Result<void> give_image(const Service& service, const std::wstring& image, const wchar_t* name) {
  DWORD needed = 0;
  QueryServiceConfigW(service.get(), nullptr, 0, &needed);
  std::vector<std::byte> bytes(needed);
  auto* const config = reinterpret_cast<QUERY_SERVICE_CONFIGW*>(bytes.data());
  if (QueryServiceConfigW(service.get(), config, needed, &needed) == 0) return refused("install", name, GetLastError());
  if ((config->dwServiceType & SERVICE_KERNEL_DRIVER) == 0) {
    return failure(ErrorCode::SourceUnavailable,
                   fmt::format("there is a service '{}' already, and it is no driver", to_utf8(name)),
                   "it is not wdscope's: rename it or remove it");
  }
  if (ChangeServiceConfigW(service.get(), SERVICE_KERNEL_DRIVER, SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL,
                           image.c_str(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr) == 0) {
    return refused("install", name, GetLastError());
  }
  return {};
}

}  // namespace

Result<DriverState> driver_state(const wchar_t* name) {
  const auto manager = open_manager(SC_MANAGER_CONNECT, "ask for", name);
  if (!manager) return tl::unexpected(manager.error());
  const Service service(OpenServiceW(manager->get(), name, SERVICE_QUERY_STATUS));
  if (service) return state_of(service, "ask for", name);
  const DWORD error = GetLastError();
  if (error == ERROR_SERVICE_DOES_NOT_EXIST) return DriverState::Absent;
  return refused("ask for", name, error);
}

bool driver_is_running(const wchar_t* name) {
  const auto state = driver_state(name);
  return state && *state == DriverState::Running;
}

Result<void> install_driver(const wchar_t* name, const std::filesystem::path& image) {
  // As the I/O manager wants it: an NT path.
  const std::wstring path = L"\\??\\" + image.wstring();
  const auto manager = open_manager(SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE, "install", name);
  if (!manager) return tl::unexpected(manager.error());
  const Service made(CreateServiceW(manager->get(), name, name, SERVICE_QUERY_STATUS, SERVICE_KERNEL_DRIVER,
                                    SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, path.c_str(), kDriverGroup, nullptr,
                                    nullptr, nullptr, nullptr));
  if (made) return {};
  if (const DWORD error = GetLastError(); error != ERROR_SERVICE_EXISTS) return refused("install", name, error);
  auto service = open_service(SERVICE_QUERY_CONFIG | SERVICE_CHANGE_CONFIG, "install", name);
  if (!service) return tl::unexpected(service.error());
  return give_image(*service, path, name);
}

Result<void> start_driver(const wchar_t* name) {
  const auto service = open_service(SERVICE_START | SERVICE_QUERY_STATUS, "start", name);
  if (!service) return tl::unexpected(service.error());
  if (StartServiceW(service->get(), 0, nullptr) == 0) {
    const DWORD error = GetLastError();
    if (error != ERROR_SERVICE_ALREADY_RUNNING) return refused("start", name, error);
  }
  const auto state = wait_for(*service, DriverState::Running, "start", name);
  if (!state) return tl::unexpected(state.error());
  if (*state == DriverState::Running) return {};
  return refused("start", name, ERROR_SERVICE_REQUEST_TIMEOUT);
}

Result<void> stop_driver(const wchar_t* name) {
  if (!exists(name)) return {};
  const auto service = open_service(SERVICE_STOP | SERVICE_QUERY_STATUS, "stop", name);
  if (!service) return tl::unexpected(service.error());
  SERVICE_STATUS status = {};
  if (ControlService(service->get(), SERVICE_CONTROL_STOP, &status) == 0) {
    const DWORD error = GetLastError();
    if (error != ERROR_SERVICE_NOT_ACTIVE) return refused("stop", name, error);
  }
  const auto state = wait_for(*service, DriverState::Stopped, "stop", name);
  if (!state) return tl::unexpected(state.error());
  if (*state == DriverState::Stopped) return {};
  return refused("stop", name, ERROR_BUSY);
}

Result<void> uninstall_driver(const wchar_t* name) {
  if (!exists(name)) return {};
  if (auto stopped = stop_driver(name); !stopped) return stopped;
  {
    const auto service = open_service(DELETE, "uninstall", name);
    if (!service) return tl::unexpected(service.error());
    if (DeleteService(service->get()) == 0) return refused("uninstall", name, GetLastError());
  }
  for (int poll = 0; poll < kPolls; ++poll) {
    if (!exists(name)) return {};
    Sleep(kPollMs);
  }
  return refused("uninstall", name, ERROR_SERVICE_MARKED_FOR_DELETE);
}

}  // namespace wdscope::cli
