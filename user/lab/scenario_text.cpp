// SPDX-License-Identifier: MIT
// A scenario as the file that says it: what parse() of it gives is the same again, places aside.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "abi/defender/flags.h"
#include "lab/scenario.h"

namespace wdscope::scenario {
namespace {

// A basic string of TOML.
std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string list_of(const std::vector<std::string>& texts) {
  std::vector<std::string> each;
  each.reserve(texts.size());
  for (const std::string& text : texts) each.push_back(toml_text(text));
  return fmt::format("[{}]", fmt::join(each, ", "));
}

std::string mask(std::uint64_t value) {
  return value > INT64_MAX ? fmt::format("\"{:#x}\"", value) : fmt::format("{:#x}", value);
}

std::string kinds(std::uint32_t bits) {
  std::vector<std::string> words;
  for (std::size_t bit = 0; bit < kKindWords.size(); ++bit)
    if (bits & (1U << bit)) words.push_back(kKindWords[bit]);
  return list_of(words);
}

std::string flags_of(std::uint32_t bits) {
  std::vector<std::string> words;
  for (const defender::BitName& flag : defender::kProcessFlagNames)
    if (bits & flag.bit) words.emplace_back(flag.name);
  return list_of(words);
}

std::string profiles_of(const std::vector<Profile>& profiles) {
  std::vector<std::string> words;
  words.reserve(profiles.size());
  for (const Profile profile : profiles) words.emplace_back(profile_name(profile));
  return list_of(words);
}

class Writer {
 public:
  std::string take() { return std::move(out_); }

  void line(std::string_view key, const std::string& value) { out_ += fmt::format("{} = {}\n", key, value); }
  void blank(std::string_view text = {}) { out_ += fmt::format("{}\n", text); }

  void word(const ServiceWord& word) {
    const ProcessInfoRule plain;
    if (word.trusted) line("trusted", "true");
    if (word.info.rules != plain.rules) line("rules", mask(word.info.rules));
    if (word.info.rules2 != plain.rules2) line("rules2", mask(word.info.rules2));
    if (word.info.rules3 != plain.rules3) line("rules3", mask(word.info.rules3));
    if (word.info.injection_target_mask != plain.injection_target_mask)
      line("injection_target_mask", mask(word.info.injection_target_mask));
    if (word.info.injection_request_mask != plain.injection_request_mask)
      line("injection_request_mask", mask(word.info.injection_request_mask));
    if (word.info.cloud_sync) line("cloud_sync", "true");
    if (const auto& excluded = word.info.hardening_excluded)
      line("hardening_excluded",
           kinds((excluded->registry ? 1U : 0U) | (excluded->file ? 2U : 0U) | (excluded->object ? 4U : 0U)));
  }

  void operator()(const Start& start) {
    line(start.how == Start::How::Adopted ? "adopt" : "start", toml_text(start.name));
    if (!start.image.empty()) line("image", toml_text(start.image));
    if (!start.command_line.empty()) line("command_line", toml_text(start.command_line));
    if (!start.parent.empty()) line("parent", toml_text(start.parent));
    if (start.process_id) line("process_id", std::to_string(*start.process_id));
    if (start.session_id != 0) line("session", std::to_string(start.session_id));
    if (start.protection != 0) line("protection", mask(start.protection));
    if (start.subsystem) line("subsystem", "true");
    if (!start.services.empty()) line("services", list_of(start.services));
    if (start.reply != Start::Reply::Allow)
      line("answer", toml_text(kReplyWords[static_cast<std::size_t>(start.reply)]));
    if (start.delay_ms != 0) line("delay_ms", std::to_string(start.delay_ms));
    word(start.word);
    if (start.outcome != Start::Outcome::Accepted)
      line("outcome", toml_text(kOutcomeWords[static_cast<std::size_t>(start.outcome)]));
  }
  void operator()(const Exit& exit) { line("exit", toml_text(exit.name)); }
  void operator()(const Command& command) {
    line("command", toml_text(kCommandWords[static_cast<std::size_t>(command.kind)]));
    if (!command.name.empty()) line("process", toml_text(command.name));
    if (command.kind == Command::Kind::Exclusions) line("processes", list_of(command.processes));
    if (!command.rules.empty()) {
      std::vector<std::string> rules;
      for (const DocRule& rule : command.rules)
        rules.push_back(
            fmt::format("{{ process = {}, extensions = {} }}", toml_text(rule.process), list_of(rule.extensions)));
      line("rules", fmt::format("[{}]", fmt::join(rules, ", ")));
    }
    word(command.word);
    if (command.kind == Command::Kind::TrustedInstaller) line("hardening_excluded", kinds(command.flags));
    if (command.trusted) line("trusted", std::to_string(*command.trusted));
    if (command.untrusted) line("untrusted", std::to_string(*command.untrusted));
    for (const Command::Patch& patch : command.patches) {
      out_ += fmt::format("{}{{ offset = {:#x}, size = {}, value = {} }}{}",
                          &patch == command.patches.data() ? "patch = [" : ", ", patch.offset, patch.size,
                          mask(patch.value), &patch == &command.patches.back() ? "]\n" : "");
    }
    if (command.size) line("size", std::to_string(*command.size));
    if (command.status != 0) line("status", mask(command.status));
  }
  void operator()(const Service& service) {
    line("service", service.action == Service::Action::Connect ? "\"connects\"" : "\"disconnects\"");
    if (!service.name.empty()) line("process", toml_text(service.name));
  }
  void operator()(const LoadDriver& load) {
    line(load.action == LoadDriver::Action::Load ? "load" : "unload",
         toml_text(kDriverWords[static_cast<std::size_t>(load.driver)]));
    if (load.refused) line("refused", "true");
  }
  void operator()(const Refresh&) { line("refresh", "true"); }
  void operator()(const Exceptions& exceptions) { line("exceptions", list_of(exceptions.images)); }
  void operator()(const Crowd& crowd) {
    line("crowd", std::to_string(crowd.lives));
    line("running", std::to_string(crowd.running));
  }

  void expected(std::string_view key, const std::vector<Expected>& list) {
    if (list.empty()) return line(key, "[]");
    out_ += fmt::format("{} = [\n", key);
    for (const Expected& one : list) expected(one);
    out_ += "]\n";
  }

 private:
  void expected(const Expected& one) {
    std::vector<std::string> words = {
        fmt::format("told = {}", toml_text(kToldWords[static_cast<std::size_t>(one.told)]))};
    const auto add = [&](std::string_view key, const std::string& value) {
      words.push_back(fmt::format("{} = {}", key, value));
    };
    const auto truth = [](bool value) { return std::string(value ? "true" : "false"); };
    if (!one.name.empty()) add("process", toml_text(one.name));
    if (one.trusted) add("trusted", truth(*one.trusted));
    if (one.parent) add("parent", toml_text(*one.parent));
    if (one.image) add("image", toml_text(*one.image));
    if (one.command_line) add("command_line", toml_text(*one.command_line));
    if (one.flags) add("flags", flags_of(*one.flags));
    if (one.no_flags) add("no_flags", flags_of(*one.no_flags));
    if (one.rules) add("rules", mask(*one.rules));
    if (one.rules2) add("rules2", mask(*one.rules2));
    if (one.rules3) add("rules3", mask(*one.rules3));
    if (one.known_type) add("known_type", mask(*one.known_type));
    if (one.send_result) add("send_result", mask(*one.send_result));
    if (one.infos) add("infos", mask(*one.infos));
    if (one.injection_target_mask) add("injection_target_mask", mask(*one.injection_target_mask));
    if (one.injection_request_mask) add("injection_request_mask", mask(*one.injection_request_mask));
    if (one.doc_rule) add("doc_rule", truth(*one.doc_rule));
    if (one.hardening_excluded) add("hardening_excluded", kinds(*one.hardening_excluded));
    out_ += fmt::format("  {{ {} }},\n", fmt::join(words, ", "));
  }

  std::string out_;
};

bool same(const std::optional<std::vector<Expected>>& left, const std::optional<std::vector<Expected>>& right) {
  const auto text = [](const std::optional<std::vector<Expected>>& list) {
    Writer writer;
    if (list) writer.expected("", *list);
    return writer.take();
  };
  return left.has_value() == right.has_value() && text(left) == text(right);
}

void write_expected(Writer& writer, const Step& step) {
  const auto& lists = step.expected;
  if (std::all_of(lists.begin() + 1, lists.end(), [&](const auto& list) { return same(lists[0], list); })) {
    if (lists[0]) writer.expected("expect", *lists[0]);
    return;
  }
  for (std::size_t profile = 0; profile < kProfileCount; ++profile)
    if (lists[profile]) writer.expected("expect_" + kProfileWords[profile], *lists[profile]);
}

}  // namespace

std::string write(const Scenario& scenario) {
  Writer writer;
  writer.line("version", "1");
  writer.line("title", toml_text(scenario.title));
  writer.line("profiles", profiles_of(scenario.profiles));
  writer.line("seed", std::to_string(scenario.seed));
  if (!scenario.notifier || !scenario.observer || !scenario.service || scenario.messages) {
    writer.blank();
    writer.blank("[lab]");
    if (!scenario.notifier) writer.line("notifier", "false");
    if (!scenario.observer) writer.line("observer", "false");
    if (!scenario.service) writer.line("service", "false");
    if (scenario.messages) writer.line("messages", "true");
  }
  for (const Step& step : scenario.steps) {
    writer.blank();
    writer.blank("[[step]]");
    std::visit(writer, step.action);
    if (!step.profiles.empty()) writer.line("profiles", profiles_of(step.profiles));
    if (step.after_ms != 1) writer.line("after_ms", std::to_string(step.after_ms));
    if (step.fail_allocation)
      writer.line("fail_allocation",
                  *step.fail_allocation == kEveryAllocation ? "\"every\"" : std::to_string(*step.fail_allocation));
    write_expected(writer, step);
  }
  return writer.take();
}

}  // namespace wdscope::scenario
