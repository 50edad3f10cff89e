// SPDX-License-Identifier: MIT
#include "cli/machine_checks.h"

#include <fmt/format.h>
#include <windows.h>

#include <winternl.h>

#include <optional>

#include "cli/driver_service.h"

namespace wdscope::cli {
namespace {

using Verdict = MachineCheck::Verdict;

// Assumed: SYSTEM_CODEINTEGRITY_INFORMATION and its bits, as NtQuerySystemInformation's documentation has them.
constexpr auto kCodeIntegrityInformation = static_cast<SYSTEM_INFORMATION_CLASS>(103);
struct CodeIntegrity {
  ULONG size;
  ULONG options;
};
constexpr ULONG kTestSigning = 0x02;
constexpr ULONG kHypervisorProtected = 0x400;

constexpr ULONG kOldestBuild = 18362;  // Windows 10 1903

std::optional<ULONG> code_integrity_options() {
  CodeIntegrity integrity{sizeof integrity, 0};
  ULONG size = 0;
  if (NtQuerySystemInformation(kCodeIntegrityInformation, &integrity, sizeof integrity, &size) < 0) return std::nullopt;
  return integrity.options;
}

std::optional<DWORD> number_in_registry(const wchar_t* key, const wchar_t* name) {
  DWORD value = 0;
  DWORD size = sizeof value;
  if (RegGetValueW(HKEY_LOCAL_MACHINE, key, name, RRF_RT_REG_DWORD, nullptr, &value, &size) != ERROR_SUCCESS) {
    return std::nullopt;
  }
  return value;
}

MachineCheck check_version() {
  RTL_OSVERSIONINFOW version = {};
  version.dwOSVersionInfoSize = sizeof version;
  using GetVersion = LONG(WINAPI*)(RTL_OSVERSIONINFOW*);
  const auto get_version = reinterpret_cast<GetVersion>(
      reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"ntdll"), "RtlGetVersion")));
  if (get_version == nullptr || get_version(&version) < 0) {
    return {"Windows version", Verdict::Note, "Windows does not tell its version", ""};
  }
  const std::string found =
      fmt::format("Windows {}.{} build {}", version.dwMajorVersion, version.dwMinorVersion, version.dwBuildNumber);
  if (version.dwBuildNumber >= kOldestBuild) return {"Windows version", Verdict::Fine, found, ""};
  return {"Windows version", Verdict::InTheWay, found + " is older than Windows 10 1903",
          "use Windows 10 1903 (build 18362) or later"};
}

MachineCheck check_architecture() {
  SYSTEM_INFO info = {};
  GetNativeSystemInfo(&info);
  if (info.wProcessorArchitecture == PROCESSOR_ARCHITECTURE_AMD64) return {"architecture", Verdict::Fine, "x64", ""};
  return {"architecture", Verdict::InTheWay, "this machine's processor is none that the drivers are made for",
          "use an x64 machine; programs may be emulated on others, drivers are not"};
}

MachineCheck check_elevation() {
  if (is_elevated()) return {"elevation", Verdict::Fine, "this console is elevated", ""};
  return {"elevation", Verdict::InTheWay, "this console is not elevated",
          "start it by 'Run as administrator': drivers and the observer's device are for administrators only"};
}

MachineCheck check_test_signing(std::optional<ULONG> options) {
  if (!options) return {"test signing", Verdict::Note, "Windows does not tell whether test-signing mode is on", ""};
  if ((*options & kTestSigning) != 0) return {"test signing", Verdict::Fine, "test-signing mode is on", ""};
  return {"test signing", Verdict::InTheWay, "test-signing mode is off, and test-signed drivers do not load",
          "in an elevated console: bcdedit /set testsigning on, then restart Windows (on a machine for tests only); "
          "drivers signed by Microsoft's portal need no such mode"};
}

MachineCheck check_secure_boot(std::optional<ULONG> options) {
  const auto state =
      number_in_registry(L"SYSTEM\\CurrentControlSet\\Control\\SecureBoot\\State", L"UEFISecureBootEnabled");
  if (!state || *state == 0) return {"Secure Boot", Verdict::Fine, "off, or not known to this machine", ""};
  if (options && (*options & kTestSigning) != 0)
    return {"Secure Boot", Verdict::Fine, "on, with test-signing mode", ""};
  return {"Secure Boot", Verdict::InTheWay, "on: Windows refuses to switch test-signing mode on",
          "switch Secure Boot off in the firmware's settings (a virtual machine has a check box for it)"};
}

MachineCheck check_hvci(std::optional<ULONG> options) {
  if (!options || (*options & kHypervisorProtected) == 0) {
    return {"memory integrity", Verdict::Fine, "off (HVCI)", ""};
  }
  return {"memory integrity", Verdict::Note,
          "on (HVCI): the drivers are built for it, which nobody has yet seen on such a machine",
          "if a driver is refused though it is signed, try with Core isolation's Memory integrity off"};
}

MachineCheck check_defender() {
  if (driver_is_running(L"WdFilter")) {
    return {"Microsoft Defender", Verdict::Fine, "its driver WdFilter runs: the observer has whom to listen to",
            "leave wdnotifier alone: it is for machines without Defender"};
  }
  if (driver_is_running(kNotifierService)) {
    return {"Microsoft Defender", Verdict::Note, "WdFilter does not run; wdnotifier, its replica, does", ""};
  }
  return {"Microsoft Defender", Verdict::InTheWay, "its driver WdFilter does not run: there is nobody to listen to",
          "switch Defender on, or on a machine for tests install the replica: 'wdscope driver install --notifier' and "
          "'wdscope driver start --notifier'"};
}

MachineCheck check_driver(const std::string& name, const wchar_t* service) {
  const auto state = driver_state(service);
  if (!state) return {name, Verdict::Note, state.error().what, state.error().advice};
  switch (*state) {
    case DriverState::Running:
      return {name, Verdict::Fine, "running", ""};
    case DriverState::Stopped:
      return {name, Verdict::Note, "installed, not started", ""};
    case DriverState::Changing:
      return {name, Verdict::Note, "starting or stopping", ""};
    case DriverState::MarkedForDeletion:
      return {name, Verdict::InTheWay, "marked for deletion: it can be neither started nor installed",
              "close services.msc and what else shows services, or restart Windows"};
    case DriverState::Absent:
      break;
  }
  return {name, Verdict::Note, "not installed", ""};
}

}  // namespace

bool is_elevated() {
  HANDLE token = nullptr;
  if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) == 0) return false;
  TOKEN_ELEVATION elevation = {};
  DWORD size = 0;
  const BOOL known = GetTokenInformation(token, TokenElevation, &elevation, sizeof elevation, &size);
  CloseHandle(token);
  return known != 0 && elevation.TokenIsElevated != 0;
}

std::vector<MachineCheck> check_machine() {
  const auto options = code_integrity_options();
  return {check_version(),
          check_architecture(),
          check_elevation(),
          check_test_signing(options),
          check_secure_boot(options),
          check_hvci(options),
          check_defender(),
          check_driver("wdscope.sys", kObserverService),
          check_driver("wdnotifier.sys", kNotifierService)};
}

Result<void> require_elevation() {
  if (is_elevated()) return {};
  return failure(ErrorCode::NotPermitted, "this console is not elevated, and drivers are an administrator's matter",
                 "start it by 'Run as administrator'");
}

}  // namespace wdscope::cli
