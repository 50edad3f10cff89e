// SPDX-License-Identifier: MIT
#include "cli/policy_door.h"

#include <fmt/format.h>
#include <unistd.h>

#include "cli/plural.h"
#include "cli/policy_words.h"
#include "lab/lab_folder.h"

namespace wdscope::cli {
namespace {

PolicyAnswer apply(Lab& lab, Talk talk, const PolicyRequest& request, pid_t caller) {
  auto policy = parse_policy(request.text, request.name);
  if (!policy) return {PolicyOutcome::Wrong, policy.error().what};
  const std::string counts = policy_counts(*policy);
  const auto effect = lab.apply_policy(std::move(*policy));
  if (!effect) {
    const Error& error = effect.error();
    if (talk == Talk::Normal) say(fmt::format("policy {} of process {}: {}", request.name, caller, error.what));
    return {PolicyOutcome::Refused, error.advice.empty() ? error.what : error.what + "\n" + error.advice};
  }
  const std::string done = fmt::format("policy {} is in force: {}; {} told, {} of them friendly", request.name, counts,
                                       plural(effect->told, "running process", "running processes"), effect->friendly);
  if (talk == Talk::Normal) say(fmt::format("by process {}: {}", caller, done));
  return {PolicyOutcome::Applied, done};
}

}  // namespace

std::unique_ptr<PolicySocket> open_policy_door(Lab& lab, Talk talk) {
  const auto path = own_lab_socket();
  auto door =
      path ? PolicySocket::listen(*path, [&lab, talk](const PolicyRequest& request,
                                                      pid_t caller) { return apply(lab, talk, request, caller); })
           : tl::make_unexpected(path.error());
  if (!door) {
    if (talk == Talk::Normal) say(fmt::format("no other policy can be applied here: {}", door.error().what));
    return nullptr;
  }
  if (talk == Talk::Normal) {
    say(fmt::format("for another policy: wdscope policy apply FILE --lab {} ({})", getpid(), path->string()));
  }
  return std::move(*door);
}

}  // namespace wdscope::cli
