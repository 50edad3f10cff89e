// SPDX-License-Identifier: MIT
#include "lab/profile.h"

#include <string>

namespace wdscope {

Result<Profile> parse_profile(std::string_view text) {
  for (const Profile profile : kProfiles)
    if (text == profile_name(profile)) return profile;
  return failure(ErrorCode::Usage, "unknown profile '" + std::string(text) + "'", "choose 1910, 20h1, 25080 or a5");
}

std::string_view profile_name(Profile profile) {
  switch (profile) {
    case Profile::Wd1910:
      return "1910";
    case Profile::Wd20H1:
      return "20h1";
    case Profile::Wd25080:
      return "25080";
    case Profile::WdA5:
      break;
  }
  return "a5";
}

}  // namespace wdscope
