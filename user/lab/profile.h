// SPDX-License-Identifier: MIT
// The generations of WdFilter's notifier that the lab can play.
#pragma once

#include <cstdint>
#include <string_view>

#include "event/result.h"

namespace wdscope {

enum class Profile : std::uint8_t { Wd1910, Wd25080, WdA5 };

// "1910" | "25080" | "a5"
Result<Profile> parse_profile(std::string_view text);
std::string_view profile_name(Profile profile);

}  // namespace wdscope
