// SPDX-License-Identifier: MIT
// MP_DATA: WdFilter's global state, one nonpaged block, tag "MPfd". Two sizes are known; each has one table of offsets
// here, for the members that this project writes or names. Source: research WdFilter-Research (1910),
// wdfilter-research (25080), listings of the 0xA5 build (same offsets as 25080 where they show any).
#pragma once

#include "abi/defender/opaque.h"

namespace wdscope::defender {

inline constexpr std::uint16_t kMpDataType = 0xDA00;

// Where a member of type T lies; kAbsent when the build has no such member.
template <class T>
struct MpDataMember {
  static constexpr std::uint32_t kAbsent = 0xFFFFFFFF;
  std::uint32_t offset = kAbsent;
  constexpr bool present() const { return offset != kAbsent; }
};

struct MpDataLayout {
  std::uint32_t size;
  MpDataMember<std::uint32_t> Magic;  // two 16-bit stores: type, size
  MpDataMember<KernelAddress> DriverObject;
  MpDataMember<KernelAddress> SetCreateProcessNotifyRoutineEx;   // routine or NULL
  MpDataMember<KernelAddress> SetCreateProcessNotifyRoutineEx2;  // routine or NULL
  MpDataMember<KernelAddress> SetCreateThreadNotifyRoutineEx;    // not NULL: contexts get flag 0x400
  MpDataMember<KernelAddress> EngineProcess;                     // EPROCESS of the connected engine
  MpDataMember<std::uint64_t> EngineProcessId;
  MpDataMember<std::int32_t> ConnectionCount;
  MpDataMember<KernelAddress> ProtectionPort;  // synchronous create message
  MpDataMember<KernelAddress> AsyncPort;
  MpDataMember<EresourceBytes> Resource;              // not the process table's lock
  MpDataMember<std::int64_t> AsyncNotificationCount;  // serial number of messages, interlocked
  MpDataMember<std::uint32_t> OsVersionMask;          // os_version
  MpDataMember<std::uint32_t> MonitorFlags;           // monitor_flag
  MpDataMember<std::uint8_t> WdNames;                 // 1: "Wd..." callback names, 0: "Mp..."
  MpDataMember<KernelAddress> ProcessNotification;    // callback object
  MpDataMember<KernelAddress> NriNotification;        // callback object
  MpDataMember<KernelAddress> NriRegistration;        // from ExRegisterCallback
  MpDataMember<std::int64_t> ProcessMessageTime;      // total, milliseconds
  MpDataMember<std::int32_t> ProcessMessageCount;     // negative: both are reset to 0
  MpDataMember<std::int32_t> InfosApplied;            // replies whose info was applied
  MpDataMember<std::int32_t> SendErrors;
  MpDataMember<std::int32_t> LastSendError;
  MpDataMember<std::int32_t> Timeouts;
  MpDataMember<std::int32_t> MalformedReplies;
  MpDataMember<KernelAddress> MpServiceSid;  // SID* of WinDefend, tag "MPsd", like all that follow
  MpDataMember<KernelAddress> NriServiceSid;
  MpDataMember<KernelAddress> DlpServiceSid;
  MpDataMember<KernelAddress> TrustedInstallerSid;
  MpDataMember<KernelAddress> CoreServiceSid;
  MpDataMember<KernelAddress> CryptServiceSid;
  MpDataMember<KernelAddress> CsrssHookData;       // CSRSS_HOOK_DATA*
  MpDataMember<std::uint64_t> LastDisconnectTick;  // tick count of the engine's last disconnect
  MpDataMember<std::uint8_t> DllHostTracking;      // not zero: contexts get the dllhost bit
  MpDataMember<std::uint32_t> MarkParents;         // feature value, not zero: a new process's parent gets flag 0x8000
};

inline constexpr MpDataLayout kMpData1910 = {
    .size = 0x0CC0,
    .Magic = {0x000},
    .DriverObject = {0x008},
    .SetCreateProcessNotifyRoutineEx = {0x018},
    .SetCreateProcessNotifyRoutineEx2 = {0x020},
    .SetCreateThreadNotifyRoutineEx = {0x028},
    .EngineProcess = {0x0A0},
    .EngineProcessId = {0x0A8},
    .ConnectionCount = {0x0B0},
    .ProtectionPort = {0x0C8},
    .AsyncPort = {0x0F8},
    .Resource = {0x238},
    .AsyncNotificationCount = {0x2A0},
    .OsVersionMask = {0x2A8},
    .MonitorFlags = {0x2AC},
    .WdNames = {0x6B1},
    .ProcessNotification = {0x6D8},
    .NriNotification = {0x6E0},
    .NriRegistration = {0x6E8},
    .ProcessMessageTime = {0x8B8},
    .ProcessMessageCount = {0x8C0},
    .InfosApplied = {0x8C8},
    .SendErrors = {0x8CC},
    .LastSendError = {0x8D0},
    .Timeouts = {0x8D4},
    .MalformedReplies = {0x8D8},
    .MpServiceSid = {0x688},
    .NriServiceSid = {0x690},
    .DlpServiceSid = {},
    .TrustedInstallerSid = {0x698},
    .CoreServiceSid = {},
    .CryptServiceSid = {},
    .CsrssHookData = {0x6D0},
    .LastDisconnectTick = {},
    .DllHostTracking = {},
    .MarkParents = {},
};

inline constexpr MpDataLayout kMpData25080 = {
    .size = 0x1180,
    .Magic = {0x000},
    .DriverObject = {0x008},
    .SetCreateProcessNotifyRoutineEx = {0x018},
    .SetCreateProcessNotifyRoutineEx2 = {0x020},
    .SetCreateThreadNotifyRoutineEx = {0x028},
    .EngineProcess = {0x0E8},
    .EngineProcessId = {0x0F0},
    .ConnectionCount = {0x0F8},
    .ProtectionPort = {0x140},
    .AsyncPort = {0x1A0},
    .Resource = {0x2F0},
    .AsyncNotificationCount = {0x358},
    .OsVersionMask = {0x360},
    .MonitorFlags = {0x364},
    .WdNames = {},
    .ProcessNotification = {0x9B8},
    .NriNotification = {0x9C0},
    .NriRegistration = {0x9C8},
    .ProcessMessageTime = {0xBB0},
    .ProcessMessageCount = {0xBB8},
    .InfosApplied = {0xBC0},
    .SendErrors = {0xBC4},
    .LastSendError = {0xBC8},
    .Timeouts = {0xBCC},
    .MalformedReplies = {0xBD0},
    .MpServiceSid = {0x948},
    .NriServiceSid = {0x950},
    .DlpServiceSid = {0x958},
    .TrustedInstallerSid = {0x960},
    .CoreServiceSid = {0x970},
    .CryptServiceSid = {0x978},
    .CsrssHookData = {0x9B0},
    .LastDisconnectTick = {0xFC0},
    .DllHostTracking = {0xFD1},
    .MarkParents = {0xFF4},
};

static_assert(kMpData1910.Resource.offset + sizeof(EresourceBytes) == kMpData1910.AsyncNotificationCount.offset);
static_assert(kMpData25080.Resource.offset + sizeof(EresourceBytes) == kMpData25080.AsyncNotificationCount.offset);

namespace os_version {
inline constexpr std::uint32_t Vista = 0x01;
inline constexpr std::uint32_t Windows7 = 0x02;
inline constexpr std::uint32_t Windows8 = 0x04;
inline constexpr std::uint32_t Windows81 = 0x08;   // protected processes exist
inline constexpr std::uint32_t Windows10 = 0x10;   // inferred
inline constexpr std::uint32_t Subsystems = 0x80;  // subsystem information and Ex2 notification
inline constexpr std::uint32_t Redstone3 = 0x100;  // a failed protection query is fatal
}  // namespace os_version

namespace monitor_flag {
inline constexpr std::uint32_t BehaviourMonitoring = 0x00000002;  // "bit 1": gate of asynchronous messages
}  // namespace monitor_flag

}  // namespace wdscope::defender
