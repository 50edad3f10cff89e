// SPDX-License-Identifier: MIT
#include "cli/platform_words.h"

namespace wdscope::cli {

const std::vector<VerbWords>& platform_words() {
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
      {"status",
       "Say what the observer has counted, and which build of the notifier it believes it sees.",
       "[-- COMMAND...]",
       "Starts a lab, runs COMMAND in it (a few /bin/true when left out), so that there are notifications to judge by, "
       "and shows the driver, its callback object, events, drops, readers and ring use; then the notifier's build, "
       "from how many agreeing events, and what disagreed. docs/observer.md has the rules and every counter.\n\n"
       "The exit code: 0 a build that is known, 1 another one, 4 undecided.",
       {{"wdscope status", "the newest notifier"},
        {"wdscope status --profile 1910 --format ndjson -- make", "as the notifier of 2019, by a build's processes"}}},
      {"layouts load",
       "Give a layout file to the observer, until the machine is started again.",
       "FILE",
       "The driver checks it once more. From then on contexts of that build are decoded by it, and their events say "
       "so. In the lab, whose drivers live no longer than the program, --layout of watch, run and record does it.",
       {{"wdscope layouts load new-build.toml", "as an administrator"}}},
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
  };
  return words;
}

std::string_view option_variables() {
  return "WDSCOPE_PROFILE, WDSCOPE_DRIVERS, WDSCOPE_POLICY, WDSCOPE_FORMAT, WDSCOPE_COLOR";
}

}  // namespace wdscope::cli
