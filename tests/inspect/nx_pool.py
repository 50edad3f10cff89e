# SPDX-License-Identifier: MIT
"""nx_pool.py FOLDER: no driver source below FOLDER asks for pool that can be executed, which memory integrity refuses."""

import re
import sys
from pathlib import Path

EXECUTABLE_POOL = re.compile(r"\b(NonPagedPool|NonPagedPoolExecute|NonPagedPoolMustSucceed|NonPagedPoolSession"
                             r"|NonPagedPoolCacheAligned|POOL_FLAG_NON_PAGED_EXECUTE|ExAllocatePool|MmAllocateNonCachedMemory)\b")


def findings(text: str) -> list[tuple[int, str]]:
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        found += [(number, match.group(1)) for match in EXECUTABLE_POOL.finditer(line.split("//")[0])]
    return found


def main(folder: Path) -> int:
    if findings("ExAllocatePoolWithTag(NonPagedPool, 8, tag); // NonPagedPool") != [(1, "NonPagedPool")]:
        print("the check finds nothing")
        return 1
    sources = [path for path in sorted(folder.rglob("*")) if path.suffix in (".cpp", ".h")]
    failed = not sources
    for path in sources:
        for number, word in findings(path.read_text(encoding="utf-8")):
            print(f"{path}:{number}: {word} is executable: use kit/pool.h")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
