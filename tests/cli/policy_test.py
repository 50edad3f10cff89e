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
        self.assert_says(done, 0, "is right: 1 verdicts, 0 process infos, 0 exclusions, 0 doc rules")
        self.assertEqual(wdscope("policy", "check", "-q", self.policy("")).stderr, "")

    def test_the_example_is_right(self):
        self.assert_says(wdscope("policy", "check", str(ROOT / "user/lab/policy.example.toml")), 0, "is right")

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
