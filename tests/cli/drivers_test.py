# SPDX-License-Identifier: MIT
"""wdscope run --drivers: the files that a build made, and files that no machine should load."""

import shutil
import unittest

from story import DRIVERS, Story, wdscope

NAMES = ("wdnotifier.sys", "wdscope.sys")


class Drivers(Story):
    def setUp(self) -> None:
        super().setUp()
        for name in NAMES:
            shutil.copy(DRIVERS / name, self.folder / name)

    def run_with_folder(self):
        return wdscope("run", "--drivers", str(self.folder), "--", "/bin/true")

    def test_files_of_a_folder_work_as_the_embedded_ones(self):
        done = self.run_with_folder()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("/bin/true", done.stdout)

    def test_a_truncated_driver_is_refused_by_name(self):
        for name in NAMES:
            whole = (self.folder / name).read_bytes()
            for size in (0, 1, 64, len(whole) // 2):
                (self.folder / name).write_bytes(whole[:size])
                done = self.run_with_folder()
                self.assertEqual(done.returncode, 3, f"{name} cut to {size}: {done.stderr}")
                self.assertIn(name, done.stderr)
                self.assertEqual(done.stdout, "")
            (self.folder / name).write_bytes(whole)

    def test_what_is_no_pe_is_refused_by_name(self):
        (self.folder / "wdscope.sys").write_text("#!/bin/sh\n" * 1000, encoding="utf-8")
        done = self.run_with_folder()
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("wdscope.sys", done.stderr)

    def test_an_unknown_import_is_refused_with_its_name(self):
        path = self.folder / "wdscope.sys"
        data = path.read_bytes()
        known, unknown = b"ExRegisterCallback\0", b"ExRegisterCallbacj\0"
        self.assertIn(known, data)
        path.write_bytes(data.replace(known, unknown))
        done = self.run_with_folder()
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("ExRegisterCallbacj", done.stderr)

    def test_a_missing_folder_or_file_is_named(self):
        done = wdscope("run", "--drivers", "/nonexistent", "--", "/bin/true")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("/nonexistent", done.stderr)
        (self.folder / "wdscope.sys").unlink()
        done = self.run_with_folder()
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("wdscope.sys", done.stderr)


if __name__ == "__main__":
    unittest.main()
