// SPDX-License-Identifier: MIT
// SIDs of the services that process notification looks for in tokens. A service's SID is S-1-5-80 and the five words of
// the SHA-1 of its name in upper case, UTF-16. Computed so; those of WinDefend and TrustedInstaller agree with the
// documented ones. Which service each of WdFilter's other SIDs stands for is assumed.
#pragma once

#include <array>
#include <cstdint>

namespace wdscope::defender {

using ServiceSidWords = std::array<std::uint32_t, 5>;

inline constexpr ServiceSidWords kWinDefendSid = {0x720855BF, 0xD028E03B, 0xF84B7989, 0x7C6E8991, 0xF4EC2540};
inline constexpr ServiceSidWords kWdNisSvcSid = {0xDAAD9CD1, 0x9325BEF4, 0xF375CF76, 0xB48E3FFD, 0x19A8D2EC};
inline constexpr ServiceSidWords kMdDlpSvcSid = {0x61FAEA8C, 0x861FA90A, 0xF03AC286, 0x6993BF88, 0x65F931C8};
inline constexpr ServiceSidWords kTrustedInstallerSid = {0x38FB89B5, 0xCBC28419, 0x6D236C5C, 0x6E770057, 0x876402C0};
inline constexpr ServiceSidWords kMdCoreSvcSid = {0x01D22C9C, 0x78FB894A, 0xDB5DBE9B, 0x8B49A673, 0x1F348C88};
inline constexpr ServiceSidWords kCryptSvcSid = {0x0E77C298, 0x10B9BF0A, 0x84440F57, 0xBDFC00A4, 0x84AD33A3};

}  // namespace wdscope::defender
