// SPDX-License-Identifier: MIT
#include "cli/arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "abi/defender/flags.h"
#include "cli/application.h"
#include "cli/completion.h"
#include "cli/duration.h"
#include "cli/help.h"
#include "cli/layout_export.h"
#include "cli/verb_words.h"
#include "event/nearest_word.h"

namespace wdscope::cli {
namespace {

tl::unexpected<Error> usage(std::string what, std::string advice) {
  return failure(ErrorCode::Usage, std::move(what), std::move(advice));
}

std::string help_advice(const CLI::App& application) {
  return application.get_parent() == nullptr ? "'wdscope --help' lists the verbs"
                                             : fmt::format("'wdscope {} --help' tells more", application.get_name());
}

std::string meant(std::string_view typed, const std::vector<std::string>& known) {
  const std::string word = nearest_word(typed, known);
  return word.empty() ? std::string() : fmt::format("; did you mean '{}'?", word);
}

tl::unexpected<Error> unexpected_word(const CLI::App& place, const std::string& word) {
  if (word.starts_with('-')) {
    const std::string name = word.substr(0, word.find('='));
    return usage(fmt::format("unknown option '{}'{}", name, meant(name, option_names(place))), help_advice(place));
  }
  if (place.get_parent() == nullptr) {
    std::vector<std::string> meant_verbs;
    for (const std::string& name : verb_names(place))
      if (first_word(name) == word && name != word) meant_verbs.push_back(name);
    if (!meant_verbs.empty()) {
      return usage(fmt::format("'{}' needs another word: {}", word, fmt::join(meant_verbs, ", ")), help_advice(place));
    }
    return usage(fmt::format("unknown verb '{}'{}", word, meant(word, verb_names(place))), help_advice(place));
  }
  if (verb_words(place.get_name()).operands.find("COMMAND") != std::string_view::npos) {
    return usage(fmt::format("unexpected '{}'", word),
                 fmt::format("a command stands behind '--': wdscope {} -- {}", place.get_name(), word));
  }
  return usage(fmt::format("unexpected '{}'", word), help_advice(place));
}

Verb verb_named(std::string_view name) {
  static constexpr std::pair<std::string_view, Verb> kVerbs[] = {
      {"watch", Verb::Watch},
      {"run", Verb::Run},
      {"record", Verb::Record},
      {"replay", Verb::Replay},
      {"ps", Verb::Ps},
      {"tree", Verb::Tree},
      {"explain", Verb::Explain},
      {"status", Verb::Status},
      {"lab play", Verb::LabPlay},
      {"lab load", Verb::LabLoad},
      {"calibrate", Verb::Calibrate},
      {"layouts check", Verb::LayoutsCheck},
      {"layouts load", Verb::LayoutsLoad},
      {"layouts row", Verb::LayoutsRow},
      {"policy apply", Verb::PolicyApply},
      {"policy check", Verb::PolicyCheck},
      {"driver install", Verb::DriverInstall},
      {"driver start", Verb::DriverStart},
      {"driver stop", Verb::DriverStop},
      {"driver uninstall", Verb::DriverUninstall},
      {"driver status", Verb::DriverStatus},
      {"service install", Verb::ServiceInstall},
      {"service uninstall", Verb::ServiceUninstall},
      {"service run", Verb::ServiceRun},
      {"doctor", Verb::Doctor},
  };
  const auto* found =
      std::find_if(std::begin(kVerbs), std::end(kVerbs), [name](const auto& verb) { return verb.first == name; });
  return found == std::end(kVerbs) ? Verb::Watch : found->second;
}

// Sets the bit that `name` has in one of the two words, if it has one.
bool set_flag(std::string_view name, ProcessFilter& filter) {
  for (const auto& [bit, known] : defender::kProcessFlagNames) {
    if (known == name) filter.flags |= bit;
    if (known == name) return true;
  }
  for (const auto& [bit, known] : defender::kStateNames) {
    if (known == name) filter.state |= bit;
    if (known == name) return true;
  }
  return false;
}

Result<ProcessFilter> understand_filter(const RawArguments& raw) {
  ProcessFilter filter;
  filter.untrusted = raw.untrusted;
  filter.excluded = raw.excluded;
  filter.patterns = raw.images;
  for (const std::string& name : raw.flags) {
    if (set_flag(name, filter)) continue;
    std::vector<std::string> known;
    for (const auto& flag : defender::kProcessFlagNames) known.emplace_back(flag.name);
    for (const auto& flag : defender::kStateNames) known.emplace_back(flag.name);
    return usage(fmt::format("unknown flag '{}'{}", name, meant(name, known)),
                 fmt::format("the flags are {}", fmt::join(known, ", ")));
  }
  for (const std::string& text : raw.pids) {
    std::uint64_t pid = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), pid);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
      return usage(fmt::format("'{}' is no process id", text), "--pid takes a decimal number, as the views show it");
    }
    filter.pids.push_back(pid);
  }
  return filter;
}

Result<Arguments> understand(const RawArguments& raw, std::string_view verb, std::vector<std::string> command) {
  Arguments arguments;
  arguments.verb = verb_named(verb);
  const auto profile = parse_profile(raw.profile);
  if (!profile) return tl::unexpected(profile.error());
  arguments.profile = *profile;
  arguments.drivers = raw.drivers;
  arguments.policy = raw.policy;
  arguments.layout = raw.layout;
  arguments.raw = raw.raw ? RawChoice::Yes : RawChoice::No;
  arguments.build = raw.build;
  arguments.driver_output = raw.verbose ? DriverOutput::Shown : DriverOutput::Dropped;
  if (!raw.duration.empty()) {
    const auto duration = parse_duration(raw.duration);
    if (!duration) return tl::unexpected(duration.error());
    arguments.duration = *duration;
  }
  arguments.command = std::move(command);
  arguments.format = raw.format == "ndjson" ? Format::Ndjson : Format::Text;
  arguments.output = raw.output;
  arguments.file_megabytes = raw.file_megabytes;
  arguments.keep_files = raw.keep_files;
  arguments.jobs = raw.jobs;
  arguments.overwrite = raw.force ? Overwrite::Yes : Overwrite::No;
  arguments.color = raw.color == "always"  ? ColorChoice::Always
                    : raw.color == "never" ? ColorChoice::Never
                                           : ColorChoice::Auto;
  arguments.talk = raw.quiet ? Talk::Quiet : Talk::Normal;
  arguments.file = raw.file;
  arguments.observer = raw.without_observer ? ObserverChoice::Absent : ObserverChoice::Beside;
  arguments.driver = raw.notifier ? DriverChoice::Notifier : DriverChoice::Observer;
  arguments.snapshot = raw.no_snapshot ? SnapshotChoice::Left : SnapshotChoice::Taken;
  arguments.lab = raw.lab;
  arguments.target = raw.target;
  auto filter = understand_filter(raw);
  if (!filter) return tl::unexpected(filter.error());
  arguments.filter = std::move(*filter);
  return arguments;
}

}  // namespace

Result<Request> parse_arguments(std::vector<std::string> words) {
  // What stands behind the first "--" is a command and none of our business.
  std::vector<std::string> command;
  const auto separator = std::find(words.begin(), words.end(), "--");
  const bool has_separator = separator != words.end();
  if (has_separator) {
    command.assign(separator + 1, words.end());
    words.erase(separator, words.end());
  }

  RawArgumentsByVerb raw;
  const auto application = make_application(raw);
  join_verbs(words, *application);
  const auto place = [&]() -> const CLI::App& {
    const auto verbs = application->get_subcommands();
    return verbs.empty() ? *application : *verbs.front();
  };
  try {
    std::reverse(words.begin(), words.end());  // as CLI11 wants them
    application->parse(words);
  } catch (const CLI::CallForHelp&) {
    return Printout{help_text(place())};
  } catch (const CLI::CallForVersion&) {
    return Printout{version_text()};
  } catch (const CLI::ParseError& error) {
    const auto unexpected = application->remaining(true);
    if (!unexpected.empty()) return unexpected_word(place(), unexpected.front());
    return usage(error.what(), help_advice(place()));
  }
  const auto unexpected = application->remaining(true);
  if (!unexpected.empty()) return unexpected_word(place(), unexpected.front());

  const auto verbs = application->get_subcommands();
  if (verbs.empty()) return usage("what is to be done? A verb is missing", help_advice(*application));
  if (verbs.size() > 1) {
    return usage(fmt::format("one verb at a time: '{}' and '{}'", verbs[0]->get_name(), verbs[1]->get_name()),
                 help_advice(*application));
  }
  const std::string verb = verbs.front()->get_name();
  if (verb == "completion") return Printout{completion_script(*application, raw[verb].shell)};
  if (verb == "layouts") return Printout{export_layouts(raw[verb].format)};
  if (verb == "manual") return Printout{manual_page(*application)};

  const bool takes_command = verb_words(verb).operands.find("COMMAND") != std::string_view::npos;
  if (has_separator && !takes_command) {
    return usage(fmt::format("'{}' runs no command", verb), help_advice(place()));
  }
  if (verb == "calibrate" && command.empty() == raw[verb].file.empty()) {
    return usage("what is to be calibrated from? Either a command or a recording",
                 "wdscope calibrate -- make, or wdscope calibrate --from FILE");
  }
  if (command.empty() && (has_separator || verb == "run")) {
    return usage("no command given", fmt::format("it stands behind '--': wdscope {} -- make", verb));
  }
  return understand(raw[verb], verb, std::move(command)).map([](Arguments&& arguments) {
    return Request(std::move(arguments));
  });
}

}  // namespace wdscope::cli
