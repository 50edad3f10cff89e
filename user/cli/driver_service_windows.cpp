// SPDX-License-Identifier: MIT
#include "cli/driver_service.h"

#include <fmt/format.h>
#include <windows.h>

#include <utility>
#include <vector>

#include "capture/machine_drives.h"
#include "capture/win32_error.h"
#include "cli/service_failure.h"
#include "event/windows_text.h"

namespace wdscope::cli {
namespace {

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

static_assert(win32_error::kProcedureNotFound == ERROR_PROC_NOT_FOUND && win32_error::kBusy == ERROR_BUSY);
static_assert(win32_error::kAlreadyExists == ERROR_ALREADY_EXISTS && win32_error::kNotFound == ERROR_NOT_FOUND);
static_assert(win32_error::kBadExeFormat == ERROR_BAD_EXE_FORMAT);
static_assert(win32_error::kMachineTypeMismatch == ERROR_EXE_MACHINE_TYPE_MISMATCH);
static_assert(win32_error::kDependentServicesRunning == ERROR_DEPENDENT_SERVICES_RUNNING);
static_assert(win32_error::kServiceRequestTimeout == ERROR_SERVICE_REQUEST_TIMEOUT);
static_assert(win32_error::kServiceDisabled == ERROR_SERVICE_DISABLED);
static_assert(win32_error::kServiceDoesNotExist == ERROR_SERVICE_DOES_NOT_EXIST);
static_assert(win32_error::kServiceCannotAcceptControl == ERROR_SERVICE_CANNOT_ACCEPT_CTRL);
static_assert(win32_error::kServiceMarkedForDelete == ERROR_SERVICE_MARKED_FOR_DELETE);
static_assert(win32_error::kDriverBlocked == ERROR_DRIVER_BLOCKED);

tl::unexpected<Error> refused(std::string_view doing, const wchar_t* service, DWORD error) {
  return tl::unexpected(service_failure(doing, to_utf8(service), error, system_words(error)));
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

// As CreateServiceW takes them.
struct Kind {
  DWORD type;
  const wchar_t* words;  // "driver"
  const wchar_t* group;
  const wchar_t* needed;  // one name and two terminators
};

struct Configuration {
  DWORD type;
  std::wstring image;
};

Result<Configuration> configuration_of(const Service& service, std::string_view doing, const wchar_t* name) {
  DWORD needed = 0;
  QueryServiceConfigW(service.get(), nullptr, 0, &needed);
  std::vector<std::byte> bytes(needed);
  auto* const config = reinterpret_cast<QUERY_SERVICE_CONFIGW*>(bytes.data());
  if (QueryServiceConfigW(service.get(), config, needed, &needed) == 0) return refused(doing, name, GetLastError());
  return Configuration{config->dwServiceType, config->lpBinaryPathName};
}

Result<void> give_image(const Service& service, const std::wstring& image, const Kind& kind, const wchar_t* name) {
  const auto configuration = configuration_of(service, "install", name);
  if (!configuration) return tl::unexpected(configuration.error());
  if ((configuration->type & kind.type) == 0) {
    return failure(ErrorCode::SourceUnavailable,
                   fmt::format("there is a service '{}' already, and it is no {}", to_utf8(name), to_utf8(kind.words)),
                   "it is not wdscope's: rename it or remove it");
  }
  if (ChangeServiceConfigW(service.get(), kind.type, SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, image.c_str(), nullptr,
                           nullptr, nullptr, nullptr, nullptr, nullptr) == 0) {
    return refused("install", name, GetLastError());
  }
  return {};
}

Result<void> install(const wchar_t* name, const std::wstring& image, const Kind& kind) {
  const auto manager = open_manager(SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE, "install", name);
  if (!manager) return tl::unexpected(manager.error());
  const Service made(CreateServiceW(manager->get(), name, name, SERVICE_QUERY_STATUS, kind.type, SERVICE_DEMAND_START,
                                    SERVICE_ERROR_NORMAL, image.c_str(), kind.group, nullptr, kind.needed, nullptr,
                                    nullptr));
  if (made) return {};
  if (const DWORD error = GetLastError(); error != ERROR_SERVICE_EXISTS) return refused("install", name, error);
  auto service = open_service(SERVICE_QUERY_CONFIG | SERVICE_CHANGE_CONFIG, "install", name);
  if (!service) return tl::unexpected(service.error());
  return give_image(*service, image, kind, name);
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
  return install(name, L"\\??\\" + image.wstring(), {SERVICE_KERNEL_DRIVER, L"driver", kDriverGroup, nullptr});
}

Result<void> install_program(const wchar_t* name, const std::wstring& command, const wchar_t* needed) {
  const std::wstring list = std::wstring(needed) + L'\0';
  return install(name, command, {SERVICE_WIN32_OWN_PROCESS, L"program", nullptr, list.c_str()});
}

Result<std::filesystem::path> driver_image(const wchar_t* name) {
  const auto service = open_service(SERVICE_QUERY_CONFIG, "ask for", name);
  if (!service) return tl::unexpected(service.error());
  const auto configuration = configuration_of(*service, "ask for", name);
  if (!configuration) return tl::unexpected(configuration.error());
  const std::string nt_path = to_utf8(configuration->image);
  const auto form = find_dos_form(read_machine_drives(), nt_path).form;
  return std::filesystem::path(form ? to_wide(form->head + nt_path.substr(form->replaced)) : std::wstring());
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
