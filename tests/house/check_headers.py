# SPDX-License-Identifier: MIT
"""check_headers.py ROOT LANGUAGE COMPILER FLAG...: compiles each header of the rooms of LANGUAGE (user, kernel) by itself,
twice over, seeing only the rooms it may include. A header with a source of its own is left out: check_includes.py
sees to it that the source includes it first, so a build file by file (preset dev) compiles it alone."""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import house


def make_gates(root: Path, rooms: dict[str, house.Room], gates: Path) -> None:
    """One folder a room, holding nothing but a link to the room's own folder: what cmake/Rooms.cmake exports."""
    for room in rooms.values():
        (gates / room.name).mkdir()
        (gates / room.name / room.name).symlink_to((root / room.folder).resolve())


def include_name(path: Path, room: house.Room) -> str:
    return f"{room.name}/{path.relative_to(room.folder).as_posix()}"


def compile_alone(path: Path, room: house.Room, gates: Path, command: list[str]) -> list[str]:
    include = f'#include "{include_name(path, room)}"\n'
    seen = [f"-I{gates / name}" for name in room.sees()]
    result = subprocess.run([*command, *seen, "-fsyntax-only", "-x", "c++", "-"], input=include + include, text=True,
                            capture_output=True, check=False)
    return [f"{path} does not compile alone:\n{result.stderr}"] if result.returncode != 0 else []


def headers(root: Path, rooms: dict[str, house.Room], language: str) -> list[tuple[Path, house.Room]]:
    # The contracts in abi are for both sides and have to compile as either.
    return [(path, room) for path, room in house.sources(root, rooms)
            if path.suffix == ".h" and (room.language == language or room.name == "abi")
            and not (root / path.with_suffix(".cpp")).exists()]


def check(root: Path, table: Path, language: str, command: list[str]) -> tuple[list[str], int]:
    rooms = house.read_rooms(table)
    found = headers(root, rooms, language)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        make_gates(root, rooms, Path(folder))
        results = pool.map(lambda header: compile_alone(*header, Path(folder), command), found)
        return [finding for findings in results for finding in findings], len(found)


if __name__ == "__main__":
    tree, spoken = Path(sys.argv[1]), sys.argv[2]
    sys.exit(house.conclude(f"{spoken} headers",
                            *check(tree, tree / "tests/house/rooms.txt", spoken, sys.argv[3:])))
