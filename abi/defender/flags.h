// SPDX-License-Identifier: MIT
// Names of the bits and values in a process context. One truth for the drivers, the decoder and the documents.
// Source: research WdFilter-Research (1910) and wdfilter-research (25080).
#pragma once

#include <cstdint>
#include <string_view>

namespace wdscope::defender {

// ProcessFlags (context 0x34).
namespace flag {
inline constexpr std::uint32_t Excluded = 0x00001;
inline constexpr std::uint32_t NewProcess = 0x00004;     // first thread pending
inline constexpr std::uint32_t EngineProcess = 0x00008;  // MsMpEng, DLP service
inline constexpr std::uint32_t DefenderServiceSid = 0x00010;
inline constexpr std::uint32_t Friendly = 0x00020;  // 1910; later: State bits 3-5
inline constexpr std::uint32_t Trusted = 0x00040;
inline constexpr std::uint32_t SecurityEssentials = 0x00080;  // 1910: msseces.exe
inline constexpr std::uint32_t ServiceHost = 0x00100;         // 1910: svchost
inline constexpr std::uint32_t Wow64CpuLoaded = 0x00200;
inline constexpr std::uint32_t ThreadExCheckPending = 0x00400;
inline constexpr std::uint32_t ProcessExplorer = 0x00800;  // 1910
inline constexpr std::uint32_t Terminating = 0x02000;
inline constexpr std::uint32_t SystemProcess = 0x04000;
inline constexpr std::uint32_t CreatedChild = 0x08000;  // 25080
}  // namespace flag

struct BitName {
  std::uint32_t bit;
  std::string_view name;  // as events spell it
};

inline constexpr BitName kProcessFlagNames[] = {
    {flag::Excluded, "excluded"},
    {flag::NewProcess, "new_process"},
    {flag::EngineProcess, "engine_process"},
    {flag::DefenderServiceSid, "defender_service_sid"},
    {flag::Friendly, "friendly"},
    {flag::Trusted, "trusted"},
    {flag::SecurityEssentials, "security_essentials"},
    {flag::ServiceHost, "service_host"},
    {flag::Wow64CpuLoaded, "wow64cpu_loaded"},
    {flag::ThreadExCheckPending, "thread_ex_check_pending"},
    {flag::ProcessExplorer, "process_explorer"},
    {flag::Terminating, "terminating"},
    {flag::SystemProcess, "system_process"},
    {flag::CreatedChild, "created_child"},
};

// ProcessRules (context 0x38): those that this project's code tests. Source: research WdFilter-Research (1910: what is
// about injection, threads and HIPS rules) and wdfilter-research (25080).
namespace rule {
inline constexpr std::uint32_t ForceTrusted = 0x00000020;
inline constexpr std::uint32_t AllRegistryAllowed = 0x00000400;
inline constexpr std::uint32_t MonitorAlthoughExcluded = 0x00004000;
}  // namespace rule

inline constexpr BitName kProcessRuleNames[] = {
    {0x00000008, "no_desktop_handle_notifications"},
    {rule::ForceTrusted, "force_trusted"},
    {0x00000080, "no_thread_messages"},
    {0x00000100, "no_image_load_reports"},
    {0x00000200, "no_image_load_reports_2"},
    {rule::AllRegistryAllowed, "all_registry_allowed"},
    {0x00000800, "report_wow64cpu_load"},
    {rule::MonitorAlthoughExcluded, "monitor_although_excluded"},
    {0x00008000, "injection_rule_active"},
    {0x00010000, "injection_allowed_as_source"},
    {0x00080000, "injection_accepted_as_target"},
    {0x00200000, "synchronous_registry"},
    {0x00400000, "synchronous_foreign_threads"},
    {0x00800000, "suspend_rule_active"},
    {0x01000000, "suspend_allowed_as_source"},
    {0x02000000, "suspend_accepted_as_target"},
    {0x08000000, "synchronous_image_loads"},
    {0x10000000, "synchronous_own_threads"},
    {0x20000000, "command_line_check"},
};

// ProcessRules2 (context 0x3C).
namespace rule2 {
inline constexpr std::uint32_t NotifyByte1D = 0x002;
inline constexpr std::uint32_t NotifyByte1E = 0x400;
}  // namespace rule2

// What the bits do is known, what they mean is not.
inline constexpr BitName kProcessRule2Names[] = {
    {rule2::NotifyByte1D, "notify_byte_1d"},
    {rule2::NotifyByte1E, "notify_byte_1e"},
};

// State (context 0x120, 25080 and later).
namespace state {
inline constexpr std::uint32_t ProtectionValid = 0x01;
inline constexpr std::uint32_t UevAgentLoaded = 0x02;
inline constexpr std::uint32_t HardeningExclusions = 0x38;  // registry, file, object: all set at creation
inline constexpr std::uint32_t RegistryHardeningExcluded = 0x08;
inline constexpr std::uint32_t FileHardeningExcluded = 0x10;
inline constexpr std::uint32_t ObjectHardeningExcluded = 0x20;
inline constexpr std::uint32_t DllHost = 0x40;
}  // namespace state

inline constexpr BitName kStateNames[] = {
    {state::ProtectionValid, "protection_valid"},
    {state::UevAgentLoaded, "uev_agent_loaded"},
    {state::RegistryHardeningExcluded, "registry_hardening_excluded"},
    {state::FileHardeningExcluded, "file_hardening_excluded"},
    {state::ObjectHardeningExcluded, "object_hardening_excluded"},
    {state::DllHost, "dll_host"},
};

// KnownProcessType (context 0xF0, 25080 and later).
enum class KnownProcessType : std::uint32_t {
  None = 0x00,
  CloudSyncProvider = 0x10,
  TrustedInstaller = 0x11,
  TrustedInstallerChild = 0x12,
  DlpRelevant = 0x14,
  CryptographicServices = 0x1D,
  System = 0x1E,
  Csrss = 0x1F,
};

// Low four bits of SendResult (context 0x124, 25080 and later): how the create message went.
enum class SendResult : std::uint32_t { NotSent = 0, ReplyOk = 1, Timeout = 2, SendError = 3, MalformedReply = 4 };

}  // namespace wdscope::defender
