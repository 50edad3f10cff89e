// SPDX-License-Identifier: MIT
// MP_PROCESS_CONTEXT: what WdFilter keeps for one process. Four known sizes share the first 0xC0 bytes.
// Source: research ExecutiveCallbackObjects, WdFilter-Research (1910), wdfilter-research (25080); the 20H1 preview's
// last member by the first of these alone. Allocated from a paged lookaside list, tag "MPpX".
#pragma once

#include "abi/defender/opaque.h"

namespace wdscope::defender {

inline constexpr std::uint16_t kProcessContextType = 0xDA0F;
inline constexpr std::uint32_t kProcessContextMagic1910 = magic_of(0x0C0, kProcessContextType);
inline constexpr std::uint32_t kProcessContextMagic20H1 = magic_of(0x0C8, kProcessContextType);
inline constexpr std::uint32_t kProcessContextMagic25080 = magic_of(0x130, kProcessContextType);

struct MP_PROCESS_CONTEXT {
  std::uint32_t Magic;                     // 0x00
  std::uint32_t Padding04;                 // 0x04
  ListLinks TableLinks;                    // 0x08 bucket linkage; a list pointer minus 8 is the context
  std::uint64_t ProcessId;                 // 0x18
  std::int64_t CreateTime;                 // 0x20 FILETIME, second half of the key
  KernelAddress CommandLine;               // 0x28 UNICODE_STRING*, may be NULL
  std::int32_t RefCount;                   // 0x30
  std::uint32_t ProcessFlags;              // 0x34 flags.h
  std::uint32_t ProcessRules;              // 0x38
  std::uint32_t ProcessRules2;             // 0x3C 1910: meaning unknown
  std::uint64_t CodeInjectionTargetMask;   // 0x40
  std::uint64_t CodeInjectionRequestMask;  // 0x48 all ones at creation: unrestricted until the service says otherwise
  KernelAddress DocRule;                   // 0x50 MP_DOC_OPEN_RULE* or NULL; holds one reference
  KernelAddress PreScanHook;               // 0x58 function pointer or NULL
  std::uint32_t Unknown60;                 // 0x60
  std::uint32_t NotificationsSent;         // 0x64
  std::uint32_t InjectionHandlesCount;     // 0x68
  std::uint32_t Unknown6C;                 // 0x6C
  KernelAddress Wow64CpuImageBase;         // 0x70
  std::uint32_t SubsystemInformation;      // 0x78 0 Win32, 1 WSL
  std::uint32_t Padding7C;                 // 0x7C
  KernelAddress ImageName;                 // 0x80 UNICODE_STRING*
  std::uint8_t HipRules[0x10];             // 0x88
  std::uint8_t HipRules1[0x10];            // 0x98
  std::uint8_t InfoBlock3[0x10];           // 0xA8
  std::uint8_t Protection;                 // 0xB8 PS_PROTECTION: type bits 0-2, audit bit 3, signer bits 4-7
  std::uint8_t PaddingB9[3];               // 0xB9
  std::uint32_t StreamHandleCtxCount;      // 0xBC
};
static_assert(sizeof(MP_PROCESS_CONTEXT) == 0xC0);
static_assert(offsetof(MP_PROCESS_CONTEXT, TableLinks) == 0x08);
static_assert(offsetof(MP_PROCESS_CONTEXT, ProcessId) == 0x18);
static_assert(offsetof(MP_PROCESS_CONTEXT, CreateTime) == 0x20);
static_assert(offsetof(MP_PROCESS_CONTEXT, CommandLine) == 0x28);
static_assert(offsetof(MP_PROCESS_CONTEXT, ProcessFlags) == 0x34);
static_assert(offsetof(MP_PROCESS_CONTEXT, DocRule) == 0x50);
static_assert(offsetof(MP_PROCESS_CONTEXT, PreScanHook) == 0x58);
static_assert(offsetof(MP_PROCESS_CONTEXT, Wow64CpuImageBase) == 0x70);
static_assert(offsetof(MP_PROCESS_CONTEXT, SubsystemInformation) == 0x78);
static_assert(offsetof(MP_PROCESS_CONTEXT, ImageName) == 0x80);
static_assert(offsetof(MP_PROCESS_CONTEXT, HipRules) == 0x88);
static_assert(offsetof(MP_PROCESS_CONTEXT, Protection) == 0xB8);
static_assert(offsetof(MP_PROCESS_CONTEXT, StreamHandleCtxCount) == 0xBC);

// Windows Insider build 19008, October 2019.
struct MP_PROCESS_CONTEXT_20H1 {
  MP_PROCESS_CONTEXT Common;
  KernelAddress FileNameInformation;  // 0xC0 FLT_FILE_NAME_INFORMATION*
};
static_assert(sizeof(MP_PROCESS_CONTEXT_20H1) == 0xC8);

// 4.18.25080.5 and the newest build known (message version 0xA5).
struct MP_PROCESS_CONTEXT_25080 {
  MP_PROCESS_CONTEXT Common;
  std::uint32_t UnknownC0;              // 0xC0 zero at creation
  std::uint32_t PaddingC4;              // 0xC4
  PushLockBytes SensitiveSectionsLock;  // 0xC8
  ListLinks SensitiveSections;          // 0xD0 self-linked at creation
  std::uint8_t IsAppContainer;          // 0xE0
  std::uint8_t PaddingE1[3];
  std::uint32_t DlpEnlightenment;  // 0xE4
  std::uint8_t UnknownE8;          // 0xE8 zero at creation
  std::uint8_t PaddingE9[7];
  std::uint32_t KnownProcessType;  // 0xF0 flags.h
  std::uint32_t PaddingF4;
  KernelAddress FirstImageBase;  // 0xF8
  std::uint32_t SessionId;       // 0x100 0xFFFFFFFF when the query failed
  std::uint32_t Padding104;
  KernelAddress CopyCache;         // 0x108 tag "MPCp"
  PushLockBytes CopyCacheLock;     // 0x110
  std::uint32_t Unknown118;        // 0x118
  std::uint32_t ProcessRules3;     // 0x11C TrustedInstaller flags
  std::uint32_t State;             // 0x120 flags.h: protection valid, hardening exclusions ...
  std::uint32_t SendResult;        // 0x124 low 4 bits: result of the create message
  std::uint32_t InfoApplications;  // 0x128 number of SET_PROCESS_INFO applications
  std::uint32_t Padding12C;        // 0x12C
};
static_assert(sizeof(MP_PROCESS_CONTEXT_25080) == 0x130);
static_assert(offsetof(MP_PROCESS_CONTEXT_25080, SensitiveSectionsLock) == 0xC8);
static_assert(offsetof(MP_PROCESS_CONTEXT_25080, SensitiveSections) == 0xD0);
static_assert(offsetof(MP_PROCESS_CONTEXT_25080, IsAppContainer) == 0xE0);
static_assert(offsetof(MP_PROCESS_CONTEXT_25080, DlpEnlightenment) == 0xE4);
static_assert(offsetof(MP_PROCESS_CONTEXT_25080, KnownProcessType) == 0xF0);
static_assert(offsetof(MP_PROCESS_CONTEXT_25080, FirstImageBase) == 0xF8);
static_assert(offsetof(MP_PROCESS_CONTEXT_25080, SessionId) == 0x100);
static_assert(offsetof(MP_PROCESS_CONTEXT_25080, CopyCache) == 0x108);
static_assert(offsetof(MP_PROCESS_CONTEXT_25080, ProcessRules3) == 0x11C);
static_assert(offsetof(MP_PROCESS_CONTEXT_25080, State) == 0x120);
static_assert(offsetof(MP_PROCESS_CONTEXT_25080, SendResult) == 0x124);

// Entry of MpGetProcessContextList: pushed at the front; Next points at the +0x08 member of the next entry.
inline constexpr std::uint32_t kProcessContextListEntryMagic = magic_of(0x18, 0xDA17);
struct MP_PROCESS_CONTEXT_LIST_ENTRY {
  std::uint32_t Magic;
  std::uint32_t Padding04;
  KernelAddress Next;
  KernelAddress Context;  // owns one reference
};
static_assert(sizeof(MP_PROCESS_CONTEXT_LIST_ENTRY) == 0x18);

}  // namespace wdscope::defender
