// SPDX-License-Identifier: MIT
// What the lab's service decides: docs/policy.md has every key of the file that says so. Without a file: only trust, by
// where an image lies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/result.h"
#include "lab/trust_policy.h"

namespace wdscope {

// What a rule is compared with: paths as users write them (/usr/bin/cc; C:\Windows\cmd.exe in a history).
struct ProcessNames {
  std::string image;
  std::string command_line;
  std::string parent;  // the parent's image; empty: unknown
};

// Which processes a rule is for: all that is given must match (event/name_pattern.h). Something is given.
struct ProcessPattern {
  std::optional<std::string> image;
  std::optional<std::string> command_line;
  std::optional<std::string> parent;

  bool matches(const ProcessNames& names) const;
};

// How the service answers a create.
enum class Answer : std::uint8_t {
  Allow,
  Deny,
  Delay,      // allows, late
  TimeOut,    // not at all: the notifier waits until it waits no more
  Malformed,  // with a reply that is none
};

struct VerdictRule {
  ProcessPattern pattern;
  Answer answer = Answer::Allow;
  std::uint32_t delay_ms = 0;   // of Delay
  std::optional<bool> trusted;  // instead of what the trust policy says
};

// What the service says about a process beside its trust. Absent: as a context is created.
struct ProcessInfoRule {
  ProcessPattern pattern;
  std::uint32_t rules = 0;  // force-trusted is added where the process is trusted
  std::uint32_t rules2 = 0;
  std::uint32_t rules3 = 0;
  std::uint64_t injection_target_mask = 0;
  std::uint64_t injection_request_mask = ~std::uint64_t{0};
  bool cloud_sync = false;
  struct Hardening {
    bool registry = false, file = false, object = false;  // true: excluded from it
  };
  std::optional<Hardening> hardening_excluded;
  bool friendly = false;  // registered as such: excluded from all hardening
};

struct DocRule {
  std::string process;  // file name
  std::vector<std::string> extensions;
};

struct Policy {
  TrustPolicy trust;
  std::vector<VerdictRule> verdicts;       // the first that matches counts
  std::vector<ProcessInfoRule> processes;  // the first that matches counts
  std::vector<std::string> exclusions;     // as the user wrote them
  std::vector<DocRule> doc_rules;
  std::optional<std::uint32_t> create_timeout_ms;  // how long the notifier waits for an answer

  const VerdictRule* verdict_for(const ProcessNames& names) const;
  const ProcessInfoRule* info_for(const ProcessNames& names) const;
};

// What the service decided about one process.
struct Decision {
  Answer answer = Answer::Allow;
  std::uint32_t delay_ms = 0;
  Verdict trust = Verdict::NotTrusted;
  std::optional<ProcessInfoRule> info;
};

// What a TimeOut costs when the policy does not say: the notifier's own default.
inline constexpr std::uint32_t kDefaultCreateTimeoutMs = 10'000;

// InputUnreadable, or InputDamaged with file, line and column and what was expected. The first fault wins, and nothing
// of the file counts.
Result<Policy> load_policy(const std::filesystem::path& file);
// What stands in the file, unread; InputUnreadable.
Result<std::string> read_policy_file(const std::filesystem::path& file);
// `name` is for the messages.
Result<Policy> parse_policy(std::string_view text, std::string_view name);

}  // namespace wdscope
