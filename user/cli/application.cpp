// SPDX-License-Identifier: MIT
#include "cli/application.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include <algorithm>
#include <utility>

namespace wdscope::cli {
namespace {

const std::vector<VerbWords>& all_words() {
  static const std::vector<VerbWords> words = {
      {"",
       "Watch process notifications as Microsoft Defender's WdFilter announces them, from a replica of its notifier.",
       "VERB ...",
       "The lab loads two Windows kernel drivers, a replica of WdFilter's process notifier and an observer, into this "
       "process and feeds them this machine's real processes. It is a replica and not Defender; every output says so.",
       {{"wdscope watch", "this machine's processes, until Ctrl-C (root)"},
        {"wdscope run -- make", "the processes of one command (no privilege)"},
        {"wdscope run --format ndjson -- sh -c 'ls; true'", "the same as JSON, one event a line"},
        {"wdscope record -o build.wdrec -- make", "keep a command's events"},
        {"wdscope replay build.wdrec", "show them again"}}},
      {"watch",
       "Show the process notifications of this machine.",
       "[-- COMMAND...]",
       "Follows every process through the kernel's process connector, which needs root. With a COMMAND the watch ends "
       "when COMMAND does, unless --for says when, and its exit code is passed on; without root the COMMAND alone is "
       "followed, by ptrace.\n\n"
       "It begins with a snapshot: the notifier repeats image and trust of each process that was there before, "
       "between two marks.\n\n"
       "Without --for and COMMAND the watch goes on until Ctrl-C, which is its normal end (exit code 0).",
       {{"wdscope watch", "until Ctrl-C"},
        {"wdscope watch --for 10s --format ndjson -o events.ndjson", "ten seconds into a file"},
        {"wdscope watch --profile 1910", "as the notifier of 2019 told it"}}},
      {"run",
       "Run a command and show the process notifications of its whole process tree.",
       "-- COMMAND...",
       "Follows COMMAND and everything it starts by ptrace: no privilege is needed and no process is missed. Ends when "
       "the last of them has ended. The exit code is COMMAND's; 126 and 127 mean what they mean in a shell.\n\n"
       "COMMAND's own output goes where it always goes: with -o FILE it and the events stay apart.",
       {{"wdscope run -- make", "watch a build"},
        {"wdscope run --format ndjson -- sh -c 'for i in 1 2 3; do /bin/true; done'", "events as JSON"},
        {"wdscope run -o events.txt -- git status", "events into a file, output to the terminal"}}},
      {"record",
       "Record process notifications into a file for replay.",
       "[-- COMMAND...]",
       "Records this machine's processes as watch would show them (root) or, with a COMMAND, those of the COMMAND as "
       "run "
       "would. The file holds the very records that the driver made, carries checksums and can be read up to its last "
       "whole block after a crash. Without -o its name is made of the time.",
       {{"wdscope record --for 1m -o minute.wdrec", "one minute of this machine (root)"},
        {"wdscope record -o build.wdrec -- make", "the events of a build"}}},
      {"replay",
       "Show a recording.",
       "FILE",
       "What is whole in a damaged recording is shown; the damage is reported with its offset, exit code 3.",
       {{"wdscope replay build.wdrec", "as text"},
        {"wdscope replay --format ndjson build.wdrec | grep '\"operation\":\"create\"'", "as JSON"}}},
      {"lab play",
       "Play the recorded past of Windows machines, or a scenario, through the lab.",
       "FILE",
       "FILE holds events of Sysmon (1, 5) and of the Security log (4688, 4689), one a line, as JSON, as collectors "
       "write them. Each process starts and ends once, at the time that the log tells, whatever order the lines have "
       "and whether one channel tells of it or both; each machine in FILE is played on its own. Nothing waits: the "
       "lab's clock is that of the log, and the same FILE comes out the same each time.\n\n"
       "What fits nowhere is listed on standard error with its line.\n\n"
       "A FILE whose name ends in .toml is a scenario: steps that happen to a machine, and what must be told of each. "
       "The first that comes out otherwise is named with its line, and the exit code is 1. docs/scenarios.md has every "
       "word.",
       {{"wdscope lab play events.ndjson", "as text"},
        {"wdscope lab play --profile 1910 --format ndjson -o out.ndjson events.ndjson", "as the notifier of 2019"},
        {"wdscope lab play scenario.toml", "a scenario"}}},
      {"lab load",
       "Load somebody else's kernel driver into the lab and report on it.",
       "DRIVER.sys [-- COMMAND...]",
       "Loads any WDM driver for x64 beside wdscope.sys, runs COMMAND (/bin/true when left out) and feeds the driver "
       "the notifications of its process tree. Shows what the driver prints (DbgPrint, DbgPrintEx, all levels), then "
       "its "
       "registrations, devices, pool use and locks, and unloads it.\n\n"
       "When the driver would stop Windows, a report says which instruction touched which address, on behalf of which "
       "notification, and why that is fatal: exit code 1. A driver that refuses to start is 1 too; one that imports "
       "what the lab has not is 3, and every import missing is named. The exit code speaks of the driver; COMMAND's "
       "own is only told. docs/lab.md says what the lab offers and where it ends.",
       {{"wdscope lab load mydriver.sys", "does it start, hear of a process, and unload?"},
        {"wdscope lab load mydriver.sys --profile 1910 -- make", "with a build's processes, as the notifier of 2019"},
        {"wdscope lab load mydriver.sys --without-observer -o report.txt", "instead of wdscope.sys; into a file"}}},
      {"ps",
       "List the processes that the notifier knows: trust, flags, protection, doc rule.",
       "",
       "Starts a lab, has its notifier repeat the state of every process, and shows it; no privilege is needed, but "
       "without root the images of other users' processes are only short names. What only a notification of the "
       "creation tells (flags, doc rule, command line) is known of processes that were seen to start: --from shows "
       "those of a recording, also the ended ones.\n\n"
       "A column of which nothing is known is left out.",
       {{"wdscope ps", "what runs now"},
        {"wdscope ps --untrusted --image 'python*'", "untrusted Pythons"},
        {"wdscope ps --from build.wdrec --flag service_host", "of a recording, by a flag"}}},
      {"tree",
       "Show the processes that the notifier knows as a tree.",
       "",
       "As ps, each process below its parent. With filters the ancestors of what they find are shown too.",
       {{"wdscope tree", "what runs now"}, {"wdscope tree --from build.wdrec", "a recorded build"}}},
      {"explain",
       "Say in plain words what Defender has decided about a process, and whether an exclusion is in force for it.",
       "PID|IMAGE",
       "For each fact: whose word it is, when it was learnt and from which notification; what it means; and what has "
       "changed since the process was first seen. IMAGE is a file name, or with a slash a path; '*' and '?' stand for "
       "any text and one character.\n\n"
       "The exit code answers 'is my exclusion in force?': 0 yes, 1 no, 4 cannot tell. Of several processes with that "
       "image: 0 if it is for all, 1 if it is not for one of them.",
       {{"wdscope explain 4711", "a process that runs now"},
        {"wdscope explain --from build.wdrec cc1", "one of a recording"},
        {"wdscope explain sshd >/dev/null && echo excluded", "in a script"}}},
      {"status",
       "Say what the observer has counted, and which build of the notifier it believes it sees.",
       "[-- COMMAND...]",
       "Starts a lab, runs COMMAND in it (a few /bin/true when left out), so that there are notifications to judge by, "
       "and shows the driver, its callback object, events, drops, readers and ring use; then the notifier's build, "
       "from how many agreeing events, and what disagreed. docs/observer.md has the rules and every counter.\n\n"
       "The exit code: 0 a build that is known, 1 another one, 4 undecided.",
       {{"wdscope status", "the newest notifier"},
        {"wdscope status --profile 1910 --format ndjson -- make", "as the notifier of 2019, by a build's processes"}}},
      {"layouts",
       "Print WdFilter's structures as research knows them, for people and for other tools.",
       "",
       "The same catalogue as the drivers read by. table: with confidence and source of each field; json: the same for "
       "programs; c: a header; natvis: for debuggers, with the header; isf: a symbol table of Volatility 3; windbg: a "
       "script with !wdps, which lists the process contexts.",
       {{"wdscope layouts", "read it"},
        {"wdscope layouts --format c > wdfilter.h", "a header for C and C++"},
        {"wdscope layouts --format isf > wdfilter.json", "for Volatility 3"}}},
      {"layouts check",
       "Say whether a layout file is right.",
       "FILE",
       "A file that is not is named with line, column and what was expected there, exit code 1. docs/calibrate.md has "
       "every key.",
       {{"wdscope layouts check new-build.toml", "before it is loaded or handed on"}}},
      {"layouts load",
       "Give a layout file to the observer, until the machine is started again.",
       "FILE",
       "The driver checks it once more. From then on contexts of that build are decoded by it, and their events say "
       "so. In the lab, whose drivers live no longer than the program, --layout of watch, run and record does it.",
       {{"wdscope layouts load new-build.toml", "as an administrator"}}},
      {"layouts row",
       "Print a layout file as it would stand in the catalogue.",
       "FILE",
       "A structure with its gaps and the rows of its fields, for abi/defender.",
       {{"wdscope layouts row new-build.toml", "for a contribution"}}},
      {"calibrate",
       "Infer the layout of a process context from many processes.",
       "[-- COMMAND...]",
       "For builds of Defender that nobody has analysed. Captures the raw bytes beside the notifications of COMMAND's "
       "process tree, or takes them from a recording that was made with record --raw, and finds where each member "
       "lies by what NT and the notifications say of the same processes. What is not certain is said to be so, with "
       "the reason, and does not get into the layout file.\n\n"
       "Exit code 1: what was seen does not suffice for a layout. docs/calibrate.md leads through it.",
       {{"wdscope calibrate -- make", "from a build's processes"},
        {"wdscope calibrate --from day.wdrec -o new-build.toml", "from a recording, into a layout file"}}},
      {"policy apply",
       "Put a policy in the place of the one that a running lab acts by.",
       "FILE",
       "The lab is that of a watch, run or record in another terminal, of the same user; root may tell anybody's. FILE "
       "is "
       "taken whole or not at all: for new processes and for those that run. A process that waits for the service's "
       "answer is waited for. docs/policy.md has every key.",
       {{"wdscope policy apply policy.toml", "to the only lab there is"},
        {"wdscope policy apply --lab 4711 policy.toml", "to that of process 4711"}}},
      {"policy check",
       "Say whether a policy file is right.",
       "FILE",
       "A file that is not is named with line, column and what was expected there, exit code 1. docs/policy.md has "
       "every "
       "key.",
       {{"wdscope policy check policy.toml", "what it means, in words"}}},
      {"driver install",
       "Windows: make a service of the observer's driver, which starts on demand.",
       "",
       "Needs an elevated console. Says first what doctor finds in the way. Doing it again takes the driver from where "
       "this program is now. --notifier: the replica of WdFilter's notifier, for machines without Defender, which it "
       "refuses to stand beside.",
       {{"wdscope driver install", "wdscope.sys from the folder of wdscope.exe"},
        {"wdscope driver install --notifier", "wdnotifier.sys"}}},
      {"driver start",
       "Windows: load a driver.",
       "",
       "The observer needs a notifier that runs already. What runs already is no error.",
       {{"wdscope driver start", "the observer"}, {"wdscope driver start --notifier", "the replica before it"}}},
      {"driver stop",
       "Windows: unload a driver.",
       "",
       "What does not run is no error.",
       {{"wdscope driver stop", "the observer"}}},
      {"driver uninstall",
       "Windows: stop and remove both drivers, or with --notifier the notifier alone.",
       "",
       "Nothing of them stays in the registry. The files are left where they are.",
       {{"wdscope driver uninstall", "both"}}},
      {"driver status",
       "Windows: say of each driver whether it is installed and runs.",
       "",
       "Exit code 1: the observer does not run.",
       {{"wdscope driver status", "both"}}},
      {"doctor",
       "Windows: look for what is in the way of the drivers, and say what to do about it.",
       "",
       "Windows version, processor, elevation, test-signing mode, Secure Boot, memory integrity (HVCI), Microsoft "
       "Defender, and both drivers. Changes nothing. Exit code 1: something is in the way.",
       {{"wdscope doctor", "before the first driver install"}}},
      {"completion",
       "Print a completion script.",
       "bash|zsh|fish",
       "",
       {{"wdscope completion bash > /etc/bash_completion.d/wdscope", "for bash"},
        {"wdscope completion zsh > \"${fpath[1]}/_wdscope\"", "for zsh"},
        {"wdscope completion fish > ~/.config/fish/completions/wdscope.fish", "for fish"}}},
      {"manual", "Print the manual page.", "", "", {{"wdscope manual | man -l -", "read it"}}},
  };
  return words;
}

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
  add_choice(verb, "--profile", raw.profile, {"1910", "25080", "a5"},
             "Generation of the notifier: 1910 (2019), 25080 (2025), a5 (newest known, the default)",
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

const VerbWords& verb_words(std::string_view name) {
  for (const VerbWords& words : all_words()) {
    if (words.name == name) return words;
  }
  return all_words().front();
}

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
