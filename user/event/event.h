// SPDX-License-Identifier: MIT
// One thing that happened, typed. Made from a wire record by decode.h; written by json.h and the sinks.
//
// Who said it: a member named nt_* was said by the NT kernel; every other one by the notifier, in its argument or its
// process context. An absent optional is unknown. Where the notifier is silent and NT is not, `effective` accessors
// pick NT's word, and JSON lists such fields under from_nt.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "abi/wire/record.h"

namespace wdscope {

// 100 ns since 1601-01-01 UTC.
using FileTime = std::int64_t;

// SnapshotBegin and SnapshotEnd are marks of the observer, not notifications.
enum class Operation : std::uint8_t { Create, Terminate, Trust, Refresh, SnapshotBegin, SnapshotEnd, Unknown };

// UTF-8 made from the record's UTF-16; each unpaired surrogate became U+FFFD.
struct Text {
  std::string value;
  bool damaged = false;    // held an unpaired surrogate
  bool truncated = false;  // the record carries a prefix
};

// The members of the process context; `members` says which of them its layout has, the others are zero. Those that only
// the newest layouts have are ContextTailFacts.
struct ContextFacts {
  std::uint64_t address = 0;
  std::uint32_t magic = 0;
  FileTime created = 0;
  std::uint32_t flags = 0;
  std::uint32_t rules = 0;
  std::uint32_t rules2 = 0;
  std::uint64_t injection_target_mask = 0;
  std::uint64_t injection_request_mask = 0;
  std::uint64_t doc_rule_address = 0;  // 0: no rule applies
  std::uint32_t subsystem = 0;
  std::optional<std::uint8_t> protection;
  std::uint32_t members = wire::kContextCommonMembers;

  bool has(defender::ContextMember member) const { return (members & defender::member_bit(member)) != 0; }
};

// What a layout that somebody has loaded (abi/wire/layout.h) reads of a context: no more than that layout knows.
struct LoadedContextFacts {
  std::uint64_t address = 0;
  std::uint32_t magic = 0;
  FileTime created = 0;
  std::optional<std::uint32_t> flags;
  std::optional<bool> trusted;
  std::optional<std::uint8_t> protection;
  std::optional<std::uint32_t> session_id;
};

inline constexpr std::uint32_t kNoSession = 0xFFFFFFFF;

// There if the layout has any of them; ContextFacts::has() says which.
struct ContextTailFacts {
  std::uint32_t known_type = 0;
  std::uint32_t session_id = 0;
  std::uint32_t rules3 = 0;
  std::uint32_t state = 0;
  std::uint32_t send_result = 0;
  std::uint32_t info_applications = 0;
};

// The doc-open rule that applies to the process: which files it opens as documents.
struct DocRuleFacts {
  std::optional<Text> image;       // absent: not readable
  std::optional<Text> extensions;  // each but the last followed by a NUL
};

// Where a snapshot begins or ends: the observer has asked the notifier to repeat what it knows.
struct SnapshotMark {
  std::uint32_t number = 0;  // counts from 1 since the observer's load
  wire::SnapshotTrigger trigger = wire::SnapshotTrigger::None;
  std::optional<std::uint32_t> answered;  // at the end: how many notifications it brought
};

struct ProcessEvent {
  std::uint64_t sequence = 0;
  FileTime time = 0;
  Operation operation = Operation::Unknown;
  std::uint32_t operation_raw = 0;
  std::uint32_t anomalies = 0;     // wire::anomaly_bit
  std::uint64_t notifier_pid = 0;  // in whose context the notification arrived (NT)

  std::optional<std::uint64_t> pid;  // absent when the argument could not be read
  std::optional<std::uint64_t> parent_pid;
  std::optional<bool> trusted;        // not for terminate and unknown operations
  std::optional<Text> image;          // argument's, else the context's
  std::optional<Text> context_image;  // the context's own name, only where it differs from the argument's
  std::optional<Text> command_line;
  std::optional<ContextFacts> context;
  std::optional<ContextTailFacts> context_tail;
  std::optional<LoadedContextFacts> loaded_context;  // instead of `context`
  std::optional<DocRuleFacts> doc_rule;              // absent: none, or not recognised
  std::optional<SnapshotMark> snapshot;
  std::optional<std::uint32_t> unrecognised_magic;  // a candidate was found and not recognised
  wire::ArgumentGeneration generation = wire::ArgumentGeneration::Unknown;

  std::optional<FileTime> nt_created;
  std::optional<std::uint64_t> nt_parent_pid;
  std::optional<std::uint32_t> nt_session_id;
  std::optional<std::uint8_t> nt_protection;
  std::optional<std::string> nt_image_name;  // file name, at most 15 characters

  std::optional<std::uint32_t> host_pid;  // lab only: the Linux process id

  std::optional<FileTime> created() const {
    if (context) return context->created;
    return loaded_context ? std::optional(loaded_context->created) : nt_created;
  }
  std::optional<std::uint64_t> effective_parent_pid() const { return parent_pid ? parent_pid : nt_parent_pid; }
  // The notifier writes kNoSession when its own query failed.
  std::optional<std::uint32_t> notifier_session_id() const {
    if (loaded_context) return loaded_context->session_id;
    const bool said =
        context_tail && context->has(defender::ContextMember::SessionId) && context_tail->session_id != kNoSession;
    return said ? std::optional(context_tail->session_id) : std::nullopt;
  }
  std::optional<std::uint32_t> effective_session_id() const {
    const auto said = notifier_session_id();
    return said ? said : nt_session_id;
  }
  std::optional<std::uint8_t> notifier_protection() const {
    if (loaded_context) return loaded_context->protection;
    return context ? context->protection : std::nullopt;
  }
  std::optional<std::uint8_t> effective_protection() const {
    const auto said = notifier_protection();
    return said ? said : nt_protection;
  }
};

// Records missing at this place for this reader.
struct LossEvent {
  std::uint64_t first_sequence = 0;
  std::uint64_t lost_count = 0;
};

using Event = std::variant<ProcessEvent, LossEvent>;

class DosPaths;

// Where a stream of events comes from; known before its first event and carried into every output.
struct Origin {
  enum class Kind : std::uint8_t {
    Lab,
    Device
  };  // the lab's notifier (a replica, not Defender), or a Windows machine's
  Kind kind = Kind::Lab;
  std::string profile;  // lab: "1910", "20h1", "25080", "a5"
  std::string host_name;
  std::string
      description;  // one sentence for headers: "the lab's notifier, a replica of WdFilter (profile a5), not Defender"
  std::uint64_t boot_id = 0;     // of the observer's load
  std::uint32_t pid_factor = 0;  // lab: NT pid = factor * Linux pid; 0: no host pids
  bool replayed = false;         // read from a recording
  bool played = false;           // lab: a history is played, of the machine that host_name names
  // The drives of the machine that the events are of (event/dos_paths.h). Null: it has none, or they are not known.
  std::shared_ptr<const DosPaths> dos_paths;

  // The `source` field of every event: "lab-replica" or "device".
  std::string_view name() const { return kind == Kind::Lab ? "lab-replica" : "device"; }
};

}  // namespace wdscope
