// SPDX-License-Identifier: MIT
// A policy from its file. Every value is checked where it stands; what is not understood is a fault and never ignored.
#include "lab/policy.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
// The parser asserts what a bad file breaks, right before it reports it: let it report.
#define TOML_ASSERT(expression) static_assert(true)
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <sstream>
#include <utility>

#include "lab/dos_path.h"

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

class PolicyReader {
 public:
  explicit PolicyReader(std::string_view name) : name_(name) {}

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

  tl::unexpected<Error> fault(const toml::source_position& at, const std::string& what) const {
    return failure(ErrorCode::InputDamaged,
                   "policy " + name_ + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + what,
                   "docs/policy.md has every key");
  }

 private:
  using Node = toml::node;
  using Keys = std::vector<std::pair<std::string_view, std::function<Result<void>(const Node&)>>>;

  template <class Located>
  tl::unexpected<Error> fault(const Located& where, const std::string& what) const {
    return fault(where.source().begin, what);
  }

  // Each key of `table` by its reader. `prefix`: how messages name the table.
  Result<void> read_keys(const toml::table& table, const std::string& prefix, const Keys& keys) {
    for (const auto& [key, value] : table) {
      const std::string_view name = key.str();
      const auto reader =
          std::find_if(keys.begin(), keys.end(), [&](const auto& known) { return known.first == name; });
      if (reader == keys.end()) {
        std::string expected;
        for (const auto& known : keys) expected += (expected.empty() ? "" : ", ") + std::string(known.first);
        return fault(key, "unknown key '" + prefix + std::string(name) + "': expected one of " + expected);
      }
      if (auto done = reader->second(value); !done) return done;
    }
    return {};
  }
  Result<void> read_table(const Node& value, const std::string& name, const Keys& keys) {
    const toml::table* table = value.as_table();
    if (table == nullptr) return fault(value, "'" + name + "' must be a table: expected [" + name + "]");
    return read_keys(*table, name + ".", keys);
  }
  Result<void> read_tables(const Node& value, const std::string& name,
                           const std::function<Result<void>(const Node&, const toml::table&)>& read_one) {
    const toml::array* array = value.as_array();
    if (array == nullptr) return fault(value, "'" + name + "' must be a list of tables: expected [[" + name + "]]");
    for (const Node& element : *array) {
      const toml::table* table = element.as_table();
      if (table == nullptr) return fault(element, "'" + name + "' must hold tables only: expected [[" + name + "]]");
      if (auto done = read_one(element, *table); !done) return done;
    }
    return {};
  }

  // A reader of one value into `out`.
  auto text_into(std::string name, std::optional<std::string>& out) {
    return [this, name = std::move(name), &out](const Node& value) -> Result<void> {
      const auto text = value.value_exact<std::string>();
      if (!text || text->empty()) return fault(value, "'" + name + "' must be text, not empty");
      out = *text;
      return {};
    };
  }
  auto switch_into(std::string name, bool& out) {
    return [this, name = std::move(name), &out](const Node& value) -> Result<void> {
      const auto on = value.value_exact<bool>();
      if (!on) return fault(value, "'" + name + "' must be true or false");
      out = *on;
      return {};
    };
  }
  // Whole, or as text in hexadecimal, for masks beyond TOML's 63 bits.
  template <class Word>
  auto word_into(std::string name, Word& out) {
    return [this, name = std::move(name), &out](const Node& value) -> Result<void> {
      std::uint64_t read = 0;
      bool right = false;
      if (const auto number = value.value_exact<std::int64_t>()) {
        right = *number >= 0;
        read = static_cast<std::uint64_t>(*number);
      } else if (const auto text = value.value_exact<std::string>(); text && text->starts_with("0x")) {
        const char* const end = text->data() + text->size();
        const auto [behind, error] = std::from_chars(text->data() + 2, end, read, 16);
        right = error == std::errc() && behind == end;
      }
      if (!right || read > ~Word{0}) {
        return fault(value, "'" + name + "' must be a mask of " + std::to_string(8 * sizeof(Word)) +
                                " bits: expected 0x20 or \"0x20\"");
      }
      out = static_cast<Word>(read);
      return {};
    };
  }
  auto milliseconds_into(const std::string& name, std::int64_t least, std::int64_t most,
                         std::optional<std::uint32_t>& out) {
    return [=, this, &out](const Node& value) -> Result<void> {
      const auto number = value.value_exact<std::int64_t>();
      if (!number || *number < least || *number > most) {
        return fault(value, "'" + name + "' must be a number of milliseconds from " + std::to_string(least) + " to " +
                                std::to_string(most));
      }
      out = static_cast<std::uint32_t>(*number);
      return {};
    };
  }
  using Check = std::function<std::string(const std::string&)>;  // what is wrong; empty: nothing
  auto texts_into(std::string name, std::vector<std::string>& out, Check check) {
    return [this, name = std::move(name), check = std::move(check), &out](const Node& value) -> Result<void> {
      const toml::array* array = value.as_array();
      if (array == nullptr) return fault(value, "'" + name + "' must be a list of texts");
      std::vector<std::string> read;
      for (const Node& element : *array) {
        const auto text = element.value_exact<std::string>();
        if (!text) return fault(element, "'" + name + "' must hold text only");
        if (const std::string wrong = check(*text); !wrong.empty()) return fault(element, "'" + *text + "' " + wrong);
        read.push_back(*text);
      }
      out = std::move(read);
      return {};
    };
  }

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
      if ((answer == Answer::Delay) != delay_ms.has_value())
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

  Result<void> read_hardening(const Node& value, std::optional<ProcessInfoRule::Hardening>& out) {
    ProcessInfoRule::Hardening hardening;
    std::vector<std::string> kinds;
    auto done = texts_into("hardening_excluded", kinds, [](const std::string& kind) {
      return kind == "registry" || kind == "file" || kind == "object"
                 ? ""
                 : "is no hardening: expected registry, file, object";
    })(value);
    if (!done) return done;
    for (const std::string& kind : kinds)
      (kind == "registry" ? hardening.registry : kind == "file" ? hardening.file : hardening.object) = true;
    out = hardening;
    return {};
  }

  Result<void> read_processes(const Node& value) {
    return read_tables(value, "process", [this](const Node& where, const toml::table& table) -> Result<void> {
      ProcessInfoRule rule;
      Keys keys = {
          {"rules", word_into("rules", rule.rules)},
          {"rules2", word_into("rules2", rule.rules2)},
          {"rules3", word_into("rules3", rule.rules3)},
          {"injection_target_mask", word_into("injection_target_mask", rule.injection_target_mask)},
          {"injection_request_mask", word_into("injection_request_mask", rule.injection_request_mask)},
          {"cloud_sync", switch_into("cloud_sync", rule.cloud_sync)},
          {"friendly", switch_into("friendly", rule.friendly)},
          {"hardening_excluded", [&](const Node& node) { return read_hardening(node, rule.hardening_excluded); }}};
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

  std::string name_;
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
  std::error_code error;
  std::string text;
  bool read = !std::filesystem::is_directory(file, error);
  if (read) {
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream content;
    content << stream.rdbuf();
    read = stream.is_open() && !stream.bad();
    text = std::move(content).str();
  }
  if (!read) return failure(ErrorCode::InputUnreadable, "cannot read the policy " + file.string());
  return text;
}

Result<Policy> load_policy(const std::filesystem::path& file) {
  const auto text = read_policy_file(file);
  if (!text) return tl::unexpected(text.error());
  return parse_policy(*text, file.string());
}

}  // namespace wdscope
