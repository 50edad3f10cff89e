# SPDX-License-Identifier: MIT
"""inspect_test.py VERSION ALLOWED FILE: the inspection finds what it is for, in copies of a good driver, one fault each."""

import struct
import sys
import tempfile
import unittest
from pathlib import Path

import inspect_sys
import pe

VERSION, ALLOWED, DRIVER = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])


class Inspection(unittest.TestCase):
    def setUp(self):
        self.data = bytearray(DRIVER.read_bytes())
        self.image = pe.Image(bytes(self.data))
        self.allowed = inspect_sys.read_allowed(ALLOWED)
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.path = Path(scratch.name, "faulty.sys")

    def findings(self, version: str = VERSION) -> str:
        self.path.write_bytes(self.data)
        return "\n".join(inspect_sys.inspect(self.path, version, self.allowed))

    def put(self, offset: int, layout: str, *values: int):
        struct.pack_into(layout, self.data, offset, *values)

    def section_flags_at(self, name: str) -> int:
        index = next(index for index, section in enumerate(self.image.sections) if section.name == name)
        size = struct.unpack_from("<H", self.data, self.image.header + 20)[0]
        return self.image.optional + size + 40 * index + 36

    def test_the_driver_as_built_has_no_finding(self):
        self.assertEqual(self.findings(), "")

    def test_each_missing_flag_is_found(self):
        for flag, name in inspect_sys.WANTED_FLAGS.items():
            self.put(self.image.optional + 70, "<H", self.image.dll_characteristics & ~flag)
            self.assertIn(f"{name} is not set", self.findings())

    def test_a_wrong_checksum_is_found(self):
        self.put(self.image.optional + 64, "<I", self.image.checksum + 1)
        self.assertIn("checksum", self.findings())

    def test_another_subsystem_is_found(self):
        self.put(self.image.optional + 68, "<H", 3)
        self.assertIn("is not native", self.findings())

    def test_a_writable_code_section_is_found(self):
        self.put(self.section_flags_at(".text"), "<I", pe.SECTION_CODE | pe.SECTION_EXECUTE | pe.SECTION_WRITE)
        self.assertIn(".text is both writable and executable", self.findings())

    def test_sections_that_share_a_page_are_found(self):
        self.put(self.image.optional + 32, "<I", 0x200)
        self.assertIn("protects whole pages", self.findings())

    def test_a_discardable_data_section_is_found(self):
        self.put(self.section_flags_at(".rdata"), "<I", pe.SECTION_READ | pe.SECTION_DISCARDABLE)
        self.assertIn(".rdata is discardable", self.findings())

    def test_missing_unwind_data_is_found(self):
        self.put(self.image.optional + 112 + 8 * 3, "<II", 0, 0)
        self.assertIn("there is no .pdata", self.findings())

    def test_an_entry_point_outside_code_is_found(self):
        data = next(section for section in self.image.sections if section.name == ".rdata")
        self.put(self.image.optional + 16, "<I", data.address)
        self.assertIn("is not in code", self.findings())

    def test_an_absolute_address_without_a_relocation_is_found(self):
        data = next(section for section in self.image.sections if section.name == ".rdata")
        rva = next(data.address + at for at in range(0, min(data.size, data.file_size) - 7, 8)
                   if data.address + at not in dict(self.image.relocations))
        self.put(self.image.offset_of(rva), "<Q", self.image.image_base + self.image.entry_point)
        self.assertIn("without a relocation", self.findings())

    def test_an_import_that_is_not_allowed_is_found(self):
        gone = self.image.imports[0]
        del self.allowed[gone]
        self.assertIn(f"{gone[1]} is not on the allow-list", self.findings())

    def test_an_import_newer_than_the_image_says_is_found(self):
        self.allowed[self.image.imports[0]] = (99, 0)
        self.assertIn("appeared in Windows (99, 0)", self.findings())

    def test_another_version_is_found(self):
        self.assertIn("file version", self.findings("99.1.2"))

    def test_a_missing_version_resource_is_found(self):
        self.put(self.image.optional + 112 + 8 * 2, "<II", 0, 0)
        self.assertIn("no version resource", self.findings())

    def test_a_read_of_a_segment_base_is_found(self):
        self.patch_entry(b"\x65\x48\x8b\x04\x25\x88\x01\x00\x00")  # mov rax, gs:[0x188]
        self.assertIn("a segment base", self.findings())

    def test_a_read_of_the_irql_register_is_found(self):
        self.patch_entry(b"\x44\x0f\x20\xc0")  # mov rax, cr8
        self.assertIn("a control register", self.findings())

    def test_a_read_of_the_shared_page_is_found(self):
        self.patch_entry(b"\x48\xb8\x14\x00\x00\x00\x80\xf7\xff\xff")  # mov rax, 0xfffff78000000014
        self.assertIn("the shared user page", self.findings())

    def test_a_malformed_signature_is_found(self):
        self.put(self.image.optional + 112 + 8 * 4, "<II", len(self.data) - 16, 8)
        self.assertIn("signature", self.findings())

    def test_a_truncated_file_is_malformed(self):
        self.data = self.data[:0x400]
        self.assertIn("malformed", self.findings())

    def test_text_is_no_driver(self):
        self.data = bytearray(b"#!/bin/sh\n")
        self.assertIn("no MZ header", self.findings())

    def patch_entry(self, code: bytes):
        at = self.image.offset_of(self.image.entry_point)
        self.data[at:at + len(code)] = code


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
