# SPDX-License-Identifier: MIT
"""Policies of the lab's service, by the real binary: checked, and obeyed where the feed can."""

import json
import unittest

from story import ROOT, Story, wdscope


class Policy(Story):
    def policy(self, text):
        file = self.folder / "policy.toml"
        file.write_text(text, encoding="utf-8")
        return str(file)

    def test_a_right_policy_is_said_to_be_right(self):
        done = wdscope("policy", "check", self.policy('[[verdict]]\nimage = "nc"\nanswer = "deny"\n'))
        self.assert_says(done, 0, "is right: 1 verdict, 0 process infos, 0 exclusions, 0 doc rules")
        self.assertEqual(wdscope("policy", "check", "-q", self.policy("")).stderr, "")

    def test_what_a_policy_means_is_said_in_words(self):
        file = self.policy("""[[verdict]]
image = "nc"
command_line = "*-l*"
parent = "*/sh"
answer = "deny"
[[verdict]]
image = "ld"
answer = "delay"
delay_ms = 7
trusted = false
[[process]]
image = "a"
friendly = true
rules = 0x4001
[[process]]
parent = "b\\u001b"
hardening_excluded = ["file", "registry"]
[trust]
folders = []
images = ["/opt/x"]
[exclusions]
processes = ["cc1", "/opt/build/*"]
[[doc_rule]]
process = "cat"
extensions = ["txt", "md"]
""")
        done = wdscope("policy", "check", file)
        self.assert_says(done, 0, "is right: 2 verdicts, 2 process infos, 2 exclusions, 1 doc rule")
        for line in ("trusted: images below none", "  and the images /opt/x",
                     "  if the file is what it should be: it belongs to root and nobody else may write it",
                     "  1. image 'nc' and command line '*-l*' and parent '*/sh': denied",
                     "  2. image 'ld': allowed after 7 ms, not trusted",
                     "  1. image 'a': friendly: excluded from all hardening; rules monitor_although_excluded,0x1",
                     "  2. parent 'b\u241b': excluded from registry, file hardening",
                     "  1. the file name 'cc1' in any folder", "  2. everything below '/opt/build'",
                     "  1. 'cat': txt, md", "the notifier waits 10000 ms for an answer"):
            self.assertIn(line, done.stdout.splitlines())

    def test_the_examples_are_right(self):
        examples = sorted((ROOT / "examples/policy").glob("*.toml"))
        self.assertEqual([file.name for file in examples], ["effects.toml", "every_key.toml", "plain.toml"])
        for file in examples:
            self.assert_says(wdscope("policy", "check", str(file)), 0, "is right")

    def test_a_wrong_policy_is_exit_code_1_and_named_with_its_place(self):
        done = wdscope("policy", "check", self.policy('[[verdict]]\nimage = "nc"\nanswer = "forbid"\n'))
        self.assert_says(done, 1, "policy.toml:3:10: 'answer' must be \"allow\", \"deny\"", "docs/policy.md")
        self.assert_says(wdscope("policy", "check", "/nonexistent"), 3, "/nonexistent")

    def test_a_wrong_policy_starts_nothing(self):
        file = self.policy("[trust\n")
        done = wdscope("run", "--policy", file, "--", "sh", "-c", "echo ran")
        self.assert_says(done, 3, "policy.toml:1:")
        self.assertEqual(done.stdout, "")

    def test_a_denied_command_fails_before_its_first_instruction_and_is_told(self):
        file = self.policy('[[verdict]]\nimage = "touch"\ncommand_line = "*forbidden*"\nanswer = "deny"\n')
        events = self.run_command("sh", "-c", f"cd {self.folder}; touch allowed; touch forbidden; echo $?",
                                  options=("--policy", file))
        self.assertEqual(self.output, "126\n")
        self.assertTrue((self.folder / "allowed").exists())
        self.assertFalse((self.folder / "forbidden").exists())
        denied = [event for event in events if "forbidden" in event.get("command_line", "")
                  and event["image"].endswith("touch")]
        self.assertEqual([event["operation"] for event in denied], ["create", "terminate"])
        self.assertIn("denied by the policy: 1 process; 1 ended before the first instruction, with exit code 126",
                      self.talk)

    def test_in_the_past_a_denial_is_told_and_not_enforced(self):
        log = self.folder / "log.ndjson"
        log.write_text(json.dumps({"Channel": "Security", "EventID": 4688, "Hostname": "W1",
                                   "TimeCreated": "2021-03-04T05:06:07Z", "NewProcessId": "0x1094",
                                   "NewProcessName": "C:\\t\\a.exe", "ProcessId": "0x320"}) + "\n", encoding="utf-8")
        file = self.policy("[[verdict]]\nimage = 'C:\\t\\*'\nanswer = \"deny\"\n")
        done = wdscope("lab", "play", "--format", "ndjson", "--policy", file, str(log))
        self.assert_says(done, 0, "denied by the policy: 1 process; 1 not enforced")
        self.assertEqual([json.loads(line)["operation"] for line in done.stdout.splitlines()], ["create", "terminate"])


if __name__ == "__main__":
    unittest.main()
