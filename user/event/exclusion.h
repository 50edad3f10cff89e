// SPDX-License-Identifier: MIT
// Is an exclusion in force for a process? Judged from what the picture holds, and never said more surely than it is.
//
// The notifier keeps the answer in its context (flag 0x1, and rule 0x4000 that overrules it), which only creates and
// exits show. In between its trust is the witness: WdFilter recomputes it whenever the service judges a process or the
// exclusions change, and trusts every excluded process that is not monitored all the same (research wdfilter-research,
// MpUpdateProcessTrust). So an untrusted process is not excluded, and a trusted one may be, or not.
#pragma once

#include <cstdint>
#include <string>

#include "event/process_picture.h"

namespace wdscope {

struct ExclusionAnswer {
  enum class Verdict : std::uint8_t { InForce, NotInForce, CannotTell };
  enum class Sureness : std::uint8_t {
    Said,      // the notifier's own flag
    Inferred,  // from its trust, by the rule above
    None,      // CannotTell
  };
  Verdict verdict = Verdict::CannotTell;
  Sureness sureness = Sureness::None;
  std::string reason;  // one or two sentences
  Learnt learnt;       // what the verdict rests on
};

ExclusionAnswer judge_exclusion(const ProcessState& process, const ProcessPicture& picture);

}  // namespace wdscope
