// SPDX-License-Identifier: MIT
// The observer as an ETW provider: who it is, its events, and the bytes behind each. driver/observer/wdscope.man tells
// consumers the same; a test holds the two to each other. The fields are those of docs/events.md, the notifier's words
// and NT's apart; `known` (abi/wire/record.h) says which of them mean something, the others are zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace wdscope::wire::tracing {

struct Guid {
  std::uint32_t data1;
  std::uint16_t data2;
  std::uint16_t data3;
  std::uint8_t data4[8];
};
// {6A2C9B52-50F1-4C3D-9E84-1D7B3FA0C5E9}
inline constexpr Guid kProvider = {0x6A2C9B52, 0x50F1, 0x4C3D, {0x9E, 0x84, 0x1D, 0x7B, 0x3F, 0xA0, 0xC5, 0xE9}};

enum class EventId : std::uint16_t {
  Create = 1,
  Terminate = 2,
  Trust = 3,
  Refresh = 4,
  Unknown = 5,
  SnapshotBegin = 6,
  SnapshotEnd = 7,
};
inline constexpr std::uint8_t kVersion = 0;  // of every event's fields
inline constexpr std::uint8_t kLevel = 4;    // information
inline constexpr std::uint64_t kProcessKeyword = 1;
inline constexpr std::uint64_t kSnapshotKeyword = 2;

// Create to Unknown. The texts follow in the order of their counts: UTF-16 without a terminator.
struct ProcessEvent {
  std::uint64_t seq;
  std::int64_t time;  // FILETIME, as the other two
  std::uint64_t known;
  std::uint64_t pid;
  std::uint64_t parent_pid;
  std::int64_t created;
  std::int64_t nt_created;
  std::uint64_t nt_parent_pid;
  std::uint64_t nt_notifier_pid;
  std::uint64_t context_address;
  std::uint64_t injection_target_mask;
  std::uint64_t injection_request_mask;
  std::uint32_t anomalies;  // wire::Anomaly bits; a text that was cut for ETW's sake is truncated too
  std::uint32_t operation_raw;
  std::uint32_t context_magic;
  std::uint32_t flags;
  std::uint32_t rules;
  std::uint32_t rules2;
  std::uint32_t rules3;
  std::uint32_t subsystem;
  std::uint32_t session_id;
  std::uint32_t nt_session_id;
  std::uint32_t known_type;
  std::uint32_t state;
  std::uint32_t send_result;
  std::uint32_t info_applications;
  std::uint8_t trusted;
  std::uint8_t notify_byte_1d;
  std::uint8_t notify_byte_1e;
  std::uint8_t notify_byte_1f;
  std::uint8_t protection;
  std::uint8_t nt_protection;
  char nt_image_name[16];
  std::uint16_t image_units;
  std::uint16_t context_image_units;
  std::uint16_t command_line_units;
  std::uint16_t doc_rule_image_units;
  std::uint16_t doc_rule_extensions_units;
};
static_assert(std::has_unique_object_representations_v<ProcessEvent>, "no padding: ETW's fields follow one another");
inline constexpr std::size_t kTextCount = 5;
// ETW carries no event above 64 KiB, its own header included.
inline constexpr std::size_t kMaximumTextSize = 60000;

// SnapshotBegin and SnapshotEnd.
struct SnapshotEvent {
  std::uint64_t seq;
  std::int64_t time;
  std::uint64_t nt_notifier_pid;
  std::uint32_t number;
  std::uint32_t trigger;  // wire::SnapshotTrigger
  std::uint64_t answered;
};
static_assert(std::has_unique_object_representations_v<SnapshotEvent>);

}  // namespace wdscope::wire::tracing
