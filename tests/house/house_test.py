# SPDX-License-Identifier: MIT
"""The house checks find what they are for, in small trees made for the purpose."""

import sys
import tempfile
import unittest
from pathlib import Path

import check_docs
import check_headers
import check_includes
import check_text
import house

ROOMS = """
abi   abi        user   -    -
kit   driver/kit kernel abi  -
host  host       user   -    test
test  host/test  story  kit  -
event user/event user   abi  -
"""


class Tree(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name)
        self.table = self.root / "rooms.txt"
        self.table.write_text(ROOMS)

    def write(self, name: str, text: str):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


class IncludeArrows(Tree):
    def findings(self):
        return check_includes.check(self.root, self.table)[0]

    def test_an_allowed_include_is_no_finding(self):
        self.write("abi/record.h", "")
        self.write("user/event/event.cpp", '#include "abi/record.h"\n#include <vector>\n')
        self.assertEqual(self.findings(), [])

    def test_an_include_against_the_arrows_is_found(self):
        self.write("host/machine.h", "")
        self.write("user/event/event.cpp", '#include "host/machine.h"\n')
        self.assertIn("no arrow from event to host", self.findings()[0])

    def test_a_room_inside_another_is_not_reached_through_it(self):
        self.write("host/test/probe.h", "")
        self.write("host/machine.cpp", '#include "host/test/probe.h"\n')
        self.assertIn("no arrow from host to test", self.findings()[0])

    def test_a_unit_test_may_see_more_than_its_room(self):
        self.write("host/test/probe.h", "")
        self.write("host/machine_test.cpp", '#include "host/test/probe.h"\n')
        self.assertEqual(self.findings(), [])

    def test_a_story_includes_its_neighbours_by_name(self):
        self.write("host/test/probe.h", "")
        self.write("host/test/probe.cpp", '#include "probe.h"\n')
        self.assertEqual(self.findings(), [])

    def test_a_relative_include_is_found(self):
        self.write("host/machine.cpp", '#include "../abi/record.h"\n')
        self.assertIn("does not begin with a room", self.findings()[0])

    def test_an_include_of_nothing_is_found(self):
        self.write("host/machine.cpp", '#include "host/gone.h"\n')
        self.assertIn("does not exist", self.findings()[0])

    def test_the_own_header_comes_first(self):
        self.write("host/a.h", "")
        self.write("host/b.h", "")
        self.write("host/a.cpp", '#include "host/b.h"\n#include "host/a.h"\n')
        self.assertIn("its own header is not the first", self.findings()[0])

    def test_kernel_code_may_not_use_hosted_headers(self):
        self.write("driver/kit/ring.h", "#include <vector>\n#include <cstdint>\n")
        self.assertEqual(len(self.findings()), 1)
        self.assertIn("needs a run time", self.findings()[0])


class Headers(Tree):
    def findings(self):
        return check_headers.check(self.root, self.table, "user", ["g++", "-std=gnu++20"])[0]

    def test_a_self_contained_header_is_no_finding(self):
        self.write("host/a.h", "#pragma once\n#include <string>\nstruct A { std::string name; };\n")
        self.assertEqual(self.findings(), [])

    def test_a_header_that_leans_on_its_includer_is_found(self):
        self.write("host/a.h", "#pragma once\nstruct A { std::string name; };\n")
        self.assertIn("does not compile alone", self.findings()[0])

    def test_a_header_that_can_be_included_twice_is_found(self):
        self.write("host/a.h", "struct A {};\n")
        self.assertIn("does not compile alone", self.findings()[0])

    def test_a_header_with_a_source_is_left_to_the_build(self):
        self.write("host/a.h", "#pragma once\nstruct A {};\n")
        self.write("host/b.h", "#pragma once\nstruct B { std::string name; };\n")
        self.write("host/b.cpp", '#include "host/b.h"\n')
        self.assertEqual(self.findings(), [])


class Text(unittest.TestCase):
    LICENCE = "// SPDX-License-Identifier: MIT\n"

    def findings(self, text: str, name: str = "host/a.cpp"):
        return check_text.check_file(Path(name), text)

    def test_a_clean_file_is_no_finding(self):
        self.assertEqual(self.findings(self.LICENCE + "int a;\n"), [])

    def test_a_missing_licence_is_found(self):
        self.assertIn("no licence line", self.findings("int a;\n")[0])

    def test_a_header_without_a_guard_is_found(self):
        self.assertIn("no #pragma once", self.findings(self.LICENCE + "int a;\n", "host/a.h")[0])

    def test_unfinished_work_is_found(self):
        for word in check_text.UNFINISHED:
            self.assertIn("unfinished work", self.findings(self.LICENCE + f"// {word} later\n")[0])

    def test_white_space_at_the_end_is_found(self):
        self.assertIn("white space", self.findings(self.LICENCE + "int a; \n")[0])

    def test_a_file_without_a_last_newline_is_found(self):
        self.assertIn("no newline", self.findings(self.LICENCE + "int a;")[0])


class Documents(Tree):
    def findings(self, page: str):
        self.write("docs/page.md", page)
        text = (self.root / "docs/page.md").read_text()
        return (check_docs.check_links(self.root, Path("docs/page.md"), text)
                + check_docs.check_commands(Path("docs/page.md"), text, {"test"}, {"dev"}))

    def test_a_good_page_is_no_finding(self):
        self.write("docs/other.md", "# The way, of one event\n")
        self.assertEqual(self.findings("[a](other.md#the-way-of-one-event) and `make test`, `--preset dev`\n"), [])

    def test_a_dead_link_is_found(self):
        self.assertIn("leads nowhere", self.findings("[a](gone.md)\n")[0])

    def test_a_link_to_a_missing_heading_is_found(self):
        self.assertIn("no heading", self.findings("# Here\n[a](#there)\n")[0])

    def test_a_command_that_is_not_in_the_makefile_is_found(self):
        self.assertIn("no target play", self.findings("Type `make play`.\n")[0])

    def test_a_preset_that_does_not_exist_is_found(self):
        self.assertIn("no preset fast", self.findings("cmake --preset fast\n")[0])

    def map_findings(self, row: str):
        self.write("driver/table.cpp", "void MpInsert() {}\n")
        self.write("tests/table_test.cpp", "TEST(Table, Inserts) {}\n")
        table = f"| Name | File | Test |\n|---|---|---|\n{row}\n"
        return check_docs.check_map(self.root, Path("page.md"), table, house.files(self.root))

    def test_a_true_table_of_names_files_and_tests_is_no_finding(self):
        self.assertEqual(self.map_findings("| a `MpInsert` | `table.cpp` | `tests/table_test.cpp` `Inserts` |"), [])

    def test_a_file_that_is_not_there_is_found(self):
        self.assertIn("no file able.cpp", self.map_findings("| | `able.cpp` | |")[0])

    def test_a_name_that_its_file_lacks_is_found(self):
        self.assertIn("MpDelete is not in", self.map_findings("| `MpDelete` | `table.cpp` | |")[0])

    def test_a_test_that_its_file_lacks_is_found(self):
        self.assertIn("Deletes is not in", self.map_findings("| | `table.cpp` | `table_test.cpp` `Deletes` |")[0])


class Conclusion(unittest.TestCase):
    def test_nothing_examined_fails(self):
        self.assertEqual(house.conclude("nothing", [], 0), 1)


if __name__ == "__main__":
    sys.exit(unittest.main())
