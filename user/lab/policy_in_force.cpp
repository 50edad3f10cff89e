// SPDX-License-Identifier: MIT
#include "lab/policy_in_force.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace wdscope {
namespace {

bool speaks_of_hardening(const Policy& policy) {
  return std::any_of(policy.processes.begin(), policy.processes.end(),
                     [](const ProcessInfoRule& rule) { return rule.friendly || rule.hardening_excluded; });
}

bool would_allow(const Decision& decision) {
  return decision.answer == Answer::Allow || decision.answer == Answer::Delay;
}

bool is_friendly(const Decision& decision) {
  return decision.info && decision.info->friendly;
}

}  // namespace

PolicyInForce::PolicyInForce(Policy policy, std::uint8_t version, Judge::World world, const ProcessRoster& roster,
                             Send send)
    : version_(version),
      world_(world),
      roster_(roster),
      send_(std::move(send)),
      create_timeout_ms_(policy.create_timeout_ms.value_or(kDefaultCreateTimeoutMs)),
      judge_(std::make_shared<const Judge>(std::move(policy), world, roster)) {}

std::shared_ptr<const Judge> PolicyInForce::judge() const {
  const std::scoped_lock lock(mutex_);
  return judge_;
}

void PolicyInForce::set_judge(std::shared_ptr<const Judge> judge) {
  const std::scoped_lock lock(mutex_);
  judge_ = std::move(judge);
}

Decision PolicyInForce::decide(const CreateMessage& message) const {
  Decision decision = judge()->decide(message);
  // Refused, the process is told of without; the sender counts that.
  if (would_allow(decision) && is_friendly(decision)) send_(write_friendly(version_, message.process_id));
  return decision;
}

Result<void> PolicyInForce::send(const std::string& what, const std::vector<std::byte>& command) const {
  const host::NtStatus status = send_(command);
  if (host::nt_success(status)) return {};
  return failure(
      ErrorCode::SourceUnavailable,
      fmt::format("the notifier refuses the policy's {} (status {:#010x})", what, static_cast<std::uint32_t>(status)),
      {}, status);
}

Result<PolicyEffect> PolicyInForce::tell(const Judge& judge, bool hardening_was_told) const {
  const Policy& policy = judge.policy();
  if (auto done = send("exclusions", write_exclusions(version_, policy.exclusions)); !done)
    return tl::unexpected(done.error());
  if (auto done = send("doc rules", write_doc_rules(version_, policy.doc_rules)); !done)
    return tl::unexpected(done.error());
  if (const auto reset = write_hardening_reset(version_); hardening_was_told && !reset.empty()) {
    if (auto done = send("hardening", reset); !done) return tl::unexpected(done.error());
  }
  std::vector<ProcessDecision> infos;
  const auto running = roster_.running();
  for (const ProcessRoster::Process& process : running) {
    const CreateMessage message = process.message();
    Decision decision = judge.decide(message);
    if (would_allow(decision)) infos.push_back({message, std::move(decision)});
  }
  PolicyEffect effect;
  if (!infos.empty()) {
    if (auto done = send("process infos", write_process_infos(version_, infos)); !done)
      return tl::unexpected(done.error());
    effect.told = infos.size();
  }
  for (const ProcessDecision& about : infos) {
    if (!is_friendly(about.decision)) continue;
    if (auto done = send("friendly processes", write_friendly(version_, about.process.process_id)); !done)
      return tl::unexpected(done.error());
    ++effect.friendly;
  }
  return effect;
}

Result<PolicyEffect> PolicyInForce::announce() {
  return tell(*judge(), false);
}

Result<PolicyEffect> PolicyInForce::exchange(Policy policy) {
  if (policy.create_timeout_ms.value_or(create_timeout_ms_) != create_timeout_ms_) {
    return failure(ErrorCode::Usage,
                   fmt::format("create_timeout_ms is {} for as long as this lab stands, and the policy says {}",
                               create_timeout_ms_, *policy.create_timeout_ms),
                   "leave it out, or start the lab with this policy");
  }
  const std::shared_ptr<const Judge> old = judge();
  const auto next = std::make_shared<const Judge>(std::move(policy), world_, roster_);
  auto effect = tell(*next, speaks_of_hardening(old->policy()));
  if (effect) {
    set_judge(next);
    return effect;
  }
  Error error = std::move(effect.error());
  if (const auto taken_back = tell(*old, true)) {
    error.advice = "nothing of it is in force: the policy of before is";
  } else {
    error.advice =
        fmt::format("and taking back what it had accepted failed as well ({}): end this lab and start another",
                    taken_back.error().what);
  }
  return tl::unexpected(std::move(error));
}

}  // namespace wdscope
