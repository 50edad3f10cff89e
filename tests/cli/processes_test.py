# SPDX-License-Identifier: MIT
"""wdscope ps, tree and explain: what the notifier knows of this machine's and of recorded processes."""

import os
import re
import subprocess
import unittest

from story import PROFILES, Story, read_events, wdscope

REPLICA = "a replica of WdFilter"


class Processes(Story):
    def start_sleeper(self) -> subprocess.Popen:
        """A process that runs until the test ends; Popen returns after its exec."""
        sleeper = subprocess.Popen(["sleep", "1000"], stdin=subprocess.PIPE)
        self.addCleanup(sleeper.communicate)
        self.addCleanup(sleeper.kill)
        return sleeper

    def record(self, profile: str = "a5") -> None:
        self.file = str(self.folder / "events.wdrec")
        done = wdscope("record", "--profile", profile, "-o", self.file, "--force", "--", "sh", "-c",
                       "/bin/true; /bin/ls >/dev/null")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_ps_shows_this_machine_in_every_profile(self):
        sleeper = self.start_sleeper()
        for profile in PROFILES:
            done = wdscope("ps", "--profile", profile, "--pid", str(sleeper.pid))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(REPLICA, done.stdout)
            self.assertIn(f"profile {profile}", done.stdout)
            row = re.search(rf"^ *{sleeper.pid} +{os.getpid()} +no .*\\sleep$", done.stdout, re.MULTILINE)
            self.assertTrue(row, done.stdout)
            self.assertIn("known of none: doc rule, flags, command line", done.stdout)

    def test_filters_are_joined_and_an_empty_list_is_1(self):
        sleeper = self.start_sleeper()
        found = wdscope("ps", "--untrusted", "--image", "SLEEP", "--pid", str(sleeper.pid))
        self.assertEqual(found.returncode, 0, found.stdout)
        self.assertRegex(found.stdout, r"# 1 of \d+ processes")
        none = wdscope("ps", "--image", "ls", "--pid", str(sleeper.pid))
        self.assertEqual(none.returncode, 1, none.stdout)

    def test_a_mistyped_flag_is_2_and_names_the_nearest(self):
        self.assert_says(wdscope("ps", "--flag", "exclude"), 2, "did you mean 'excluded'?")
        self.assert_says(wdscope("ps", "--pid", "x"), 2, "no process id")

    def test_ps_of_a_recording_has_flags_and_command_lines_and_the_ended(self):
        self.record()
        done = wdscope("ps", "--from", self.file)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("replay of", done.stdout)
        self.assertIn("ENDED", done.stdout)
        self.assertRegex(done.stdout, r"terminating.*\\usr\\bin\\\S+ +sh -c ")
        self.assertIn("# 3 processes", done.stdout)
        flagged = wdscope("ps", "--from", self.file, "--flag", "terminating", "--image", "true")
        self.assertIn("# 1 of 3 processes", flagged.stdout)

    def test_the_tree_hangs_children_below_their_parents(self):
        self.record()
        done = wdscope("tree", "--from", self.file)
        self.assertEqual(done.returncode, 0, done.stderr)
        names = [line for line in done.stdout.splitlines() if not line.startswith("#")]
        self.assertRegex(names[1], r" sh -c /bin/true; /bin/ls >/dev/null$|sh -c ")
        self.assertRegex(names[2], r"├─ /bin/true")
        self.assertRegex(names[3], r"└─ /bin/ls")
        only = wdscope("tree", "--from", self.file, "--image", "ls")
        self.assertNotIn("/bin/true\n", only.stdout)
        self.assertIn("└─ /bin/ls", only.stdout)

    def test_explain_answers_for_a_running_process(self):
        sleeper = self.start_sleeper()
        done = wdscope("explain", str(sleeper.pid))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(REPLICA, done.stdout)
        self.assertIn("Is an exclusion in force for it? NO, inferred from its trust", done.stdout)
        self.assertRegex(done.stdout, r"trust +notifier .* refresh, event \d+ +untrusted")
        self.assertRegex(done.stdout, r"created +NT +")

    def test_explain_tells_of_a_recorded_process_when_each_fact_was_learnt(self):
        self.record()
        done = wdscope("explain", "--from", self.file, "true")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("Was an exclusion in force for it? NO, by the notifier's own word", done.stdout)
        self.assertIn("What has changed since its creation", done.stdout)
        self.assertRegex(done.stdout, r"flags \+terminating")

    def test_explain_without_flags_and_trusted_cannot_tell(self):
        self.record("25080")
        done = wdscope("explain", "--from", self.file, "ls")
        self.assertEqual(done.returncode, 4, done.stdout + done.stderr)
        self.assertIn("CANNOT TELL", done.stdout)

    def test_explain_answers_whether_a_policys_exclusion_is_in_force(self):
        policy = self.folder / "policy.toml"
        policy.write_text('version = 1\n[exclusions]\nprocesses = ["ls", "sleep"]\n', encoding="utf-8")
        file = str(self.folder / "excluded.wdrec")
        recorded = wdscope("record", "--policy", str(policy), "-o", file, "--", "sh", "-c",
                           "/bin/true; /bin/ls >/dev/null")
        self.assertEqual(recorded.returncode, 0, recorded.stderr)
        yes = wdscope("explain", "--from", file, "ls")
        self.assertEqual(yes.returncode, 0, yes.stdout + yes.stderr)
        self.assertIn("Was an exclusion in force for it? YES, by the notifier's own word", yes.stdout)
        self.assertIn("WdFilter does not report its file activity", yes.stdout)
        no = wdscope("explain", "--from", file, "true")
        self.assertEqual(no.returncode, 1, no.stdout + no.stderr)
        # Of a process that ran before, a refresh tells its trust alone: an excluded one has it, and so have others.
        sleeper = self.start_sleeper()
        unsure = wdscope("explain", "--policy", str(policy), str(sleeper.pid))
        self.assertEqual(unsure.returncode, 4, unsure.stdout + unsure.stderr)
        excluded = wdscope("ps", "--from", file, "--excluded")
        self.assertRegex(excluded.stdout, r"# 1 of \d+ processes")

    def test_a_policys_doc_rule_is_shown_with_its_extensions(self):
        policy = self.folder / "policy.toml"
        policy.write_text('version = 1\n[[doc_rule]]\nprocess = "ls"\nextensions = ["pdf", "fdf"]\n', encoding="utf-8")
        file = str(self.folder / "rule.wdrec")
        recorded = wdscope("record", "--policy", str(policy), "-o", file, "--", "sh", "-c",
                           "/bin/true; /bin/ls >/dev/null")
        self.assertEqual(recorded.returncode, 0, recorded.stderr)
        self.assertIn("ls: pdf, fdf", wdscope("ps", "--from", file).stdout)
        self.assertRegex(wdscope("explain", "--from", file, "ls").stdout, r"doc rule +notifier .* ls: pdf, fdf")
        events = read_events(wdscope("replay", "--format", "ndjson", "--image", "ls", file).stdout)
        self.assertIn({"image": "ls", "extensions": ["pdf", "fdf"]}, [event.get("doc_rule") for event in events])

    def test_explain_of_several_is_a_list(self):
        self.record()
        done = wdscope("explain", "--from", self.file, "*")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("EXCLUDED", done.stdout)

    def test_explain_of_nobody_is_4(self):
        self.record()
        self.assert_says(wdscope("explain", "--from", self.file, "nobody.exe"), 4, "no process 'nobody.exe' is known")

    def test_a_cut_recording_is_shown_and_is_3(self):
        self.record()
        with open(self.file, "r+b") as file:
            file.truncate(os.path.getsize(self.file) - 1)
        done = wdscope("ps", "--from", self.file)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("# 3 processes", done.stdout)

    def test_replay_takes_the_same_filter_words(self):
        self.record()
        done = wdscope("replay", "--format", "ndjson", "--image", "true", self.file)
        self.assertEqual(done.returncode, 0, done.stderr)
        events = read_events(done.stdout)
        self.assertEqual({event["operation"] for event in events} >= {"create", "terminate"}, True)
        self.assertEqual(len({event["pid"] for event in events}), 1)
        self.assertIn("filter: ", done.stderr)

    def test_run_takes_the_same_filter_words(self):
        events = self.run_command("sh", "-c", "/bin/true; /bin/ls >/dev/null", options=("--image", "ls"))
        self.assertEqual(len({event["pid"] for event in events}), 1)


if __name__ == "__main__":
    unittest.main()
