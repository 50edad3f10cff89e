// SPDX-License-Identifier: MIT
// The parts of a recording (abi/wire/recording.h) between bytes and types: one truth for its writer in sink and its
// reader in capture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "abi/wire/recording.h"
#include "abi/wire/version.h"
#include "event/event.h"
#include "event/result.h"

namespace wdscope {

// What a recording says of itself.
struct RecordingInfo {
  Origin origin;
  FileTime started = 0;         // when the recording began
  std::string program_version;  // of the program that wrote it: "0.1.0"
  std::uint32_t protocol_version = wire::kProtocolVersion;
  std::uint32_t schema_version = wire::kSchemaVersion;
};

// The file's first bytes.
std::vector<std::byte> encode_recording_header(const RecordingInfo& info);

// How many bytes the header takes, from the fixed part. InputDamaged if this is no recording.
Result<std::uint32_t> recording_header_size(std::span<const std::byte> fixed_part);

// `bytes` is the whole header. InputDamaged when the checksum fails or the metadata cannot be read, Incompatible for a
// newer format or protocol. `origin.replayed` is set.
Result<RecordingInfo> decode_recording_header(std::span<const std::byte> bytes);

// Fills the constants and both checksums of `header` for `payload`.
void seal_block(wire::BlockHeader& header, std::span<const std::byte> payload);

// A header that this program could have written, its own checksum right, its sizes within bounds.
bool block_header_is_sound(const wire::BlockHeader& header);
bool block_payload_is_sound(const wire::BlockHeader& header, std::span<const std::byte> payload);

}  // namespace wdscope
