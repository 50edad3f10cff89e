# SPDX-License-Identifier: MIT
"""wdscope layouts: every format says the same as the catalogue, to the tools that read it."""

import json
import re
import shutil
import struct
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

from layouts_page import page
from story import PATIENCE_SECONDS, ROOT, Story, wdscope

NATVIS = "{http://schemas.microsoft.com/vstudio/debugger/natvis/2010}"
# The catalogue's offsets once more, by hand from the published tables: what the code reads through and what would hurt.
PUBLISHED = {
    ("MP_PROCESS_CONTEXT_1910", "PreScanHook"): 0x58, ("MP_PROCESS_CONTEXT_1910", "ImageName"): 0x80,
    ("MP_PROCESS_CONTEXT_1910", "Protection"): 0xB8, ("MP_PROCESS_CONTEXT_20H1", "FileNameInformation"): 0xC0,
    ("MP_PROCESS_CONTEXT_25080", "KnownProcessType"): 0xF0, ("MP_PROCESS_CONTEXT_25080", "SessionId"): 0x100,
    ("MP_PROCESS_CONTEXT_25080", "State"): 0x120, ("MP_PROCESS_CONTEXT_25080", "InfoApplications"): 0x128,
    ("MP_PROCESS_TABLE", "Buckets"): 0x180, ("MP_PROCESS_TABLE", "TrustedCount"): 0x1A4,
    ("MP_PROCESS_TABLE", "UntrustedCount"): 0x1A8, ("MP_DOC_OPEN_RULES", "RuleLookaside"): 0x80,
    ("MP_DOC_OPEN_RULE", "ProcessName"): 0x10, ("MP_DOC_OPEN_RULE", "Extensions"): 0x220,
    ("MP_PROCESS_CONTEXT_LIST_ENTRY", "Context"): 0x10, ("WD_PS_NOTIFY_INFO_25080", "Rules2Bit10"): 0x1E,
}
MAGICS = {"MP_PROCESS_CONTEXT_1910": 0x00C0DA0F, "MP_PROCESS_CONTEXT_20H1": 0x00C8DA0F,
          "MP_PROCESS_CONTEXT_25080": 0x0130DA0F, "MP_PROCESS_CONTEXT_LIST_ENTRY": 0x0018DA17,
          "MP_PROCESS_TABLE": 0x01C0DA13, "MP_DOC_OPEN_RULES": 0x0100DA14, "MP_DOC_OPEN_RULE": 0x0228DA15}
COMPILERS = (("gcc", "-std=c11"), ("g++", "-std=c++17", "-xc++"), ("clang-14", "-std=c11"),
             ("clang++-14", "-std=c++17", "-xc++"), ("x86_64-w64-mingw32-gcc", "-std=c11"))


def layouts(form: str) -> str:
    done = wdscope("layouts", "--format", form)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Layouts(Story):
    @classmethod
    def setUpClass(cls) -> None:
        cls.structures = {entry["name"]: entry for entry in json.loads(layouts("json"))["structures"]}
        cls.offsets = {(name, field["name"]): field["offset"]
                       for name, entry in cls.structures.items() for field in entry["fields"]}

    def test_the_catalogue_is_what_was_published(self):
        for place, offset in PUBLISHED.items():
            self.assertEqual(self.offsets[place], offset, place)
        magics = {name: int(entry["magic"], 16) for name, entry in self.structures.items() if entry["magic"]}
        self.assertEqual(magics, MAGICS)

    def test_every_field_has_a_source_and_a_confidence(self):
        for name, entry in self.structures.items():
            for field in entry["fields"]:
                self.assertRegex(field["source"], r"^[SNADI]+$", (name, field))
                self.assertIn(field["confidence"], ("agreed", "single", "inferred", "assumed"))
                self.assertEqual(field["confidence"] == "agreed", len(field["source"]) > 1, (name, field))

    def test_the_table_is_the_default_and_has_every_field(self):
        table = layouts("table")
        self.assertEqual(wdscope("layouts").stdout, table)
        for (_, field), offset in self.offsets.items():
            self.assertRegex(table, rf"(?m)^{offset:#06x} .* {field} ")

    def test_every_compiler_agrees_with_the_catalogue(self):
        (self.folder / "wdfilter.h").write_text(layouts("c"), encoding="utf-8")
        # The numbers end up in the object file: a cross compiler's program need not run here.
        numbers = [len(self.offsets)]
        lines = ['#include "wdfilter.h"', f"const uint32_t numbers[] = {{0x57445343u, {len(self.offsets)}"]
        for (name, field), offset in self.offsets.items():
            lines.append(f", offsetof({name}, {field}), sizeof((({name}*)0)->{field})")
            size = next(one["size"] for one in self.structures[name]["fields"] if one["name"] == field)
            numbers += [offset, size]
        for name, entry in self.structures.items():
            lines.append(f", sizeof({name})")
            numbers.append(entry["size"])
        lines.append("};\nconst uint32_t* get(void);\nconst uint32_t* get(void) { return numbers; }\n")
        (self.folder / "numbers.c").write_text("\n".join(lines), encoding="utf-8")
        wanted = struct.pack(f"<{len(numbers) + 1}I", 0x57445343, *numbers)
        for compiler, *options in COMPILERS:
            built = subprocess.run([compiler, *options, "-Wall", "-Wextra", "-Werror", "-c", "numbers.c", "-o", "out.o"],
                                   cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
            self.assertEqual(built.returncode, 0, built.stderr)
            self.assertIn(wanted, (self.folder / "out.o").read_bytes(), compiler)

    def test_natvis_is_well_formed_and_names_fields_that_are_there(self):
        root = ElementTree.fromstring(layouts("natvis").encode())
        self.assertEqual(root.tag, NATVIS + "AutoVisualizer")
        types = {entry.get("Name"): entry for entry in root}
        self.assertEqual(set(types), set(self.structures))
        for name, entry in types.items():
            self.assertEqual(entry.tag, NATVIS + "Type")
            self.assertEqual({part.tag for part in entry} - {NATVIS + "DisplayString", NATVIS + "Expand"}, set())
            strings = entry.findall(NATVIS + "DisplayString")
            self.assertTrue(strings)
            self.assertNotIn("Condition", strings[-1].attrib, "the last one always holds")
            items = entry.find(NATVIS + "Expand")
            for item in items:
                self.assertEqual(item.tag, NATVIS + "Item")
                self.assertIn((name, item.get("Name")), self.offsets)
                self.assertRegex(item.text, rf"^(\(nt!_UNICODE_STRING\*\))?{item.get('Name')}(,x)?$")
            fields = {one["name"] for one in self.structures[name]["fields"] if one["type"] != "padding"}
            self.assertEqual({item.get("Name") for item in items}, fields)
            for text in strings:
                for used in re.findall(r"\{(\w+)", text.text):
                    self.assertIn((name, used), self.offsets)

    def check_isf_type(self, kind: dict, isf: dict) -> int:
        """The size of a type that obeys schema 6.2.0; foreign structures by their own."""
        foreign = {"nt_symbols!_UNICODE_STRING": 16, "nt_symbols!_LIST_ENTRY": 16}
        if kind["kind"] == "base":
            self.assertEqual(set(kind), {"kind", "name"})
            return isf["base_types"][kind["name"]]["size"]
        if kind["kind"] == "pointer":
            self.assertEqual(set(kind), {"kind", "subtype"})
            self.check_isf_type(kind["subtype"], isf)
            return isf["base_types"]["pointer"]["size"]
        if kind["kind"] == "array":
            self.assertEqual(set(kind), {"kind", "count", "subtype"})
            return kind["count"] * self.check_isf_type(kind["subtype"], isf)
        if kind["kind"] == "enum":
            return isf["enums"][kind["name"]]["size"]
        self.assertEqual(kind["kind"], "struct")
        return foreign[kind["name"]] if "!" in kind["name"] else isf["user_types"][kind["name"]]["size"]

    def test_isf_obeys_the_schema_and_agrees_with_the_catalogue(self):
        isf = json.loads(layouts("isf"))
        self.assertEqual(set(isf), {"metadata", "base_types", "user_types", "enums", "symbols"})
        self.assertEqual(isf["metadata"]["format"], "6.2.0")
        self.assertRegex(isf["metadata"]["producer"]["version"], r"^\d+\.\d+\.\d+$")
        self.assertEqual(isf["symbols"], {})
        for base in isf["base_types"].values():
            self.assertEqual(set(base), {"size", "signed", "kind", "endian"})
            self.assertIn(base["kind"], ("void", "int", "float", "char", "bool"))
            self.assertEqual(base["endian"], "little")
        for enum in isf["enums"].values():
            self.assertEqual(set(enum), {"size", "base", "constants"})
            self.assertIn(enum["base"], isf["base_types"])
        self.assertEqual(set(isf["user_types"]), set(self.structures))
        for name, entry in isf["user_types"].items():
            self.assertEqual(set(entry), {"kind", "size", "fields"})
            self.assertEqual((entry["kind"], entry["size"]), ("struct", self.structures[name]["size"]))
            told = {field["name"]: (field["offset"], field["size"]) for field in self.structures[name]["fields"]}
            found = {}
            for field, place in entry["fields"].items():
                self.assertEqual(set(place), {"type", "offset"})
                found[field] = (place["offset"], self.check_isf_type(place["type"], isf))
            self.assertEqual(found, told)

    def memory(self) -> tuple[dict[str, str], int]:
        """A process table with one context of each layout and one of nobody's."""
        table, buckets, first = 0xFFFF800000001000, 0xFFFF800000002000, 0xFFFF800000010000
        parts: dict[int, bytes] = {}
        heads = [buckets + 16 * index for index in range(128)]
        links = {head: [] for head in heads}
        for index, name in enumerate(("MP_PROCESS_CONTEXT_1910", "MP_PROCESS_CONTEXT_20H1", "MP_PROCESS_CONTEXT_25080",
                                      None)):
            address, pid = first + 0x1000 * index, 400 + 4 * index
            body = bytearray(0x130)
            struct.pack_into("<I", body, 0, MAGICS[name] if name else 0x0140DA0F)
            where = name or "MP_PROCESS_CONTEXT_25080"
            struct.pack_into("<Q", body, self.offsets[where, "ProcessId"], pid)
            struct.pack_into("<I", body, self.offsets[where, "ProcessFlags"], 0x40 if index == 1 else 1)
            text = f"image{index}".encode("utf-16le")
            struct.pack_into("<Q", body, self.offsets[where, "ImageName"], address + 0x200)
            parts[address + 0x200] = struct.pack("<HHIQ", len(text), len(text), 0, address + 0x300)
            parts[address + 0x300] = text
            parts[address] = body
            links[heads[(pid >> 2) & 0x7F]].append(address)
        for head, contexts in links.items():
            chain = [head] + [context + 8 for context in contexts]
            for place, following in zip(chain, chain[1:] + chain[:1]):
                if place == head:
                    parts[place] = struct.pack("<QQ", following, following)
                else:
                    struct.pack_into("<Q", parts[place - 8], 8, following)
        body = bytearray(0x1C0)
        struct.pack_into("<I", body, 0, MAGICS["MP_PROCESS_TABLE"])
        struct.pack_into("<Q", body, self.offsets["MP_PROCESS_TABLE", "Buckets"], buckets)
        struct.pack_into("<I", body, self.offsets["MP_PROCESS_TABLE", "TrustedCount"], 1)
        parts[table] = body
        return {str(address): bytes(content).hex() for address, content in parts.items()}, table

    @unittest.skipUnless(shutil.which("node"), "runs where node is")
    def test_the_windbg_script_lists_the_contexts_of_a_table(self):
        script, memory = self.folder / "wdps.js", self.folder / "memory.json"
        script.write_text(layouts("windbg"), encoding="utf-8")
        content, table = self.memory()
        memory.write_text(json.dumps(content), encoding="utf-8")

        def listed(address: int) -> str:
            done = subprocess.run(["node", str(ROOT / "tests/cli/wdps_host.js"), str(script), str(memory), str(address)],
                                  capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout

        out = listed(table)
        self.assertIn("pid 400  untrusted  flags 0x1  image0", out)
        self.assertIn("pid 404  trusted    flags 0x40  image1", out)
        self.assertIn("pid 408  untrusted  flags 0x1  image2", out)
        self.assertIn("unknown magic 0x140da0f", out)
        self.assertIn("4 process contexts; 1 trusted", out)
        self.assertIn("no MP_PROCESS_TABLE there", listed(int(next(iter(content)))))

    def test_the_page_is_up_to_date(self):
        made = page(json.loads(layouts("json")))
        self.assertEqual((ROOT / "docs/layouts.md").read_text(encoding="utf-8"), made,
                         "wdscope layouts --format json | python3 tests/cli/layouts_page.py > docs/layouts.md")

    def test_an_unknown_format_is_2(self):
        self.assert_says(wdscope("layouts", "--format", "yaml"), 2, "yaml")


if __name__ == "__main__":
    unittest.main()
