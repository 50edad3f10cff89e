// SPDX-License-Identifier: MIT
// What Defender's service tells WdFilter to do, as far as process notification goes: one request, at most one reply.
// Source: research WdFilter-Research (1910), wdfilter-research (25080). What those leave open is chosen here and marked
// `assumed`; docs/assumed.md lists it.
//
// Transport (ours, abi/wire/engine.h): control code kEngineCommand of the engine's device. Input: the request, whole:
// COMMAND_HEADER, then what the command needs. Output: COMMAND_REPLY for QUERY_TRUSTED_AND_UNTRUSTED_PROCESS, nothing
// for every other command. The command's status is the status of the request itself. A request that is refused changes
// nothing: what was set before stays in force.
//
// Checks of every request, in this order; each refusal is STATUS_INVALID_PARAMETER unless said otherwise (assumed, but
// for the checks themselves):
//   shorter than COMMAND_HEADER; Version is not the build's; TotalSize is not the size that came; Command is 0 or above
//   the build's highest; a command that has nothing to do with process notification or that the build lacks
//   (STATUS_NOT_SUPPORTED, ours); an output buffer below the reply (STATUS_BUFFER_TOO_SMALL).
// Another Minor than the build's is traced and otherwise ignored. Bytes behind what a command needs are ignored, unless
// the command says that its sizes must agree.
// Members may lie unaligned and every offset counts from the header's first byte.
#pragma once

#include "abi/defender/messages.h"

namespace wdscope::defender {

// The statuses that commands end with, for those who have no DDK header. Source: ntstatus.h.
namespace command_status {
inline constexpr std::uint32_t Success = 0x00000000;
inline constexpr std::uint32_t BufferOverflow = 0x80000005;
inline constexpr std::uint32_t Unsuccessful = 0xC0000001;
inline constexpr std::uint32_t InvalidParameter = 0xC000000D;
inline constexpr std::uint32_t BufferTooSmall = 0xC0000023;
inline constexpr std::uint32_t IntegerOverflow = 0xC0000095;
inline constexpr std::uint32_t InsufficientResources = 0xC000009A;
inline constexpr std::uint32_t NotSupported = 0xC00000BB;
inline constexpr std::uint32_t InvalidBufferSize = 0xC0000206;
inline constexpr std::uint32_t NotFound = 0xC0000225;
}  // namespace command_status

// The commands of one build by number; 0: the build has none. Numbers of the 0xA5 build are not published: assumed to
// be those of 25080.
struct CommandProtocol {
  std::uint8_t version;
  std::uint8_t minor;
  std::uint32_t highest;  // 1910: assumed, the highest that is published
  std::uint32_t SetProcessExclusion;
  std::uint32_t SetDocOpenRule;
  std::uint32_t QueryTrustedAndUntrustedProcess;
  std::uint32_t SetProcessInfo;
  std::uint32_t RegisterFriendlyProcess;
  std::uint32_t Taint;
  std::uint32_t ResetHardeningExclusions;
  std::uint32_t SetTrustedInstallerFlags;
  std::uint32_t process_info_size;  // of one entry of SET_PROCESS_INFO
};

inline constexpr CommandProtocol kCommands1910 = {
    .version = kMessageVersion1910,
    .minor = 1,  // assumed: as in that build's messages
    .highest = 0x1B,
    .SetProcessExclusion = 0x07,
    .SetDocOpenRule = 0x11,
    .QueryTrustedAndUntrustedProcess = 0x18,
    .SetProcessInfo = 0x1A,
    .RegisterFriendlyProcess = 0x1B,
    .Taint = 0,
    .ResetHardeningExclusions = 0,
    .SetTrustedInstallerFlags = 0,
    .process_info_size = sizeof(PROCESS_INFO_1910),  // assumed
};
inline constexpr CommandProtocol kCommands25080 = {
    .version = kMessageVersion25080,
    .minor = 0,
    .highest = 0x3E,
    .SetProcessExclusion = 0x07,
    .SetDocOpenRule = 0x11,
    .QueryTrustedAndUntrustedProcess = 0x17,
    .SetProcessInfo = 0x19,
    .RegisterFriendlyProcess = 0x1A,
    .Taint = 0x25,
    .ResetHardeningExclusions = 0x29,
    .SetTrustedInstallerFlags = 0x2E,
    .process_info_size = sizeof(PROCESS_INFO_25080),
};
inline constexpr CommandProtocol kCommandsA5 = {
    .version = kMessageVersionA5,
    .minor = 1,
    .highest = 0x40,
    .SetProcessExclusion = 0x07,
    .SetDocOpenRule = 0x11,
    .QueryTrustedAndUntrustedProcess = 0x17,
    .SetProcessInfo = 0x19,
    .RegisterFriendlyProcess = 0x1A,
    .Taint = 0x25,
    .ResetHardeningExclusions = 0x29,
    .SetTrustedInstallerFlags = 0x2E,
    .process_info_size = sizeof(PROCESS_INFO_25080),
};

// The commands of the build whose messages begin with `version`; null for an unknown one.
constexpr const CommandProtocol* command_protocol(std::uint8_t version) {
  switch (version) {
    case kMessageVersion1910:
      return &kCommands1910;
    case kMessageVersion25080:
      return &kCommands25080;
    case kMessageVersionA5:
      return &kCommandsA5;
    default:
      return nullptr;
  }
}

#pragma pack(push, 1)

struct COMMAND_HEADER {
  std::uint8_t Version;     // 0x00 CommandProtocol::version
  std::uint8_t Minor;       // 0x01
  std::uint16_t Padding02;  // 0x02
  std::uint32_t TotalSize;  // 0x04 of the whole request
  std::uint32_t Command;    // 0x08
  std::uint32_t Padding0C;  // 0x0C
};
static_assert(sizeof(COMMAND_HEADER) == 0x10);
static_assert(offsetof(COMMAND_HEADER, TotalSize) == 0x04 && offsetof(COMMAND_HEADER, Command) == 0x08);

// Exclusions: consecutive NUL-terminated UTF-16 strings from kCommandTextOffset on; an empty one ends the list. The
// whole list is exchanged, and then every known process is judged anew (exemption, trust). TextSize 0 clears it. A text
// without a backslash names a file in any folder; one that ends in "\*" and has 8 bytes or more stands for everything
// below; any other is a full NT path. Strings stand in the list last one first.
//   STATUS_INVALID_BUFFER_SIZE    TotalSize is not 0x80 + TextSize, or TextSize is odd
//   STATUS_INVALID_PARAMETER      TextOffset is not 0x80, or the last unit is not NUL
//   STATUS_INTEGER_OVERFLOW       a string of 0x10000 bytes or more
//   STATUS_INSUFFICIENT_RESOURCES
struct SET_PROCESS_EXCLUSION {
  COMMAND_HEADER Header;          // 0x00
  std::uint32_t TextSize;         // 0x10 bytes
  std::uint32_t Padding14;        // 0x14
  std::uint64_t TextOffset;       // 0x18 must be kCommandTextOffset, also for an empty list (assumed)
  std::uint8_t Reserved20[0x60];  // 0x20
};
inline constexpr std::uint32_t kCommandTextOffset = 0x80;
static_assert(sizeof(SET_PROCESS_EXCLUSION) == kCommandTextOffset);
static_assert(offsetof(SET_PROCESS_EXCLUSION, TextSize) == 0x10);
static_assert(offsetof(SET_PROCESS_EXCLUSION, TextOffset) == 0x18);

// Doc rules: a process's file name and the extensions that are documents to it. The whole list is exchanged, and then
// every running process gets its rule anew. Of two rules for one name the last counts.
// A running budget bounds all strings: DataSize - 0x10 bytes, of which each rule takes 0x10 for its element, its name
// and its extensions, terminators included (assumed, but for the start value).
//   STATUS_INTEGER_OVERFLOW       TotalSize below 0x80, or below 0x90 unless the rules are cleared; RuleCount * 16
//                                 beyond 32 bits
//   STATUS_INVALID_PARAMETER      one of DataSize and DataOffset is 0 and the other is not; DataOffset is not 0x80;
//                                 DataSize below 0x10 or above TotalSize - 0x80; RuleCount is 0, or RuleCount * 16
//                                 above TotalSize - 0x90; RuleArrayOffset is 0; an element or an offset of one is 0 or
//                                 outside the request; a name is not terminated within 0x208 bytes
//   STATUS_BUFFER_OVERFLOW        the budget has run out
//   STATUS_UNSUCCESSFUL           extensions are not terminated by two NUL within the request (assumed)
//   STATUS_INSUFFICIENT_RESOURCES
struct SET_DOC_OPEN_RULE {
  COMMAND_HEADER Header;          // 0x00
  std::uint32_t DataSize;         // 0x10 both 0: all rules go, and the request may end at 0x80
  std::uint32_t Padding14;        // 0x14
  std::uint64_t DataOffset;       // 0x18 0x80
  std::uint8_t Reserved20[0x60];  // 0x20
  std::uint32_t RuleCount;        // 0x80
  std::uint32_t Padding84;        // 0x84
  std::uint64_t RuleArrayOffset;  // 0x88 of DOC_OPEN_RULE_ELEMENT[RuleCount]
};
static_assert(sizeof(SET_DOC_OPEN_RULE) == 0x90);
static_assert(offsetof(SET_DOC_OPEN_RULE, DataSize) == 0x10 && offsetof(SET_DOC_OPEN_RULE, DataOffset) == 0x18);
static_assert(offsetof(SET_DOC_OPEN_RULE, RuleCount) == 0x80);
static_assert(offsetof(SET_DOC_OPEN_RULE, RuleArrayOffset) == 0x88);

struct DOC_OPEN_RULE_ELEMENT {
  std::uint64_t ProcessNameOffset;  // 0x00 NUL-terminated UTF-16, at most 0x208 bytes with the NUL
  std::uint64_t ExtensionsOffset;   // 0x08 UTF-16 multi-string: "pdf" NUL "fdf" NUL NUL
};
static_assert(sizeof(DOC_OPEN_RULE_ELEMENT) == 0x10);
inline constexpr std::uint32_t kMaximumDocRuleNameSize = 0x208;

// Process infos: what the service has decided about processes that exist. PROCESS_INFO_25080 or PROCESS_INFO_1910
// entries of the build's process_info_size follow. Each is applied to the context of its process id and creation time
// alone, so that a process that starts later is not concerned (its create reply brings its info). An entry whose
// process is unknown is left out silently, and so is one with process id 0.
//   STATUS_INTEGER_OVERFLOW       TotalSize below 0x18; Count times the size of an entry beyond 32 bits
//   STATUS_INVALID_PARAMETER      fewer bytes than Count needs
struct SET_PROCESS_INFO {
  COMMAND_HEADER Header;    // 0x00
  std::uint32_t Count;      // 0x10
  std::uint32_t Padding14;  // 0x14
};
static_assert(sizeof(SET_PROCESS_INFO) == 0x18);

// Marks a running process as friendly: excluded from hardening (1910: ProcessFlags 0x20; later: the three bits of
// State). Trust is not changed by it.
//   STATUS_INVALID_PARAMETER      Value is not 1; a request below 0x1C bytes (assumed)
//   PsLookupProcessByProcessId's, or STATUS_NOT_FOUND: no such process
struct REGISTER_FRIENDLY_PROCESS {
  COMMAND_HEADER Header;    // 0x00
  std::uint64_t ProcessId;  // 0x10
  std::uint32_t Value;      // 0x18 1
};
static_assert(sizeof(REGISTER_FRIENDLY_PROCESS) == 0x1C);

// Taint: the process loses its exclusion (ProcessFlags 1) until it is judged again, and message 0x17 reports it. Trust
// is not recomputed. 25080 and later.
//   STATUS_INVALID_PARAMETER      a request below 0x29 bytes (assumed)
//   STATUS_NOT_FOUND              no such process
struct TAINT_PROCESS {
  COMMAND_HEADER Header;    // 0x00
  std::uint32_t Unknown10;  // 0x10
  std::uint32_t ProcessId;  // 0x14
  std::int64_t CreateTime;  // 0x18
  std::uint64_t Unknown20;  // 0x20
  std::uint8_t Reason;      // 0x28 assumed: copied into the message, no other effect
};
static_assert(sizeof(TAINT_PROCESS) == 0x29);
static_assert(offsetof(TAINT_PROCESS, ProcessId) == 0x14 && offsetof(TAINT_PROCESS, CreateTime) == 0x18);
static_assert(offsetof(TAINT_PROCESS, Reason) == 0x28);

// Reset of hardening exclusions: every process's are decided anew from the table. The header alone. 25080 and later.
using RESET_HARDENING_EXCLUSIONS = COMMAND_HEADER;

// Hardening of the TrustedInstaller family (KnownProcessType 0x11, 0x12): the processes that run now get these bits, or
// none where Rules3 bit 2 withdraws them. 25080 and later.
//   STATUS_INVALID_PARAMETER      Flags above 7; a request below 0x14 bytes (assumed)
struct SET_TRUSTED_INSTALLER_FLAGS {
  COMMAND_HEADER Header;  // 0x00
  std::uint32_t Flags;    // 0x10 assumed place. Bits 0, 1, 2: excluded from registry, file, object hardening
};
static_assert(sizeof(SET_TRUSTED_INSTALLER_FLAGS) == 0x14);
inline constexpr std::uint32_t kHighestTrustedInstallerFlags = 7;

// QUERY_TRUSTED_AND_UNTRUSTED_PROCESS: the request is the header alone; this comes back, in both generations.
struct COMMAND_REPLY {
  std::uint8_t Version;          // 0x00
  std::uint8_t Minor;            // 0x01
  std::uint16_t Padding02;       // 0x02
  std::uint32_t Size;            // 0x04 0x10
  std::uint32_t TrustedCount;    // 0x08
  std::uint32_t UntrustedCount;  // 0x0C
};
static_assert(sizeof(COMMAND_REPLY) == 0x10 && offsetof(COMMAND_REPLY, TrustedCount) == 0x08);

#pragma pack(pop)

}  // namespace wdscope::defender
