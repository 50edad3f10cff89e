// SPDX-License-Identifier: MIT
// Which images the lab's service trusts, by where the file lies and who could have written it.
//
// A process is trusted when its image lies below one of `folders`, or is one of `images`; lies below none of `except`;
// and the file is what it should be: a regular file, owned by root (unless require_root_owner is off), not writable by
// group or others (unless require_protected is off). Everything else is not trusted, also what cannot be looked at.
//
// Links are not followed in `folders`, `images` and `except`: Linux names an image by its real path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wdscope {

// What the file system says of an image.
struct ImageFile {
  bool regular = false;
  std::uint32_t owner = 0;  // user id
  std::uint32_t mode = 0;   // permission bits
};

enum class Verdict : std::uint8_t { Trusted, NotTrusted };

struct TrustPolicy {
  std::vector<std::string> folders = {"/usr/bin", "/usr/sbin", "/usr/lib", "/usr/libexec", "/bin", "/sbin", "/lib"};
  std::vector<std::string> images;
  std::vector<std::string> except;
  // Of a played history, where only names are known: images below these are trusted, `except` likewise not. Drive
  // paths; case is ignored.
  std::vector<std::string> windows_folders = {"C:\\Windows\\System32", "C:\\Windows\\SysWOW64", "C:\\Windows\\WinSxS",
                                              "C:\\Program Files", "C:\\Program Files (x86)"};
  std::vector<std::string> windows_except;
  bool require_root_owner = true;
  bool require_protected = true;

  // `file`: absent when the image cannot be looked at.
  Verdict judge(std::string_view linux_path, const std::optional<ImageFile>& file) const;
  Verdict judge_windows(std::string_view dos_path) const;
};

}  // namespace wdscope
