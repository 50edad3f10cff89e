// SPDX-License-Identifier: MIT
// What WdFilter's process notification tells Defender's service, and what the service answers to a create.
// Source: research WdFilter-Research (1910), wdfilter-research (25080), listings of the 0xA5 build. A message is a
// header, then a payload; every offset inside a message counts from the payload. Some members are unaligned: packed.
#pragma once

#include "abi/defender/opaque.h"

namespace wdscope::defender {

inline constexpr std::uint8_t kMessageVersion1910 = 0x5D;
inline constexpr std::uint8_t kMessageVersion25080 = 0xA3;
inline constexpr std::uint8_t kMessageVersionA5 = 0xA5;

enum class MessageType : std::uint32_t { Process = 0, DocumentOpen = 7, TrustedProcess = 0xD, Taint = 0x17 };

#pragma pack(push, 1)

struct MESSAGE_HEADER_1910 {
  std::uint8_t Version;
  std::uint8_t Minor;       // 1
  std::uint16_t Kind;       // 2
  std::uint32_t TotalSize;  // header and payload
};
static_assert(sizeof(MESSAGE_HEADER_1910) == 0x08);

struct MESSAGE_HEADER_25080 {
  std::uint8_t Version;
  std::uint8_t Minor;  // 0
  std::uint16_t Kind;  // 2
  std::uint32_t TotalSize;
  std::uint32_t IoPriority;  // assumed: widths and order of the three priorities and of the padding
  std::uint32_t ThreadPriority;
  std::uint32_t PagePriority;
  std::uint32_t Padding14;
};
static_assert(sizeof(MESSAGE_HEADER_25080) == 0x18);

struct MESSAGE_PAYLOAD {
  std::int64_t SerialNumber;  // 0x00
  std::uint32_t Size;         // 0x08 of the payload
  std::uint32_t RefCount;     // 0x0C
  std::uint32_t Type;         // 0x10 MessageType
  std::uint32_t Padding14;    // 0x14
};
static_assert(sizeof(MESSAGE_PAYLOAD) == 0x18);

struct PROCESS_MESSAGE_1910 {
  MESSAGE_PAYLOAD Head;             // 0x00
  std::uint32_t ParentProcessId;    // 0x18 0 for exit
  std::int64_t ParentCreateTime;    // 0x1C 0 if not found
  std::uint32_t ProcessId;          // 0x24
  std::int64_t CreateTime;          // 0x28
  std::uint8_t Create;              // 0x30 1 create, 0 exit
  std::uint8_t Excluded;            // 0x31
  std::uint8_t Padding32[0x0A];     // 0x32
  std::uint32_t ImageNameSize;      // 0x3C bytes with the NUL
  std::uint32_t ImageNameOffset;    // 0x40 or 0
  std::uint32_t SessionId;          // 0x44
  std::uint32_t CommandLineSize;    // 0x48
  std::uint32_t CommandLineOffset;  // 0x4C
  std::uint32_t ElevationType;      // 0x50 default 1
  std::uint32_t Elevation;          // 0x54
  std::uint32_t IntegrityLevel;     // 0x58
  std::uint32_t Unknown5C;          // 0x5C
  std::uint32_t CreatorProcessId;   // 0x60 create only
  std::int64_t CreatorCreateTime;   // 0x64
  std::uint8_t Padding6C[0x04];     // 0x6C
};
static_assert(sizeof(PROCESS_MESSAGE_1910) == 0x70);
static_assert(offsetof(PROCESS_MESSAGE_1910, ImageNameSize) == 0x3C);
static_assert(offsetof(PROCESS_MESSAGE_1910, CreatorProcessId) == 0x60);

struct PROCESS_MESSAGE_25080 {
  MESSAGE_PAYLOAD Head;             // 0x00
  std::uint32_t ParentProcessId;    // 0x18
  std::int64_t ParentCreateTime;    // 0x1C
  std::uint32_t ProcessId;          // 0x24
  std::int64_t CreateTime;          // 0x28
  std::uint8_t Create;              // 0x30
  std::uint8_t Excluded;            // 0x31
  std::uint8_t Padding32[0x0A];     // 0x32
  std::uint32_t ImageNameSize;      // 0x3C
  std::uint32_t ImageNameOffset;    // 0x40
  std::uint32_t SessionId;          // 0x44
  std::uint32_t CommandLineSize;    // 0x48
  std::uint32_t CommandLineOffset;  // 0x4C
  std::uint32_t DosNameSize;        // 0x50 only with message flag 4
  std::uint32_t DosNameOffset;      // 0x54
  std::uint32_t ElevationType;      // 0x58
  std::uint32_t Elevation;          // 0x5C
  std::uint32_t IntegrityLevel;     // 0x60
  std::uint32_t Flags;              // 0x64 message_flag
  std::uint32_t CreatorProcessId;   // 0x68
  std::int64_t CreatorCreateTime;   // 0x6C
  std::uint32_t KnownType;          // 0x74
  std::uint32_t Rules;              // 0x78
  std::uint32_t Rules2;             // 0x7C
};
static_assert(sizeof(PROCESS_MESSAGE_25080) == 0x80);
static_assert(offsetof(PROCESS_MESSAGE_25080, DosNameSize) == 0x50);
static_assert(offsetof(PROCESS_MESSAGE_25080, CreatorProcessId) == 0x68);
static_assert(offsetof(PROCESS_MESSAGE_25080, KnownType) == 0x74);

namespace message_flag {
inline constexpr std::uint32_t Transacted = 1;
inline constexpr std::uint32_t Normal = 2;  // made by NtCreateUserProcess, or undetermined
inline constexpr std::uint32_t DosName = 4;
inline constexpr std::uint32_t TrustedInstaller = 8;
}  // namespace message_flag

struct TRUSTED_PROCESS_MESSAGE_1910 {
  MESSAGE_PAYLOAD Head;
  std::uint8_t OneUntrusted;  // 0x18 1: exactly one untrusted process exists, named; 0: none left
  std::uint8_t Padding19;
  char16_t Name[15];  // 0x1A
};
static_assert(sizeof(TRUSTED_PROCESS_MESSAGE_1910) == 0x38);

struct TRUSTED_PROCESS_MESSAGE_25080 {
  MESSAGE_PAYLOAD Head;
  std::uint8_t OneUntrusted;
  std::uint8_t Padding19;
  char16_t Name[3];  // 0x1A: the build sets a fixed size of 0x20, so three units travel
};
static_assert(sizeof(TRUSTED_PROCESS_MESSAGE_25080) == 0x20);

// 25080 and later: a process lost its exclusion by command. assumed: only the message's type is published.
struct TAINT_MESSAGE_25080 {
  MESSAGE_PAYLOAD Head;
  std::uint32_t ProcessId;  // 0x18
  std::int64_t CreateTime;  // 0x1C
  std::uint8_t Reason;      // 0x24 as the command had it
  std::uint8_t Padding25[3];
};
static_assert(sizeof(TAINT_MESSAGE_25080) == 0x28);

// Process info: what the service decides about one process.
struct PROCESS_INFO_25080 {
  std::uint32_t ProcessId;             // 0x00
  std::int64_t CreateTime;             // 0x04
  std::uint32_t Rules;                 // 0x0C
  std::uint32_t Rules2;                // 0x10
  std::uint32_t Unknown14;             // 0x14
  std::uint64_t InjectionTargetMask;   // 0x18
  std::uint64_t InjectionRequestMask;  // 0x20
  std::uint8_t HipRules[0x10];         // 0x28
  std::uint8_t InfoBlock3[0x10];       // 0x38
  std::uint8_t Deny;                   // 0x48 replies only
  std::uint8_t CloudSync;              // 0x49
  std::uint8_t Padding4A[2];
  std::uint8_t HipRules1[0x10];            // 0x4C
  std::uint32_t Rules3;                    // 0x5C
  std::uint32_t Unknown60;                 // 0x60
  std::uint8_t HardeningValid;             // 0x64 the next three count
  std::uint8_t RegistryHardeningExcluded;  // 0x65
  std::uint8_t FileHardeningExcluded;      // 0x66
  std::uint8_t ObjectHardeningExcluded;    // 0x67
};
static_assert(sizeof(PROCESS_INFO_25080) == 0x68);
static_assert(offsetof(PROCESS_INFO_25080, Deny) == 0x48 && offsetof(PROCESS_INFO_25080, HardeningValid) == 0x64);

// assumed: only the size (about 0x58) and Deny at 0x40 are published. This is the 2025 entry without its second rule
// word and the unknown beside it, which puts Deny where it is known to be.
struct PROCESS_INFO_1910 {
  std::uint32_t ProcessId;             // 0x00
  std::int64_t CreateTime;             // 0x04
  std::uint32_t Rules;                 // 0x0C
  std::uint64_t InjectionTargetMask;   // 0x10
  std::uint64_t InjectionRequestMask;  // 0x18
  std::uint8_t HipRules[0x10];         // 0x20
  std::uint8_t InfoBlock3[0x10];       // 0x30
  std::uint8_t Deny;                   // 0x40
  std::uint8_t Padding41[3];
  std::uint8_t HipRules1[0x10];  // 0x44
  std::uint32_t Unknown54;       // 0x54
};
static_assert(sizeof(PROCESS_INFO_1910) == 0x58);
static_assert(offsetof(PROCESS_INFO_1910, Deny) == 0x40);

// The answer to a create message.
template <class Info>
struct CREATE_REPLY {
  std::uint8_t Version;
  std::uint8_t Minor;
  std::uint16_t Size;  // of the whole reply
  std::uint32_t Padding04;
  Info Entry;  // 0x08
};
using CREATE_REPLY_1910 = CREATE_REPLY<PROCESS_INFO_1910>;
using CREATE_REPLY_25080 = CREATE_REPLY<PROCESS_INFO_25080>;
static_assert(sizeof(CREATE_REPLY_1910) == 0x60 && sizeof(CREATE_REPLY_25080) == 0x70);

#pragma pack(pop)

}  // namespace wdscope::defender
