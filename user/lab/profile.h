// SPDX-License-Identifier: MIT
// The generations of WdFilter's notifier that the lab can play.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "event/result.h"

namespace wdscope {

// Wd20H1, the preview before 1910: its context's size and last member are published; all else is assumed to be 1910's.
enum class Profile : std::uint8_t { Wd1910, Wd20H1, Wd25080, WdA5 };
inline constexpr std::array kProfiles = {Profile::Wd1910, Profile::Wd20H1, Profile::Wd25080, Profile::WdA5};

// The generation of 2019.
constexpr bool is_2019(Profile profile) {
  return profile == Profile::Wd1910 || profile == Profile::Wd20H1;
}

// "1910" | "20h1" | "25080" | "a5"
Result<Profile> parse_profile(std::string_view text);
std::string_view profile_name(Profile profile);

}  // namespace wdscope
