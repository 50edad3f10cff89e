// SPDX-License-Identifier: MIT
// The Win32 errors that wdscope has words for. Source: header winerror.h; kInvalidImageHash, kPolicyViolation
// and kNoSuchDevice, which mingw's lacks, documented (system error codes).
#pragma once

#include <cstdint>

namespace wdscope::win32_error {

inline constexpr std::uint32_t kFileNotFound = 2;
inline constexpr std::uint32_t kPathNotFound = 3;
inline constexpr std::uint32_t kAccessDenied = 5;
inline constexpr std::uint32_t kProcedureNotFound = 127;
inline constexpr std::uint32_t kBusy = 170;
inline constexpr std::uint32_t kAlreadyExists = 183;
inline constexpr std::uint32_t kBadExeFormat = 193;
inline constexpr std::uint32_t kMachineTypeMismatch = 216;
inline constexpr std::uint32_t kInvalidImageHash = 577;
inline constexpr std::uint32_t kDependentServicesRunning = 1051;
inline constexpr std::uint32_t kServiceRequestTimeout = 1053;
inline constexpr std::uint32_t kServiceDisabled = 1058;
inline constexpr std::uint32_t kServiceDoesNotExist = 1060;
inline constexpr std::uint32_t kServiceCannotAcceptControl = 1061;
inline constexpr std::uint32_t kServiceMarkedForDelete = 1072;
inline constexpr std::uint32_t kNotFound = 1168;
inline constexpr std::uint32_t kNoSuchDevice = 433;
inline constexpr std::uint32_t kDriverBlocked = 1275;
inline constexpr std::uint32_t kPolicyViolation = 4551;

}  // namespace wdscope::win32_error
