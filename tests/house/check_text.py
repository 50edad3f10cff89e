# SPDX-License-Identifier: MIT
"""check_text.py ROOT: the licence line at the top, no unfinished work, clean white space. Files above 400 lines are
named, and are no finding: some questions are long."""

import re
import sys
from pathlib import Path

import house

CODE = {".h", ".cpp", ".c", ".S", ".py", ".sh", ".cmake", ".def", ".rc"}
CODE_NAMES = {"CMakeLists.txt", "Makefile", "run"}
TEXT = CODE | {".md", ".txt", ".json", ".toml"}
LICENCE = "SPDX-License-Identifier: MIT"
AIM_LINES = 400

# Written apart, so that this file does not find itself.
UNFINISHED = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK", "not " + "implemented", "unimplem" + "ented",
              "place" + "holder", "for " + "now", "stub" + "bed", "work " + "in progress"]
UNFINISHED_WORD = re.compile(r"\b(" + "|".join(map(re.escape, UNFINISHED)) + r")\b")


def check_file(path: Path, text: str) -> list[str]:
    findings = []
    lines = text.split("\n")
    if path.suffix in CODE or path.name in CODE_NAMES:
        if not any(LICENCE in line for line in lines[:2]):
            findings.append(f"{path}:1: no licence line")
    if path.suffix == ".h" and "\n#pragma once\n" not in text:
        findings.append(f"{path}: no #pragma once")
    if "\r" in text:
        findings.append(f"{path}: carriage returns")
    if text and not text.endswith("\n"):
        findings.append(f"{path}: no newline at the end")
    for number, line in enumerate(lines, start=1):
        if line != line.rstrip():
            findings.append(f"{path}:{number}: white space at the end of the line")
        if "\t" in line and path.name != "Makefile":
            findings.append(f"{path}:{number}: a tab")
        unfinished = UNFINISHED_WORD.search(line)
        if unfinished:
            findings.append(f'{path}:{number}: unfinished work: "{unfinished.group(0)}"')
    return findings


def checked(path: Path) -> bool:
    if path.parts[0] == "fuzz" and "corpus" in path.parts:
        return False
    return path.suffix in TEXT or path.name in CODE_NAMES


def check(root: Path) -> tuple[list[str], int]:
    findings, examined = [], 0
    for path in filter(checked, house.files(root)):
        text = (root / path).read_text(encoding="utf-8")
        examined += 1
        findings += check_file(path, text)
        length = text.count("\n")
        if length > AIM_LINES and path.suffix in {".h", ".cpp"}:
            print(f"note: {path} has {length} lines, {AIM_LINES} is the aim", file=sys.stderr)
    return findings, examined


if __name__ == "__main__":
    sys.exit(house.conclude("text", *check(Path(sys.argv[1]))))
