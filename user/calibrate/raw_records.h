// SPDX-License-Identifier: MIT
// The records of a raw capture (abi/wire/raw_capture.h), read and checked: bytes from outside, of which nothing is
// assumed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "abi/wire/raw_capture.h"
#include "event/event.h"
#include "event/result.h"

namespace wdscope::calibrate {

// A counted string of which at most wire::kMaximumRawTextSize bytes are carried.
struct RawString {
  std::uint32_t length = 0;  // whole, in bytes
  std::u16string text;
  bool operator==(const RawString&) const = default;
};

struct PointedText {
  std::uint32_t pointer_offset;  // in the context
  RawString string;
};

// One notification: what its argument and NT said, and the bytes of the candidate.
struct RawNotification {
  wire::ProcessRecord event{};     // fixed part
  std::optional<RawString> image;  // the argument's
  std::int32_t slot_offset = 0;    // 0: no candidate, and no context
  std::uint32_t candidate_count = 0;
  std::uint32_t magic = 0;
  std::vector<std::byte> context;
  std::vector<PointedText> texts;
};

struct RawStart {
  std::uint64_t process_id = 0;
  std::uint64_t parent_process_id = 0;
  FileTime created = 0;
  RawString command_line;
};

bool is_raw_notification(std::span<const std::byte> record);
bool is_raw_start(std::span<const std::byte> record);

// InputDamaged when an offset or a length in it is impossible.
Result<RawNotification> read_raw_notification(std::span<const std::byte> record);
Result<RawStart> read_raw_start(std::span<const std::byte> record);

}  // namespace wdscope::calibrate
