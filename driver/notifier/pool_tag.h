// SPDX-License-Identifier: MIT
// The pool tags of WdFilter's process notification, as research publishes them.
#pragma once

#include "kit/pool_tags.h"

namespace wdscope::notifier::pool_tag {

inline constexpr ULONG kData = kit::pool_tag("MPfd");              // MP_DATA
inline constexpr ULONG kTable = kit::pool_tag("MPpT");             // process table; bucket array
inline constexpr ULONG kContext = kit::pool_tag("MPpX");           // contexts
inline constexpr ULONG kCopyCache = kit::pool_tag("MPCp");         // copy caches of processes
inline constexpr ULONG kListEntry = kit::pool_tag("MPpe");         // list entries
inline constexpr ULONG kString = kit::pool_tag("Mpus");            // duplicated strings
inline constexpr ULONG kRunningProcesses = kit::pool_tag("Mprp");  // what NT says of all processes
inline constexpr ULONG kDocRules = kit::pool_tag("MPdo");          // doc-rule root, rules, their extensions
inline constexpr ULONG kExclusions = kit::pool_tag("MPps");        // exclusion root, hardening and csrss data
inline constexpr ULONG kExclusion = kit::pool_tag("MPnd");
inline constexpr ULONG kExclusionText = kit::pool_tag("MPpn");
inline constexpr ULONG kHardeningEntry = kit::pool_tag("MPat");
inline constexpr ULONG kHardeningText = kit::pool_tag("MBOe");
inline constexpr ULONG kMpCmdRun = kit::pool_tag("MPvn");    // MpCmdRun's path
inline constexpr ULONG kServiceSid = kit::pool_tag("MPsd");  // SIDs of services
inline constexpr ULONG kMessage = kit::pool_tag("MPam");     // messages to the service

}  // namespace wdscope::notifier::pool_tag
