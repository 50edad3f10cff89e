// SPDX-License-Identifier: MIT
// Control codes of the test device (CTL_CODE with FILE_DEVICE_UNKNOWN 0x22), for both sides.
#pragma once

#include <cstdint>

namespace test_device {

constexpr std::uint32_t code(std::uint32_t function, std::uint32_t method, std::uint32_t access) {
  return 0x22U << 16 | access << 14 | function << 2 | method;
}

inline constexpr std::uint32_t kEcho = code(0x800, 0, 0);           // buffered: the input comes back
inline constexpr std::uint32_t kFillDirect = code(0x801, 2, 1);     // out direct, read access: each byte = its index
inline constexpr std::uint32_t kSumDirect = code(0x802, 1, 2);      // in direct, write access: sum of the second buffer
inline constexpr std::uint32_t kNeither = code(0x803, 3, 0);        // copies from Type3InputBuffer to UserBuffer
inline constexpr std::uint32_t kWait = code(0x804, 0, 0);           // pends until released or cancelled
inline constexpr std::uint32_t kRelease = code(0x805, 0, 0);        // completes the oldest waiter with 4 bytes
inline constexpr std::uint32_t kOverflow = code(0x806, 0, 0);       // warning status with data
inline constexpr std::uint32_t kFailWithData = code(0x807, 0, 0);   // error status with Information
inline constexpr std::uint32_t kNullBuffer = code(0x808, 0, 0);     // SUCCESS only if there is no system buffer
inline constexpr std::uint32_t kLog = code(0x809, 0, 0);            // opens, cleanups, closes: three 32-bit counts
inline constexpr std::uint32_t kSetDefaultAcl = code(0x80A, 0, 0);  // SYSTEM and Administrators only
inline constexpr std::uint32_t kParameter = code(0x80B, 0, 0);      // the registry value "Answer"
inline constexpr std::uint32_t kWorkItem = code(0x80C, 0, 0);       // completed by a work item
inline constexpr std::uint32_t kProcesses = code(0x80D, 0, 0);      // creates, exits, last pid, last parent: 4 x 64 bit
inline constexpr std::uint32_t kWaiting = code(0x80E, 0, 0);        // how many requests wait: 32 bit

}  // namespace test_device
