# SPDX-License-Identifier: MIT
"""The story of the package under Wine: install, start, watch, stop, uninstall, with the very files that ship. A helper
driver (helper/) gives Wine's kernel what it lacks; feed.exe starts real processes and tells of them. Environment:
WDSCOPE_PACKAGE, the folder of the package; WDSCOPE_FEED and WDSCOPE_HELPER, the programs."""

import json
import os
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
                            "WINEDLLOVERRIDES": "mscoree,mshtml="}
        self.log = open(folder / "services.log", "w+")
        self.boot("-i")
        # What first fills a prefix starts no driver for us: like Windows, it is started anew after its installation.
        subprocess.run([SERVER, "-k"], env=self.environment, check=False, timeout=SECONDS)
        subprocess.run([SERVER, "-w"], env=self.environment, check=False, timeout=SECONDS)
        self.boot()
        self.drive = self.prefix / "drive_c"

    def boot(self, *options: str):
        subprocess.run([SERVER, "-p"], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, start_new_session=True, check=True, timeout=SECONDS)
        subprocess.run([WINE, "wineboot", *options], env=self.environment, stdin=subprocess.DEVNULL, stdout=self.log,
                       stderr=self.log, check=True, timeout=2 * SECONDS)

    def start(self, *words: str, **options) -> subprocess.Popen:
        return subprocess.Popen([WINE, *words], env=self.environment, stdin=subprocess.DEVNULL, cwd=self.drive,
                                **options)

    def run(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run([WINE, *words], env=self.environment, stdin=subprocess.DEVNULL, cwd=self.drive,
                              capture_output=True, text=True, encoding="utf-8", timeout=SECONDS)

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
        self.assertIn("ProcessId", self.wdscope("layouts").stdout)
        self.assertIn("wdscope.sys is not loaded", self.wdscope("watch", status=4).stderr)
        self.assertIn("needs Linux", self.wdscope("run", "--", "cmd", status=4).stderr)
        self.assertIn("needs Linux", self.wdscope("lab", "load", "x.sys", status=4).stderr)
        self.assertIn("cannot read", self.wdscope("replay", "none.wdrec", status=3).stderr)
        self.assertIn("not installed", self.wdscope("driver", "status", status=1).stdout)
        self.assertIn("WdFilter does not run", self.wdscope("doctor", status=1).stdout)

    def test_b_what_is_no_driver_is_refused(self):
        (self.wine.drive / "bad").mkdir()
        (self.wine.drive / "bad/wdscope.sys").write_bytes(b"not a program")
        refused = self.wdscope("driver", "install", "--drivers", r"C:\bad", status=3)
        self.assertIn("is no program file", refused.stderr)
        self.assertIn("not installed", self.wdscope("driver", "status", status=1).stdout)

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

    def test_e_record_replay_and_pictures(self):
        self.wdscope("record", "--for", "1s", "-o", r"C:\one.wdrec")
        replayed = self.wdscope("replay", "--format", "ndjson", r"C:\one.wdrec")
        events = [json.loads(line) for line in replayed.stdout.splitlines()]
        self.assertTrue(any(event["operation"] == "create" for event in events), replayed.stdout)
        self.assertIn("exists", self.wdscope("record", "--for", "1s", "-o", r"C:\one.wdrec", status=3).stderr)
        self.assertIn("services.exe", self.wdscope("ps").stdout)

    def test_f_stop_and_uninstall_leave_nothing(self):
        for _ in range(2):
            self.wdscope("driver", "stop")
            self.wdscope("driver", "stop", "--notifier")
        for _ in range(2):
            self.wdscope("driver", "uninstall")
        for name in ("wdscope", "wdnotifier"):
            left = self.wine.run("reg", "query", SERVICES + "\\" + name)
            self.assertNotEqual(left.returncode, 0, left.stdout)
        self.assertIn("there is no observer", self.wdscope("watch", status=4).stderr)
        self.sc("stop", "wdwine")


if __name__ == "__main__":
    result = unittest.main(verbosity=2, exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"wine: {result.testsRun - failed} passed, {failed} failed")
    sys.exit(failed != 0)
