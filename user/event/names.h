// SPDX-License-Identifier: MIT
// The words that events use for values of the notifier and of NT. Empty where a value has no name.
#pragma once

#include <cstdint>
#include <string_view>

#include "abi/wire/record.h"

namespace wdscope {

// PS_PROTECTION, header ntddk: type bits 0-2, audit bit 3, signer bits 4-7.
std::string_view protection_type_name(std::uint8_t protection);    // "none", "protected_light", "protected"
std::string_view protection_signer_name(std::uint8_t protection);  // "none", "authenticode" ...

std::string_view known_type_name(std::uint32_t known_type);    // defender::KnownProcessType: "csrss" ...
std::string_view send_result_name(std::uint32_t send_result);  // its low four bits: "reply_ok" ...
std::string_view subsystem_name(std::uint32_t subsystem);      // "win32", "wsl"

std::string_view snapshot_trigger_name(wire::SnapshotTrigger trigger);  // "attach", "request"

}  // namespace wdscope
