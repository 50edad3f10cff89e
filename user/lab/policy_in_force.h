// SPDX-License-Identifier: MIT
// The policy that the service acts by, and how it takes another's place: the notifier is told what the new one says,
// and either accepts all of it or has the old one's word again.
//
// What is told, in this order: the exclusions and the doc rules, each as a whole list; that hardening exclusions are
// decided anew, if the old policy said something about them; the info of every process that runs; who is friendly. A
// process whose creation the policy would not allow is not spoken of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "event/result.h"
#include "host/machine.h"
#include "lab/engine_command.h"
#include "lab/judge.h"
#include "lab/lab.h"
#include "lab/policy.h"
#include "lab/process_roster.h"

namespace wdscope {

class PolicyInForce {
 public:
  // Sends one command of the service; its status is the command's.
  using Send = std::function<host::NtStatus(std::span<const std::byte>)>;

  // `policy` decides from now on, but the notifier is told nothing of it. `version`: of the notifier's messages.
  PolicyInForce(Policy policy, std::uint8_t version, Judge::World world, const ProcessRoster& roster, Send send);

  // By the policy of this moment, while the notifier waits for the answer. Who is friendly is registered now: what the
  // newest build announces with the answer, it is from the beginning. Any thread.
  Decision decide(const CreateMessage& message) const;

  // Tells the notifier what the policy in force says, which it was not told yet.
  Result<PolicyEffect> announce();

  // Puts `policy` in the place of the one in force. No process may start or end meanwhile. Usage: it wants another
  // create_timeout_ms than the notifier was loaded with. SourceUnavailable: the notifier refuses a part; then the old
  // policy is in force again, and if even that was refused, the error says so.
  Result<PolicyEffect> exchange(Policy policy);

 private:
  std::shared_ptr<const Judge> judge() const;
  void set_judge(std::shared_ptr<const Judge> judge);
  Result<PolicyEffect> tell(const Judge& judge, bool hardening_was_told) const;
  Result<void> send(const std::string& what, const std::vector<std::byte>& command) const;

  std::uint8_t version_;
  Judge::World world_;
  const ProcessRoster& roster_;
  Send send_;
  std::uint32_t create_timeout_ms_;  // of the notifier, for as long as it is loaded
  mutable std::mutex mutex_;         // guards judge_
  std::shared_ptr<const Judge> judge_;
};

}  // namespace wdscope
