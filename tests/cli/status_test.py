# SPDX-License-Identifier: MIT
"""wdscope status: what the observer counted, and which notifier it believes it sees."""

import json
import unittest

from story import PROFILES, Story, wdscope


class Status(Story):
    def test_it_recognises_every_profile_by_agreeing_events(self):
        evidence = {"1910": ("creates_parent_by_pointer", "contexts_at_minus_10"),
                    "20h1": ("creates_parent_by_pointer", "contexts_at_minus_10"),
                    "25080": ("creates_parent_by_value", "no_context_near"),
                    "a5": ("creates_parent_by_value", "contexts_at_minus_08")}
        for profile in PROFILES:
            done = wdscope("status", "--profile", profile, "--format", "ndjson")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            status = json.loads(done.stdout)
            self.assertEqual(status["notifier"]["build"], profile)
            for name in evidence[profile]:
                self.assertGreaterEqual(status["notifier"]["agreeing"][name], 3, name)
            self.assertEqual(set(status["notifier"]["disagreeing"].values()), {0})
            self.assertEqual(set(status["drops"].values()), {0})
            self.assertEqual(status["source"], "lab-replica")
            self.assertGreaterEqual(status["notifications"], 8)

    def test_the_text_says_the_same(self):
        done = wdscope("status", "--profile", "1910", "--", "sh", "-c", "/bin/true; /bin/true; /bin/true")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("a replica of WdFilter", done.stdout)
        self.assertRegex(done.stdout, r"build +1910")
        self.assertRegex(done.stdout, r"context +16 bytes before the argument, layout 1910")
        self.assertRegex(done.stdout, r"callback object +.Callback.WdProcessNotificationCallback")

    def test_too_little_evidence_is_4(self):
        done = wdscope("status", "--", "/bin/true")
        self.assertEqual(done.returncode, 4, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"build +undecided")


if __name__ == "__main__":
    unittest.main()
