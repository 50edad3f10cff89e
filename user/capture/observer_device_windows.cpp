// SPDX-License-Identifier: MIT
// The handle is overlapped, so that several control codes may be under way and cancel() reaches each of them. Win32
// tells errors and not NTSTATUS values: those that the device answers with are translated back, any other keeps its
// number in the facility that NTSTATUS has for Win32.
#include "capture/observer_device.h"

#include <fmt/format.h>
#include <windows.h>

#include <string>
#include <utility>

#include "abi/wire/control.h"
#include "capture/device_failure.h"
#include "capture/nt_status.h"
#include "capture/win32_error.h"
#include "event/windows_text.h"

namespace wdscope {
namespace {

static_assert(win32_error::kFileNotFound == ERROR_FILE_NOT_FOUND && win32_error::kPathNotFound == ERROR_PATH_NOT_FOUND);
static_assert(win32_error::kAccessDenied == ERROR_ACCESS_DENIED);

std::int32_t status_of(DWORD error) {
  static constexpr std::pair<DWORD, std::int32_t> kStatuses[] = {
      {ERROR_ACCESS_DENIED, nt_status::kAccessDenied},         {ERROR_BUSY, nt_status::kDeviceBusy},
      {ERROR_INSUFFICIENT_BUFFER, nt_status::kBufferTooSmall}, {ERROR_NOT_FOUND, nt_status::kNotFound},
      {ERROR_OPERATION_ABORTED, nt_status::kCancelled},
  };
  for (const auto& [win32, status] : kStatuses) {
    if (win32 == error) return status;
  }
  return static_cast<std::int32_t>(0xC0070000 | (error & 0xFFFF));
}

class Handle {
 public:
  explicit Handle(HANDLE handle) : handle_(handle) {}
  ~Handle() { CloseHandle(handle_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  HANDLE get() const { return handle_; }

 private:
  HANDLE handle_;
};

class ObserverDevice final : public DeviceChannel {
 public:
  explicit ObserverDevice(HANDLE device) : device_(device) {}

  Result<Reply> control(std::uint32_t code, std::span<const std::byte> input, std::span<std::byte> output) override {
    const HANDLE event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    if (event == nullptr) {
      return failure(ErrorCode::SourceUnavailable,
                     fmt::format("cannot ask the observer's device: {}", system_words(GetLastError())));
    }
    const Handle owned(event);
    OVERLAPPED request = {};
    request.hEvent = event;
    DWORD written = 0;
    // The Win32 call takes its input as what it may change, and does not.
    BOOL done =
        DeviceIoControl(device_.get(), code, const_cast<std::byte*>(input.data()), static_cast<DWORD>(input.size()),
                        output.data(), static_cast<DWORD>(output.size()), &written, &request);
    if (done == 0 && GetLastError() == ERROR_IO_PENDING) {
      done = GetOverlappedResult(device_.get(), &request, &written, TRUE);
    }
    if (done != 0) return Reply{nt_status::kSuccess, written};
    return Reply{status_of(GetLastError()), 0};
  }

  void cancel() override { CancelIoEx(device_.get(), nullptr); }

 private:
  Handle device_;
};

Result<std::unique_ptr<DeviceChannel>> open_device(DWORD access) {
  const HANDLE device = CreateFileW(to_wide(wire::kUserDeviceName).c_str(), access, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                    nullptr, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, nullptr);
  if (device != INVALID_HANDLE_VALUE) return std::make_unique<ObserverDevice>(device);
  const DWORD error = GetLastError();
  return tl::unexpected(device_failure(error, system_words(error)));
}

}  // namespace

Result<std::unique_ptr<DeviceChannel>> open_observer_device() {
  return open_device(GENERIC_READ);
}

Result<std::unique_ptr<DeviceChannel>> open_changeable_observer_device() {
  return open_device(GENERIC_READ | GENERIC_WRITE);
}

}  // namespace wdscope
