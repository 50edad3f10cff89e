// SPDX-License-Identifier: MIT
// A recording: the wire records of one reader in a file that describes itself and survives a crash of its writer.
//
//   RecordingHeader, metadata (UTF-8 JSON, see docs/recording.md), zero padding to a multiple of 8
//   block, block, ...         each a BlockHeader and its payload: whole records, back to back
//   end block                 an EndPayload; present only if the recording was closed
//
// Little-endian; every part is a multiple of 8 bytes long. A checksum is XXH3, 64 bits, seed 0. The writer appends each
// block by one write, so after a crash everything up to the last whole block is there. A reader that finds damage looks
// for the next kBlockMagic whose header checksum holds.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wdscope::wire {

inline constexpr char kRecordingMagic[8] = {'W', 'D', 'S', 'C', 'O', 'P', 'E', '\x1a'};
inline constexpr std::uint32_t kRecordingVersion = 1;  // raised when an old reader would misread a new file

struct RecordingHeader {
  char magic[8];                   // kRecordingMagic
  std::uint32_t version;           // kRecordingVersion
  std::uint32_t size;              // this header, metadata and padding
  std::uint32_t metadata_size;     // bytes of JSON
  std::uint32_t protocol_version;  // of the observer that made the records
  std::uint32_t schema_version;
  std::uint32_t reserved;   // 0
  std::uint64_t checksum;   // of all `size` bytes with this member zero
  std::uint64_t reserved1;  // 0
};
static_assert(sizeof(RecordingHeader) == 48);
inline constexpr std::uint32_t kMaximumRecordingHeaderSize = 64 * 1024;

inline constexpr char kBlockMagic[8] = {'\xb1', 'W', 'D', 'S', 'b', 'l', 'k', '\n'};

enum class BlockKind : std::uint32_t { Records = 1, End = 2 };

struct BlockHeader {
  char magic[8];                   // kBlockMagic
  std::uint32_t header_size;       // sizeof(BlockHeader)
  std::uint32_t kind;              // BlockKind
  std::uint32_t payload_size;      // bytes, a multiple of 8
  std::uint32_t record_count;      // in the payload; End: 0
  std::uint64_t first_sequence;    // of the first record; End: 0
  std::uint64_t payload_checksum;  // of the payload
  std::uint64_t header_checksum;   // of this header with this member zero
};
static_assert(sizeof(BlockHeader) == 48);

// A block is written when it holds this much, so its payload stays below kMaximumBlockPayload.
inline constexpr std::uint32_t kBlockTarget = 1024 * 1024;
inline constexpr std::uint32_t kMaximumBlockPayload = 4 * 1024 * 1024;

struct EndPayload {
  std::uint64_t produced;   // process records the recorded reader should have got: delivered + lost
  std::uint64_t delivered;  // process records in this file
  std::uint64_t lost;       // process records that loss records in this file stand for
};
static_assert(sizeof(EndPayload) == 24);

}  // namespace wdscope::wire
