// SPDX-License-Identifier: MIT
// Wire record <-> event: the one decoder for the device, the lab and recordings. Takes bytes from outside: every length
// and offset is checked, nothing is assumed of the content.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "abi/wire/record.h"
#include "event/event.h"
#include "event/result.h"

namespace wdscope {

// Walks the records in `bytes`. Calls `visit` with each whole record; stops at the first that is cut or malformed and
// returns InputDamaged with its offset. Records of a kind we do not know are passed on too.
Result<void> for_each_record(std::span<const std::byte> bytes,
                             const std::function<Result<void>(std::span<const std::byte> record)>& visit);

// One record as an event. InputDamaged when a length or offset in it is impossible, Incompatible for an unknown kind.
Result<Event> decode(std::span<const std::byte> record, const Origin& origin);

// UTF-16LE code units to UTF-8; unpaired surrogates become U+FFFD and set `damaged`. Odd trailing bytes are not text.
Text to_text(std::u16string_view units);

// "2026-11-22T08:30:15.1234567Z"
std::string format_time(FileTime time);

std::string_view operation_name(Operation operation);       // "create" ...
std::string_view anomaly_name(wire::Anomaly anomaly);       // "argument_null" ...
std::string_view layout_name(std::uint32_t context_magic);  // "1910", "20h1", "25080"; empty if unknown

}  // namespace wdscope
