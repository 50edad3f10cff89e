# SPDX-License-Identifier: MIT
"""wdscope record and replay: the same events again, whatever happened to the file in between."""

import unittest

from story import PROFILES, Story, read_events, wdscope

COMMAND = ("sh", "-c", "for i in 1 2 3 4 5; do /bin/true; done")


class Recording(Story):
    def record(self, profile: str = "a5") -> None:
        self.file = self.folder / "events.wdrec"
        done = wdscope("record", "--profile", profile, "-o", str(self.file), "--force", "--", *COMMAND)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertIn("events.wdrec", done.stderr)

    def replay(self, status: int = 0, *options: str) -> list[dict]:
        done = wdscope("replay", "--format", "ndjson", *options, str(self.file))
        self.assertEqual(done.returncode, status, done.stderr)
        self.talk = done.stderr
        return read_events(done.stdout)

    def test_a_replay_tells_what_run_tells(self):
        for profile in PROFILES:
            self.record(profile)
            played = self.replay()
            self.assertIn("replay of", self.talk)
            self.assertIn(f"profile {profile}", self.talk)
            live = self.run_command(*COMMAND, options=("--profile", profile))

            def story(events: list[dict]) -> list[tuple]:
                return sorted((event["operation"], event.get("image"), event.get("command_line"),
                               event.get("trusted"), tuple(event.get("flags", ()))) for event in events)

            self.assertEqual(story(played), story(live))
            self.assertEqual(set().union(*played), set().union(*live))

    def test_a_replay_is_the_same_each_time_and_in_a_file(self):
        self.record()
        out = self.folder / "out.ndjson"
        done = wdscope("replay", "--format", "ndjson", "-o", str(out), str(self.file))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(read_events(out.read_text(encoding="utf-8")), self.replay())

    def test_text_says_that_it_is_a_replay(self):
        self.record()
        done = wdscope("replay", str(self.file))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("# replay of", done.stdout)
        self.assertIn("not Defender", done.stdout)
        self.assertIn("/bin/true", done.stdout)

    def test_a_cut_recording_gives_what_is_whole_and_says_where_it_ends(self):
        self.record()
        whole = self.replay()
        data = self.file.read_bytes()
        self.file.write_bytes(data[:-1])
        self.assertEqual(self.replay(3), whole)
        self.assertRegex(self.talk, r"\d")
        self.assertIn("events.wdrec", self.talk)

    def test_a_flipped_bit_is_found(self):
        self.record()
        whole = self.replay()
        data = bytearray(self.file.read_bytes())
        data[len(data) // 2] ^= 0x10
        self.file.write_bytes(data)
        damaged = self.replay(3)
        whole_events = [event for event in damaged if event["operation"] != "loss"]
        self.assertLess(len(whole_events), len(whole))
        for event in whole_events:
            self.assertIn(event, whole)

    def test_what_is_no_recording_is_3(self):
        file = self.folder / "text"
        file.write_text("hello\n" * 1000, encoding="utf-8")
        self.assert_says(wdscope("replay", str(file)), 3, "text")
        self.assert_says(wdscope("replay", str(self.folder / "missing")), 3, "missing", "No such file")
        empty = self.folder / "empty"
        empty.write_bytes(b"")
        self.assert_says(wdscope("replay", str(empty)), 3, "empty")

    def test_a_recording_is_not_overwritten(self):
        self.record()
        before = self.file.read_bytes()
        self.assert_says(wdscope("record", "-o", str(self.file), "--", "/bin/true"), 3, "--force")
        self.assertEqual(self.file.read_bytes(), before)

    def test_without_a_name_the_file_is_named_after_the_time(self):
        done = wdscope("record", "--", "/bin/true", cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        made = list(self.folder.glob("wdscope-*.wdrec"))
        self.assertEqual(len(made), 1)
        self.assertIn(made[0].name, done.stderr)
        self.assertEqual(wdscope("replay", str(made[0])).returncode, 0)

    def test_the_commands_exit_code_is_passed_on(self):
        self.assertEqual(wdscope("record", "-o", str(self.folder / "x"), "--", "sh", "-c", "exit 7").returncode, 7)


if __name__ == "__main__":
    unittest.main()
