// SPDX-License-Identifier: MIT
// The drivers as the service control manager knows them: what `driver install|start|stop|uninstall|status` do. Of the
// Windows build alone.
//
// Each step that is done already is done again without an error, and a step that fails leaves the machine as it was.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "event/result.h"

namespace wdscope::cli {

inline constexpr wchar_t kObserverService[] = L"wdscope";
inline constexpr wchar_t kNotifierService[] = L"wdnotifier";
// Their load-order group. Windows knows no such group, so it orders nothing there; Wine gives the drivers of one group
// one process, as all drivers have on Windows.
inline constexpr wchar_t kDriverGroup[] = L"wdscope";

enum class DriverState : std::uint8_t { Absent, Stopped, Running, Changing, MarkedForDeletion };

// SourceUnavailable when the service control manager does not answer.
Result<DriverState> driver_state(const wchar_t* service);
bool driver_is_running(const wchar_t* service);

// Makes a service of kernel-driver type that starts on demand from `image`; one that is there gets this image.
// NotPermitted without elevation; SourceUnavailable when it is marked for deletion or has another type.
Result<void> install_driver(const wchar_t* service, const std::filesystem::path& image);
// Makes a service that runs `command`, a quoted program with its arguments, on demand; Windows starts `needed` before
// it. One that is there gets this command. Errors as install_driver.
Result<void> install_program(const wchar_t* service, const std::wstring& command, const wchar_t* needed);
// Where the service says that its driver is: a DOS path, or empty for a path that has none. Errors as driver_state.
Result<std::filesystem::path> driver_image(const wchar_t* service);
// Waits until DriverEntry has returned. What it or Windows refuses is told in words: signature, architecture, no
// callback object.
Result<void> start_driver(const wchar_t* service);
// Waits until the driver has unloaded.
Result<void> stop_driver(const wchar_t* service);
// Of either kind. Stops it first. The service's key is gone when this returns, unless somebody else holds it open: then
// an error.
Result<void> uninstall_driver(const wchar_t* service);

}  // namespace wdscope::cli
