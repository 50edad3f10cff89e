// SPDX-License-Identifier: MIT
// From raw records to observations: the bytes of one context each, beside what is known of its process from others than
// the context: NT, the argument, the trust notifications before. A thing that nobody else has said is absent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "calibrate/raw_records.h"
#include "event/event.h"
#include "event/result.h"

namespace wdscope::calibrate {

struct Observation {
  std::uint32_t magic = 0;
  std::int32_t slot_offset = 0;
  std::vector<std::byte> context;
  std::vector<PointedText> texts;

  std::uint64_t process_id = 0;
  FileTime created = 0;
  std::optional<std::uint64_t> parent_process_id;
  std::optional<std::uint32_t> session_id;
  std::optional<std::uint8_t> protection;
  std::optional<RawString> image;         // the argument's
  std::optional<RawString> command_line;  // NT's; length 0: it has none
  std::optional<bool> trusted;            // as last told: by the create itself, or by a trust notification

  // The string that the word at `offset` points to, if one was captured.
  const RawString* text_at(std::uint32_t offset) const;
};

struct Observations {
  std::vector<Observation> contexts;    // of the most frequent magic and slot
  std::uint64_t notifications = 0;      // all that were captured
  std::uint64_t without_candidate = 0;  // creates and exits beside which nothing looked like a context
  std::uint64_t of_other_magic = 0;     // left out: another magic or slot than the most
  std::uint64_t unknown_to_nt = 0;      // left out: NT did not know the process
  std::uint64_t starts = 0;             // that NT told
};

// Takes raw records in the order in which they were made; records of other kinds are passed over.
class Collector {
 public:
  // InputDamaged.
  Result<void> add(std::span<const std::byte> record);
  Observations finish();

 private:
  struct Key {
    std::uint64_t process_id;
    FileTime created;
    auto operator<=>(const Key&) const = default;
  };
  void add_notification(RawNotification notification);

  std::vector<Observation> seen_;
  std::map<Key, RawStart> starts_;
  std::map<Key, bool> trust_;
  Observations counts_;
};

}  // namespace wdscope::calibrate
