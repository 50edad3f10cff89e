# SPDX-License-Identifier: MIT
"""check_includes.py ROOT: every include is "room/file.h", follows an arrow of rooms.txt and names a file that exists; a
source file includes its own header first; kernel code uses only the freestanding part of the standard library."""

import sys
from pathlib import Path

import house

FREESTANDING = {
    "cstddef", "cstdint", "climits", "limits", "type_traits", "concepts", "compare", "new", "initializer_list",
    "bit", "version", "utility", "atomic", "array", "span", "stddef.h", "stdint.h", "stdarg.h",
}
DDK = {"ntifs.h", "ntddk.h", "wdm.h"}


def header_of(include: str, rooms: dict[str, house.Room]) -> tuple[house.Room, Path] | None:
    name, _, rest = include.partition("/")
    if name not in rooms or not rest:
        return None
    room = rooms[name]
    return room, Path(room.folder, rest)


def check_file(root: Path, path: Path, room: house.Room, rooms: dict[str, house.Room]) -> list[str]:
    findings = []
    quoted = []
    for number, line in enumerate((root / path).read_text().splitlines(), start=1):
        match = house.INCLUDE.match(line)
        if match is None:
            continue
        kind, include = match.groups()
        where = f"{path}:{number}: "
        if kind == "<":
            if room.language == "kernel" and include not in FREESTANDING and include not in DDK:
                findings.append(f"{where}kernel code includes <{include}>, which is not freestanding")
            continue
        quoted.append(include)
        target = header_of(include, rooms)
        if target is None:
            findings.append(f'{where}"{include}" does not begin with a room')
            continue
        other, header = target
        # A room inside another's folder may be reached through either name.
        owner = house.room_of(header, rooms) or other
        if other.name not in room.sees() or owner.name not in room.sees():
            findings.append(f"{where}no arrow from {room.name} to {owner.name}")
        elif not (root / header).is_file():
            findings.append(f"{where}{header} does not exist")
    own = path.with_suffix(".h")
    if path.suffix == ".cpp" and (root / own).is_file():
        first = header_of(quoted[0], rooms) if quoted else None
        if first is None or first[1] != own:
            findings.append(f"{path}: its own header is not the first include")
    return findings


def check(root: Path, table: Path) -> tuple[list[str], int]:
    rooms = house.read_rooms(table)
    placed = house.sources(root, rooms)
    findings = []
    for path, room in placed:
        findings += check_file(root, path, room, rooms)
    return findings, len(placed)


if __name__ == "__main__":
    tree = Path(sys.argv[1])
    sys.exit(house.conclude("include arrows", *check(tree, tree / "tests/house/rooms.txt")))
