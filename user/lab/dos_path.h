// SPDX-License-Identifier: MIT
// Windows paths as logs write them (DOS paths) and as the kernel names them (NT paths), in the lab.
//
// assumed: which volume a drive letter stands for is different on each machine. Here drive C: is
// \Device\HarddiskVolume3, where Windows 10 usually has it, and every other letter is its own volume by its place in
// the alphabet. \\server\share\x is \Device\Mup\server\share\x; \SystemRoot is C:\Windows; \??\ and \\?\ go away. What
// is neither, a name without a folder such as Registry or an NT path already, stays as it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wdscope {

// UTF-8 in; each byte that is none becomes U+FFFD.
std::u16string dos_to_nt_path(std::string_view dos_path);
void append_nt_path(std::u16string& out, std::string_view dos_path);

// The drive path of a path on a lettered volume.
std::optional<std::string> nt_to_dos_path(std::u16string_view nt_path);

}  // namespace wdscope
