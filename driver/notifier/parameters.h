// SPDX-License-Identifier: MIT
// The registry parameters, read once at start from the driver's Parameters key.
#pragma once

#include "notifier/profile.h"

namespace wdscope::notifier {

// A text parameter, terminated; longer ones are refused.
template <std::size_t kUnits>
struct ParameterText {
  WCHAR units[kUnits];
  UNICODE_STRING view() const {
    UNICODE_STRING text;
    RtlInitUnicodeString(&text, units);
    return text;
  }
};

// Which of the two published names each callback object gets.
enum class CallbackNames { Wd, Mp };

struct Parameters {
  const Profile* profile;   // "Profile", wire::NotifierProfile; default a5
  CallbackNames names;      // "MpNames"; default: by the service's name in 2019, else Wd
  ULONG create_timeout_ms;  // "MaxProcessCreationMessageTimeout"; 1..99 are raised to 100
  // assumed defaults: both are off; Defender gets them from its service. 25080 and later.
  bool mark_parents;   // "MarkParents": the parent of a new process gets flag 0x8000
  bool track_dllhost;  // "TrackDllHost": contexts of dllhost.exe get State bit 6
  // NT paths without a backslash at the end. assumed defaults: WdFilter asks the system.
  ParameterText<260> system_root;       // "SystemRootPath"
  ParameterText<260> product_path;      // "ProductPath": the folder of MpCmdRun.exe
  ParameterText<1024> hardening_table;  // "HardeningTable": hardening_table.h; 25080 and later
};

// assumed: Defender's own default is not published.
inline constexpr ULONG kDefaultCreateTimeoutMs = 10000;
inline constexpr ULONG kMinimumCreateTimeoutMs = 100;
inline constexpr ULONG kMaximumCreateTimeoutMs = 600000;  // ours: a process stands still for so long

// PASSIVE_LEVEL. A missing key or value means the default. STATUS_INVALID_PARAMETER: unknown profile, a value of
// another type, out of its range or malformed (a message says which); other failures are the registry's own.
[[nodiscard]] NTSTATUS read_parameters(const UNICODE_STRING& registry_path, Parameters* parameters);

// What holds without any registry value.
[[nodiscard]] Parameters default_parameters();

// The waiting time that a registry value stands for.
constexpr ULONG effective_create_timeout_ms(ULONG value) {
  return value < kMinimumCreateTimeoutMs ? kMinimumCreateTimeoutMs : value;
}

}  // namespace wdscope::notifier
