# SPDX-License-Identifier: MIT
"""wdscope run: every process of a command's tree, for each profile, as the command itself knows it."""

import json
import shutil
import signal
import subprocess
import sys
import unittest

import jsonschema

from story import PROFILES, ROOT, WDSCOPE, Story, environment, nt_path, read_events, wdscope

LOOP = ("sh", "-c", "for i in 1 2 3; do /bin/true; done")


def by_process(events: list[dict]) -> dict[tuple, list[dict]]:
    processes: dict[tuple, list[dict]] = {}
    for event in events:
        processes.setdefault((event["pid"], event["created"]), []).append(event)
    return processes


class Run(Story):
    def check_loop(self, profile: str) -> None:
        events = self.run_command(*LOOP, options=("--profile", profile))
        processes = by_process(events)
        self.assertEqual(len(processes), 4, events)

        creates = [event for event in events if event["operation"] == "create"]
        shell, *children = creates
        self.assertEqual(shell["image"], nt_path(shutil.which("sh")))
        self.assertEqual([child["image"] for child in children], [nt_path("/bin/true")] * 3)
        self.assertEqual([child["parent_pid"] for child in children], [shell["pid"]] * 3)
        if profile == "25080":
            for event in events:
                self.assertNotIn("command_line", event)
                self.assertNotIn("context", event)
                self.assertNotIn("flags", event)
            self.assertIn("profile 25080", self.talk)
        else:
            self.assertEqual([child["command_line"] for child in children], ["/bin/true"] * 3)
            self.assertIn("for i in 1 2 3; do /bin/true; done", shell["command_line"])
            self.assertTrue(all("context" in create for create in creates))

        for history in processes.values():
            operations = [event["operation"] for event in history]
            # The newest build notifies a creation after the service's verdict, the others before it.
            self.assertEqual(operations, ["trust", "create", "terminate"] if profile == "a5" else
                             ["create", "trust", "terminate"])
            self.assertEqual(sorted(event["seq"] for event in history), [event["seq"] for event in history])
            # System programs of root's are trusted, said at the creation or by a change.
            self.assertTrue([event["trusted"] for event in history if "trusted" in event][-1])
        for event in events:
            self.assertEqual(event["pid"], 4 * event["host_pid"])
            self.assertEqual(event["source"], "lab-replica")
        self.assertEqual([event["seq"] for event in events], list(range(events[0]["seq"], events[0]["seq"] + len(events))))

    def test_the_loop_in_profile_1910(self):
        self.check_loop("1910")

    def test_the_loop_in_profile_25080(self):
        self.check_loop("25080")

    def test_the_loop_in_profile_a5(self):
        self.check_loop("a5")

    def test_pids_are_those_the_command_sees(self):
        events = self.run_command("sh", "-c", "echo $$; /bin/true & echo $!; wait")
        shell, child = (int(line) for line in self.output.split())
        creates = {event["host_pid"]: event for event in events if event["operation"] == "create"}
        self.assertEqual(set(creates), {shell, child})
        self.assertEqual(creates[child]["parent_pid"], 4 * shell)

    def test_a_policy_changes_what_is_trusted(self):
        policy = self.folder / "policy.toml"
        policy.write_text(f'version = 1\n[trust]\nexcept = ["{shutil.which("true")}", "/usr/bin/true"]\n',
                          encoding="utf-8")
        for profile in PROFILES:
            events = self.run_command(*LOOP, options=("--profile", profile, "--policy", str(policy)))
            for history in by_process(events).values():
                trusted = [event["trusted"] for event in history if "trusted" in event][-1]
                if profile == "25080":  # says the image at the creation only
                    history = [event for event in history if "image" in event]
                self.assertEqual(trusted, not history[-1]["image"].endswith("true"), history)

    def test_every_event_obeys_the_schema(self):
        schema = json.loads((ROOT / "docs/events.schema.json").read_text(encoding="utf-8"))
        validator = jsonschema.validators.validator_for(schema)(schema)
        for profile in PROFILES:
            for event in self.run_command(*LOOP, options=("--profile", profile)):
                validator.validate(event)

    def test_ndjson_on_standard_output_is_all_there_is(self):
        done = wdscope("run", "--format", "ndjson", "--", *LOOP)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([event["operation"] for event in read_events(done.stdout)].count("create"), 4)

    def test_text_says_that_this_is_a_replica_and_sums_up(self):
        done = wdscope("run", "--", "/bin/true")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("a replica of WdFilter", done.stdout.splitlines()[0])
        self.assertIn("not Defender", done.stdout.splitlines()[0])
        self.assertRegex(done.stdout, r"(?m)^\S+ create +\d+ +\d+ .*\\true +/bin/true$")
        self.assertRegex(done.stderr, r"produced (\d+) = delivered \1 \+ lost 0")

    def test_the_commands_exit_code_is_passed_on(self):
        self.run_command("sh", "-c", "exit 7", status=7)
        self.run_command("sh", "-c", "kill -TERM $$", status=128 + signal.SIGTERM)

    def test_a_missing_command_is_127_and_one_that_cannot_run_126(self):
        self.assert_says(wdscope("run", "--", "/nonexistent/program"), 127, "/nonexistent/program")
        file = self.folder / "no-program"
        file.write_text("text", encoding="utf-8")
        self.assert_says(wdscope("run", "--", str(file)), 126, "no-program")

    def test_odd_arguments_arrive_whole(self):
        odd = ("a b", "", 'quo"te', "back\\slash", "\u65e5\u672c", "tab\there")
        events = self.run_command("/bin/true", *odd)
        line = next(event["command_line"] for event in events if event["operation"] == "create")
        for word in ("a b", "\u65e5\u672c", "tab\there"):
            self.assertIn(word, line)

    def test_a_reader_that_goes_away_is_141(self):
        done = subprocess.run(
            ["bash", "-c", '"$0" run --format ndjson -- sh -c \'for i in $(seq 300); do /bin/true; done\' | head -1; '
             'echo "${PIPESTATUS[0]}"', WDSCOPE],
            capture_output=True, text=True, env=environment(), timeout=240, check=False)
        first, status = done.stdout.splitlines()
        self.assertIn(json.loads(first)["operation"], ("create", "trust"))
        self.assertEqual(status, "141", done.stderr)

    def test_a_signal_is_forwarded_to_the_command(self):
        script = ("import signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]); "
                  "print('ready', flush=True); sys.exit(9 if signal.sigwait([signal.SIGTERM]) else 1)")
        events = self.folder / "events.ndjson"
        with subprocess.Popen([WDSCOPE, "run", "-o", str(events), "--", sys.executable, "-c", script],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=environment()) as program:
            self.assertEqual(program.stdout.readline(), "ready\n")
            program.terminate()
            program.communicate(timeout=240)
            self.assertEqual(program.returncode, 9)

    def test_an_existing_file_is_kept_unless_force(self):
        file = self.folder / "precious.txt"
        file.write_text("precious", encoding="utf-8")
        self.assert_says(wdscope("run", "-o", str(file), "--", "/bin/true"), 3, "precious.txt", "--force")
        self.assertEqual(file.read_text(encoding="utf-8"), "precious")
        self.assertEqual(wdscope("run", "-o", str(file), "--force", "--", "/bin/true").returncode, 0)
        self.assertIn("replica", file.read_text(encoding="utf-8"))

    def test_quiet_says_nothing_when_all_is_well(self):
        self.assertEqual(wdscope("run", "-q", "--", "/bin/true").stderr, "")

    def test_verbose_shows_what_the_drivers_print(self):
        self.assertIn("driver: ", wdscope("run", "-v", "--", "/bin/true").stderr)


if __name__ == "__main__":
    unittest.main()
