# SPDX-License-Identifier: MIT
"""Recorded histories played through the lab by the real binary: small logs made up here."""

import json
import unittest

from story import PROFILES, Story, read_events, wdscope


def sysmon(event, time, host="W1", **fields):
    return json.dumps({"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": event, "Hostname": host,
                       "UtcTime": f"2021-03-04 05:06:{time}", **fields})


def start(time, pid, image, parent=800, line=None, host="W1"):
    return sysmon(1, time, host, ProcessId=str(pid), Image=image, CommandLine=line or image,
                  ParentProcessId=str(parent), ParentImage="C:\\Windows\\explorer.exe")


def end(time, pid, image, host="W1"):
    return sysmon(5, time, host, ProcessId=str(pid), Image=image)


class LabPlay(Story):
    def log(self, *lines):
        file = self.folder / "log.ndjson"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return str(file)

    def play(self, *lines, options=(), status=0):
        done = wdscope("lab", "play", "--format", "ndjson", *options, self.log(*lines))
        self.assertEqual(done.returncode, status, done.stderr)
        self.talk = done.stderr
        return read_events(done.stdout)

    def test_a_life_comes_out_as_it_was_told_in_every_profile(self):
        for profile in PROFILES:
            events = self.play(end("09.5", 4244, "C:\\t\\a.exe"), start("07.089", 4244, "C:\\t\\a.exe", line="a \"b c\" é"),
                               options=("--profile", profile))
            self.assertEqual([event["operation"] for event in events], ["create", "terminate"], profile)
            create, terminate = events
            self.assertEqual(create["pid"], 4244)
            self.assertEqual(create["parent_pid"], 800)
            self.assertEqual(create["created"], "2021-03-04T05:06:07.0890000Z")
            self.assertEqual(create["time"], "2021-03-04T05:06:07.0890000Z")
            self.assertEqual(terminate["time"], "2021-03-04T05:06:09.5000000Z")
            self.assertEqual(create["image"], "\\Device\\HarddiskVolume3\\t\\a.exe")
            self.assertEqual(create["host"], "W1")
            self.assertNotIn("host_pid", create)
            if profile != "25080":
                self.assertEqual(create["command_line"], "a \"b c\" é")

    def test_the_same_log_comes_out_byte_for_byte(self):
        lines = [start(f"{second:02}.{pid:03}", 4000 + 4 * pid, "C:\\Windows\\System32\\a.exe")
                 for second in range(20) for pid in range(second, 400, 20)]
        file = self.log(*lines)
        for form in ("text", "ndjson"):
            first, second = (wdscope("lab", "play", "--format", form, file) for _ in range(2))
            self.assertEqual(first.returncode, 0, first.stderr)
            self.assertEqual(first.stdout, second.stdout)
            self.assertTrue(first.stdout)

    SCENARIO = """title = "one is denied"
[[step]]
start = "good"
expect = [{ told = "create", process = "good", trusted = false }]
[[step]]
start = "bad"
answer = "deny"
outcome = "denied"
expect = [{ told = "create", process = "bad" }, { told = "terminate", process = "bad" }]
"""

    def scenario(self, text, name="s.toml"):
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        return str(file)

    def test_a_scenario_is_played_and_comes_out_as_it_says_byte_for_byte(self):
        file = self.scenario(self.SCENARIO)
        for profile in PROFILES:
            first, second = (wdscope("lab", "play", "--format", "ndjson", "--profile", profile, file) for _ in range(2))
            self.assert_says(first, 0, "2 steps, 3 things told as expected")
            self.assertEqual(first.stdout, second.stdout)
            self.assertEqual([event["operation"] for event in read_events(first.stdout)],
                             ["create", "create", "terminate"])

    def test_a_scenario_that_comes_out_otherwise_names_line_expected_and_got(self):
        done = wdscope("lab", "play", self.scenario(self.SCENARIO.replace("trusted = false", "trusted = true")))
        self.assert_says(done, 1, "s.toml:4:11: of the create of good: expected trusted true, got false")

    def test_a_scenario_is_known_by_its_content_too_and_plays_whole_or_not_at_all(self):
        self.assert_says(wdscope("lab", "play", self.scenario(self.SCENARIO, "s")), 0, "as expected")
        broken = wdscope("lab", "play", self.scenario(self.SCENARIO + "[[step]]\nexti = \"good\"\n"))
        self.assert_says(broken, 3, "s.toml:10:1: a step does something", "docs/scenarios.md")
        self.assertEqual(broken.stdout, "")
        misspelt = wdscope("lab", "play", self.scenario(self.SCENARIO.replace("answer", "anwser")))
        self.assert_says(misspelt, 3, "s.toml:7:1: unknown key 'step.anwser': did you mean 'answer'?")

    def test_a_scenario_is_for_its_profiles_and_takes_no_policy(self):
        file = self.scenario('profiles = ["1910"]\n' + self.SCENARIO)
        self.assert_says(wdscope("lab", "play", file), 2, "is not for profile a5", "choose --profile 1910")
        self.assert_says(wdscope("lab", "play", "--policy", "p.toml", file), 2, "--policy is for logs")

    def test_two_machines_are_told_apart(self):
        lines = (start("07", 4244, "C:\\t\\a.exe", host="W1"), start("08", 4244, "C:\\t\\b.exe", host="W2"),
                 end("09", 4244, "C:\\t\\a.exe", host="W1"))
        events = self.play(*lines)
        self.assertEqual([(event["host"], event["operation"]) for event in events],
                         [("W1", "create"), ("W1", "terminate"), ("W2", "create")])
        self.assertEqual([event["seq"] for event in events], [0, 1, 0])
        text = wdscope("lab", "play", self.log(*lines)).stdout
        self.assertLess(text.index("the recorded past of W1"), text.index("a.exe"))
        self.assertLess(text.index("a.exe"), text.index("the recorded past of W2"))

    def test_machines_played_at_once_come_out_as_one_after_the_other(self):
        lines = [start(f"{second:02}.000", 4000 + 4 * second, "C:\\t\\a.exe", host=f"W{second % 5}")
                 for second in range(59)]
        lines += [end("59.000", 4243, "C:\\t\\b.exe", host="W3"), end("59.000", 4244, "C:\\t\\c.exe", host="W4")]
        file = self.log(*lines)
        for form in ("text", "ndjson"):
            told = [wdscope("lab", "play", "--jobs", jobs, "--format", form, file) for jobs in ("1", "2", "5", "64")]
            for done in told:
                self.assert_says(done, 0, "59 started, 1 ended", "NOT PLACED", "b.exe on W3")
                self.assertEqual(done.stdout, told[0].stdout)
                self.assertEqual(done.stderr, told[0].stderr)
        self.assert_says(wdscope("lab", "play", "--jobs", "0", file), 2, "--jobs")

    def test_an_error_of_a_machine_played_beside_others_is_the_same(self):
        file = self.log(start("07", 4244, "C:\\t\\a.exe", host="W1"), start("08", 4244, "C:\\t\\b.exe", host="W2"))
        told = [wdscope("lab", "play", "--jobs", jobs, "--drivers", "/nonexistent", file) for jobs in ("1", "2")]
        for done in told:
            self.assert_says(done, 3, "/nonexistent/wdnotifier.sys")
            self.assertEqual(done.stderr, told[0].stderr)

    def test_the_account_adds_up_and_what_fits_nowhere_is_listed(self):
        self.play(start("07", 4244, "C:\\t\\a.exe"), start("07", 4244, "C:\\t\\a.exe"), end("08", 4243, "C:\\t\\c.exe"),
                  '{"Channel":"System","EventID":7036}')
        self.assertIn("log: 4 lines = 1 starts + 0 ends + 1 told again + 1 not placed + 1 of other events", self.talk)
        self.assertIn("log.ndjson:3: the end of C:\\t\\c.exe on W1: its process id is none that Windows gives", self.talk)

    def test_a_bad_line_is_named_and_nothing_is_played(self):
        done = wdscope("lab", "play", self.log(start("07", 4244, "C:\\a.exe"), '{"Channel": 1'))
        self.assert_says(done, 3, "log.ndjson:2:14: no JSON")
        self.assertEqual(done.stdout, "")

    def test_a_log_of_other_things_is_named(self):
        self.assert_says(wdscope("lab", "play", self.log("{}")), 3, "no start or end of a process in 1 lines", "Sysmon")
        self.assert_says(wdscope("lab", "play", "/nonexistent"), 3, "/nonexistent")

    def test_a_wrong_second_word_says_which_is_right(self):
        self.assert_says(wdscope("lab"), 2, "'lab' needs another word: lab play, lab load")
        self.assert_says(wdscope("lab", "plya", "x"), 2, "lab play")
        self.assertIn("Usage: wdscope lab play [OPTIONS] FILE", wdscope("lab", "play", "--help").stdout)


if __name__ == "__main__":
    unittest.main()
