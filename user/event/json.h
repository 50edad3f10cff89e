// SPDX-License-Identifier: MIT
// NDJSON: one event a line, flat, keys in a fixed order, as docs/events.md and docs/events.schema.json describe it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "event/event.h"
#include "event/result.h"

namespace wdscope {

inline constexpr std::string_view kEventSchema = "wdscope.event/1";

// Appends the event and a newline.
void append_json(std::string& out, const Event& event, const Origin& origin);

// The same bytes straight from a wire record, without the typed event between: the hot path of replay and watch.
// Errors as decode(); on error `out` is as it was.
Result<void> append_json_record(std::string& out, std::span<const std::byte> record, const Origin& origin);

}  // namespace wdscope
