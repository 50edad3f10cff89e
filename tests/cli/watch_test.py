# SPDX-License-Identifier: MIT
"""wdscope watch: this machine's processes where that is permitted, a clear answer where it is not."""

import json
import os
import shutil
import signal
import subprocess
import unittest

from story import WDSCOPE, Story, environment, nt_path, read_events, wdscope

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
        if os.geteuid() == 0 and not self.executable_by_nobody():
            self.skipTest("nobody may not enter the build folder")

    @staticmethod
    def executable_by_nobody() -> bool:
        return subprocess.run(["test", "-x", WDSCOPE], user=NOBODY, group=NOBODY, extra_groups=[], cwd="/",
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
    def check_seen(self, profile: str) -> None:
        with subprocess.Popen([WDSCOPE, "watch", "--profile", profile, "--format", "ndjson"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env=environment()) as program:
            program.stderr.readline()  # what it watches: it does
            # Lives until it was seen, so that nothing about it can be missed.
            with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as seen:
                create = self.next_event(program, seen.pid, "create")
                seen.stdin.close()
            terminate = self.next_event(program, seen.pid, "terminate")
            program.send_signal(signal.SIGINT)
            program.communicate(timeout=240)
            self.assertEqual(program.returncode, 0)
        self.assertEqual(create["image"], nt_path(shutil.which("cat")))
        self.assertEqual(create["parent_pid"], 4 * os.getpid())
        self.assertEqual(create["created"], terminate["created"])
        self.assertEqual(create.get("command_line"), None if profile == "25080" else "cat")

    @staticmethod
    def next_event(program: subprocess.Popen, pid: int, operation: str) -> dict:
        for line in program.stdout:
            event = json.loads(line)
            if event.get("host_pid") == pid and event["operation"] == operation:
                return event
        raise AssertionError(f"the watch ended without the {operation} of {pid}")

    def test_a_process_of_the_machine_is_seen_in_profile_1910(self):
        self.check_seen("1910")

    def test_a_process_of_the_machine_is_seen_in_profile_25080(self):
        self.check_seen("25080")

    def test_a_process_of_the_machine_is_seen_in_profile_a5(self):
        self.check_seen("a5")

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
