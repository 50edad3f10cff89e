# SPDX-License-Identifier: MIT
"""What the house checks share: the rooms of rooms.txt, the files of the tree, and how a finding is reported."""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

SKIPPED_FOLDERS = {".git", "out", "__pycache__", ".cache"}
SOURCE_SUFFIXES = {".h", ".cpp", ".c", ".S"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


@dataclass(frozen=True)
class Room:
    name: str
    folder: str
    language: str
    may_include: tuple[str, ...]
    tests_may_include: tuple[str, ...]

    def sees(self) -> tuple[str, ...]:
        return (self.name, *self.may_include)

    def seen_by(self, path: Path) -> tuple[str, ...]:
        """The rooms that this file of the room may include."""
        return (*self.sees(), *self.tests_may_include) if path.stem.endswith("_test") else self.sees()


def read_rooms(table: Path) -> dict[str, Room]:
    rooms = {}
    for line in table.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, folder, language, *lists = line.split()
        arrows, tests = (() if text == "-" else tuple(text.split(",")) for text in lists)
        rooms[name] = Room(name, folder, language, arrows, tests)
    for room in rooms.values():
        for other in (*room.may_include, *room.tests_may_include):
            if other not in rooms:
                raise ValueError(f"{table}: {room.name} names the unknown room {other}")
    return rooms


def room_of(path: Path, rooms: dict[str, Room]) -> Room | None:
    """`path` is relative to the root of the tree."""
    text = path.as_posix()
    owners = [room for room in rooms.values() if text.startswith(room.folder + "/")]
    return max(owners, key=lambda room: len(room.folder), default=None)


def files(root: Path) -> list[Path]:
    """Every file of the tree, relative to `root`, without build output."""
    found = []
    for folder, names, leaves in os.walk(root):
        names[:] = sorted(name for name in names if name not in SKIPPED_FOLDERS)
        found += [Path(folder, leaf).relative_to(root) for leaf in sorted(leaves)]
    return found


def sources(root: Path, rooms: dict[str, Room]) -> list[tuple[Path, Room]]:
    placed = [(path, room_of(path, rooms)) for path in files(root) if path.suffix in SOURCE_SUFFIXES]
    return [(path, room) for path, room in placed if room is not None]


def conclude(check: str, findings: list[str], examined: int) -> int:
    """Prints the findings; the exit code of the check. Nothing to examine is a finding too."""
    if examined == 0:
        findings = ["nothing was examined"]
    for finding in findings:
        print(finding)
    print(f"{check}: {examined} examined, {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0
