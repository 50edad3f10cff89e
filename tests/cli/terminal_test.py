# SPDX-License-Identifier: MIT
"""The text view on a terminal: colour only where it is wanted, lines that fit, nothing that drives the terminal."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
import unittest

from story import PATIENCE_SECONDS, WDSCOPE, Story, environment, wdscope

ESCAPE = "\x1b"


class Terminal(Story):
    def setUp(self) -> None:
        super().setUp()
        self.file = self.folder / "events.wdrec"
        done = wdscope("record", "-o", str(self.file), "--", "/bin/true", "\x1b]0;owned\x07", "x" * 500)
        self.assertEqual(done.returncode, 0, done.stderr)

    def replay(self, *options: str, columns: int = 100, **variables: str) -> str:
        """What a terminal of so many columns gets to see."""
        ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        program = subprocess.Popen([WDSCOPE, "replay", *options, str(self.file)], stdin=subprocess.DEVNULL, stdout=its,
                                   stderr=subprocess.DEVNULL, env=environment(**variables))
        os.close(its)
        seen = b""
        try:
            while piece := os.read(ours, 65536):
                seen += piece
        except OSError:  # how Linux tells that the other end is closed
            pass
        os.close(ours)
        self.assertEqual(program.wait(PATIENCE_SECONDS), 0)
        return seen.decode()

    def test_a_terminal_gets_colour(self):
        self.assertIn(ESCAPE + "[32mcreate", self.replay(TERM="xterm"))

    def test_no_color_and_dumb_terminals_are_respected(self):
        self.assertNotIn(ESCAPE, self.replay(TERM="xterm", NO_COLOR="1"))
        self.assertNotIn(ESCAPE, self.replay(TERM="dumb"))
        self.assertNotIn(ESCAPE, self.replay("--color", "never", TERM="xterm"))
        self.assertIn(ESCAPE, self.replay("--color", "always", TERM="xterm", NO_COLOR="1"))
        self.assertIn(ESCAPE, self.replay(TERM="xterm", NO_COLOR=""))

    def test_a_pipe_gets_no_colour_unless_told(self):
        self.assertNotIn(ESCAPE, wdscope("replay", str(self.file), env=environment(TERM="xterm")).stdout)
        self.assertIn(ESCAPE, wdscope("replay", "--color", "always", str(self.file)).stdout)

    def test_lines_fit_the_terminal_and_a_pipe_gets_them_whole(self):
        for columns in (80, 132):
            lines = self.replay(columns=columns, TERM="dumb").split("\r\n")
            create = next(line for line in lines if " create " in line)
            self.assertLessEqual(len(create), columns)
            self.assertTrue(create.endswith("\u2026"))
        self.assertIn("x" * 500, wdscope("replay", str(self.file)).stdout)

    def test_a_command_line_cannot_drive_the_terminal(self):
        text = wdscope("replay", str(self.file)).stdout
        self.assertNotIn(ESCAPE, text)
        self.assertIn("\u241b]0;owned\u2407", text)


if __name__ == "__main__":
    unittest.main()
