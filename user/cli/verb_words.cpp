// SPDX-License-Identifier: MIT
#include "cli/verb_words.h"

#include "cli/platform_words.h"

namespace wdscope::cli {
namespace {

const std::vector<VerbWords>& common_words() {
  static const std::vector<VerbWords> words = {
      {"replay",
       "Show a recording.",
       "FILE",
       "What is whole in a damaged recording is shown; the damage is reported with its offset, exit code 3.",
       {{"wdscope replay build.wdrec", "as text"},
        {"wdscope replay --format ndjson build.wdrec | grep '\"operation\":\"create\"'", "as JSON"}}},
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
      {"layouts row",
       "Print a layout file as it would stand in the catalogue.",
       "FILE",
       "A structure with its gaps and the rows of its fields, for abi/defender.",
       {{"wdscope layouts row new-build.toml", "for a contribution"}}},
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
      {"service install",
       "Windows: make a service that records into a folder without end.",
       "",
       "Needs an elevated console. The service wdscope-recorder starts on demand ('sc start wdscope-recorder'), and "
       "the "
       "observer's driver before it. When a recording has its size the next begins, and the oldest goes. The event log "
       "(Application, source wdscope) tells of start, end and what was lost.",
       {{"wdscope service install --folder C:\\ProgramData\\wdscope", "16 recordings of 64 MiB"},
        {"wdscope service install --folder D:\\day --file-size 256 --keep 4", "one gigabyte"}}},
      {"service uninstall",
       "Windows: stop and remove that service.",
       "",
       "Nothing of it stays in the registry. The recordings are left where they are.",
       {{"wdscope service uninstall", "as an administrator"}}},
      {"service run",
       "Windows: what the service does; the service control manager starts it.",
       "",
       "",
       {{"wdscope service run --folder C:\\ProgramData\\wdscope", "only by Windows"}}},
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

}  // namespace

const VerbWords& verb_words(std::string_view name) {
  for (const auto* table : {&platform_words(), &common_words()}) {
    for (const VerbWords& words : *table) {
      if (words.name == name) return words;
    }
  }
  return platform_words().front();
}

}  // namespace wdscope::cli
