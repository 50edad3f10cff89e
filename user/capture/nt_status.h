// SPDX-License-Identifier: MIT
// The NTSTATUS values that the device answers with. Source: header ntstatus.h.
#pragma once

#include <cstdint>

namespace wdscope::nt_status {

inline constexpr std::int32_t kSuccess = 0;
inline constexpr auto kDeviceBusy = static_cast<std::int32_t>(0x80000011);
inline constexpr auto kInvalidDeviceRequest = static_cast<std::int32_t>(0xC0000010);
inline constexpr auto kAccessDenied = static_cast<std::int32_t>(0xC0000022);
inline constexpr auto kBufferTooSmall = static_cast<std::int32_t>(0xC0000023);
inline constexpr auto kCancelled = static_cast<std::int32_t>(0xC0000120);
inline constexpr auto kNotFound = static_cast<std::int32_t>(0xC0000225);

}  // namespace wdscope::nt_status
