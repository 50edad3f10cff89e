// SPDX-License-Identifier: MIT
#include "lab/judge.h"

#include "lab/dos_path.h"
#include "lab/image_file.h"
#include "lab/nt_path.h"
#include "lab/process_tracker.h"

namespace wdscope {

// What is no path of this world (a kernel thread, an image behind a share) stands as it is.
std::string Judge::plain_path(std::u16string_view image) const {
  const auto path = world_ == World::Linux ? to_linux_path(image) : nt_to_dos_path(image);
  return path ? *path : to_utf8(image);
}

Verdict Judge::trust_of(const CreateMessage& message) const {
  if (world_ == World::Windows) return trust_by_name(message.image);
  const auto path = to_linux_path(message.image);
  if (!path) return Verdict::NotTrusted;
  return policy_.trust.judge(*path, look_at_image(*path, to_linux_pid(message.process_id)));
}

Verdict Judge::trust_by_name(std::u16string_view image) const {
  const std::scoped_lock lock(mutex_);
  if (const auto judged = judged_.find(image); judged != judged_.end()) return judged->second;
  const auto path = nt_to_dos_path(image);
  const Verdict verdict = path ? policy_.trust.judge_windows(*path) : Verdict::NotTrusted;
  judged_.emplace(image, verdict);
  return verdict;
}

Decision Judge::decide(const CreateMessage& message) const {
  Decision decision;
  decision.trust = trust_of(message);
  if (policy_.verdicts.empty() && policy_.processes.empty()) return decision;
  const ProcessNames names{plain_path(message.image), to_utf8(message.command_line),
                           plain_path(roster_.parent_image_of(message))};
  if (const VerdictRule* rule = policy_.verdict_for(names)) {
    decision.answer = rule->answer;
    decision.delay_ms = rule->delay_ms;
    if (rule->trusted) decision.trust = *rule->trusted ? Verdict::Trusted : Verdict::NotTrusted;
  }
  if (const ProcessInfoRule* info = policy_.info_for(names)) decision.info = *info;
  return decision;
}

}  // namespace wdscope
