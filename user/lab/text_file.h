// SPDX-License-Identifier: MIT
// A file that is read whole: policies and scenarios.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "event/result.h"

namespace wdscope {

// All bytes of the file. InputUnreadable, with errno: "cannot read the KIND FILE".
Result<std::string> read_text_file(const std::filesystem::path& file, std::string_view kind);

}  // namespace wdscope
