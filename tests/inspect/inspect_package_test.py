# SPDX-License-Identifier: MIT
"""inspect_package_test.py VERSION PACKAGE: the package's inspection finds what it is for, in copies with one fault each."""

import shutil
import struct
import sys
import tempfile
import unittest
from pathlib import Path

import inspect_package
import pe

VERSION, PACKAGE = sys.argv[1], Path(sys.argv[2])


class Inspection(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.package = Path(scratch.name, PACKAGE.name)

    def program(self, offset: int, layout: str, value: int) -> str:
        """What is found when the optional header has this value there."""
        data = bytearray((PACKAGE / "wdscope.exe").read_bytes())
        struct.pack_into(layout, data, pe.Image(bytes(data)).optional + offset, value)
        self.package.write_bytes(data)
        return "\n".join(inspect_package.check_program(self.package, VERSION))

    def folder(self) -> Path:
        shutil.copytree(PACKAGE, self.package)
        shutil.copy(PACKAGE.with_name(PACKAGE.name + ".zip"), self.package.with_name(PACKAGE.name + ".zip"))
        return self.package

    def test_a_program_without_protection_is_found(self):
        found = self.program(70, "<H", 0)
        for name in inspect_package.PROGRAM_FLAGS.values():
            self.assertIn(f"{name} is not set", found)
        self.assertIn("its checksum is wrong", found)

    def test_another_kind_of_program_is_found(self):
        self.assertIn("no console program", self.program(68, "<H", 2))

    def test_a_library_that_windows_has_not_is_found(self):
        data = (PACKAGE / "wdscope.exe").read_bytes()
        self.package.write_bytes(data.replace(b"ADVAPI32.dll", b"LIBSTDCX.dll"))
        self.assertIn("it needs libstdcx.dll", inspect_package.check_program(self.package, VERSION))

    def test_another_version_is_found(self):
        self.assertIn("version resource", "\n".join(inspect_package.check_program(PACKAGE / "wdscope.exe", "9.9.9")))

    @unittest.skipUnless((PACKAGE / "wdscope-test.cer").exists(), "signed by a command of the user's own")
    def test_a_driver_that_was_changed_after_it_was_signed_is_found(self):
        data = bytearray((PACKAGE / "wdscope.sys").read_bytes())
        data[0x600] ^= 1
        self.package.write_bytes(data)
        self.assertIn("does not hold", "\n".join(inspect_package.check_signed(self.package, PACKAGE / "wdscope-test.cer")))

    def test_missing_files_keys_and_open_places_are_found(self):
        folder = self.folder()
        (folder / "wdscope.inf").unlink()
        (folder / "symbols/wdscope.sys.map").unlink()
        (folder / "signing-key.pem").write_text("x")
        (folder / "README.txt").write_text("@VERSION@\n" * 50)
        found = "\n".join(inspect_package.check_files(folder))
        for words in ("wdscope.inf is missing", "wdscope.sys.map is missing", "looks like a private key",
                      "longer than a screen", "nobody filled in", "is not the folder"):
            self.assertIn(words, found)

    def test_an_installer_that_trusts_or_skips_a_file_is_found(self):
        script = (PACKAGE / "Install.ps1").read_text(encoding="utf-8")
        self.assertEqual(inspect_package.check_installer(script), [])
        for words, finding in (("'wdnis.sys'", "does not verify wdnis.sys"), ("-ne 'Valid'", "it has no -ne 'Valid'"),
                               ("driver install", "it has no 'wdscope.exe') driver install"), ("}", "brackets")):
            self.assertIn(finding, "\n".join(inspect_package.check_installer(script.replace(words, "", 1))))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
