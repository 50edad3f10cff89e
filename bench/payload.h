// SPDX-License-Identifier: MIT
// What every measured path carries for one process: an image path and a command line of 100 characters each, and as
// many bytes of fixed fields as a wire record has behind its header.
#pragma once

#include <cstddef>
#include <string_view>

#include "abi/wire/record.h"

namespace wdscope::bench {

inline constexpr std::u16string_view kImage =
    u"\\Device\\HarddiskVolume1\\Program Files\\Contoso\\Collector\\bin\\x64\\release\\collector-agent-00000000.exe";
inline constexpr std::u16string_view kCommandLine =
    u"\"C:\\Program Files\\Contoso\\Collector\\collector-agent.exe\" --listen 127.0.0.1:4711 --site ny --verbose";
static_assert(kImage.size() == 100 && kCommandLine.size() == 100);

inline constexpr std::size_t kFixedSize = sizeof(wire::ProcessRecord) - sizeof(wire::RecordHeader);

}  // namespace wdscope::bench
