# SPDX-License-Identifier: MIT
"""Calibration by the real binary: from a command, from a recording, and what its layout decodes then."""

import re
import unittest

from story import ROOT, Story, wdscope

# Twice sixty-four processes, of which the lab's service trusts one half.
MANY = "for i in $(seq 64); do cp /bin/true own-$i; ./own-$i; done"


class Calibrate(Story):
    def layout(self, text):
        file = self.folder / "layout.toml"
        file.write_text(text, encoding="utf-8")
        return str(file)

    def found(self, report):
        return {line.split()[0]: line for line in report.splitlines() if re.match(r"[a-z_]+ ", line)}

    def test_of_a_known_build_finds_what_the_catalogue_says(self):
        for profile in ("1910", "a5"):
            file = self.folder / f"{profile}.toml"
            done = wdscope("calibrate", "--profile", profile, "-o", str(file), "--build", profile, "--", "sh", "-c", MANY,
                           cwd=self.folder)
            self.assert_says(done, 0, "the layout is in")
            found = self.found(done.stdout)
            for member, place in (("process_id", "0x18"), ("create_time", "0x20"), ("command_line", "0x28"),
                                  ("image_name", "0x80")):
                self.assertRegex(found[member], f"{member} +{place} +certain")
            # The rule by which the service trusts agrees with the flag that it sets: not to be told apart.
            self.assertRegex(found["trust"], "trust +0x34 bit 6 +likely .*0x38 bit 5 always agrees too")
            self.assertRegex(found["protection"], "protection +- +too little .*the same in every process")
            text = file.read_text(encoding="utf-8")
            self.assertIn("process_id = 0x18\n", text)
            self.assertIn("slot = -8 " if profile == "a5" else "slot = -16 ", text)
            self.assert_says(wdscope("layouts", "check", str(file)), 0, "is right: magic")

    def test_a_recording_with_raw_records_can_be_calibrated_from_and_replayed(self):
        recording = str(self.folder / "raw.wdrec")
        done = wdscope("record", "--raw", "-o", recording, "--", "sh", "-c", MANY, cwd=self.folder)
        self.assert_says(done, 0, "of a raw capture")
        self.assert_says(wdscope("calibrate", "--from", recording), 0)
        replayed = wdscope("replay", "--format", "ndjson", recording)
        self.assert_says(replayed, 0, "of a raw capture")
        self.assertGreater(len(replayed.stdout.splitlines()), 128)

    def test_a_layout_that_was_inferred_decodes_and_says_so(self):
        file = str(self.folder / "layout.toml")
        self.assertEqual(wdscope("calibrate", "-o", file, "--", "sh", "-c", MANY, cwd=self.folder).returncode, 0)
        # What a researcher may decide: the trust bit is where it always was.
        text = re.sub("# (trust = .*})  # not certain.*", r"\1", (self.folder / "layout.toml").read_text(encoding="utf-8"))
        (self.folder / "layout.toml").write_text(text, encoding="utf-8")
        events = self.run_command("/bin/echo", "hello", options=("--layout", file))
        creates = [event for event in events if event["operation"] == "create"]
        self.assertEqual(creates[-1]["command_line"], "/bin/echo hello")
        for event in events:
            if event["operation"] in ("create", "terminate"):
                self.assertIn("loaded_context", event)
                self.assertNotIn("context", event)
                self.assertIs(event["loaded_context"]["trusted"], True)

    def test_too_few_processes_make_no_layout(self):
        done = wdscope("calibrate", "-o", str(self.folder / "none.toml"), "--", "/bin/true")
        self.assert_says(done, 1, "does not suffice for a layout")
        self.assertFalse((self.folder / "none.toml").exists())

    def test_a_recording_without_raw_records_says_what_to_do(self):
        recording = str(self.folder / "plain.wdrec")
        self.assertEqual(wdscope("record", "-o", recording, "--", "/bin/true").returncode, 0)
        self.assert_says(wdscope("calibrate", "--from", recording), 3, "no raw records", "record --raw")

    def test_it_needs_one_source(self):
        self.assert_says(wdscope("calibrate"), 2, "Either a command or a recording")
        self.assert_says(wdscope("calibrate", "--from", "x", "--", "true"), 2, "Either a command or a recording")

    def test_a_broken_layout_is_named_with_its_place_and_starts_nothing(self):
        file = self.layout('version = 1\narchitecture = "arm64"\n')
        self.assert_says(wdscope("layouts", "check", file), 1, "layout.toml:2:16: the architecture must be")
        done = wdscope("run", "--layout", file, "--", "sh", "-c", "echo ran")
        self.assert_says(done, 3, "layout.toml:2:16")
        self.assertEqual(done.stdout, "")
        self.assert_says(wdscope("layouts", "check", "/nonexistent"), 3, "/nonexistent")

    def documented(self):
        text = (ROOT / "docs/calibrate.md").read_text(encoding="utf-8")
        return self.layout(re.search(r"```toml\n(.*?)```", text, re.S)[1])

    def test_the_documented_file_is_right_and_has_a_row(self):
        file = self.documented()
        self.assert_says(wdscope("layouts", "check", file), 0, "magic 0x0148da0f")
        row = wdscope("layouts", "row", file)
        self.assert_says(row, 0)
        self.assertIn("struct MP_PROCESS_CONTEXT_0148 {", row.stdout)

    def test_loading_without_a_device_says_what_to_do(self):
        self.assert_says(wdscope("layouts", "load", self.documented()), 4, "wdscope run --layout")


if __name__ == "__main__":
    unittest.main()
