# SPDX-License-Identifier: MIT
"""wdscope lab load: a driver that works gets a report, one that would stop Windows an explanation."""

import os
import re
import shutil
import signal
import subprocess
import unittest
from pathlib import Path

from story import DRIVERS, PATIENCE_SECONDS, PROFILES, WDSCOPE, Story, environment, nt_path, wdscope

EXAMPLE = DRIVERS.parent / "examples" / "first_attempt.sys"
FOREIGN = DRIVERS / "host_foreign_driver.sys"
LATE = DRIVERS / "host_late_driver.sys"
# The shell waits, so that its process id is told before its children's.
LOOP = ("sh", "-c", "echo $$; for i in 1 2 3; do /bin/true; done")
FILETIME_OF_1970 = 116_444_736_000_000_000
BY_VALUE = ("25080", "a5")


class LabLoad(Story):
    def load(self, driver: Path, *options: str, command: tuple[str, ...] = LOOP,
             status: int = 0) -> subprocess.CompletedProcess:
        """What was said goes into self.page, the command's own output stays apart."""
        page = self.folder / "page"
        done = wdscope("lab", "load", str(driver), "-o", str(page), "--force", *options, "--", *command)
        self.page = page.read_text(encoding="utf-8") if page.exists() else ""
        self.assertEqual(done.returncode, status, f"{self.page}{done.stderr}")
        return done

    def cell(self, term: str) -> str:
        """The lines of the page that stand behind a term, as one text."""
        match = re.search(rf"^  {re.escape(term)} +(.*(?:\n {{18}}.*)*)", self.page, re.MULTILINE)
        self.assertIsNotNone(match, f"no {term} in {self.page}")
        return re.sub(r"\n +", "\n", match.group(1))


class FirstAttempt(LabLoad):
    def test_in_profile_1910_it_prints_what_the_context_says(self):
        shell = 4 * int(self.load(EXAMPLE, "--profile", "1910").stdout)
        creates = re.findall(r"create (\d+): process (\d+), (.*)\n.*  parent (\d+)\n.*  context of (\d+) "
                             r"created (\d+): (.*)\n", self.page)
        self.assertEqual(len(creates), 4, self.page)
        self.assertEqual([int(create[0]) for create in creates], [1, 2, 3, 4])
        self.assertTrue(all(create[1] == create[4] for create in creates))
        self.assertEqual(int(creates[0][1]), shell)
        self.assertEqual(creates[0][2], nt_path(shutil.which("sh")))
        self.assertIn("for i in 1 2 3", creates[0][6])
        for _, _, image, parent, _, created, line in creates[1:]:
            self.assertEqual((image, int(parent), line), (nt_path("/bin/true"), shell, "/bin/true"))
            self.assertGreater(int(created), FILETIME_OF_1970)
        times = [int(create[5]) for create in creates]
        self.assertEqual(times, sorted(set(times)))
        self.assertIn("first_attempt.sys: 4 processes created", self.page)

    def test_its_report_tells_what_it_holds(self):
        for options in ((), ("--without-observer",)):
            self.load(EXAMPLE, "--profile", "1910", *options)
            self.assertIn("beside wdscope.sys" if not options else "in the lab,", self.page)
            self.assertIn("after 4 process starts and 4 exits", self.page)
            self.assertRegex(self.cell("registrations"), r"^the callback function first_attempt.sys!.*on_notification.*"
                                                         r" \\Callback\\WdProcessNotificationCallback$")
            self.assertEqual(self.cell("devices"), "none")
            self.assertEqual(self.cell("pool"), "'FsAt' nonpaged: 1 allocation, 32 bytes")
            self.assertRegex(self.cell("locks taken"), r"^spin lock at offset 16 of a 32-byte nonpaged block, tag 'FsAt': taken 4 times$")
            self.assertEqual(self.cell("unloaded"), "nothing was left behind")

    def test_where_the_member_is_a_number_the_report_says_what_was_touched_and_why_that_is_fatal(self):
        for profile in BY_VALUE:
            done = self.load(EXAMPLE, "--profile", profile, status=1)
            self.assertIn("first_attempt.sys would stop Windows: bug check 0x3B", done.stderr)
            # The command was let go of before it ran one instruction.
            self.assertEqual(done.stdout, "")
            happened = re.fullmatch(r"read of 0x([0-9A-F]+) by first_attempt.sys!.*recover_context.* "
                                    r"\(first_attempt.cpp:\d+\)", self.cell("what happened"))
            self.assertIsNotNone(happened, self.page)
            touched = int(happened.group(1), 16)
            self.assertRegex(self.cell("on behalf of"), rf"^the create notification of process \d+ \(NT \d+\), "
                             rf"{re.escape(nt_path(shutil.which('sh')))}, by .Callback.WdProcessNotificationCallback "
                             r"to first_attempt.sys!.*on_notification")
            held = re.search(r"The 8 bytes at Argument1\+0x08 hold 0x([0-9A-F]+)\. In this build "
                             rf"\(profile {profile}\) that is a process id, the parent's \((\d+) on Linux\)",
                             self.cell("why it is fatal"))
            self.assertIsNotNone(held, self.page)
            parent = int(held.group(1), 16)
            # The member stood 8 bytes behind what the driver wanted.
            self.assertEqual((parent - touched, parent // 4), (8, int(held.group(2))))
            self.assertIn("MmCopyMemory", self.cell("what to do"))
            self.assertIn("recover_context", self.cell("stack").splitlines()[0])
            self.assertRegex(self.cell("stack"), r"on_notification.*\n(.*\n)*nt!ExNotifyCallback")
            self.assertIn("did", self.cell("the command"))

    def test_the_parent_in_the_report_is_wdscope_itself(self):
        with subprocess.Popen([WDSCOPE, "lab", "load", str(EXAMPLE)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, env=environment()) as program:
            page, _ = program.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual(program.returncode, 1)
        self.assertIn(f"the parent's ({program.pid} on Linux)", page)


class Command(LabLoad):
    def test_a_command_that_ignores_the_request_to_end_is_killed(self):
        # What is ignored stays so in the command, which would read for ever.
        os.mkfifo(self.folder / "fifo")
        ignoring = f"trap '' TERM; cd '{self.folder}'; exec \"$0\" lab load \"$1\" -o page -- cat fifo"
        done = subprocess.run(["sh", "-c", ignoring, WDSCOPE, EXAMPLE], capture_output=True, text=True,
                              env=environment(), timeout=PATIENCE_SECONDS, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.page = (self.folder / "page").read_text(encoding="utf-8")
        self.assertIn("did not, and was killed", self.cell("the command"))

    def test_a_fault_on_a_thread_of_the_drivers_ends_the_command_too(self):
        os.mkfifo(self.folder / "fifo")
        self.load(LATE, command=("cat", str(self.folder / "fifo")), status=1)
        self.assertRegex(self.cell("what happened"), r"^write to 0x8 by host_late_driver.sys!fail")
        self.assertEqual(self.cell("on behalf of"), "no notification: the driver's own work")
        self.assertIn("was told to end (SIGTERM) and did", self.cell("the command"))

    def test_without_a_command_one_short_process_is_announced(self):
        done = wdscope("lab", "load", str(EXAMPLE), "--profile", "1910")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("after 1 process start and 1 exit", done.stdout)
        self.assertIn(nt_path("/bin/true"), done.stdout)

    def test_its_exit_code_is_told_and_not_passed_on(self):
        done = self.load(EXAMPLE, "--profile", "1910", command=("sh", "-c", "exit 7"))
        self.assertIn("the command ended with exit code 7", done.stderr)

    def test_one_that_cannot_be_started_is_127(self):
        self.load(EXAMPLE, "--profile", "1910", command=("/nonexistent",), status=127)

    def test_an_interrupt_ends_it_and_the_driver_is_still_reported(self):
        with subprocess.Popen([WDSCOPE, "lab", "load", str(EXAMPLE), "--profile", "1910", "--", "sh", "-c",
                               "echo ready; read -r _"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env=environment()) as program:
            for line in program.stdout:
                if line == "ready\n":
                    break
            program.send_signal(signal.SIGTERM)
            page, _ = program.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual(program.returncode, 130)
        self.assertIn("nothing was left behind", page)


class OtherDrivers(LabLoad):
    def test_one_with_the_headers_inline_routines_runs(self):
        for profile in PROFILES:
            self.load(FOREIGN, "--profile", profile)
            # CR8, gs: and the shared user page, read without any import.
            self.assertRegex(self.page, r"irql 0, raised to 2, then 0; thread ([0-9A-F]{16}) of \1\n")
            time = re.search(r"system time (\d+), build 19045\n", self.page)
            self.assertAlmostEqual((int(time.group(1)) - FILETIME_OF_1970) / 10_000_000, os.path.getmtime(
                self.folder / "page"), delta=PATIENCE_SECONDS)
            self.assertEqual(self.cell("registrations"), "none")
            self.assertEqual(self.cell("unloaded"), "nothing was left behind")

    def test_every_import_that_is_missing_is_named(self):
        data = EXAMPLE.read_bytes()
        renamed = {b"ExRegisterCallback\0": b"ExRegisterCallbacj\0", b"ExFreePoolWithTag\0": b"ExFreePoolWithTug\0",
                   b"ObfDereferenceObject\0": b"ObfDereferenceObjekt\0"}
        for known, unknown in renamed.items():
            self.assertIn(known, data)
            data = data.replace(known, unknown[:len(known) - 1] + b"\0")
        driver = self.folder / "someones.sys"
        driver.write_bytes(data)
        done = self.load(driver, status=3)
        self.assertIn("imports routines that the host does not have", done.stderr)
        for unknown in ("ExRegisterCallbacj", "ExFreePoolWithTug", "ObfDereferenceObjek"):
            self.assertIn(unknown, done.stderr)

    def test_what_is_no_driver_is_3(self):
        text = self.folder / "text.sys"
        text.write_text("#!/bin/sh\n" * 1000, encoding="utf-8")
        self.assertIn("text.sys", self.load(text, status=3).stderr)
        self.assertIn("nothing.sys", self.load(self.folder / "nothing.sys", status=3).stderr)
        cut = self.folder / "cut.sys"
        cut.write_bytes(EXAMPLE.read_bytes()[:5000])
        self.assertIn("cut.sys", self.load(cut, status=3).stderr)

    def test_one_that_refuses_to_start_is_1(self):
        # A second notifier finds the callback objects taken.
        second = self.folder / "second.sys"
        shutil.copy(DRIVERS / "wdnotifier.sys", second)
        self.load(second, status=1)
        self.assertRegex(self.page, r"second.sys refused to start: DriverEntry returned status 0xC[0-9A-F]{7}")

    def test_one_with_a_name_of_the_labs_needs_the_other_away(self):
        copy = self.folder / "wdscope.sys"
        shutil.copy(DRIVERS / "wdscope.sys", copy)
        self.assertIn("leave the observer out", self.load(copy, status=2).stderr)
        self.load(copy, "--without-observer")
        self.assertRegex(self.cell("devices"), r"the device \\Device\\wdscope")


if __name__ == "__main__":
    unittest.main()
