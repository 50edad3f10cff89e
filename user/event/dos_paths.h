// SPDX-License-Identifier: MIT
// DOS paths (C:\Windows\x.exe) for NT paths (\Device\HarddiskVolume3\Windows\x.exe), by the drive letters of the
// machine that the NT paths are of. What a volume without a letter holds has no DOS path.
//
// \Device\Mup\server\share\x is \\server\share\x; assumed: the components between that begin with ';' name the
// redirector and the drive and go away. \SystemRoot\ is Windows' folder; \??\ goes away before a drive, and \??\UNC\ is
// \\. Letters of either case are the same, as for NT.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "event/text.h"

namespace wdscope {

struct DosNames {
  struct Drive {
    std::string name;    // "C:"
    std::string device;  // "\Device\HarddiskVolume3"; a drive that is a folder of another one has none, and no meaning
  };
  std::vector<Drive> drives;   // the first one that fits is taken
  std::string windows_folder;  // "C:\Windows"; empty: not known
};

// A DOS path: `head` in place of the first `replaced` characters of the NT path.
struct DosForm {
  std::string head;
  std::size_t replaced = 0;
};

struct DosAnswer {
  std::optional<DosForm> form;
  bool unknown_device = false;  // it is on a device that is no drive's
};
DosAnswer find_dos_form(const DosNames& names, std::string_view nt_path);

class DosPaths {
 public:
  using Clock = std::chrono::steady_clock;
  // Drives come and go: a path on a device that is no drive's has them read again, this long after the last time.
  static constexpr std::chrono::seconds kPatience{1};

  explicit DosPaths(DosNames names) : names_(std::move(names)) {}
  explicit DosPaths(std::function<DosNames()> read, std::function<Clock::time_point()> now = Clock::now);

  // Any thread.
  DosNames names() const;
  std::optional<DosForm> form(std::string_view nt_path) const;
  // The same of a record's text. Devices whose names are not ASCII are not found.
  std::optional<DosForm> form(Utf16Bytes nt_path) const;

 private:
  std::function<DosNames()> read_;  // empty: the names stay
  std::function<Clock::time_point()> now_;
  mutable std::mutex mutex_;
  mutable DosNames names_;
  mutable Clock::time_point read_at_;
};

// Absent where `origin` has no DOS names or the image none by them.
std::optional<std::string> dos_path(const Origin& origin, std::string_view image);
// For eyes: the DOS path, else the image as it is.
std::string shown_image(const Origin& origin, const std::string& image);

}  // namespace wdscope
