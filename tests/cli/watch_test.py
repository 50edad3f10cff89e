# SPDX-License-Identifier: MIT
"""wdscope watch: this machine's processes where that is permitted, a clear answer where it is not."""

import os
import signal
import subprocess
import unittest

from story import WDSCOPE, Story, environment, read_events, wdscope

NOBODY = 65534


def machine_can_be_watched() -> bool:
    return wdscope("watch", "--for", "1ms").returncode == 0


class WatchWithoutPermission(Story):
    """As nobody: in the tests' own process if it has no privilege, in a child that gave it up if it has."""

    def as_nobody(self, *arguments: str) -> subprocess.CompletedProcess:
        identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        return subprocess.run([WDSCOPE, *arguments], capture_output=True, text=True, env=environment(), timeout=240,
                              cwd="/", check=False, **identity)

    def setUp(self) -> None:
        super().setUp()
        if os.geteuid() == 0 and not self.reachable():
            self.skipTest("nobody may not enter the build folder")

    def reachable(self) -> bool:
        return subprocess.run([WDSCOPE, "--version"], user=NOBODY, group=NOBODY, extra_groups=[], check=False,
                              capture_output=True).returncode == 0 if self.executable_by_nobody() else False

    @staticmethod
    def executable_by_nobody() -> bool:
        return subprocess.run(["test", "-x", WDSCOPE], user=NOBODY, group=NOBODY, extra_groups=[],
                              check=False).returncode == 0

    def test_without_privilege_it_is_4_with_advice(self):
        done = self.as_nobody("watch", "--for", "1s")
        self.assert_says(done, 4, "wdscope run")
        self.assertEqual(done.stdout, "")

    def test_with_a_command_it_follows_that(self):
        done = self.as_nobody("watch", "--format", "ndjson", "--", "sh", "-c", "/bin/true; exit 5")
        self.assert_says(done, 5, "by ptrace")
        creates = [event for event in read_events(done.stdout) if event["operation"] == "create"]
        self.assertEqual(len(creates), 2)

    def test_run_needs_no_privilege(self):
        done = self.as_nobody("run", "--", "/bin/true")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("/bin/true", done.stdout)


@unittest.skipUnless(machine_can_be_watched(), "this machine's processes cannot be watched from here")
class Watch(Story):
    def test_a_process_of_the_machine_is_seen(self):
        for profile in ("1910", "25080", "a5"):
            done = wdscope("watch", "--profile", profile, "--format", "ndjson", "--", "sh", "-c",
                           "/bin/true; sleep 0.2; echo $$ >&2")
            self.assertEqual(done.returncode, 0, done.stderr)
            shell = next(int(line) for line in done.stderr.splitlines() if line.isdigit())
            events = read_events(done.stdout)
            mine = [event["operation"] for event in events if event.get("host_pid") == shell]
            self.assertEqual([mine[0], mine[-1]], ["create", "terminate"])
            children = [event for event in events
                        if event["operation"] == "create" and event.get("parent_pid") == 4 * shell]
            self.assertIn("sleep", " ".join(event["image"] for event in children))

    def test_the_commands_exit_code_is_passed_on(self):
        self.assertEqual(wdscope("watch", "--", "sh", "-c", "exit 7").returncode, 7)
        self.assertEqual(wdscope("watch", "--", "/nonexistent").returncode, 127)

    def test_it_ends_when_told_and_sums_up(self):
        done = wdscope("watch", "--for", "300ms")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("replica", done.stdout)
        self.assertRegex(done.stderr, r"produced \d+ = delivered \d+ \+ lost 0")

    def interrupted(self, *arguments: str) -> subprocess.CompletedProcess:
        with subprocess.Popen([WDSCOPE, "watch", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, env=environment()) as program:
            program.stdout.readline()  # the header: it is watching
            program.send_signal(signal.SIGINT)
            out, err = program.communicate(timeout=240)
            return subprocess.CompletedProcess([], program.returncode, out, err)

    def test_an_interrupt_is_the_normal_end_of_an_endless_watch(self):
        self.assert_says(self.interrupted(), 0, "produced")

    def test_an_interrupt_cuts_a_limited_watch_short(self):
        self.assert_says(self.interrupted("--for", "1h"), 130, "produced")


if __name__ == "__main__":
    unittest.main()
