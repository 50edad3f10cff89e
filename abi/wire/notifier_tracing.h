// SPDX-License-Identifier: MIT
// The notifier as an ETW provider: the one thing that somebody must learn of who looks at no debugger, that it did not
// start because the callback objects belong to somebody else.
#pragma once

#include <cstdint>

#include "abi/wire/tracing.h"

namespace wdscope::wire::notifier_tracing {

// {5D6B8D9C-92B5-490D-97A9-2B698AE75298}
inline constexpr tracing::Guid kProvider = {
    0x5D6B8D9C, 0x92B5, 0x490D, {0x97, 0xA9, 0x2B, 0x69, 0x8A, 0xE7, 0x52, 0x98}};

inline constexpr std::uint16_t kForeignOwner = 1;  // event id
inline constexpr std::uint8_t kVersion = 0;
inline constexpr std::uint8_t kLevel = 2;  // error
inline constexpr std::uint64_t kKeyword = 1;

// Behind it the object's name: UTF-16 with its NUL.
struct ForeignOwnerEvent {
  std::uint32_t status;  // that DriverEntry ends with
};
static_assert(sizeof(ForeignOwnerEvent) == 4);

}  // namespace wdscope::wire::notifier_tracing
