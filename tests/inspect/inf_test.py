# SPDX-License-Identifier: MIT
"""inf_test.py FILE: the INF rules find what they are for, in copies of a good file, one fault each."""

import sys
import tempfile
import unittest
from pathlib import Path

import inf

GOOD = Path(sys.argv[1]).read_text(encoding="utf-8").replace("@DATE@", "01/31/2026").replace("@VERSION@", "1.2.3.0")
NAME = Path(sys.argv[1]).name


class Rules(unittest.TestCase):
    def findings(self, old: str = "", new: str = "") -> str:
        self.assertIn(old, GOOD)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, NAME)
            path.write_text(GOOD.replace(old, new, 1) if old else GOOD + new, encoding="utf-8")
            return "\n".join(inf.check(path))

    def test_the_file_as_it_is_has_no_finding(self):
        self.assertEqual(self.findings(), "")

    def test_a_start_at_boot_is_found(self):
        self.assertIn("StartType is 0", self.findings("StartType     = 3", "StartType     = 0"))

    def test_a_folder_outside_the_driver_store_is_found(self):
        self.assertIn("is 12 and not 13", self.findings("DefaultDestDir = 13", "DefaultDestDir = 12"))
        self.assertIn("ServiceBinary", self.findings("%13%", "%12%"))

    def test_legacy_sections_are_found(self):
        self.assertIn("legacy section", self.findings(new="\n[DefaultInstall]\nCopyFiles = Files\n"))
        self.assertIn("legacy section", self.findings(new="\n[DefaultUninstall.NTamd64]\nDelFiles = Files\n"))

    def test_state_outside_the_services_own_key_is_found(self):
        row = "\n[State]\nHKLM,Software\\Elsewhere,Value,,1\n"
        self.assertIn("belongs under HKR", self.findings("[Service]\n", row + "[Service]\nAddReg = State\n"))

    def test_what_reaches_beyond_the_driver_is_found(self):
        self.assertIn("keeps to itself", self.findings("[Files]\n", "[More]\nRegisterDlls = Files\n[Files]\n"))

    def test_a_missing_string_is_found(self):
        self.assertIn("%Provider% is not among the strings", self.findings('Provider    = "wdscope"\n', ""))

    def test_a_missing_catalogue_is_found(self):
        self.assertIn("no CatalogFile", self.findings("CatalogFile", "Catalogue"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
