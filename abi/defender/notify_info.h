// SPDX-License-Identifier: MIT
// WD_PS_NOTIFY_INFO: Argument1 of every process notification (Argument2 is NULL). It lies on the notifier's stack and
// is valid only during the call. Source: research ExecutiveCallbackObjects (2019), wdfilter-research (25080), listings
// of the 0xA5 build.
#pragma once

#include "abi/defender/opaque.h"

namespace wdscope::defender {

enum class OperationType : std::uint32_t {
  Create = 1,
  Terminate = 2,
  Trust = 3,  // changed (image name NULL) or refreshed (image name present)
};

struct WD_PS_NOTIFY_INFO {
  std::uint64_t ProcessId;        // 0x00
  std::uint64_t ParentProcessId;  // 0x08 2019: ADDRESS of the parent's id, NULL except for create;
                                  //      2025: the parent's id itself, 0 except for create
  KernelAddress ImageName;        // 0x10 UNICODE_STRING* or NULL
  std::uint32_t OperationType;    // 0x18
  std::uint8_t Trusted;           // 0x1C zero or non-zero only: 2019 writes 0x40 for create and refresh
  std::uint8_t Rules2Bit1;        // 0x1D 2025: ProcessRules2 bit 1; 2019: not written
  std::uint8_t Rules2Bit10;       // 0x1E 0xA5: ProcessRules2 bit 10; 25080: zero; 2019: not written
  std::uint8_t Byte1F;            // 0x1F 2025: zero; 2019: not written
};
static_assert(sizeof(WD_PS_NOTIFY_INFO) == 0x20);
static_assert(offsetof(WD_PS_NOTIFY_INFO, OperationType) == 0x18);
static_assert(offsetof(WD_PS_NOTIFY_INFO, Trusted) == 0x1C);

// What lies around the argument at the create and exit sites: a compiler's choice, not a contract.
inline constexpr std::int64_t kContextOffset1910 = -0x10;  // create and terminate; create: also member 0x08 minus 8
inline constexpr std::int64_t kContextOffsetA5 = -0x08;    // create and terminate
// 25080: unknown.

// {context, parent id, argument}: the 2019 frame at the create and exit sites.
struct WD_PS_NOTIFY_FRAME_1910 {
  KernelAddress Context;          // -0x10
  std::uint64_t ParentProcessId;  // -0x08 what member 0x08 points to
  WD_PS_NOTIFY_INFO Info;         // +0x00
  KernelAddress ImageName;        // +0x20 create parameters
  KernelAddress CommandLine;      // +0x28
};
static_assert(offsetof(WD_PS_NOTIFY_FRAME_1910, Info) == 0x10 && sizeof(WD_PS_NOTIFY_FRAME_1910) == 0x40);

// The 0xA5 frame at the create and exit sites, from assembly.
struct WD_PS_NOTIFY_FRAME_A5 {
  KernelAddress AccessDenied;        // -0x20
  KernelAddress CommandLinePointer;  // -0x18
  KernelAddress Process;             // -0x10 EPROCESS: where 2019 kept the context
  KernelAddress Context;             // -0x08
  WD_PS_NOTIFY_INFO Info;            // +0x00
  KernelAddress ImageName;           // +0x20 create parameters
  KernelAddress CommandLine;         // +0x28
  std::uint64_t ParentProcessId;     // +0x30
  std::uint8_t Creator[12];          // +0x38 creator's unique id: pid (4) and creation time (8), unaligned
  std::uint32_t Padding44;
};
static_assert(offsetof(WD_PS_NOTIFY_FRAME_A5, Info) == 0x20 && offsetof(WD_PS_NOTIFY_FRAME_A5, Creator) == 0x58);

}  // namespace wdscope::defender
