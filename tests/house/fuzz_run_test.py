# SPDX-License-Identifier: MIT
"""An input that once broke a fuzz target is a test from then on: fuzz/run_short.sh tries it first, every time."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

RUN_SHORT = Path(__file__).resolve().parents[2] / "fuzz" / "run_short.sh"

# As libFuzzer's: files are tried, a folder is where to begin. Fails at an input that says so.
TARGET = """#!/bin/bash
for argument in "$@"; do
  if [ -f "$argument" ]; then
    echo "tried $(basename "$argument")" >>"$(dirname "$0")/tried"
    if grep -q crash "$argument"; then echo "broken by $(basename "$argument")"; exit 1; fi
  fi
done
"""


class RunShort(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.bin = self.folder / "out" / "bin"
        self.bin.mkdir(parents=True)
        self.script("make_corpus", '#!/bin/bash\nmkdir -p "$1"\n')
        self.script("fuzz_one", TARGET)
        self.run_short = self.folder / "fuzz" / "run_short.sh"
        self.run_short.parent.mkdir()
        shutil.copy(RUN_SHORT, self.run_short)

    def script(self, name: str, text: str):
        path = self.bin / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def once_failed(self, name: str, text: str):
        path = self.run_short.parent / "regressions" / "fuzz_one" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run_it(self) -> subprocess.CompletedProcess:
        return subprocess.run([self.run_short, self.bin, "1"], capture_output=True, text=True, timeout=60, check=False)

    def test_without_any_a_target_runs_from_its_seeds(self):
        self.assertEqual(self.run_it().returncode, 0)
        self.assertFalse((self.bin / "tried").exists())

    def test_each_is_tried_and_one_that_fails_again_is_named(self):
        self.once_failed("a_name_without_end", "harmless by now")
        self.assertEqual(self.run_it().returncode, 0)
        self.assertEqual((self.bin / "tried").read_text(), "tried a_name_without_end\n")
        self.once_failed("an_offset_beyond_the_end", "crash")
        done = self.run_it()
        self.assertEqual(done.returncode, 1)
        self.assertIn("broken by an_offset_beyond_the_end", done.stderr)
        self.assertIn("fuzz_one: fails again", done.stderr)


if __name__ == "__main__":
    unittest.main()
