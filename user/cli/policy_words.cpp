// SPDX-License-Identifier: MIT
#include "cli/policy_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "abi/defender/flags.h"
#include "cli/plural.h"
#include "cli/process_words.h"

namespace wdscope::cli {
namespace {

std::string pattern_words(const ProcessPattern& pattern) {
  std::vector<std::string> parts;
  if (pattern.image) parts.push_back(fmt::format("image '{}'", *pattern.image));
  if (pattern.command_line) parts.push_back(fmt::format("command line '{}'", *pattern.command_line));
  if (pattern.parent) parts.push_back(fmt::format("parent '{}'", *pattern.parent));
  return fmt::format("{}", fmt::join(parts, " and "));
}

std::string answer_words(const VerdictRule& rule) {
  switch (rule.answer) {
    case Answer::Allow:
      return "allowed";
    case Answer::Deny:
      return "denied";
    case Answer::Delay:
      return fmt::format("allowed after {} ms", rule.delay_ms);
    case Answer::TimeOut:
      return "not answered: it goes through when the notifier's time is up, untrusted";
    case Answer::Malformed:
      return "answered with what is no answer: it goes through, untrusted";
  }
  return {};
}

std::string verdict_rule_words(const VerdictRule& rule) {
  std::string words = fmt::format("{}: {}", pattern_words(rule.pattern), answer_words(rule));
  if (rule.trusted) words += *rule.trusted ? ", trusted" : ", not trusted";
  return words;
}

std::string hardening_words(const ProcessInfoRule::Hardening& hardening) {
  std::vector<std::string_view> kinds;
  if (hardening.registry) kinds.emplace_back("registry");
  if (hardening.file) kinds.emplace_back("file");
  if (hardening.object) kinds.emplace_back("object");
  return kinds.empty() ? "excluded from no hardening"
                       : fmt::format("excluded from {} hardening", fmt::join(kinds, ", "));
}

std::string info_words(const ProcessInfoRule& rule) {
  const ProcessInfoRule plain;
  std::vector<std::string> parts;
  if (rule.friendly) parts.emplace_back("friendly: excluded from all hardening");
  if (rule.hardening_excluded) parts.push_back(hardening_words(*rule.hardening_excluded));
  if (rule.rules != 0) parts.push_back(fmt::format("rules {}", bit_words(rule.rules, defender::kProcessRuleNames)));
  if (rule.rules2 != 0) parts.push_back(fmt::format("rules2 {:#x}", rule.rules2));
  if (rule.rules3 != 0) parts.push_back(fmt::format("rules3 {:#x}", rule.rules3));
  if (rule.injection_target_mask != plain.injection_target_mask)
    parts.push_back(fmt::format("injection target mask {:#x}", rule.injection_target_mask));
  if (rule.injection_request_mask != plain.injection_request_mask)
    parts.push_back(fmt::format("injection request mask {:#x}", rule.injection_request_mask));
  if (rule.cloud_sync) parts.emplace_back("a cloud-sync provider");
  if (parts.empty()) parts.emplace_back("nothing but its trust");
  return fmt::format("{}: {}", pattern_words(rule.pattern), fmt::join(parts, "; "));
}

std::string exclusion_words(const std::string& text) {
  if (text.find_first_of("/\\") == std::string::npos) return fmt::format("the file name '{}' in any folder", text);
  if (text.ends_with("/*") || text.ends_with("\\*")) {
    return fmt::format("everything below '{}'", text.substr(0, text.size() - 2));
  }
  return fmt::format("the file '{}'", text);
}

std::string list_words(const std::vector<std::string>& list) {
  return list.empty() ? "none" : fmt::format("{}", fmt::join(list, ", "));
}

void add_trust(std::vector<std::string>& lines, const TrustPolicy& trust) {
  std::string file = trust.require_root_owner ? "it belongs to root" : "";
  if (trust.require_protected) file += fmt::format("{}nobody else may write it", file.empty() ? "" : " and ");
  lines.push_back(fmt::format("trusted: images below {}", list_words(trust.folders)));
  if (!trust.images.empty()) lines.push_back(fmt::format("  and the images {}", list_words(trust.images)));
  if (!trust.except.empty()) lines.push_back(fmt::format("  but never {}", list_words(trust.except)));
  if (!file.empty()) lines.push_back(fmt::format("  if the file is what it should be: {}", file));
  lines.push_back(fmt::format("trusted in a played history: images below {}", list_words(trust.windows_folders)));
  if (!trust.windows_except.empty()) lines.push_back(fmt::format("  but never {}", list_words(trust.windows_except)));
}

template <class Rules, class Words>
void add_rules(std::vector<std::string>& lines, std::string_view what, const Rules& rules, Words words) {
  if (rules.empty()) return;
  lines.emplace_back(what);
  for (std::size_t index = 0; index < rules.size(); ++index)
    lines.push_back(fmt::format("  {}. {}", index + 1, words(rules[index])));
}

}  // namespace

std::string policy_counts(const Policy& policy) {
  return fmt::format("{}, {}, {}, {}", plural(policy.verdicts.size(), "verdict", "verdicts"),
                     plural(policy.processes.size(), "process info", "process infos"),
                     plural(policy.exclusions.size(), "exclusion", "exclusions"),
                     plural(policy.doc_rules.size(), "doc rule", "doc rules"));
}

std::vector<std::string> policy_lines(const Policy& policy) {
  std::vector<std::string> lines;
  add_trust(lines, policy.trust);
  add_rules(lines, "a new process, by the first of these that matches, else allowed:", policy.verdicts,
            verdict_rule_words);
  add_rules(lines, "told of a process beside its trust, by the first of these that matches:", policy.processes,
            info_words);
  add_rules(lines, "exempted, and so trusted:", policy.exclusions, exclusion_words);
  add_rules(lines, "documents, by the program that opens them:", policy.doc_rules, [](const DocRule& rule) {
    return fmt::format("'{}': {}", rule.process, fmt::join(rule.extensions, ", "));
  });
  lines.push_back(fmt::format("the notifier waits {} ms for an answer",
                              policy.create_timeout_ms.value_or(kDefaultCreateTimeoutMs)));
  return lines;
}

}  // namespace wdscope::cli
