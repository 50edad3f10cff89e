// SPDX-License-Identifier: MIT
#include "capture/machine_drives.h"

#include <windows.h>

#include <array>
#include <string>

#include "event/windows_text.h"

namespace wdscope {
namespace {

constexpr DWORD kLongestTarget = 2048;  // units

}  // namespace

DosNames read_machine_drives() {
  DosNames names;
  std::array<wchar_t, kLongestTarget> target{};
  for (wchar_t letter = L'A'; letter <= L'Z'; ++letter) {
    const std::wstring drive = {letter, L':'};
    // The current target comes first; older ones, which it hides, may follow.
    if (QueryDosDeviceW(drive.c_str(), target.data(), kLongestTarget) == 0) continue;
    names.drives.push_back({to_utf8(drive), to_utf8(target.data())});
  }
  const UINT units = GetSystemWindowsDirectoryW(target.data(), kLongestTarget);
  if (units != 0 && units < kLongestTarget) names.windows_folder = to_utf8({target.data(), units});
  return names;
}

}  // namespace wdscope
