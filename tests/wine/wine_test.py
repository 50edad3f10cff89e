# SPDX-License-Identifier: MIT
"""The story of the package under Wine: install, start, watch, stop, uninstall, with the very files that ship. A helper
driver (helper/) gives Wine's kernel what it lacks; feed.exe starts real processes and tells of them. Environment:
WDSCOPE_PACKAGE, the folder of the package; WDSCOPE_FEED, WDSCOPE_CIRCUMSTANCE and WDSCOPE_HELPER, the programs; WDSCOPE_KERNEL_TESTS, the
drivers' unit tests as drivers; WDSCOPE_UNIT_TESTS, the folder of those of the user rooms."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

WINE = Path("/usr/lib/wine/wine64")
SERVER = Path("/usr/lib/wine/wineserver64")
SECONDS = 90  # for any one step, on a busy machine
SERVICES = r"HKLM\System\CurrentControlSet\Services"
CHILDREN = 4


class Wine:
    """A prefix of its own, with a server that outlives its clients and holds none of our pipes."""

    def __init__(self, folder: Path):
        self.prefix = folder / "prefix"
        self.prefix.mkdir()
        self.environment = {**os.environ, "WINEPREFIX": str(self.prefix), "WINEDEBUG": "-all", "DISPLAY": "",
                            "WINEDLLOVERRIDES": "mscoree,mshtml=", "TZ": "UTC"}
        self.log = open(folder / "services.log", "w+")
        self.boot("-i")
        # What first fills a prefix starts no driver for us: like Windows, it is started anew after its installation.
        subprocess.run([SERVER, "-k"], env=self.environment, check=False, timeout=SECONDS)
        subprocess.run([SERVER, "-w"], env=self.environment, check=False, timeout=SECONDS)
        # What drivers print goes to the log of whoever started their process.
        self.environment["WINEDEBUG"] = "-all,+debugstr"
        self.boot()
        self.environment["WINEDEBUG"] = "-all"
        self.drive = self.prefix / "drive_c"

    def boot(self, *options: str):
        subprocess.run([SERVER, "-p"], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, start_new_session=True, check=True, timeout=SECONDS)
        subprocess.run([WINE, "wineboot", *options], env=self.environment, stdin=subprocess.DEVNULL, stdout=self.log,
                       stderr=self.log, check=True, timeout=2 * SECONDS)

    def start(self, *words: str, **options) -> subprocess.Popen:
        return subprocess.Popen([WINE, *words], env=self.environment, cwd=self.drive,
                                **{"stdin": subprocess.DEVNULL, **options})

    def run(self, *words: str, text: bool = True) -> subprocess.CompletedProcess:
        return subprocess.run([WINE, *words], env=self.environment, stdin=subprocess.DEVNULL, cwd=self.drive,
                              capture_output=True, encoding="utf-8" if text else None, timeout=SECONDS)

    def printed(self) -> str:
        return Path(self.log.name).read_text(encoding="utf-8", errors="replace")

    def close(self):
        subprocess.run([SERVER, "-k"], env=self.environment, check=False, timeout=SECONDS)
        self.log.close()


class Story(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.wine = Wine(Path(cls.folder.name))
        cls.addClassCleanup(cls.wine.close)
        shutil.copytree(os.environ["WDSCOPE_PACKAGE"], cls.wine.drive / "wdscope")
        shutil.copy(os.environ["WDSCOPE_FEED"], cls.wine.drive / "feed.exe")
        shutil.copy(os.environ["WDSCOPE_CIRCUMSTANCE"], cls.wine.drive / "circumstance.exe")
        shutil.copy(os.environ["WDSCOPE_HELPER"], cls.wine.drive / "wdwine.sys")
        cls.sc("create", "wdwine", "type=", "kernel", "start=", "demand", "group=", "wdscope", "binPath=",
               r"C:\wdwine.sys")
        cls.sc("start", "wdwine")
        # The notifier of 2019 tells of a trust change in a notification of its own.
        cls.wine.run("reg", "add", SERVICES + r"\wdnotifier\Parameters", "/v", "Profile", "/t", "REG_DWORD", "/d",
                     "1910", "/f")

    @classmethod
    def sc(cls, *words: str):
        done = cls.wine.run("sc", *words)
        if done.returncode != 0:
            raise AssertionError(f"sc {' '.join(words)}: {done.stdout}{done.stderr}")

    def wdscope(self, *words: str, status: int = 0) -> subprocess.CompletedProcess:
        done = self.wine.run(r"C:\wdscope\wdscope.exe", *words)
        self.assertEqual(done.returncode, status, f"wdscope {' '.join(words)}: {done.stdout}{done.stderr}")
        return done

    def assert_gone(self, *services: str):
        for name in services:
            left = self.wine.run("reg", "query", SERVICES + "\\" + name)
            self.assertNotEqual(left.returncode, 0, left.stdout)

    def picture(self, verb: str) -> str:
        """The observer takes one snapshot a second."""
        while "ask again" in (done := self.wine.run(r"C:\wdscope\wdscope.exe", verb)).stderr:
            pass
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def watch(self) -> subprocess.Popen:
        """A reader whose device is open: what happens from now on comes out of its standard output."""
        reader = self.wine.start(r"C:\wdscope\wdscope.exe", "watch", "--format", "ndjson", stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True, encoding="utf-8")
        self.addCleanup(self.end, reader)
        overdue = threading.Timer(SECONDS, reader.kill)
        overdue.start()
        self.addCleanup(overdue.cancel)
        self.assertIn("process notifications from wdnotifier.sys", reader.stderr.readline())
        return reader

    @staticmethod
    def end(reader: subprocess.Popen):
        reader.kill()
        reader.communicate()

    def events_of(self, reader: subprocess.Popen, pids: set[int]) -> list[dict]:
        """What comes of these processes until the last of them has ended."""
        events = []
        left = set(pids)
        while left:
            line = reader.stdout.readline()
            self.assertNotEqual(line, "", f"the reader ended; {len(left)} processes have not: {events}")
            event = json.loads(line)
            if event.get("pid") in pids:
                events.append(event)
                if event["operation"] == "terminate":
                    left.discard(event["pid"])
        return events

    def test_a_the_program_without_a_driver(self):
        self.assertIn("wdscope 0.", self.wdscope("--version").stdout)
        self.assertIn("driver install", self.wdscope("--help").stdout)
        # No word of what this system has not.
        for verb in ("--help", "watch", "record", "ps", "status", "calibrate"):
            said = self.wdscope(*([verb] if verb == "--help" else [verb, "--help"])).stdout
            self.assertNotRegex(said, r"--profile|root|ptrace|process connector|-- make", verb)
        self.assertIn("ProcessId", self.wdscope("layouts").stdout)
        self.assertIn("wdscope.sys is not loaded", self.wdscope("watch", status=4).stderr)
        self.assertIn("needs Linux", self.wdscope("run", "--", "cmd", status=4).stderr)
        self.assertIn("needs Linux", self.wdscope("lab", "load", "x.sys", status=4).stderr)
        self.assertIn("cannot read", self.wdscope("replay", "none.wdrec", status=3).stderr)
        self.assertIn("not installed", self.wdscope("driver", "status", status=1).stdout)
        self.assertIn("WdFilter does not run", self.wdscope("doctor", status=1).stdout)

    def test_b_what_is_no_driver_of_this_machine_is_refused(self):
        (self.wine.drive / "bad").mkdir()
        whole = (self.wine.drive / "wdscope/wdscope.sys").read_bytes()
        headers = int.from_bytes(whole[0x3C:0x40], "little")
        arm64 = whole[:headers + 4] + b"\x64\xaa" + whole[headers + 6:]
        program = (self.wine.drive / "wdscope/wdscope.exe").read_bytes()
        for file, words in ((b"not a program", "is no program file"), (whole[:200], "is no program file"),
                            (arm64, "is made for another processor"), (program, "is no driver")):
            with self.subTest(words):
                (self.wine.drive / "bad/wdscope.sys").write_bytes(file)
                refused = self.wdscope("driver", "install", "--drivers", r"C:\bad", status=3)
                self.assertIn(words, refused.stderr)
                self.assertIn("take the file from the package", refused.stderr)
        self.assertIn("cannot", self.wdscope("driver", "install", "--drivers", r"C:\none", status=3).stderr)
        self.assertIn("'wdscope driver install' comes first", self.wdscope("driver", "start", status=4).stderr)
        self.assertIn("not installed", self.wdscope("driver", "status", status=1).stdout)

    def test_b_output_that_is_no_console_is_utf8_as_it_is(self):
        piped = self.wine.run(r"C:\wdscope\wdscope.exe", "layouts", text=False)
        self.assertEqual(piped.returncode, 0)
        self.assertNotIn(b"\r", piped.stdout)
        self.assertNotIn(b"\x1b", piped.stdout)
        with open(self.wine.drive / "layouts.txt", "wb") as file:
            self.assertEqual(self.wine.start(r"C:\wdscope\wdscope.exe", "layouts", stdout=file).wait(SECONDS), 0)
        self.assertEqual((self.wine.drive / "layouts.txt").read_bytes(), piped.stdout)
        # The null device calls itself a character device, as a console does.
        nul = self.wine.run("cmd", "/c", r"C:\wdscope\wdscope.exe layouts > NUL")
        self.assertEqual((nul.returncode, nul.stdout, nul.stderr), (0, "", ""))

    def test_b_who_is_not_elevated_is_told_so_and_changes_nothing(self):
        for words in (("driver", "install"), ("driver", "start"), ("driver", "stop"), ("driver", "uninstall"),
                      ("service", "install", "--folder", r"C:\day"), ("service", "uninstall")):
            with self.subTest(" ".join(words)):
                refused = self.wine.run(r"C:\circumstance.exe", "limited", r"C:\wdscope\wdscope.exe", *words)
                self.assertEqual(refused.returncode, 4, refused.stdout + refused.stderr)
                self.assertIn("this console is not elevated", refused.stderr)
                self.assertIn("Run as administrator", refused.stderr)
        self.assertIn("NO    elevation", self.wine.run(r"C:\circumstance.exe", "limited", r"C:\wdscope\wdscope.exe",
                                                      "doctor").stdout)
        self.assert_gone("wdscope", "wdscope-recorder")

    def test_b_what_is_in_the_way_of_a_start_is_told(self):
        self.wdscope("driver", "install")
        # Neither Defender nor its replica.
        refused = self.wdscope("driver", "start", status=4)
        self.assertIn("Microsoft Defender's WdFilter must run", refused.stderr)
        moved = self.wine.drive / "moved"
        moved.mkdir()
        shutil.copy(self.wine.drive / "wdscope/wdscope.sys", moved)
        self.wdscope("driver", "install", "--drivers", r"C:\moved")
        shutil.rmtree(moved)
        self.assertIn("from the folder that it is in now", self.wdscope("driver", "start", status=4).stderr)
        self.assertIn("installed, not started", self.wdscope("driver", "status", status=1).stdout)
        self.wdscope("driver", "uninstall")
        self.sc("create", "wdscope", "binPath=", r"C:\other.exe")
        self.assertIn("and it is no driver", self.wdscope("driver", "install", status=4).stderr)
        self.assertIn("other.exe", self.wine.run("reg", "query", SERVICES + r"\wdscope").stdout)
        self.sc("delete", "wdscope")

    def test_b_a_service_that_is_marked_for_deletion_is_named(self):
        self.wdscope("driver", "install")
        holder = self.wine.start(r"C:\circumstance.exe", "hold", "wdscope", stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end, holder)
        self.assertEqual(holder.stdout.readline().strip(), "held")
        self.sc("delete", "wdscope")
        refused = self.wdscope("driver", "install", status=4)
        self.assertIn("it goes when the last program that holds it open ends", refused.stderr)
        holder.communicate(timeout=SECONDS)
        self.wdscope("driver", "install")
        self.wdscope("driver", "uninstall")

    def test_b_the_kernel_unit_tests_pass(self):
        for program in os.environ["WDSCOPE_KERNEL_TESTS"].split():
            name = Path(program).stem
            with self.subTest(name):
                shutil.copy(program, self.wine.drive / f"{name}.sys")
                self.sc("create", name, "type=", "kernel", "start=", "demand", "group=", "wdscope", "binPath=",
                        rf"C:\{name}.sys")
                before = len(self.wine.printed())
                started = self.wine.run("sc", "start", name)
                printed = self.wine.printed()[before:]
                self.assertEqual(started.returncode, 0, printed)
                self.assertRegex(printed, r"[1-9][0-9]+ passed, 0 failed")
                # Of what is told, nothing was left out for another reason.
                needs = set(re.findall(r"SKIP .*: it needs (.*)", printed))
                self.assertLessEqual(needs, {"Windows 10", "the System process as 4", "a process 2000",
                                             "a process 2008", "a process 2020"})
                self.sc("stop", name)
                self.sc("delete", name)

    def test_b_the_unit_tests_of_user_rooms_pass(self):
        programs = sorted(Path(os.environ["WDSCOPE_UNIT_TESTS"]).glob("*_test.exe"))
        self.assertNotEqual(programs, [])
        for program in programs:
            with self.subTest(program.name):
                shutil.copy(program, self.wine.drive / program.name)
                done = self.wine.run("C:\\" + program.name, "--gtest_brief=1")
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertIn("[  PASSED  ]", done.stdout)
                self.assertEqual(done.stdout.count(": Skipped"), done.stdout.count("labs are of Linux"), done.stdout)

    def test_c_install_start_and_once_more(self):
        for _ in range(2):
            self.wdscope("driver", "install", "--notifier")
            self.wdscope("driver", "install")
        self.assertIn("installed, not started", self.wdscope("driver", "status", status=1).stdout)
        for _ in range(2):
            self.wdscope("driver", "start", "--notifier")
            self.wdscope("driver", "start")
        status = self.wdscope("driver", "status").stdout
        self.assertEqual(status.count("running"), 2, status)

    def test_d_events_come_field_by_field_to_every_reader(self):
        first, killed, second = self.watch(), self.watch(), self.watch()
        fed = self.wine.run(r"C:\feed.exe", str(CHILDREN))
        self.assertEqual(fed.returncode, 0, fed.stderr)
        self.end(killed)
        told = [json.loads(line) for line in fed.stdout.splitlines()]
        self.assertEqual(len(told), CHILDREN)
        pids = {process["pid"] for process in told}
        events = [self.events_of(reader, pids) for reader in (first, second)]
        self.assertEqual(events[0], events[1])
        for number, process in enumerate(told):
            mine = [event for event in events[0] if event.get("pid") == process["pid"]]
            operations = [event["operation"] for event in mine]
            trusted = number % 2 == 0
            self.assertEqual(operations, ["create", "trust", "terminate"] if trusted else ["create", "terminate"])
            create = mine[0]
            self.assertEqual(create["parent_pid"], process["parent"])
            self.assertEqual(create["image"], process["image"])
            self.assertEqual(create["dos_image"], process["own"])
            self.assertEqual(create["command_line"], process["command_line"])
            self.assertIs(create["trusted"], False)
            self.assertEqual(create["source"], "device")
            self.assertIn("new_process", create["flags"])
            if trusted:
                self.assertIs(mine[1]["trusted"], True)
            self.assertIn("terminating", mine[-1]["flags"])
            self.assertEqual("trusted" in mine[-1]["flags"], trusted)
            self.assertEqual({event["created"] for event in mine if "created" in event}, {create["created"]})
        sequences = [event["seq"] for event in events[0]]
        self.assertEqual(sequences, list(range(sequences[0], sequences[0] + len(sequences))))

    def test_e_images_have_the_paths_of_the_drives_that_there_are(self):
        reader = self.watch()
        device = r"\Device\WdscopeVolume"

        def created(*drive: str) -> dict:
            fed = self.wine.run(r"C:\feed.exe", "1", device, *drive)
            self.assertEqual(fed.returncode, 0, fed.stderr)
            return self.events_of(reader, {json.loads(fed.stdout)["pid"]})[0]

        unlettered = created()
        self.assertEqual(unlettered["image"], device + r"\feed.exe")
        self.assertNotIn("dos_image", unlettered)
        # The reader looks for new drives once a second at most.
        for _ in range(30):
            if "dos_image" in (lettered := created("W:")):
                break
        self.assertEqual((lettered["image"], lettered["dos_image"]), (device + r"\feed.exe", r"W:\feed.exe"))

    def test_e_a_reader_of_the_output_that_goes_ends_the_watch(self):
        reader = self.watch()
        reader.stdout.close()
        fed = self.wine.run(r"C:\feed.exe", "1")
        self.assertEqual(fed.returncode, 0, fed.stderr)
        self.assertEqual(reader.wait(SECONDS), 141)
        reader.stdout = open(os.devnull, encoding="utf-8")

    def test_e_record_replay_and_pictures(self):
        self.wdscope("record", "--for", "1s", "-o", r"C:\one.wdrec")
        replayed = self.wdscope("replay", "--format", "ndjson", r"C:\one.wdrec")
        events = [json.loads(line) for line in replayed.stdout.splitlines()]
        self.assertTrue(any(event["operation"] == "create" for event in events), replayed.stdout)
        # By the drives of the recording: a machine without drives tells the same.
        self.assertIn(r"C:\feed.exe", {event.get("dos_image") for event in events if event["operation"] == "create"})
        shown = self.wdscope("ps", "--image", r"c:\FEED.exe", "--from", r"C:\one.wdrec").stdout
        self.assertIn(r" C:\feed.exe ", shown)
        self.assertNotRegex(shown, r"HarddiskVolume|W:")
        self.assertIn("exists", self.wdscope("record", "--for", "1s", "-o", r"C:\one.wdrec", status=3).stderr)
        self.assertIn("services.exe", self.picture("ps"))

    def test_e_status_knows_the_build_and_tree_what_ran(self):
        status = self.wdscope("status").stdout
        self.assertRegex(status, r"build +1910\n")
        self.assertRegex(status, r"disagreeing +none\n")
        self.assertIn("child 0 grüße 漢字 שלום 😀", self.picture("tree"))

    def test_e_a_raw_recording_gives_a_layout_that_the_observer_takes(self):
        recorder = self.wine.start(r"C:\wdscope\wdscope.exe", "record", "--raw", "-o", r"C:\raw.wdrec", "--for", "3s",
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")
        self.addCleanup(self.end, recorder)
        while "recording into" not in (line := recorder.stderr.readline()):
            self.assertNotEqual(line, "")
        fed = self.wine.run(r"C:\feed.exe", "12")
        self.assertEqual(fed.returncode, 0, fed.stderr)
        rest = recorder.communicate(timeout=SECONDS)[1]
        self.assertEqual(recorder.returncode, 0, rest)
        table = self.wdscope("calibrate", "--from", r"C:\raw.wdrec", "-o", r"C:\layout.toml").stdout
        self.assertRegex(table, r"create_time +0x20 +certain")
        self.assertRegex(table, r"command_line +0x28 +certain")
        self.assertIn("is right", self.wdscope("layouts", "check", r"C:\layout.toml").stderr)
        self.assertIn("decodes by", self.wdscope("layouts", "load", r"C:\layout.toml").stderr)

    def wait_for_service(self, state: str):
        """Each query takes a tenth of a second; the service's own waits end earlier than these."""
        for _ in range(200):
            if state in (told := self.wine.run("sc", "query", "wdscope-recorder").stdout):
                return
        self.fail(told)

    def test_e_the_service_records_into_its_folder(self):
        self.assertIn("is what Windows starts", self.wdscope("service", "run", "--folder", "day", status=2).stderr)
        for _ in range(2):
            self.wdscope("service", "install", "--folder", r"C:\day", "--keep", "2")
        messages = r"HKLM\System\CurrentControlSet\Services\EventLog\Application\wdscope"
        self.assertIn("wdscope.exe", self.wine.run("reg", "query", messages).stdout)
        for _ in range(3):
            self.sc("start", "wdscope-recorder")
            self.wait_for_service("RUNNING")
            fed = self.wine.run(r"C:\feed.exe", "1")
            self.assertEqual(fed.returncode, 0, fed.stderr)
            self.sc("stop", "wdscope-recorder")
            self.wait_for_service("STOPPED")
        recordings = sorted((self.wine.drive / "day").iterdir())
        self.assertEqual(len(recordings), 2, recordings)
        replayed = self.wdscope("replay", "--format", "ndjson", "C:\\day\\" + recordings[-1].name).stdout
        pid = json.loads(fed.stdout)["pid"]
        events = [json.loads(line) for line in replayed.splitlines()]
        told = [event["operation"] for event in events if event.get("pid") == pid]
        self.assertEqual([told[0], told[-1]], ["create", "terminate"])
        for _ in range(2):
            self.wdscope("service", "uninstall")
        self.assert_gone("wdscope-recorder", r"EventLog\Application\wdscope")

    def test_e_the_uninstall_of_a_driver_that_is_read_from(self):
        reader = self.watch()
        self.wdscope("driver", "uninstall")
        said = reader.communicate(timeout=SECONDS)[1]
        self.assertEqual(reader.returncode, 4, said)
        self.assertIn("wdscope: ", said)
        self.assert_gone("wdscope", "wdnotifier")
        self.test_c_install_start_and_once_more()

    def test_f_stop_and_uninstall_leave_nothing(self):
        for _ in range(2):
            self.wdscope("driver", "stop")
            self.wdscope("driver", "stop", "--notifier")
        for _ in range(2):
            self.wdscope("driver", "uninstall")
        self.assert_gone("wdscope", "wdnotifier")
        self.assertIn("there is no observer", self.wdscope("watch", status=4).stderr)
        self.sc("stop", "wdwine")


if __name__ == "__main__":
    result = unittest.main(verbosity=2, exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"wine: {result.testsRun - failed} passed, {failed} failed")
    sys.exit(failed != 0)
