# SPDX-License-Identifier: MIT
"""The commands of README.md and of the documents, run as they are written: each line "$ wdscope ..." of a console block."""

import os
import re
import subprocess
import unittest

from story import DRIVERS, PATIENCE_SECONDS, ROOT, WDSCOPE, Story, environment, wdscope

BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def commands(page: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    return [line[2:] for line in lines if line.startswith("$ ")]


class Documents(Story):
    def check(self, page: str) -> None:
        found = commands(page)
        self.assertTrue(found, page)
        path = os.path.dirname(WDSCOPE) + os.pathsep + os.environ["PATH"]
        (self.folder / "out").symlink_to(DRIVERS.parent, target_is_directory=True)
        (self.folder / "examples").symlink_to(ROOT / "examples", target_is_directory=True)
        for command in found:
            # What needs root is written with sudo and has stories of its own.
            if command.startswith("sudo "):
                continue
            # A document says the exit code that is not 0 behind the command.
            line, _, comment = command.partition("  # exit code ")
            done = subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=self.folder, env=environment(PATH=path),
                                  capture_output=True, text=True, timeout=PATIENCE_SECONDS, stdin=subprocess.DEVNULL,
                                  check=False)
            self.assertEqual(done.returncode, int(comment or 0), f"{page}: {command}\n{done.stdout}{done.stderr}")

    def test_the_readmes_commands_work(self):
        self.check("README.md")

    def test_the_command_line_pages_commands_work(self):
        self.check("docs/cli.md")

    def test_the_calibration_pages_commands_work(self):
        self.check("docs/calibrate.md")

    def test_the_lab_pages_commands_work(self):
        self.check("docs/lab.md")

    def test_the_observer_pages_commands_work(self):
        self.check("docs/observer.md")

    def test_the_policy_pages_commands_work(self):
        self.check("docs/policy.md")

    def test_the_command_line_page_names_every_option_and_no_other(self):
        told = set(re.findall(r"`(--[a-z-]+)", (ROOT / "docs/cli.md").read_text(encoding="utf-8")))
        known = {"--help", "--version"}
        for verb in ("watch", "run", "record", "replay", "ps", "tree", "explain", "status", "layouts",
                     "layouts check", "layouts load", "layouts row", "calibrate", "lab play", "lab load",
                     "policy apply", "policy check"):
            known |= set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", wdscope(*verb.split(), "--help").stdout, re.MULTILINE))
        self.assertEqual(told, known)


if __name__ == "__main__":
    unittest.main()
