# SPDX-License-Identifier: MIT
"""docs/layouts.md from the catalogue: wdscope layouts --format json | python3 tests/cli/layouts_page.py"""

import json
import sys

HEAD = """\
# Layouts

WdFilter's structures on x64, as published research knows them. **Nothing here was verified on a Windows machine.** This
page is made from the catalogue that the drivers and tools are compiled with (`abi/defender/layouts.h`); a test holds it
to `wdscope layouts`, whose other formats are a C header, NatVis, a Volatility 3 symbol table, a WinDbg script and JSON.

Sure: *agreed* by two or more independent sources, *single* source, *inferred* from sizes, alignment or a neighbour,
*assumed*. Source: S ExecutiveCallbackObjects (2019), N WdFilter-Research (1910), A wdfilter-research (25080), D public
listings of the build with message version 0xA5, I inferred.

What the observer reads is recognised by evidence, never by the version of Windows: [architecture.md](architecture.md).
"""


def page(catalogue: dict) -> str:
    parts = [HEAD]
    for structure in catalogue["structures"]:
        magic = f"magic {structure['magic']}" if structure["magic"] else "no magic"
        parts.append(f"\n## {structure['name']}\n\nBuilds: {structure['builds']}. {structure['size']:#x} bytes, {magic}; "
                     f"{structure['where']}.\n\n| Offset | Size | Field | Type | Sure | Source | Meaning |\n"
                     "|---|---|---|---|---|---|---|\n")
        for field in structure["fields"]:
            parts.append(f"| {field['offset']:#05x} | {field['size']:#x} | {field['name']} | {field['type']} | "
                         f"{field['confidence']} | {field['source']} | {field['meaning']} |\n")
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page(json.load(sys.stdin)))
