# SPDX-License-Identifier: MIT
"""check_includes.py ROOT: every include is "room/file.h", follows an arrow of rooms.txt and names a file that exists; a
source file includes its own header first; kernel code uses only what of the standard library needs no run time."""

import sys
from pathlib import Path

import house

WITHOUT_RUN_TIME = {
    "cstddef", "cstdint", "climits", "limits", "type_traits", "concepts", "compare", "new", "initializer_list",
    "bit", "version", "utility", "atomic", "array", "span", "algorithm", "stddef.h", "stdint.h", "stdarg.h",
}
DDK = {"ntifs.h", "ntddk.h", "wdm.h"}


def header_of(include: str, rooms: dict[str, house.Room]) -> tuple[house.Room, Path] | None:
    name, _, rest = include.partition("/")
    if name not in rooms or not rest:
        return None
    room = rooms[name]
    return room, Path(room.folder, rest)


def neighbour_of(include: str, path: Path, room: house.Room, root: Path) -> Path | None:
    """The file of the same folder that a story's include means: by its name alone, or behind the folder's own name."""
    if room.language != "story":
        return None
    name = Path(include).name
    near = path.parent / name
    return near if (root / near).is_file() and len(Path(include).parts) <= 2 else None


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
            if room.language == "kernel" and include not in WITHOUT_RUN_TIME and include not in DDK:
                findings.append(f"{where}kernel code includes <{include}>, which needs a run time")
            continue
        quoted.append(include)
        neighbour = neighbour_of(include, path, room, root)
        if neighbour is not None:
            quoted[-1] = neighbour
            continue
        target = header_of(include, rooms)
        if target is None:
            findings.append(f'{where}"{include}" does not begin with a room')
            continue
        other, header = target
        # A room inside another's folder may be reached through either name.
        owner = house.room_of(header, rooms) or other
        seen = room.seen_by(path)
        if other.name not in seen or owner.name not in seen:
            findings.append(f"{where}no arrow from {room.name} to {owner.name}")
        elif not (root / header).is_file():
            findings.append(f"{where}{header} does not exist")
    own = path.with_suffix(".h")
    if path.suffix == ".cpp" and (root / own).is_file():
        first = quoted[0] if quoted else None
        if first != own and first != f"{room.name}/{own.relative_to(room.folder).as_posix()}":
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
