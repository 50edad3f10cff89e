// SPDX-License-Identifier: MIT
#include "event/exclusion.h"

#include <algorithm>

#include "abi/defender/flags.h"

namespace wdscope {
namespace {

using Verdict = ExclusionAnswer::Verdict;
using Sureness = ExclusionAnswer::Sureness;

bool trust_heard_behind(const ProcessState& process, const Learnt& learnt) {
  return process.trusted && process.trusted.learnt.sequence > learnt.sequence;
}

// Trust taken away after the event that `learnt` names; nothing if none is kept.
const Change* trust_change_behind(const ProcessState& process, const Learnt& learnt, std::uint32_t after) {
  const auto found = std::find_if(process.changes.rbegin(), process.changes.rend(), [&](const Change& change) {
    return change.what == Change::What::Trust && change.after == after && change.learnt.sequence > learnt.sequence;
  });
  return found == process.changes.rend() ? nullptr : &*found;
}

ExclusionAnswer by_context(const ProcessState& process) {
  const ContextWords& words = process.context.value;
  const Learnt& learnt = process.context.learnt;
  const bool flagged = (words.flags & defender::flag::Excluded) != 0;
  if (flagged && (words.rules & defender::rule::MonitorAlthoughExcluded) != 0) {
    return {Verdict::NotInForce, Sureness::Said,
            "it has the flag 'excluded', but also the rule 'monitor although excluded', which overrules it", learnt};
  }
  if (flagged) {
    const Change* withdrawn = trust_change_behind(process, learnt, 0);
    if (withdrawn != nullptr && !process.trusted.value) {
      return {Verdict::NotInForce, Sureness::Inferred,
              "it had the flag 'excluded', but has lost its trust since, which an excluded process keeps",
              withdrawn->learnt};
    }
    return {Verdict::InForce, Sureness::Said, "its flags say 'excluded'", learnt};
  }
  if (trust_heard_behind(process, learnt) && process.trusted.value && (words.flags & defender::flag::Trusted) == 0) {
    return {Verdict::CannotTell, Sureness::None,
            "it was not excluded when its flags were last seen, but has become trusted since: the service's verdict "
            "does that, and so does an exclusion that was added later",
            process.trusted.learnt};
  }
  return {Verdict::NotInForce, Sureness::Said, "its flags do not say 'excluded'", learnt};
}

ExclusionAnswer by_trust(const ProcessState& process) {
  if (!process.trusted) {
    return {Verdict::CannotTell, Sureness::None, "neither its flags nor its trust are known", process.first_seen};
  }
  if (process.trusted.value) {
    return {
        Verdict::CannotTell, Sureness::None,
        "its flags were never seen, only that it is trusted: an excluded process is, and so is one that the "
        "service's rules, or being a part of Defender, make trusted. Flags come with the notification of a creation",
        process.trusted.learnt};
  }
  return {Verdict::NotInForce, Sureness::Inferred,
          "it is not trusted, and WdFilter trusts every excluded process that it leaves alone. (Its flags were never "
          "seen. One whose creation the service never judged may be excluded and untrusted.)",
          process.trusted.learnt};
}

}  // namespace

ExclusionAnswer judge_exclusion(const ProcessState& process, const ProcessPicture& picture) {
  ExclusionAnswer answer = process.context ? by_context(process) : by_trust(process);
  // Nothing changes any more behind its end.
  const bool over = process.ended && process.ended.sequence == answer.learnt.sequence;
  const Learnt& newest = trust_heard_behind(process, answer.learnt) ? process.trusted.learnt : answer.learnt;
  if (answer.verdict != Verdict::CannotTell && !over && picture.lost_behind(newest)) {
    answer.reason =
        "events were lost after it was last heard of, and they may have changed it; before, " + answer.reason;
    answer.verdict = Verdict::CannotTell;
    answer.sureness = Sureness::None;
  }
  return answer;
}

}  // namespace wdscope
