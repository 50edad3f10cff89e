// SPDX-License-Identifier: MIT
// The records that the observer publishes and every reader gets: from the device, the lab or a recording, the same
// bytes.
//
// A record is a fixed part, then its strings as UTF-16 without terminators, then zero to three padding words up to a
// multiple of 8. Little-endian. Every record begins with RecordHeader; `fixed_size` says how much fixed part the writer
// knew, so a reader reads min(fixed_size, its own) and takes the rest as absent. Offsets count from the record's start.
// Everything that was not certain is absent: its bit in `known` is clear and its bytes are zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "abi/defender/context_layout.h"

namespace wdscope::wire {

enum class RecordKind : std::uint16_t {
  Process = 1,  // ProcessRecord: one notification
  Loss = 2,     // LossRecord: stands where records are missing for this reader
};

// Every record begins at, and is as long as, a multiple of this many bytes.
inline constexpr std::uint32_t kRecordAlignment = 8;

struct RecordHeader {
  std::uint32_t size;        // whole record, a multiple of 8
  std::uint16_t kind;        // RecordKind
  std::uint16_t fixed_size;  // bytes of fixed part, header included
  std::uint64_t sequence;    // consecutive from 0 since the observer's load; loss: that of the first lost
};
static_assert(sizeof(RecordHeader) == 16);

struct LossRecord {
  RecordHeader header;
  std::uint64_t lost_count;  // records header.sequence .. header.sequence + lost_count - 1 are gone for this reader
};
static_assert(sizeof(LossRecord) == 24);

// Where a string lies in the record; both zero when absent. Lengths are even: an odd byte is not carried.
struct StringSpan {
  std::uint32_t offset;
  std::uint32_t length;  // bytes
};

// Bits of ProcessRecord::known. The side that said it is part of the name: argument (WD_PS_NOTIFY_INFO), context
// (MP_PROCESS_CONTEXT), nt (the NT kernel itself).
namespace known {
inline constexpr std::uint64_t Argument = 1ull << 0;            // the 0x20 bytes were readable; clear: only nt and time
inline constexpr std::uint64_t ArgumentParent = 1ull << 1;      // argument_parent_process_id
inline constexpr std::uint64_t ArgumentImage = 1ull << 2;       // argument_image
inline constexpr std::uint64_t ContextLocation = 1ull << 3;     // context_address, context_magic: a candidate was read
inline constexpr std::uint64_t Context = 1ull << 4;             // recognised: magic, size, pid, creation time agree
inline constexpr std::uint64_t ContextTail25080 = 1ull << 5;    // kContextTailMembers: all of them are known
inline constexpr std::uint64_t ContextImage = 1ull << 6;        // context_image
inline constexpr std::uint64_t ContextCommandLine = 1ull << 7;  // context_command_line
inline constexpr std::uint64_t ContextProtection = 1ull << 8;   // the notifier's query of the protection succeeded
inline constexpr std::uint64_t NtProcess = 1ull << 9;           // NT knows the pid now; nt_created_100ns
inline constexpr std::uint64_t NtParent = 1ull << 10;
inline constexpr std::uint64_t NtSession = 1ull << 11;
inline constexpr std::uint64_t NtProtection = 1ull << 12;
inline constexpr std::uint64_t NtImageName = 1ull << 13;  // nt_image_name
// 14: ContextImageSame, below
inline constexpr std::uint64_t DocRule = 1ull << 15;            // the rule at context_doc_rule_address was recognised
inline constexpr std::uint64_t DocRuleImage = 1ull << 16;       // doc_rule_image
inline constexpr std::uint64_t DocRuleExtensions = 1ull << 17;  // doc_rule_extensions
inline constexpr std::uint64_t Snapshot = 1ull << 18;           // no notification: snapshot_ members, and time
// Recognised by a loaded layout (abi/wire/layout.h) instead of the catalogue: Context is clear, context_address,
// context_magic and context_created_100ns are there, and of the rest what the bits below and those of the strings,
// the protection and the parent say.
inline constexpr std::uint64_t LoadedContext = 1ull << 48;
inline constexpr std::uint64_t LoadedFlags = 1ull << 49;    // context_flags
inline constexpr std::uint64_t LoadedTrust = 1ull << 50;    // LoadedTrusted tells
inline constexpr std::uint64_t LoadedTrusted = 1ull << 51;  // the trust bit is set
inline constexpr std::uint64_t LoadedSession = 1ull << 52;  // context_session_id
}  // namespace known

// Bits of ProcessRecord::anomalies: what was odd about this notification. Each has a counter of its own in Statistics,
// in this order.
enum class Anomaly : std::uint32_t {
  ArgumentNull,         // Argument1 was NULL
  ArgumentUnreadable,   // not a canonical kernel address, misaligned, or a checked read failed
  Argument2NotNull,     // Defender passes NULL
  UnknownOperation,     // operation type is none of 1, 2, 3
  ParentUnclassified,   // member 0x08 is neither a stack pointer nor a plausible id
  ParentMismatch,       // the argument's parent is not the one NT knows
  ContextUnreadable,    // a candidate address was there, its memory was not
  ContextMagicUnknown,  // type is not 0xDA0F or the size half is unknown: nothing else was read
  ContextPidMismatch,   // the context belongs to another process id
  ContextTimeMismatch,  // the context's creation time is not the one NT knows
  ImageStringInvalid,   // odd length, length above maximum, or unreadable text
  CommandLineInvalid,   // the same for the command line
  ImageTruncated,       // text did not fit; what is carried is a prefix
  CommandLineTruncated,
  ProcessUnknownToNt,  // NT does not know the pid
  TrustWithoutCreate,  // reserved for user mode; the driver keeps no table of processes
  HighIrql,            // notified above APC_LEVEL: nothing foreign was read
  // since schema 2
  DocRuleInvalid,       // the context's doc rule is unreadable or no rule that we know: nothing of it is told
  DocRuleTruncated,     // its extensions did not end within kMaximumExtensionsSize, or did not fit
  GenerationDisagrees,  // the argument is of another generation than this machine's, as decided by evidence
  PlaceDisagrees,       // the context lies elsewhere, or has another magic, than this machine's
  Count
};
constexpr std::uint32_t anomaly_bit(Anomaly anomaly) {
  return 1u << static_cast<std::uint32_t>(anomaly);
}

enum class ArgumentGeneration : std::uint8_t {
  Unknown = 0,          // says nothing: not a create, or unclassified
  ParentByPointer = 1,  // 2019 .. : member 0x08 pointed into the current kernel stack
  ParentByValue = 2,    // 2025: member 0x08 is the id
};

enum class ContextPlace : std::uint8_t {
  None = 0,
  Minus10 = 1,  // pointer found at Argument1 - 0x10 (1910)
  Minus08 = 2,  // pointer found at Argument1 - 0x08 (0xA5)
};

// The observer has asked the notifier to repeat the state of every process it knows. Between the two marks of one
// number lie its answers, on the thread that the marks name, and whatever other threads notified meanwhile.
enum class SnapshotBoundary : std::uint8_t { None = 0, Begin = 1, End = 2 };
enum class SnapshotTrigger : std::uint8_t {
  None = 0,
  Attach = 1,   // the observer by itself, when it had registered
  Request = 2,  // kControlRefresh
};

struct ProcessRecord {
  RecordHeader header;
  std::int64_t time_100ns;            // FILETIME when the notification arrived
  std::uint64_t known;                // known:: bits
  std::uint32_t anomalies;            // anomaly_bit()s
  std::uint8_t argument_generation;   // ArgumentGeneration
  std::uint8_t context_place;         // ContextPlace
  std::uint8_t argument_bytes_1c[4];  // raw 0x1C..0x1F: trusted, 0x1D, 0x1E, 0x1F
  std::uint16_t reserved0[3];
  std::uint64_t notifier_process_id;  // nt: the process in whose context the notification arrived
  std::uint64_t notifier_thread_id;

  // argument
  std::uint32_t operation_type;  // raw
  std::uint32_t reserved1;
  std::uint64_t process_id;
  std::uint64_t argument_member_08;  // raw
  std::uint64_t argument_parent_process_id;

  // context
  std::uint64_t context_address;
  std::uint32_t context_magic;
  std::uint32_t context_flags;
  std::int64_t context_created_100ns;
  std::uint32_t context_rules;
  std::uint32_t context_rules2;
  std::uint64_t context_injection_target_mask;
  std::uint64_t context_injection_request_mask;
  std::uint64_t context_doc_rule_address;
  std::uint32_t context_subsystem;
  std::uint8_t context_protection;
  std::uint8_t nt_protection;  // nt
  std::uint16_t reserved2;
  std::uint32_t context_known_type;
  std::uint32_t context_session_id;
  std::uint32_t context_rules3;
  std::uint32_t context_state;
  std::uint32_t context_send_result;
  std::uint32_t context_info_applications;

  // nt
  std::int64_t nt_created_100ns;
  std::uint64_t nt_parent_process_id;
  std::uint32_t nt_session_id;
  std::uint32_t reserved3;
  char nt_image_name[16];  // file name, at most 15 characters, NUL-padded

  StringSpan argument_image;
  StringSpan context_image;  // absent when equal to argument_image, byte for byte: see ContextImageSame
  StringSpan context_command_line;

  // since schema 2
  std::uint32_t context_members;   // defender::member_bit()s of what the context's layout has; the rest above is zero
  std::uint8_t snapshot_boundary;  // SnapshotBoundary
  std::uint8_t snapshot_trigger;   // SnapshotTrigger
  std::uint16_t reserved4;
  std::uint32_t snapshot_number;    // counts from 1 since the observer's load
  std::uint32_t snapshot_answered;  // End: notifications that came on this thread since the begin
  StringSpan doc_rule_image;        // file name alone
  StringSpan doc_rule_extensions;   // each but the last followed by a NUL
};
static_assert(sizeof(ProcessRecord) % 8 == 0);
static_assert(
    std::has_unique_object_representations_v<ProcessRecord>);  // no padding: it would carry the kernel's stack
inline constexpr std::uint16_t kFirstProcessRecordSize = offsetof(ProcessRecord, context_members);  // schema 1's
static_assert(offsetof(ProcessRecord, process_id) % 8 == 0);

// What a schema-1 record has when ContextTail25080 is set, and what it has with any context.
inline constexpr std::uint32_t kContextTailMembers = defender::member_bit(defender::ContextMember::KnownProcessType) |
                                                     defender::member_bit(defender::ContextMember::SessionId) |
                                                     defender::member_bit(defender::ContextMember::ProcessRules3) |
                                                     defender::member_bit(defender::ContextMember::State) |
                                                     defender::member_bit(defender::ContextMember::SendResult) |
                                                     defender::member_bit(defender::ContextMember::InfoApplications);
inline constexpr std::uint32_t kContextCommonMembers =
    defender::member_bit(defender::ContextMember::KnownProcessType) - 1;

namespace known {
// The context's image name equals the argument's and is carried once, as argument_image.
inline constexpr std::uint64_t ContextImageSame = 1ull << 14;
}  // namespace known

// The longest record: two names and a command line of 65,534 bytes each, and a doc rule.
inline constexpr std::size_t kMaximumStringLength = 0xFFFE;
inline constexpr std::size_t kMaximumDocRuleNameSize = defender::kDocRuleNameUnits * sizeof(char16_t);
inline constexpr std::size_t kMaximumExtensionsSize = 2048;  // assumed: no rule lists more
inline constexpr std::size_t kMaximumRecordSize =
    (sizeof(ProcessRecord) + 3 * (kMaximumStringLength + 2) + kMaximumDocRuleNameSize + kMaximumExtensionsSize + 7) /
    8 * 8;

}  // namespace wdscope::wire
