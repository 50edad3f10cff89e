// SPDX-License-Identifier: MIT
#include "cli/application.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include <algorithm>
#include <utility>

#include "cli/verb_words.h"

namespace wdscope::cli {
namespace {

constexpr const char* kShowDrivers = "Show what the drivers print (DbgPrintEx) on standard error";

CLI::App& add_verb(CLI::App& application, std::string_view name) {
  const VerbWords& words = verb_words(name);
  // A name of two words is none that CLI11 would take, but one that it can be given.
  auto owned = std::make_shared<CLI::App>(std::string(words.summary));
  owned->name(std::string(name));
  owned->set_help_flag("-h,--help", "Show this help");
  CLI::App* verb = application.add_subcommand(std::move(owned));
  verb->allow_extras();
  return *verb;
}

// An option that takes one of a few words, which also name its type.
void add_choice(CLI::App& verb, const std::string& names, std::string& value, const std::vector<std::string>& words,
                const std::string& description, const std::string& variable) {
  std::string type;
  for (const std::string& word : words) type += (type.empty() ? "" : "|") + word;
  verb.add_option(names, value, description)
      ->type_name(type)
      ->check(CLI::IsMember(words).description(""))
      ->envname(variable);
}

// Where there is no lab, its options are unknown words.
#ifdef _WIN32
constexpr bool kHasLab = false;
#else
constexpr bool kHasLab = true;
#endif

void add_lab_options(CLI::App& verb, RawArguments& raw) {
  if (!kHasLab) return;
  add_choice(
      verb, "--profile", raw.profile, {"1910", "20h1", "25080", "a5"},
      "Generation of the notifier: 1910 (2019), 20h1 (its preview), 25080 (2025), a5 (newest known, the default)",
      "WDSCOPE_PROFILE");
  verb.add_option("--drivers", raw.drivers, "Load wdnotifier.sys and wdscope.sys from DIR, not the embedded ones")
      ->type_name("DIR")
      ->envname("WDSCOPE_DRIVERS");
  verb.add_option("--policy", raw.policy, "Let this TOML file decide verdicts, trust and more (docs/policy.md)")
      ->type_name("FILE")
      ->envname("WDSCOPE_POLICY");
}

void add_layout_option(CLI::App& verb, RawArguments& raw) {
  if (!kHasLab) return;
  verb.add_option("--layout", raw.layout, "Decode contexts by this layout file too (docs/calibrate.md)")
      ->type_name("FILE");
}

void add_verbose_option(CLI::App& verb, RawArguments& raw, const std::string& description) {
  if (!kHasLab) return;
  verb.add_flag("-v,--verbose", raw.verbose, description);
}

void add_duration_option(CLI::App& verb, RawArguments& raw) {
  verb.add_option("--for", raw.duration, "End after this time: 500ms, 10s, 2m, 1h")->type_name("TIME");
}

void add_snapshot_option(CLI::App& verb, RawArguments& raw) {
  verb.add_flag("--no-snapshot", raw.no_snapshot, "Do not begin with the processes that were there before");
}

void add_force_option(CLI::App& verb, RawArguments& raw) {
  verb.add_flag("--force", raw.force, "Overwrite an existing output file");
}

void add_quiet_option(CLI::App& verb, RawArguments& raw) {
  verb.add_flag("-q,--quiet", raw.quiet, "Say nothing on standard error but losses and errors");
}

void add_color_option(CLI::App& verb, RawArguments& raw) {
  add_choice(verb, "--color", raw.color, {"auto", "always", "never"},
             "Colour the text: auto (default) does on a terminal, unless NO_COLOR is set or TERM is dumb",
             "WDSCOPE_COLOR");
}

void add_filter_options(CLI::App& verb, RawArguments& raw) {
  verb.add_flag("--untrusted", raw.untrusted, "Only untrusted processes");
  verb.add_flag("--excluded", raw.excluded, "Only processes whose flags say that they are excluded");
  const auto add = [&verb](const char* name, std::vector<std::string>& values, const char* type, const char* words) {
    verb.add_option(name, values, words)->type_name(type)->type_size(1)->allow_extra_args(false);
  };
  add("--flag", raw.flags, "NAME", "Only processes with this flag; repeated: with all of them");
  add("--pid", raw.pids, "PID", "Only this process; repeated: any of them");
  add("--image", raw.images, "PATTERN",
      "Only this image: a file name, or with a slash a path; * and ? are wildcards; repeated: any of them");
}

// Of ps, tree and explain: live or from a recording.
void add_picture_options(CLI::App& verb, RawArguments& raw) {
  verb.add_option("--from", raw.file, "Take the processes from a recording, not from this machine")->type_name("FILE");
  add_lab_options(verb, raw);
  add_color_option(verb, raw);
}

void add_output_options(CLI::App& verb, RawArguments& raw) {
  add_choice(verb, "--format", raw.format, {"text", "ndjson"},
             "text: columns for eyes (default); ndjson: one JSON object a line (docs/events.md)", "WDSCOPE_FORMAT");
  verb.add_option("-o,--output", raw.output, "Write events to FILE; - is standard output (default)")->type_name("FILE");
  add_force_option(verb, raw);
  add_color_option(verb, raw);
  add_quiet_option(verb, raw);
  add_filter_options(verb, raw);
}

}  // namespace

std::unique_ptr<CLI::App> make_application(RawArgumentsByVerb& raw) {
  auto application = std::make_unique<CLI::App>(std::string(verb_words("").summary), "wdscope");
  application->allow_extras();
  application->set_help_flag("-h,--help", "Show this help");
  application->set_version_flag("--version", std::string());
  application->get_option("--version")->description("Show the versions of program, protocol and event schema");

  CLI::App& watch = add_verb(*application, "watch");
  add_lab_options(watch, raw["watch"]);
  add_layout_option(watch, raw["watch"]);
  add_verbose_option(watch, raw["watch"], kShowDrivers);
  add_duration_option(watch, raw["watch"]);
  add_snapshot_option(watch, raw["watch"]);
  add_output_options(watch, raw["watch"]);

  CLI::App& run = add_verb(*application, "run");
  add_lab_options(run, raw["run"]);
  add_layout_option(run, raw["run"]);
  add_verbose_option(run, raw["run"], kShowDrivers);
  add_output_options(run, raw["run"]);

  CLI::App& record = add_verb(*application, "record");
  add_lab_options(record, raw["record"]);
  add_verbose_option(record, raw["record"], kShowDrivers);
  add_duration_option(record, raw["record"]);
  add_layout_option(record, raw["record"]);
  record.add_flag("--raw", raw["record"].raw,
                  "Record the raw bytes beside each notification too, for wdscope calibrate");
  add_snapshot_option(record, raw["record"]);
  record.add_option("-o,--output", raw["record"].output, "Recording to make")->type_name("FILE");
  add_force_option(record, raw["record"]);
  add_quiet_option(record, raw["record"]);

  CLI::App& replay = add_verb(*application, "replay");
  replay.add_option("FILE", raw["replay"].file, "Recording to show")->type_name("")->required();
  add_output_options(replay, raw["replay"]);

  CLI::App& play = add_verb(*application, "lab play");
  add_lab_options(play, raw["lab play"]);
  play.add_option("FILE", raw["lab play"].file, "Log or scenario to play")->type_name("")->required();
  play.add_option("-j,--jobs", raw["lab play"].jobs,
                  "Play so many machines of a log at once (without it, as there are processors)")
      ->type_name("N")
      ->check(CLI::Range(1, 256).description(""));
  add_output_options(play, raw["lab play"]);
  CLI::App& load = add_verb(*application, "lab load");
  load.add_option("FILE", raw["lab load"].file, "Driver to load")->type_name("")->required();
  add_lab_options(load, raw["lab load"]);
  add_verbose_option(load, raw["lab load"], "Show what wdnotifier.sys and wdscope.sys print, too");
  load.add_flag("--without-observer", raw["lab load"].without_observer, "Load the driver instead of wdscope.sys");
  load.add_option("-o,--output", raw["lab load"].output, "Write to FILE; - is standard output (default)")
      ->type_name("FILE");
  add_force_option(load, raw["lab load"]);
  CLI::App& ps = add_verb(*application, "ps");
  add_picture_options(ps, raw["ps"]);
  add_filter_options(ps, raw["ps"]);

  CLI::App& tree = add_verb(*application, "tree");
  add_picture_options(tree, raw["tree"]);
  add_filter_options(tree, raw["tree"]);

  CLI::App& explain = add_verb(*application, "explain");
  explain.add_option("TARGET", raw["explain"].target, "A process id or an image")->type_name("")->required();
  add_picture_options(explain, raw["explain"]);

  CLI::App& status = add_verb(*application, "status");
  add_lab_options(status, raw["status"]);
  add_choice(status, "--format", raw["status"].format, {"text", "ndjson"},
             "text: for eyes (default); ndjson: one JSON object (docs/observer.md)", "WDSCOPE_FORMAT");
  add_color_option(status, raw["status"]);

  CLI::App& layouts = add_verb(*application, "layouts");
  raw["layouts"].format = "table";
  add_choice(layouts, "--format", raw["layouts"].format, {"table", "json", "c", "natvis", "isf", "windbg"},
             "table: for eyes (default); the others are for tools", "");

  for (const char* const name : {"layouts check", "layouts load", "layouts row"}) {
    CLI::App& verb = add_verb(*application, name);
    verb.add_option("FILE", raw[name].file, "Layout file")->type_name("")->required();
    if (std::string_view(name) != "layouts row") add_quiet_option(verb, raw[name]);
  }

  CLI::App& calibrate = add_verb(*application, "calibrate");
  RawArguments& calibration = raw["calibrate"];
  calibrate.add_option("--from", calibration.file, "Take the raw records from a recording")->type_name("FILE");
  add_lab_options(calibrate, calibration);
  calibrate.add_option("-o,--output", calibration.output, "Write the layout into FILE")->type_name("FILE");
  add_force_option(calibrate, calibration);
  calibrate.add_option("--build", calibration.build, "Which Defender it is, for the layout file")->type_name("TEXT");
  add_quiet_option(calibrate, calibration);

  CLI::App& apply = add_verb(*application, "policy apply");
  apply.add_option("FILE", raw["policy apply"].file, "Policy to apply")->type_name("")->required();
  apply.add_option("--lab", raw["policy apply"].lab, "Which lab: its process id, or its socket")->type_name("LAB");
  add_quiet_option(apply, raw["policy apply"]);

  CLI::App& check = add_verb(*application, "policy check");
  check.add_option("FILE", raw["policy check"].file, "Policy to check")->type_name("")->required();
  add_quiet_option(check, raw["policy check"]);

  for (const char* name : {"driver install", "driver start", "driver stop", "driver uninstall", "driver status"}) {
    CLI::App& driver = add_verb(*application, name);
    if (std::string_view(name) == "driver status") continue;
    driver.add_flag("--notifier", raw[name].notifier, "The notifier, for machines without Defender, not the observer");
    if (std::string_view(name) != "driver install") continue;
    driver.add_option("--drivers", raw[name].drivers, "Take the driver from DIR, not from the program's own folder")
        ->type_name("DIR");
  }
  for (const char* name : {"service install", "service run"}) {
    CLI::App& service = add_verb(*application, name);
    service.add_option("--folder", raw[name].output, "Record into DIR")->type_name("DIR")->required();
    service.add_option("--file-size", raw[name].file_megabytes, "Begin a new recording after so many MiB (64)")
        ->type_name("MIB")
        ->check(CLI::Range(1, 4096).description(""));
    service.add_option("--keep", raw[name].keep_files, "Keep the newest so many recordings (16)")
        ->type_name("COUNT")
        ->check(CLI::Range(1, 100000).description(""));
  }
  add_verb(*application, "service uninstall");
  add_verb(*application, "doctor");

  CLI::App& completion = add_verb(*application, "completion");
  completion.add_option("SHELL", raw["completion"].shell, "bash, zsh or fish")
      ->type_name("")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>{"bash", "zsh", "fish"}).description(""));

  add_verb(*application, "manual");
  return application;
}

std::vector<std::string> accepted_words(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  std::vector<std::string> words;
  if (type.find('|') == std::string::npos) return words;
  for (std::size_t begin = 0; begin <= type.size();) {
    const std::size_t end = std::min(type.find('|', begin), type.size());
    words.push_back(type.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

std::string option_synopsis(const CLI::Option& option) {
  std::string text;
  for (const std::string& name : option.get_snames()) text += "-" + name + ", ";
  for (const std::string& name : option.get_lnames()) text += "--" + name + ", ";
  text.resize(text.size() - std::min<std::size_t>(2, text.size()));
  if (const std::string type = option.get_type_name(); !type.empty()) text += " " + type;
  return text;
}

std::vector<std::string> option_names(const CLI::App& application) {
  std::vector<std::string> names;
  for (const CLI::Option* option : application.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

std::vector<std::string> verb_names(const CLI::App& application) {
  std::vector<std::string> names;
  for (const CLI::App* verb : application.get_subcommands(nullptr)) names.push_back(verb->get_name());
  return names;
}

std::string first_word(std::string_view verb) {
  return std::string(verb.substr(0, verb.find(' ')));
}

void join_verbs(std::vector<std::string>& words, const CLI::App& application) {
  for (const std::string& name : verb_names(application)) {
    const std::string first = first_word(name);
    if (first == name) continue;
    const auto found =
        std::find_if(words.begin(), words.end(), [](const auto& word) { return !word.starts_with('-'); });
    if (found == words.end() || *found != first) continue;
    const auto second = found + 1;
    if (second == words.end() || *second != name.substr(first.size() + 1)) continue;
    *found = name;
    words.erase(second);
    return;
  }
}

}  // namespace wdscope::cli
