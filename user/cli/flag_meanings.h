// SPDX-License-Identifier: MIT
// What flags and decisions of the notifier mean for a process, one sentence each. Source: research WdFilter-Research
// (1910) and wdfilter-research (25080); where they only show what sets a flag, that is what is said.
#pragma once

#include <string_view>

#include "abi/defender/flags.h"

namespace wdscope::cli {

struct FlagMeaning {
  std::uint32_t bit;
  std::string_view meaning;
};

inline constexpr FlagMeaning kFlagMeanings[] = {
    {defender::flag::Excluded,
     "an exclusion matches it: WdFilter does not report its file activity for behaviour monitoring, unless the rule "
     "'monitor although excluded' is set"},
    {defender::flag::NewProcess, "its first thread is not noted yet"},
    {defender::flag::EngineProcess, "it is Defender's engine or its data-loss-prevention service"},
    {defender::flag::DefenderServiceSid, "its token has the identity of one of Defender's services"},
    {defender::flag::Friendly, "it may touch Defender's own files, registry keys and processes (1910)"},
    {defender::flag::Trusted, "the notifier counts it as trusted and tells its listeners so"},
    {defender::flag::SecurityEssentials, "it is Security Essentials' user interface (1910)"},
    {defender::flag::ServiceHost, "it is a service host (1910)"},
    {defender::flag::Wow64CpuLoaded, "it has loaded the 32-bit emulation and that is still to be reported"},
    {defender::flag::ThreadExCheckPending, "its command line is still to be checked when its first thread starts"},
    {defender::flag::ProcessExplorer, "it is Process Explorer (1910)"},
    {defender::flag::Terminating, "it has ended"},
    {defender::flag::SystemProcess, "it is the System process"},
    {defender::flag::CreatedChild, "it has just created a child"},
};

}  // namespace wdscope::cli
