# SPDX-License-Identifier: MIT
"""check_headers.py ROOT LANGUAGE GATES COMPILER FLAG...: compiles each header of the rooms of LANGUAGE (user, kernel) by
itself, twice over, seeing only the rooms it may include. GATES holds one folder a room (see cmake/Rooms.cmake)."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import house


def include_name(path: Path, room: house.Room) -> str:
    return f"{room.name}/{path.relative_to(room.folder).as_posix()}"


def compile_alone(root: Path, path: Path, room: house.Room, gates: Path, command: list[str]) -> list[str]:
    findings = []
    if "#pragma once" not in (root / path).read_text():
        findings.append(f"{path}: no #pragma once")
    include = f'#include "{include_name(path, room)}"\n'
    seen = [f"-I{gates / name}" for name in room.sees()]
    result = subprocess.run([*command, *seen, "-fsyntax-only", "-x", "c++", "-"], input=include + include, text=True,
                            capture_output=True, check=False)
    if result.returncode != 0:
        findings.append(f"{path} does not compile alone:\n{result.stderr}")
    return findings


def headers(root: Path, rooms: dict[str, house.Room], language: str) -> list[tuple[Path, house.Room]]:
    # The contracts in abi are for both sides and have to compile as either.
    return [(path, room) for path, room in house.sources(root, rooms)
            if path.suffix == ".h" and (room.language == language or room.name == "abi")]


def check(root: Path, table: Path, language: str, gates: Path, command: list[str]) -> tuple[list[str], int]:
    found = headers(root, house.read_rooms(table), language)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda header: compile_alone(root, *header, gates, command), found)
        return [finding for findings in results for finding in findings], len(found)


if __name__ == "__main__":
    tree, spoken = Path(sys.argv[1]), sys.argv[2]
    sys.exit(house.conclude(f"{spoken} headers",
                            *check(tree, tree / "tests/house/rooms.txt", spoken, Path(sys.argv[3]), sys.argv[4:])))
