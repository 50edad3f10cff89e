// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <windows.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>

#include "capture/input_file.h"
#include "capture/win32_error.h"
#include "cli/driver_service.h"
#include "cli/exit_code.h"
#include "cli/machine_checks.h"
#include "cli/service_failure.h"
#include "cli/talk.h"
#include "cli/verbs.h"
#include "event/windows_text.h"
#include "sink/output_file.h"

namespace wdscope::cli {
namespace {

using Verdict = MachineCheck::Verdict;

const wchar_t* service_of(const Arguments& arguments) {
  return arguments.driver == DriverChoice::Notifier ? kNotifierService : kObserverService;
}

std::string name_of(const wchar_t* service) {
  return to_utf8(service) + ".sys";
}

Result<int> done() {
  return static_cast<int>(ExitCode::Done);
}

Result<int> print(const std::string& text) {
  OutputFile output = OutputFile::borrow(1, "standard output");
  return output.write(std::as_bytes(std::span(text))).map([] { return static_cast<int>(ExitCode::Done); });
}

std::filesystem::path program_folder() {
  std::wstring path(32768, L'\0');
  path.resize(GetModuleFileNameW(nullptr, path.data(), static_cast<DWORD>(path.size())));
  return std::filesystem::path(path).parent_path();
}

// Windows would say no more than "not a valid Win32 application" of most of these.
Result<void> require_driver_file(const std::filesystem::path& path) {
  const auto not_driver = [&path](const char* what) {
    return failure(ErrorCode::InputDamaged, fmt::format("{} {}", path.string(), what),
                   "take the file from the package that this program came with");
  };
  auto file = InputFile::open(path);
  if (!file) return tl::unexpected(file.error());
  std::array<std::byte, 4096> bytes{};
  const auto size = file->read_at(0, bytes);
  if (!size) return tl::unexpected(size.error());
  IMAGE_DOS_HEADER dos = {};
  std::memcpy(&dos, bytes.data(), sizeof dos);
  IMAGE_NT_HEADERS64 headers = {};
  if (dos.e_magic != IMAGE_DOS_SIGNATURE || dos.e_lfanew < 0 ||
      static_cast<std::size_t>(dos.e_lfanew) > *size - std::min(*size, sizeof headers)) {
    return not_driver("is no program file");
  }
  std::memcpy(&headers, bytes.data() + dos.e_lfanew, sizeof headers);
  if (headers.Signature != IMAGE_NT_SIGNATURE) return not_driver("is no program file");
  if (headers.FileHeader.Machine != IMAGE_FILE_MACHINE_AMD64) return not_driver("is made for another processor");
  if (headers.OptionalHeader.Subsystem != IMAGE_SUBSYSTEM_NATIVE) return not_driver("is no driver");
  if (headers.OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_SECURITY].Size == 0) {
    say(fmt::format("{} is not signed: Windows will refuse it", path.string()));
  }
  return {};
}

// That a file is gone or of another machine Windows tells in many ways, and none of them names the file.
Result<void> require_file_of(const wchar_t* service) {
  const auto image = driver_image(service);
  if (!image) return tl::unexpected(image.error());
  if (image->empty()) return {};
  std::error_code error;
  if (!std::filesystem::exists(*image, error)) {
    return tl::unexpected(service_failure("start", to_utf8(service), win32_error::kFileNotFound,
                                          fmt::format("there is no {}", image->string())));
  }
  return require_driver_file(*image);
}

// Elevation is asked for before, and the notifier is for machines without Defender.
void say_what_is_in_the_way(const Arguments& arguments) {
  for (const MachineCheck& check : check_machine()) {
    if (check.verdict != Verdict::InTheWay || check.name == "elevation") continue;
    if (check.name == "Microsoft Defender" && arguments.driver == DriverChoice::Notifier) continue;
    say(fmt::format("{}: {}", check.name, check.finding));
    if (!check.advice.empty()) say("  " + check.advice);
  }
}

Result<void> refuse_beside_defender(const Arguments& arguments) {
  if (arguments.driver != DriverChoice::Notifier || !driver_is_running(L"WdFilter")) return {};
  return failure(ErrorCode::SourceUnavailable,
                 "Microsoft Defender's WdFilter runs on this machine, and wdnotifier is for machines without it",
                 "the observer alone shows what WdFilter announces: 'wdscope driver install'");
}

std::string state_words(DriverState state) {
  switch (state) {
    case DriverState::Absent:
      return "not installed";
    case DriverState::Stopped:
      return "installed, not started";
    case DriverState::Running:
      return "running";
    case DriverState::Changing:
      return "starting or stopping";
    case DriverState::MarkedForDeletion:
      break;
  }
  return "marked for deletion";
}

}  // namespace

Result<int> driver_install(const Arguments& arguments) {
  if (auto elevated = require_elevation(); !elevated) return tl::unexpected(elevated.error());
  if (auto alone = refuse_beside_defender(arguments); !alone) return tl::unexpected(alone.error());
  const wchar_t* const service = service_of(arguments);
  const std::filesystem::path folder =
      arguments.drivers.empty() ? program_folder() : std::filesystem::absolute(to_wide(arguments.drivers));
  const std::filesystem::path image = folder / name_of(service);
  if (auto whole = require_driver_file(image); !whole) return tl::unexpected(whole.error());
  say_what_is_in_the_way(arguments);
  if (auto installed = install_driver(service, image); !installed) return tl::unexpected(installed.error());
  say(fmt::format("installed {}; 'wdscope driver start{}' starts it", image.string(),
                  arguments.driver == DriverChoice::Notifier ? " --notifier" : ""));
  return done();
}

Result<int> driver_start(const Arguments& arguments) {
  if (auto elevated = require_elevation(); !elevated) return tl::unexpected(elevated.error());
  if (auto alone = refuse_beside_defender(arguments); !alone) return tl::unexpected(alone.error());
  if (auto whole = require_file_of(service_of(arguments)); !whole) return tl::unexpected(whole.error());
  if (!driver_is_running(service_of(arguments))) say_what_is_in_the_way(arguments);
  if (auto started = start_driver(service_of(arguments)); !started) return tl::unexpected(started.error());
  say(fmt::format("{} runs", name_of(service_of(arguments))));
  return done();
}

Result<int> driver_stop(const Arguments& arguments) {
  if (auto elevated = require_elevation(); !elevated) return tl::unexpected(elevated.error());
  if (auto stopped = stop_driver(service_of(arguments)); !stopped) return tl::unexpected(stopped.error());
  say(fmt::format("{} does not run", name_of(service_of(arguments))));
  return done();
}

Result<int> driver_uninstall(const Arguments& arguments) {
  if (auto elevated = require_elevation(); !elevated) return tl::unexpected(elevated.error());
  const bool both = arguments.driver != DriverChoice::Notifier;
  if (both) {
    if (auto gone = uninstall_driver(kObserverService); !gone) return tl::unexpected(gone.error());
  }
  if (auto gone = uninstall_driver(kNotifierService); !gone) return tl::unexpected(gone.error());
  say(both ? "neither driver is installed" : "wdnotifier.sys is not installed");
  return done();
}

Result<int> driver_status(const Arguments&) {
  std::string text;
  bool running = false;
  for (const wchar_t* service : {kObserverService, kNotifierService}) {
    const auto state = driver_state(service);
    if (!state) return tl::unexpected(state.error());
    text += fmt::format("{:<16}{}\n", name_of(service), state_words(*state));
    if (service == kObserverService) running = *state == DriverState::Running;
  }
  const auto printed = print(text);
  if (!printed) return printed;
  return static_cast<int>(running ? ExitCode::Done : ExitCode::No);
}

Result<int> doctor(const Arguments&) {
  std::string text;
  bool well = true;
  for (const MachineCheck& check : check_machine()) {
    const char* mark = check.verdict == Verdict::Fine ? "ok" : check.verdict == Verdict::Note ? "note" : "NO";
    text += fmt::format("{:<5} {:<19} {}\n", mark, check.name, check.finding);
    if (!check.advice.empty()) text += fmt::format("{:26}{}\n", "", check.advice);
    well = well && check.verdict != Verdict::InTheWay;
  }
  const auto printed = print(text);
  if (!printed) return printed;
  return static_cast<int>(well ? ExitCode::Done : ExitCode::No);
}

}  // namespace wdscope::cli
