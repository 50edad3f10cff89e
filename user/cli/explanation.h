// SPDX-License-Identifier: MIT
// What has been decided about a process, in plain words: the answer on its exclusion, each fact with whose word it is
// and when it was learnt, what it means, and what has changed.
#pragma once

#include <string>
#include <vector>

#include "cli/gather.h"
#include "cli/look.h"
#include "event/exclusion.h"

namespace wdscope::cli {

// Those that `target` means: a pid as the views show it, or a pattern of images, by NT path or DOS path. Running ones
// if there are any, else those that have ended; of a pid only the newest.
std::vector<const ProcessState*> find_target(const Gathered& gathered, const std::string& target);

// Everything about one.
std::string explain_process(const ProcessState& process, const Gathered& gathered, const TextStyle& style);

// One line each, for several of one image.
std::string explain_processes(const std::vector<const ProcessState*>& processes, const Gathered& gathered,
                              const TextStyle& style);

// "YES", "NO", "CANNOT TELL"
std::string_view verdict_words(ExclusionAnswer::Verdict verdict);

}  // namespace wdscope::cli
