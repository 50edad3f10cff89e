// SPDX-License-Identifier: MIT
// A policy from its file. Every value is checked where it stands; what is not understood is a fault and never ignored.
#include "lab/policy.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>

#include "lab/dos_path.h"
#include "lab/process_info_reader.h"
#include "lab/text_file.h"

namespace wdscope {
namespace {

constexpr std::int64_t kPolicyVersion = 1;
constexpr std::int64_t kLongestDelayMs = 600'000;
constexpr std::int64_t kShortestTimeoutMs = 100;  // the notifier raises what is less
constexpr std::int64_t kLongestTimeoutMs = 600'000;
constexpr std::size_t kLongestName = 259;          // units of a doc rule's process name
constexpr std::size_t kLongestExclusion = 32'766;  // units of one string

// Relative, doubled or trailing separators and dots would never match what the kernel says.
bool is_plain_absolute(const std::string& path) {
  if (!path.starts_with('/')) return false;
  if (path == "/") return true;
  const std::filesystem::path parts(path);
  return parts.lexically_normal() == parts && !path.ends_with('/');
}

bool is_drive_path(const std::string& path) {
  return path.size() > 3 && path[1] == ':' && path[2] == '\\' && path.back() != '\\' &&
         path.find('/') == std::string::npos && dos_to_nt_path(path).starts_with(u'\\');
}

class PolicyReader final : public ProcessInfoReader {
 public:
  explicit PolicyReader(std::string_view name) : ProcessInfoReader("policy", name, "docs/policy.md has every key") {}

  Result<Policy> read(const toml::table& root) {
    auto done = read_keys(root, "",
                          {{"version", [&](const auto& value) { return read_version(value); }},
                           {"trust", [&](const auto& value) { return read_trust(value); }},
                           {"service", [&](const auto& value) { return read_service(value); }},
                           {"verdict", [&](const auto& value) { return read_verdicts(value); }},
                           {"process", [&](const auto& value) { return read_processes(value); }},
                           {"exclusions", [&](const auto& value) { return read_exclusions(value); }},
                           {"doc_rule", [&](const auto& value) { return read_doc_rules(value); }}});
    if (!done) return tl::unexpected(done.error());
    return std::move(policy_);
  }

 private:
  Result<void> read_version(const Node& value) const {
    if (value.value_exact<std::int64_t>() != kPolicyVersion) return fault(value, "version must be 1");
    return {};
  }

  Result<void> read_trust(const Node& value) {
    const Check plain = [](const std::string& path) {
      return is_plain_absolute(path) ? "" : "is not a plain absolute path";
    };
    const Check drive = [](const std::string& path) {
      return is_drive_path(path) ? "" : "is not a plain drive path: expected C:\\folder";
    };
    TrustPolicy& trust = policy_.trust;
    return read_table(value, "trust",
                      {{"folders", texts_into("folders", trust.folders, plain)},
                       {"images", texts_into("images", trust.images, plain)},
                       {"except", texts_into("except", trust.except, plain)},
                       {"windows_folders", texts_into("windows_folders", trust.windows_folders, drive)},
                       {"windows_except", texts_into("windows_except", trust.windows_except, drive)},
                       {"require_root_owner", switch_into("require_root_owner", trust.require_root_owner)},
                       {"require_protected", switch_into("require_protected", trust.require_protected)}});
  }

  Result<void> read_service(const Node& value) {
    return read_table(value, "service",
                      {{"create_timeout_ms", milliseconds_into("create_timeout_ms", kShortestTimeoutMs,
                                                               kLongestTimeoutMs, policy_.create_timeout_ms)}});
  }

  void add_pattern_keys(Keys& keys, ProcessPattern& pattern) {
    keys.emplace_back("image", text_into("image", pattern.image));
    keys.emplace_back("command_line", text_into("command_line", pattern.command_line));
    keys.emplace_back("parent", text_into("parent", pattern.parent));
  }
  Result<void> check_pattern(const Node& where, const std::string& name, const ProcessPattern& pattern) const {
    if (pattern.image || pattern.command_line || pattern.parent) return {};
    return fault(where, "a [[" + name + "]] is for some process: expected image, command_line or parent");
  }

  Result<void> read_answer(const Node& value, std::optional<Answer>& answer) const {
    static constexpr std::pair<std::string_view, Answer> kWords[] = {{"allow", Answer::Allow},
                                                                     {"deny", Answer::Deny},
                                                                     {"delay", Answer::Delay},
                                                                     {"time_out", Answer::TimeOut},
                                                                     {"malformed", Answer::Malformed}};
    const auto text = value.value_exact<std::string>();
    for (const auto& [word, meaning] : kWords)
      if (text == word) answer = meaning;
    if (answer) return {};
    return fault(value, "'answer' must be \"allow\", \"deny\", \"delay\", \"time_out\" or \"malformed\"");
  }

  Result<void> read_verdicts(const Node& value) {
    return read_tables(value, "verdict", [this](const Node& where, const toml::table& table) -> Result<void> {
      VerdictRule rule;
      std::optional<Answer> answer;
      std::optional<std::uint32_t> delay_ms;
      std::optional<bool> trusted;
      Keys keys = {{"answer", [&](const Node& node) { return read_answer(node, answer); }},
                   {"delay_ms", milliseconds_into("delay_ms", 1, kLongestDelayMs, delay_ms)},
                   {"trusted", [&](const Node& node) { return switch_into("trusted", trusted.emplace())(node); }}};
      add_pattern_keys(keys, rule.pattern);
      if (auto done = read_keys(table, "verdict.", keys); !done) return done;
      if (auto done = check_pattern(where, "verdict", rule.pattern); !done) return done;
      if (!answer) return fault(where, "a [[verdict]] needs an answer");
      if (answer == Answer::Delay && !delay_ms) return fault(where, "answer = \"delay\" needs delay_ms");
      if (answer != Answer::Delay && delay_ms)
        return fault(where, "delay_ms belongs to answer = \"delay\", and only there");
      if (trusted && answer != Answer::Allow && answer != Answer::Delay)
        return fault(where, "trusted belongs to answer = \"allow\" or \"delay\": nothing else carries it");
      rule.answer = *answer;
      rule.delay_ms = delay_ms.value_or(0);
      rule.trusted = trusted;
      policy_.verdicts.push_back(std::move(rule));
      return {};
    });
  }

  Result<void> read_processes(const Node& value) {
    return read_tables(value, "process", [this](const Node& where, const toml::table& table) -> Result<void> {
      ProcessInfoRule rule;
      Keys keys;
      add_info_keys(keys, rule);
      keys.emplace_back("friendly", switch_into("friendly", rule.friendly));
      add_pattern_keys(keys, rule.pattern);
      if (auto done = read_keys(table, "process.", keys); !done) return done;
      if (auto done = check_pattern(where, "process", rule.pattern); !done) return done;
      if (rule.friendly && rule.hardening_excluded)
        return fault(where, "friendly excludes from all hardening: expected it or hardening_excluded, not both");
      policy_.processes.push_back(std::move(rule));
      return {};
    });
  }

  Result<void> read_exclusions(const Node& value) {
    return read_table(value, "exclusions",
                      {{"processes", texts_into("processes", policy_.exclusions, [](const std::string& text) {
                          if (text.empty()) return "is empty: expected a file name, a path, or a folder and *";
                          return text.size() > kLongestExclusion || text.find('\0') != std::string::npos
                                     ? "is longer than a path can be, or holds a NUL"
                                     : "";
                        })}});
  }

  Result<void> read_doc_rules(const Node& value) {
    return read_tables(value, "doc_rule", [this](const Node& where, const toml::table& table) -> Result<void> {
      std::optional<std::string> process;
      DocRule rule;
      const Check extension = [](const std::string& text) {
        const bool plain = !text.empty() && text.find_first_of(std::string_view("./\\\0", 4)) == std::string::npos;
        return plain ? "" : "is no extension: expected pdf, without a dot";
      };
      auto done = read_keys(table, "doc_rule.",
                            {{"process", text_into("process", process)},
                             {"extensions", texts_into("extensions", rule.extensions, extension)}});
      if (!done) return done;
      if (!process || process->find_first_of(std::string_view("/\\\0", 3)) != std::string::npos ||
          process->size() > kLongestName)
        return fault(where, "a [[doc_rule]] needs process, the name of a file without its folder");
      if (rule.extensions.empty()) return fault(where, "a [[doc_rule]] needs extensions, at least one");
      rule.process = *process;
      policy_.doc_rules.push_back(std::move(rule));
      return {};
    });
  }

  Policy policy_;
};

}  // namespace

Result<Policy> parse_policy(std::string_view text, std::string_view name) {
  PolicyReader reader(name);
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) return reader.fault(parsed.error().source().begin, std::string(parsed.error().description()));
  return reader.read(parsed.table());
}

Result<std::string> read_policy_file(const std::filesystem::path& file) {
  return read_text_file(file, "policy");
}

Result<Policy> load_policy(const std::filesystem::path& file) {
  const auto text = read_policy_file(file);
  if (!text) return tl::unexpected(text.error());
  return parse_policy(*text, file.string());
}

}  // namespace wdscope
