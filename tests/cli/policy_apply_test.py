# SPDX-License-Identifier: MIT
"""wdscope policy apply: the example policies take each other's place in a lab that stands, and each effect is seen in
the notifier's own events, on processes that ran before and on those that start afterwards."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import unittest
from pathlib import Path

import watch_test
from story import PATIENCE_SECONDS, ROOT, WDSCOPE, Story, environment, read_events, wdscope

PLAIN = str(ROOT / "examples/policy/plain.toml")
EFFECTS = str(ROOT / "examples/policy/effects.toml")
# One program for each effect of effects.toml; each waits for the end of its input.
WAITING = ("tail", "cat", "wc", "tee", "sort")
HARDENING = {"registry_hardening_excluded", "file_hardening_excluded", "object_hardening_excluded"}

# What a followed command does: starts them, has the policy changed, starts them again, has it changed back. Its
# processes end only when this says so: what the notifier thought of them last, their end tells.
CHANGE_TWICE = """
import json, subprocess, sys
wdscope, plain, effects, *names = sys.argv[1:]

def start():
    return {name: subprocess.Popen([name], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) for name in names}

def end(group):
    for waiting in group.values():
        waiting.communicate()

def apply(policy):
    subprocess.run([wdscope, "policy", "apply", policy], check=True)

before = start()
apply(effects)
after = start()
end(before)
apply(plain)
end(after)
print(json.dumps([{name: waiting.pid for name, waiting in group.items()} for group in (before, after)]))
"""


class PolicyApply(Story):
    def setUp(self) -> None:
        super().setUp()
        self.env = environment(XDG_RUNTIME_DIR=str(self.folder))

    def apply(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        return wdscope("policy", "apply", *arguments, env=self.env, **options)

    def policy(self, text: str) -> str:
        file = self.folder / "policy.toml"
        file.write_text(text, encoding="utf-8")
        return str(file)

    def standing_lab(self, *options: str) -> subprocess.Popen:
        """A lab that follows one `cat`, which has started, until the test ends. Standard output: its events."""
        lab = subprocess.Popen([WDSCOPE, "run", "--format", "ndjson", *options, "--", "cat"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.env)
        self.addCleanup(lab.communicate)
        for line in lab.stdout:
            if json.loads(line)["operation"] == "create":
                return lab
        raise AssertionError(lab.stderr.read())

    def socket_of(self, lab: subprocess.Popen) -> Path:
        return self.folder / "wdscope" / f"{lab.pid}.sock"

    def end(self, lab: subprocess.Popen) -> tuple[list[dict], str]:
        """The rest of the lab's events, and all it said."""
        out, err = lab.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual(lab.returncode, 0, err)
        return read_events(out), err

    # The five effects ------------------------------------------------------------------------------------------------

    def check_effects(self, profile: str, events: dict[str, dict]) -> None:
        """`events`: of each of WAITING one event with a context, after effects.toml was applied."""
        for name, event in events.items():
            self.assertEqual("excluded" in event["flags"], name == "tail", event)
            self.assertEqual("trusted" in event["flags"], name != "sort", event)
            self.assertEqual(event.get("doc_rule"),
                             {"image": "cat", "extensions": ["txt", "md"]} if name == "cat" else None, event)
            if profile == "1910":
                self.assertEqual("friendly" in event["flags"], name == "tee", event)
                continue
            excluded = {"wc": {"registry_hardening_excluded", "file_hardening_excluded"}, "tee": HARDENING}
            self.assertEqual(set(event["state"]) & HARDENING, excluded.get(name, set()), event)

    def check_no_effects(self, profile: str, events: dict[str, dict]) -> None:
        for name, event in events.items():
            self.assertNotIn("excluded", event["flags"])
            self.assertNotIn("doc_rule", event)
            self.assertIn("trusted", event["flags"])
            if profile == "1910":
                # The build has no command that would take it back.
                self.assertLessEqual("friendly" in event["flags"], name == "tee")
            else:
                self.assertEqual(set(event["state"]) & HARDENING, set(), event)

    def check_a_command(self, profile: str) -> None:
        recording = str(self.folder / f"{profile}.wdrec")
        done = wdscope("record", "--profile", profile, "--policy", PLAIN, "-o", recording, "--", sys.executable, "-c",
                       CHANGE_TWICE, WDSCOPE, PLAIN, EFFECTS, *WAITING, env=self.env)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("effects.toml is in force"), 2, done.stderr)  # says the lab, says the caller
        events = read_events(wdscope("replay", "--format", "ndjson", recording).stdout)
        before, after = json.loads(done.stdout.splitlines()[-1])

        def of(group: dict[str, int], operation: str) -> dict[str, dict]:
            return {name: [event for event in events if event["host_pid"] == pid and event["operation"] == operation][-1]
                    for name, pid in group.items()}

        def trust_of(pid: int) -> list[bool]:
            return [event["trusted"] for event in events if event["host_pid"] == pid and event["operation"] == "trust"]

        self.assertEqual(trust_of(before["sort"]), [True, False])
        self.assertEqual(trust_of(after["sort"]), [True])
        for group in (before, after):
            for name, pid in group.items():
                self.assertTrue(name == "sort" or trust_of(pid) == [True], (name, trust_of(pid)))
        if profile == "25080":
            return  # says nothing but trust: where its contexts lie is unknown
        self.check_effects(profile, of(before, "terminate"))
        self.check_no_effects(profile, of(after, "terminate"))
        if profile == "a5":  # the creation is announced with the service's answer
            self.check_no_effects(profile, of(before, "create"))
            self.check_effects(profile, of(after, "create"))

    def test_a_policy_changes_what_runs_and_what_starts_in_profile_1910(self):
        self.check_a_command("1910")

    def test_a_policy_changes_what_runs_and_what_starts_in_profile_25080(self):
        self.check_a_command("25080")

    def test_a_policy_changes_what_runs_and_what_starts_in_profile_a5(self):
        self.check_a_command("a5")

    @unittest.skipUnless(watch_test.machine_can_be_watched(), "this machine's processes cannot be watched from here")
    def test_a_watch_of_the_machine_shows_each_effect(self):
        with subprocess.Popen([WDSCOPE, "watch", "--policy", PLAIN, "--format", "ndjson"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, env=self.env) as program:
            def next_of(group: dict[str, subprocess.Popen], operation: str) -> dict[str, dict]:
                names = {waiting.pid: name for name, waiting in group.items()}
                found: dict[str, dict] = {}
                for line in program.stdout:
                    event = json.loads(line)
                    name = names.get(event.get("host_pid"))
                    if name is not None and event["operation"] == operation:
                        found[name] = event
                    if len(found) == len(names):
                        return found
                raise AssertionError(f"the watch ended without {operation} of {names}")

            def start() -> dict[str, subprocess.Popen]:
                return {name: subprocess.Popen([name], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
                        for name in WAITING}

            # The first line is of some process of the machine: it is watching.
            with subprocess.Popen(["true"]):
                program.stdout.readline()
            before = start()
            self.check_no_effects("a5", next_of(before, "create"))
            self.assert_says(self.apply(EFFECTS), 0, "is in force: 0 verdicts, 2 process infos, 1 exclusion, 1 doc rule")
            self.assertFalse(next_of({"sort": before["sort"]}, "trust")["sort"]["trusted"])
            for waiting in before.values():
                waiting.communicate()
            self.check_effects("a5", next_of(before, "terminate"))
            after = start()
            self.check_effects("a5", next_of(after, "create"))
            self.assert_says(self.apply("--lab", str(program.pid), PLAIN), 0, "0 of them friendly")
            for waiting in after.values():
                waiting.communicate()
            self.check_no_effects("a5", next_of(after, "terminate"))
            program.send_signal(signal.SIGINT)
            program.communicate(timeout=PATIENCE_SECONDS)
            self.assertEqual(program.returncode, 0)

    def test_verdicts_are_about_what_starts_afterwards(self):
        deny = self.policy('[[verdict]]\nimage = "touch"\ncommand_line = "*forbidden*"\nparent = "*sh"\nanswer = "deny"\n')
        done = wdscope("run", "-o", str(self.folder / "events"), "--", "sh", "-c",
                       f"cd {self.folder}; {WDSCOPE} policy apply -q {deny} && touch forbidden; echo $?; touch allowed",
                       env=self.env)
        self.assertEqual(done.stdout, "126\n", done.stderr)
        self.assertFalse((self.folder / "forbidden").exists())
        self.assertTrue((self.folder / "allowed").exists())

    @unittest.skipUnless(watch_test.machine_can_be_watched(), "this machine's processes cannot be watched from here")
    def test_a_watch_gives_each_answer_and_enforces_none(self):
        file = self.policy("""
[service]
create_timeout_ms = 300
[[verdict]]
image = "tail"
answer = "deny"
[[verdict]]
command_line = "wc -?"
answer = "time_out"
[[verdict]]
image = "ta*"
command_line = "tac -b"
answer = "malformed"
[[verdict]]
parent = "*/python3*"
command_line = "tee -i"
answer = "delay"
delay_ms = 20
[[verdict]]
image = "/usr/bin/sort"
answer = "allow"
trusted = false
""")
        expected = {("tail",): ("reply_ok", False), ("wc", "-l"): ("timeout", False),
                    ("tac", "-b"): ("malformed_reply", False),
                    ("tee", "-i"): ("reply_ok", True), ("sort",): ("reply_ok", False), ("cat",): ("reply_ok", True)}
        with subprocess.Popen([WDSCOPE, "watch", "--policy", file, "--format", "ndjson"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env=self.env) as program:
            program.stderr.readline()  # what it watches: it does
            started = {}
            for command in expected:
                waiting = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
                started[waiting.pid] = (command, waiting)

            # Each lives until it was seen, so that nothing about it can be missed; the denied one's end is told at once.
            seen = [json.loads(program.stdout.readline())]
            while not {event.get("host_pid") for event in seen if event["operation"] == "create"} >= set(started):
                seen.append(json.loads(program.stdout.readline()))
            for command, waiting in started.values():
                waiting.communicate()
                self.assertEqual(waiting.returncode, 0, command)
            while not {event.get("host_pid") for event in seen if event["operation"] == "terminate"} >= set(started):
                seen.append(json.loads(program.stdout.readline()))
            ends = {started[event["host_pid"]][0]: event for event in seen
                    if event.get("host_pid") in started and event["operation"] == "terminate"}
            program.send_signal(signal.SIGINT)
            _, said = program.communicate(timeout=PATIENCE_SECONDS)
        self.assertRegex(said, r"denied by the policy: \d+ process(es)?; \d+ not enforced")  # others may run tail
        for command, (result, trusted) in expected.items():
            self.assertEqual(ends[command]["send_result"], result, command)
            self.assertEqual("trusted" in ends[command]["flags"], trusted, command)

    # What goes wrong -------------------------------------------------------------------------------------------------

    def test_a_wrong_policy_is_named_and_the_old_one_stays(self):
        lab = self.standing_lab("--policy", EFFECTS)
        for text, place in (("[[process]]\nimage = 'a'\nfriendly = 1\n", "policy.toml:3:12:"), ("[trust\n", "policy.toml:1:")):
            self.assert_says(self.apply(self.policy(text)), 3, place)
        self.assert_says(self.apply("/nonexistent"), 3, "/nonexistent")
        self.assert_says(self.apply(self.policy("[service]\ncreate_timeout_ms = 500\n")), 4,
                         "create_timeout_ms is 10000", "start the lab with this policy")
        events, _ = self.end(lab)
        self.assertEqual([event["operation"] for event in events], ["terminate"])
        self.assertIn("flags", events[0])

    def test_without_a_lab_it_is_4(self):
        self.assert_says(self.apply("--lab", "999999999", PLAIN), 4, "no lab listens at")
        self.assert_says(self.apply("--lab", str(self.folder / "x.sock"), PLAIN), 4, "x.sock")
        self.assert_says(self.apply("--lab", "watch", PLAIN), 2, "'watch' is no lab", "process id")
        if os.geteuid() != 0 and not Path("/run/wdscope").exists():  # else somebody's lab may be found there
            self.assert_says(self.apply(PLAIN), 4, "no lab runs", "wdscope watch")

    def test_of_several_labs_one_must_be_named(self):
        first, second = self.standing_lab(), self.standing_lab()
        self.assert_says(self.apply(PLAIN), 4, "2 labs run: ", f"{first.pid} ({WDSCOPE} run", f"{second.pid} (",
                         "say which: --lab")
        self.assert_says(self.apply("--lab", str(second.pid), PLAIN), 0, "is in force")
        self.end(first)
        _, said = self.end(second)
        self.assertIn(f"for another policy: wdscope policy apply FILE --lab {second.pid} ({self.socket_of(second)})", said)
        self.assertRegex(said, r"by process \d+: policy .*plain\.toml is in force: ")
        self.assertEqual(list((self.folder / "wdscope").iterdir()), [])

    def test_garbage_at_the_door_disturbs_nobody(self):
        lab = self.standing_lab()
        for said in (b"GET / HTTP/1.1\r\n\r\n", b"", struct.pack("<4sIII", b"wdPq", 1, 5, 0xFFFFFFFF),
                     struct.pack("<4sIII", b"wdPq", 1, 5, 5) + b"cut"):
            with socket.socket(socket.AF_UNIX) as door:
                door.connect(str(self.socket_of(lab)))
                door.sendall(said)
                door.shutdown(socket.SHUT_WR)
                answer = door.recv(16, socket.MSG_WAITALL)
            self.assertEqual(struct.unpack("<4sII", answer[:12]), (b"wdPa", 1, 4))
        self.assert_says(self.apply(PLAIN), 0, "is in force")
        self.end(lab)

    @unittest.skipUnless(os.geteuid() == 0 and watch_test.WatchWithoutPermission.executable_by_nobody(),
                         "only root can be somebody else, and nobody must reach the program")
    def test_somebody_elses_lab_is_not_theirs_to_tell(self):
        lab = self.standing_lab()
        door = self.socket_of(lab)
        for folder in (self.folder, door.parent):
            folder.chmod(0o755)
        self.assert_says(self.apply_as_nobody(door), 4, "belongs to somebody else", "its owner and root")
        # Let in by the file's mode, they are known by who they are.
        door.chmod(0o666)
        self.assert_says(self.apply_as_nobody(door), 4, "not applied: only the owner of a lab and root")
        self.end(lab)

    def apply_as_nobody(self, door: Path) -> subprocess.CompletedProcess:
        policy = self.folder / "empty.toml"
        policy.touch(0o644)
        return subprocess.run([WDSCOPE, "policy", "apply", "--lab", str(door), str(policy)], user=watch_test.NOBODY,
                              group=watch_test.NOBODY,
                              extra_groups=[], cwd="/", capture_output=True, text=True, timeout=PATIENCE_SECONDS,
                              env=self.env, check=False)

    def test_without_a_folder_for_the_door_the_session_goes_on(self):
        (self.folder / "wdscope").write_text("in the way", encoding="utf-8")
        done = wdscope("run", "--", "true", env=self.env)
        self.assert_says(done, 0, "no other policy can be applied here", "no folder that this user alone may write to")


if __name__ == "__main__":
    unittest.main()
