// SPDX-License-Identifier: MIT
// How a Linux path appears as an NT path in the lab, and back.
//
// The root is one volume: /usr/bin/cc is \Device\HarddiskVolume1\usr\bin\cc. UTF-8 becomes UTF-16; each byte that is no
// UTF-8 becomes U+FFFD, so such a name does not come back. A backslash inside a Linux name is kept and comes back as a
// separator: the way back is for asking the file system, which then says what is there. A name that is no path (a
// kernel thread, a process whose image is unknown) has no volume and stands as it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wdscope {

inline constexpr std::u16string_view kLinuxVolume = u"\\Device\\HarddiskVolume1";

// An absolute path gets the volume; anything else is only converted to UTF-16.
std::u16string to_nt_path(std::string_view linux_path);

// Absent when the path is not on the lab's volume.
std::optional<std::string> to_linux_path(std::u16string_view nt_path);

// Appends `text` as UTF-16; each byte that is no UTF-8 as U+FFFD.
void append_utf16(std::u16string& out, std::string_view text);

// UTF-8; unpaired surrogates as U+FFFD.
void append_utf8(std::string& out, std::u16string_view text);
std::string to_utf8(std::u16string_view text);

}  // namespace wdscope
