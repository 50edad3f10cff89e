// SPDX-License-Identifier: MIT
// A scenario from its file. A step is a table with one verb in it; the verb decides which other keys it may have.
#include <algorithm>

#include "lab/expectation_reader.h"
#include "lab/scenario.h"
#include "lab/text_file.h"

namespace wdscope::scenario {

const std::vector<std::string> kToldWords = {"create",        "terminate",      "trust",
                                             "refresh",       "message_create", "message_exit",
                                             "one_untrusted", "none_untrusted", "message_taint"};
const std::vector<std::string> kReplyWords = {"allow", "deny", "delay", "time_out", "malformed", "dies"};
const std::vector<std::string> kDriverWords = {"notifier", "observer", "wdnis"};
const std::vector<std::string> kOutcomeWords = {"accepted", "denied", "refused"};
const std::vector<std::string> kCommandWords = {"exclusions", "doc_rules",       "process_info",      "friendly",
                                                "taint",      "reset_hardening", "trusted_installer", "query"};
const std::vector<std::string> kProfileWords = {"1910", "20h1", "25080", "a5"};
const std::vector<std::string> kServiceWords = {"WinDefend",        "WdNisSvc",  "MDDlpSvc",
                                                "TrustedInstaller", "MDCoreSvc", "CryptSvc"};
const std::vector<std::string> kKindWords = {"registry", "file", "object"};

namespace {

constexpr std::int64_t kScenarioVersion = 1;
constexpr std::int64_t kMostMilliseconds = 600'000;
constexpr std::int64_t kMostLives = 100'000'000;
constexpr std::int64_t kMostRunning = 10'000;
constexpr std::int64_t kHighestId = 0xFFFFFFFC;
constexpr std::int64_t kMostAllocations = 1'000'000;
constexpr std::int64_t kLargestCommand = 1'048'576;
constexpr std::uint64_t kFirstFreeId = 8;  // 4 is System

class ScenarioReader final : public ExpectationReader {
 public:
  explicit ScenarioReader(std::string_view name)
      : ExpectationReader("scenario", name, "docs/scenarios.md has every word") {
    scenario_.name = name;
    scenario_.profiles.assign(kProfiles.begin(), kProfiles.end());
  }

  Result<Scenario> read(const toml::table& root) {
    std::optional<std::string> title;
    std::optional<std::uint64_t> seed;
    auto done = read_keys(root, "",
                          {{"version", [&](const auto& value) { return read_version(value); }},
                           {"title", text_into("title", title)},
                           {"seed", number_into("seed", 0, INT64_MAX, seed)},
                           {"profiles", [&](const auto& value) { return read_profiles(value, scenario_.profiles); }},
                           {"lab", [&](const auto& value) { return read_lab(value); }},
                           {"step", [&](const auto& value) { return read_steps(value); }}});
    if (!done) return tl::unexpected(done.error());
    if (!title) return fault(root, "a scenario says in its title what it shows: expected title = \"...\"");
    if (scenario_.steps.empty()) return fault(root, "a scenario has steps: expected [[step]]");
    scenario_.title = *title;
    scenario_.seed = seed.value_or(1);
    return std::move(scenario_);
  }

 private:
  Result<void> read_version(const Node& value) const {
    if (value.value_exact<std::int64_t>() != kScenarioVersion) return fault(value, "version must be 1");
    return {};
  }

  Result<void> read_profiles(const Node& value, std::vector<Profile>& out) {
    std::vector<std::string> words;
    auto done = texts_into("profiles", words, [](const std::string& word) {
      return parse_profile(word) ? "" : "is no profile: expected \"1910\", \"20h1\", \"25080\", \"a5\"";
    })(value);
    if (!done) return done;
    if (words.empty()) return fault(value, "'profiles' must name one profile at least");
    out.clear();
    for (const std::string& word : words) out.push_back(*parse_profile(word));
    return {};
  }

  Result<void> read_lab(const Node& value) {
    return read_table(value, "lab",
                      {{"notifier", switch_into("notifier", scenario_.notifier)},
                       {"observer", switch_into("observer", scenario_.observer)},
                       {"service", switch_into("service", scenario_.service)},
                       {"messages", switch_into("messages", scenario_.messages)}});
  }

  Result<void> read_steps(const Node& value) {
    return read_tables(value, "step", [this](const Node& where, const toml::table& table) -> Result<void> {
      Step step;
      step.place = place_of(where);
      if (auto done = read_step(where, table, step); !done) return done;
      scenario_.steps.push_back(std::move(step));
      return {};
    });
  }

  Result<void> read_step(const Node& where, const toml::table& table, Step& step) {
    using Reader = Result<void> (ScenarioReader::*)(const Node&, const toml::table&, Keys, Step&);
    static constexpr std::pair<std::string_view, Reader> kVerbs[] = {
        {"start", &ScenarioReader::read_start},
        {"adopt", &ScenarioReader::read_start},
        {"exit", &ScenarioReader::read_exit},
        {"command", &ScenarioReader::read_command},
        {"service", &ScenarioReader::read_service},
        {"load", &ScenarioReader::read_driver},
        {"unload", &ScenarioReader::read_driver},
        {"refresh", &ScenarioReader::read_refresh},
        {"exceptions", &ScenarioReader::read_exceptions},
        {"crowd", &ScenarioReader::read_crowd},
    };
    const std::pair<std::string_view, Reader>* verb = nullptr;
    std::string verbs;
    for (const auto& known : kVerbs) {
      verbs += (verbs.empty() ? "" : ", ") + std::string(known.first);
      if (!table.contains(known.first)) continue;
      if (verb != nullptr)
        return fault(where, "a step does one thing: expected " + std::string(verb->first) + " or " +
                                std::string(known.first) + ", not both");
      verb = &known;
    }
    if (verb == nullptr) return fault(where, "a step does something: expected one of " + verbs);

    std::optional<std::uint64_t> after_ms;
    std::optional<std::vector<Expected>> everywhere;
    Keys keys = {{"profiles", [&](const Node& node) { return read_profiles(node, step.profiles); }},
                 {"after_ms", number_into("after_ms", 0, kMostMilliseconds, after_ms)},
                 {"fail_allocation", [&](const Node& node) { return read_allocation(node, step.fail_allocation); }},
                 {"expect", [&](const Node& node) { return read_expected(node, "expect", everywhere); }}};
    const std::string names[] = {"expect_1910", "expect_20h1", "expect_25080", "expect_a5"};
    for (std::size_t profile = 0; profile < kProfileCount; ++profile) {
      keys.emplace_back(names[profile], [&, profile](const Node& node) {
        return read_expected(node, names[profile], step.expected[profile]);
      });
    }
    if (auto done = (this->*verb->second)(where, table, std::move(keys), step); !done) return done;
    if (after_ms) step.after_ms = static_cast<std::uint32_t>(*after_ms);
    auto& preview = step.expected[static_cast<std::size_t>(Profile::Wd20H1)];
    if (!preview) preview = step.expected[static_cast<std::size_t>(Profile::Wd1910)];
    for (auto& expected : step.expected) {
      if (!expected) expected = everywhere;
      if (auto done = check_names(expected); !done) return done;
    }
    return {};
  }

  Result<void> read_allocation(const Node& value, std::optional<std::uint32_t>& out) {
    if (value.value_exact<std::string>() == "every") {
      out = kEveryAllocation;
      return {};
    }
    const auto number = value.value_exact<std::int64_t>();
    if (!number || *number < 1 || *number > kMostAllocations)
      return fault(value, "'fail_allocation' must be the number of an allocation, from 1, or \"every\"");
    out = static_cast<std::uint32_t>(*number);
    return {};
  }

  void add_word_keys(Keys& keys, ServiceWord& word) {
    keys.emplace_back("trusted", switch_into("trusted", word.trusted));
    add_info_keys(keys, word.info);
  }

  Result<void> read_start(const Node& where, const toml::table& table, Keys keys, Step& step) {
    Start start;
    const bool adopted = table.contains("adopt");
    std::optional<std::string> image, command_line;
    std::optional<std::uint64_t> process_id, session, protection, delay;
    std::optional<std::size_t> reply, outcome;
    keys.emplace_back(adopted ? "adopt" : "start", name_into(adopted ? "adopt" : "start", start.name));
    keys.emplace_back("image", text_into("image", image));
    keys.emplace_back("command_line", text_into("command_line", command_line));
    keys.emplace_back("parent", known_into("parent", start.parent));
    keys.emplace_back("process_id", number_into("process_id", kFirstFreeId, kHighestId, process_id));
    keys.emplace_back("session", number_into("session", 0, 0xFFFFFFFE, session));
    keys.emplace_back("protection", number_into("protection", 0, 0xFF, protection));
    keys.emplace_back("subsystem", switch_into("subsystem", start.subsystem));
    keys.emplace_back("services", texts_of("services", kServiceWords, start.services));
    if (!adopted) {
      keys.emplace_back("answer", word_of("answer", kReplyWords, reply));
      keys.emplace_back("delay_ms", number_into("delay_ms", 1, kMostMilliseconds, delay));
      keys.emplace_back("outcome", word_of("outcome", kOutcomeWords, outcome));
      add_word_keys(keys, start.word);
    }
    if (auto done = read_keys(table, "step.", keys); !done) return done;
    start.how = adopted ? Start::How::Adopted : Start::How::Announced;
    start.image = image.value_or("");
    start.command_line = command_line.value_or("");
    if (process_id && *process_id % 4 != 0) return fault(where, "process_id must be a multiple of 4, as NT gives them");
    start.process_id = process_id;
    start.session_id = static_cast<std::uint32_t>(session.value_or(0));
    start.protection = static_cast<std::uint8_t>(protection.value_or(0));
    start.reply = static_cast<Start::Reply>(reply.value_or(0));
    start.outcome = static_cast<Start::Outcome>(outcome.value_or(0));
    const bool delays = start.reply == Start::Reply::Delay;
    if (delays && !delay) return fault(where, "answer = \"delay\" needs delay_ms");
    if (!delays && delay) return fault(where, "delay_ms belongs to answer = \"delay\", and only there");
    start.delay_ms = static_cast<std::uint32_t>(delay.value_or(0));
    add_name(start.name);
    step.action = std::move(start);
    return {};
  }

  Result<void> read_exit(const Node&, const toml::table& table, Keys keys, Step& step) {
    Exit exit;
    keys.emplace_back("exit", known_into("exit", exit.name));
    if (auto done = read_keys(table, "step.", keys); !done) return done;
    step.action = std::move(exit);
    return {};
  }

  Result<void> read_rules(const Node& value, std::vector<DocRule>& out) {
    return read_tables(value, "rules", [&](const Node& where, const toml::table& table) -> Result<void> {
      std::optional<std::string> process;
      DocRule rule;
      const Check any = [](const std::string& text) {
        return text.find('\0') == std::string::npos ? "" : "holds a NUL";
      };
      if (auto done = read_keys(table, "rules.",
                                {{"process", text_into("process", process)},
                                 {"extensions", texts_into("extensions", rule.extensions, any)}});
          !done)
        return done;
      if (!process) return fault(where, "a doc rule is for some process: expected process = \"word.exe\"");
      rule.process = *process;
      out.push_back(std::move(rule));
      return {};
    });
  }

  Result<void> read_patches(const Node& value, std::vector<Command::Patch>& out) {
    return read_tables(value, "patch", [&](const Node& where, const toml::table& table) -> Result<void> {
      std::optional<std::uint64_t> offset, size;
      Command::Patch patch;
      if (auto done = read_keys(table, "patch.",
                                {{"offset", number_into("offset", 0, kLargestCommand, offset)},
                                 {"size", number_into("size", 1, 8, size)},
                                 {"value", word_into("value", patch.value)}});
          !done)
        return done;
      if (!offset) return fault(where, "a patch is somewhere: expected offset = 0x10");
      patch.offset = static_cast<std::uint32_t>(*offset);
      patch.size = static_cast<std::uint32_t>(size.value_or(4));
      out.push_back(patch);
      return {};
    });
  }

  Result<void> read_command(const Node& where, const toml::table& table, Keys keys, Step& step) {
    Command command;
    std::optional<std::size_t> kind;
    std::optional<std::uint64_t> size;
    std::optional<std::uint32_t> flags;
    keys.emplace_back("command", word_of("command", kCommandWords, kind));
    // Which command it is decides about the other keys, so it is read before them.
    if (auto done = word_of("command", kCommandWords, kind)(*table.get("command")); !done) return done;
    command.kind = static_cast<Command::Kind>(*kind);
    keys.emplace_back("patch", [&](const Node& node) { return read_patches(node, command.patches); });
    keys.emplace_back("size", number_into("size", 0, kLargestCommand, size));
    keys.emplace_back("status", word_into("status", command.status));
    const bool about_one = command.kind == Command::Kind::ProcessInfo || command.kind == Command::Kind::Friendly ||
                           command.kind == Command::Kind::Taint;
    if (about_one) keys.emplace_back("process", known_into("process", command.name));
    switch (command.kind) {
      case Command::Kind::Exclusions:
        keys.emplace_back("processes", texts_into("processes", command.processes, [](const std::string& text) {
                            return text.find('\0') == std::string::npos ? "" : "holds a NUL";
                          }));
        break;
      case Command::Kind::DocRules:
        keys.emplace_back("rules", [&](const Node& node) { return read_rules(node, command.rules); });
        break;
      case Command::Kind::ProcessInfo:
        add_word_keys(keys, command.word);
        break;
      case Command::Kind::TrustedInstaller:
        keys.emplace_back("hardening_excluded", bits_into("hardening_excluded", kKindWords, flags));
        break;
      case Command::Kind::Query:
        keys.emplace_back("trusted", number_into("trusted", 0, 0xFFFFFFFF, command.trusted));
        keys.emplace_back("untrusted", number_into("untrusted", 0, 0xFFFFFFFF, command.untrusted));
        break;
      case Command::Kind::Friendly:
      case Command::Kind::Taint:
      case Command::Kind::ResetHardening:
        break;
    }
    if (auto done = read_keys(table, "step.", keys); !done) return done;
    if (about_one && command.name.empty())
      return fault(where, "the command is about one process: expected process = \"NAME\"");
    if (size) command.size = static_cast<std::uint32_t>(*size);
    command.flags = flags.value_or(0);
    step.action = std::move(command);
    return {};
  }

  Result<void> read_service(const Node& where, const toml::table& table, Keys keys, Step& step) {
    Service service;
    std::optional<std::size_t> action;
    static const std::vector<std::string> kWords = {"connects", "disconnects"};
    keys.emplace_back("service", word_of("service", kWords, action));
    keys.emplace_back("process", known_into("process", service.name));
    if (auto done = read_keys(table, "step.", keys); !done) return done;
    service.action = static_cast<Service::Action>(*action);
    if (service.action == Service::Action::Disconnect && !service.name.empty())
      return fault(where, "process belongs to service = \"connects\", and only there");
    step.action = std::move(service);
    return {};
  }

  Result<void> read_driver(const Node&, const toml::table& table, Keys keys, Step& step) {
    LoadDriver load;
    const bool unloads = table.contains("unload");
    std::optional<std::size_t> driver;
    keys.emplace_back(unloads ? "unload" : "load", word_of(unloads ? "unload" : "load", kDriverWords, driver));
    keys.emplace_back("refused", switch_into("refused", load.refused));
    if (auto done = read_keys(table, "step.", keys); !done) return done;
    load.action = unloads ? LoadDriver::Action::Unload : LoadDriver::Action::Load;
    load.driver = static_cast<DriverName>(*driver);
    step.action = load;
    return {};
  }

  Result<void> read_refresh(const Node&, const toml::table& table, Keys keys, Step& step) {
    bool on = false;
    keys.emplace_back("refresh", [&](const Node& node) -> Result<void> {
      if (auto done = switch_into("refresh", on)(node); !done) return done;
      return on ? Result<void>() : fault(node, "'refresh' must be true");
    });
    if (auto done = read_keys(table, "step.", keys); !done) return done;
    step.action = Refresh{};
    return {};
  }

  Result<void> read_exceptions(const Node&, const toml::table& table, Keys keys, Step& step) {
    Exceptions exceptions;
    keys.emplace_back("exceptions", texts_into("exceptions", exceptions.images, [](const std::string& text) {
                        return text.empty() || text.find('\0') != std::string::npos ? "is no path" : "";
                      }));
    if (auto done = read_keys(table, "step.", keys); !done) return done;
    step.action = std::move(exceptions);
    return {};
  }

  Result<void> read_crowd(const Node&, const toml::table& table, Keys keys, Step& step) {
    std::optional<std::uint64_t> lives, running;
    keys.emplace_back("crowd", number_into("crowd", 1, kMostLives, lives));
    keys.emplace_back("running", number_into("running", 1, kMostRunning, running));
    if (auto done = read_keys(table, "step.", keys); !done) return done;
    Crowd crowd;
    crowd.lives = *lives;
    if (running) crowd.running = static_cast<std::uint32_t>(*running);
    step.action = crowd;
    return {};
  }

  Scenario scenario_;
};

}  // namespace

bool Step::happens_in(Profile profile) const {
  return profiles.empty() || std::find(profiles.begin(), profiles.end(), profile) != profiles.end();
}

Result<Scenario> parse(std::string_view text, std::string_view name) {
  ScenarioReader reader(name);
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) return reader.fault(parsed.error().source().begin, std::string(parsed.error().description()));
  return reader.read(parsed.table());
}

Result<Scenario> load(const std::filesystem::path& file) {
  const auto text = read_text_file(file, "scenario");
  if (!text) return tl::unexpected(text.error());
  return parse(*text, file.string());
}

}  // namespace wdscope::scenario
