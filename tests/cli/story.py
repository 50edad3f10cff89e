# SPDX-License-Identifier: MIT
"""What the program's stories share: running it, reading its events, the schema they obey."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

WDSCOPE = os.environ["WDSCOPE"]
ROOT = Path(os.environ["WDSCOPE_ROOT"])
DRIVERS = Path(os.environ["WDSCOPE_DRIVERS_BUILT"])
PROFILES = ("1910", "20h1", "25080", "a5")
VOLUME = "\\Device\\HarddiskVolume1"

# A command that waits too long is a failure, never a pass: sanitised builds on a busy machine need the room.
PATIENCE_SECONDS = 240


def environment(**changes: str) -> dict[str, str]:
    """This process' environment without what steers the program, then `changes`."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("WDSCOPE") and name not in ("NO_COLOR", "TERM")}
    return {**kept, "TZ": "UTC", **changes}


def wdscope(*arguments: str, env: dict[str, str] | None = None, **options) -> subprocess.CompletedProcess:
    return subprocess.run([WDSCOPE, *arguments], capture_output=True, text=True, timeout=PATIENCE_SECONDS,
                          env=env or environment(), stdin=subprocess.DEVNULL, **options)


def nt_path(path: str | Path) -> str:
    return VOLUME + str(Path(path).resolve()).replace("/", "\\")


def read_events(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


class Story(unittest.TestCase):
    maxDiff = None

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_command(self, *command: str, options: tuple[str, ...] = (), status: int = 0) -> list[dict]:
        """The events of `command`, kept apart from its output, which becomes self.output."""
        events = self.folder / "events.ndjson"
        done = wdscope("run", "--format", "ndjson", "-o", str(events), "--force", *options, "--", *command)
        self.assertEqual(done.returncode, status, done.stderr)
        self.output, self.talk = done.stdout, done.stderr
        return read_events(events.read_text(encoding="utf-8"))

    def assert_says(self, done: subprocess.CompletedProcess, status: int, *words: str) -> None:
        self.assertEqual(done.returncode, status, f"{done.stdout}{done.stderr}")
        for word in words:
            self.assertIn(word, done.stderr)
