// SPDX-License-Identifier: MIT
#include "cli/platform_words.h"

namespace wdscope::cli {

const std::vector<VerbWords>& platform_words() {
  static const std::vector<VerbWords> words = {
      {"",
       "Watch process notifications as Microsoft Defender's WdFilter announces them inside the kernel.",
       "VERB ...",
       "The observer, a kernel driver, listens to this machine's WdFilter, or on a machine without Defender to "
       "wdnotifier, a replica of its notifier. Every output says to whom.",
       {{"wdscope doctor", "what is in the way, and what to do about it"},
        {"wdscope driver install", "then 'wdscope driver start'; as an administrator"},
        {"wdscope watch", "this machine's processes, until Ctrl-C"},
        {"wdscope record -o day.wdrec", "keep the events"},
        {"wdscope replay day.wdrec", "show them again"}}},
      {"watch",
       "Show the process notifications of this machine.",
       "",
       "Needs an elevated console and the observer ('wdscope driver start'). Images are shown by their DOS paths where "
       "they have one.\n\n"
       "Without --for the watch goes on until Ctrl-C, which is its normal end (exit code 0).",
       {{"wdscope watch", "until Ctrl-C"},
        {"wdscope watch --for 10s --format ndjson -o events.ndjson", "ten seconds into a file"},
        {"wdscope watch --image C:\\Users\\*", "of programs in users' folders"}}},
      {"run",
       "Linux: run a command and show the process notifications of its whole process tree.",
       "-- COMMAND...",
       "Needs Linux, as it follows COMMAND by ptrace.",
       {{"wdscope run -- make", "on Linux"}}},
      {"record",
       "Record process notifications into a file for replay.",
       "",
       "Records this machine's processes as watch would show them. The file holds the very records that the driver "
       "made and the drives of this machine, carries checksums and can be read up to its last whole block after a "
       "crash. Without -o its name is made of the time.",
       {{"wdscope record --for 1m -o minute.wdrec", "one minute of this machine"},
        {"wdscope record --raw -o day.wdrec", "with raw bytes, for calibrate"}}},
      {"lab play",
       "Linux: play the recorded past of Windows machines, or a scenario, through the lab.",
       "FILE",
       "Needs Linux, where the lab runs.",
       {{"wdscope lab play events.ndjson", "on Linux"}}},
      {"lab load",
       "Linux: load somebody else's kernel driver into the lab and report on it.",
       "DRIVER.sys [-- COMMAND...]",
       "Needs Linux, where the lab runs.",
       {{"wdscope lab load mydriver.sys", "on Linux"}}},
      {"ps",
       "List the processes that the notifier knows: trust, flags, protection, doc rule.",
       "",
       "Has the notifier repeat the state of every process, and shows it; needs an elevated console and the observer. "
       "What only a notification of the creation tells (flags, doc rule, command line) is known of processes that were "
       "seen to start: --from shows those of a recording, also the ended ones.\n\n"
       "A column of which nothing is known is left out.",
       {{"wdscope ps", "what runs now"},
        {"wdscope ps --untrusted --image python*", "untrusted Pythons"},
        {"wdscope ps --from day.wdrec --flag service_host", "of a recording, by a flag"}}},
      {"status",
       "Say what the observer has counted, and which build of the notifier it believes it sees.",
       "",
       "Shows the driver, its callback object, events, drops, readers and ring use; then the notifier's build, from "
       "how "
       "many agreeing events, and what disagreed. docs/observer.md has the rules and every counter.\n\n"
       "The exit code: 0 a build that is known, 1 another one, 4 undecided.",
       {{"wdscope status", "in words"}, {"wdscope status --format ndjson", "for programs"}}},
      {"layouts load",
       "Give a layout file to the observer, until the machine is started again.",
       "FILE",
       "The driver checks it once more. From then on contexts of that build are decoded by it, and their events say "
       "so.",
       {{"wdscope layouts load new-build.toml", "as an administrator"}}},
      {"calibrate",
       "Infer the layout of a process context from many processes.",
       "--from FILE",
       "For builds of Defender that nobody has analysed. Takes raw bytes beside notifications from a recording that "
       "was "
       "made with record --raw, and finds where each member lies by what NT and the notifications say of the same "
       "processes. What is not certain is said to be so, with the reason, and does not get into the layout file.\n\n"
       "Exit code 1: what was seen does not suffice for a layout. docs/calibrate.md leads through it.",
       {{"wdscope calibrate --from day.wdrec -o new-build.toml", "from a recording, into a layout file"}}},
      {"policy apply",
       "Linux: put a policy in the place of the one that a running lab acts by.",
       "FILE",
       "Needs Linux, where labs run.",
       {{"wdscope policy apply policy.toml", "on Linux"}}},
  };
  return words;
}

std::string_view option_variables() {
  return "WDSCOPE_FORMAT, WDSCOPE_COLOR";
}

}  // namespace wdscope::cli
