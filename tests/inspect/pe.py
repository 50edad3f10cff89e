# SPDX-License-Identifier: MIT
"""A small reader of PE32+ images, for inspection. Every malformed place raises Malformed with the offset."""

import struct
from dataclasses import dataclass
from functools import cached_property

DIRECTORY_NAMES = ["export", "import", "resource", "exception", "security", "relocation", "debug", "architecture",
                   "global pointer", "thread storage", "load configuration", "bound import", "import address",
                   "delay import", "runtime header", "reserved"]

RELOCATIONS_STRIPPED = 0x0001
EXECUTABLE_IMAGE = 0x0002

HIGH_ENTROPY_VA = 0x0020
DYNAMIC_BASE = 0x0040
FORCE_INTEGRITY = 0x0080
NX_COMPATIBLE = 0x0100

SECTION_CODE = 0x00000020
SECTION_DISCARDABLE = 0x02000000
SECTION_SHARED = 0x10000000
SECTION_EXECUTE = 0x20000000
SECTION_READ = 0x40000000
SECTION_WRITE = 0x80000000

RELOCATION_ABSOLUTE = 0
RELOCATION_DIR64 = 10

RESOURCE_VERSION = 16
FIXED_FILE_INFO_SIGNATURE = 0xFEEF04BD


class Malformed(Exception):
    pass


@dataclass(frozen=True)
class Section:
    name: str
    address: int  # RVA
    size: int  # in memory
    file_offset: int
    file_size: int
    flags: int

    def contains(self, rva: int) -> bool:
        return self.address <= rva < self.address + max(self.size, self.file_size)


@dataclass(frozen=True)
class RuntimeFunction:
    begin: int
    end: int
    unwind: int


@dataclass(frozen=True)
class FixedFileInfo:
    file_version: tuple[int, int, int, int]
    file_type: int


class Image:
    def __init__(self, data: bytes):
        self.data = data
        if data[:2] != b"MZ":
            raise Malformed("no MZ header")
        self.header = self.u32(0x3C)
        if self.read(self.header, 4) != b"PE\0\0":
            raise Malformed(f"no PE signature at {self.header:#x}")
        (self.machine, self.section_count, self.timestamp, self.symbol_offset, self.symbol_count, optional_size,
         self.characteristics) = struct.unpack("<HHIIIHH", self.read(self.header + 4, 20))
        self.optional = self.header + 24
        self.magic = self.u16(self.optional)
        if self.magic != 0x20B:
            raise Malformed(f"optional header magic {self.magic:#x} is not PE32+")
        self.entry_point = self.u32(self.optional + 16)
        self.image_base = self.u64(self.optional + 24)
        self.section_alignment, self.file_alignment = struct.unpack("<II", self.read(self.optional + 32, 8))
        self.os_version = (self.u16(self.optional + 40), self.u16(self.optional + 42))
        self.subsystem_version = (self.u16(self.optional + 48), self.u16(self.optional + 50))
        self.image_size, self.headers_size, self.checksum = struct.unpack("<III", self.read(self.optional + 56, 12))
        self.subsystem, self.dll_characteristics = struct.unpack("<HH", self.read(self.optional + 68, 4))
        directory_count = self.u32(self.optional + 108)
        self.directories = {}
        for index in range(min(directory_count, 16)):
            address, size = struct.unpack("<II", self.read(self.optional + 112 + 8 * index, 8))
            if size:
                self.directories[DIRECTORY_NAMES[index]] = (address, size)
        table = self.optional + optional_size
        self.sections = [self._section(table + 40 * index) for index in range(self.section_count)]

    def read(self, offset: int, size: int) -> bytes:
        if offset < 0 or offset + size > len(self.data):
            raise Malformed(f"{size} bytes at {offset:#x} lie behind the end of the file")
        return self.data[offset:offset + size]

    def u16(self, offset: int) -> int:
        return struct.unpack("<H", self.read(offset, 2))[0]

    def u32(self, offset: int) -> int:
        return struct.unpack("<I", self.read(offset, 4))[0]

    def u64(self, offset: int) -> int:
        return struct.unpack("<Q", self.read(offset, 8))[0]

    def _section(self, offset: int) -> Section:
        raw = self.read(offset, 8).rstrip(b"\0").decode("ascii")
        size, address, file_size, file_offset = struct.unpack("<IIII", self.read(offset + 8, 16))
        flags = self.u32(offset + 36)
        if raw.startswith("/"):
            raw = self.zero_terminated(self.symbol_offset + 18 * self.symbol_count + int(raw[1:]))
        self.read(file_offset, file_size)
        return Section(raw, address, size, file_offset, file_size, flags)

    def zero_terminated(self, offset: int) -> str:
        end = self.data.find(b"\0", offset)
        if end < 0:
            raise Malformed(f"no terminator behind {offset:#x}")
        return self.data[offset:end].decode("ascii")

    def section_at(self, rva: int) -> Section | None:
        return next((section for section in self.sections if section.contains(rva)), None)

    def offset_of(self, rva: int) -> int:
        section = self.section_at(rva)
        if section is None or rva - section.address >= section.file_size:
            raise Malformed(f"RVA {rva:#x} is not in the file")
        return section.file_offset + rva - section.address

    @cached_property
    def imports(self) -> list[tuple[str, str]]:
        """(module, routine); a routine imported by ordinal is "#ordinal"."""
        found = []
        address, _ = self.directories.get("import", (0, 0))
        while address:
            lookup, _, _, name, thunk = struct.unpack("<IIIII", self.read(self.offset_of(address), 20))
            if not name:
                break
            module = self.zero_terminated(self.offset_of(name)).lower()
            slot = self.offset_of(lookup or thunk)
            while value := self.u64(slot):
                routine = f"#{value & 0xFFFF}" if value >> 63 else self.zero_terminated(self.offset_of(value) + 2)
                found.append((module, routine))
                slot += 8
            address += 20
        return found

    @cached_property
    def functions(self) -> list[RuntimeFunction]:
        address, size = self.directories.get("exception", (0, 0))
        if not size:
            return []
        table = self.read(self.offset_of(address), size)
        return [RuntimeFunction(*struct.unpack_from("<III", table, at)) for at in range(0, size - size % 12, 12)]

    @cached_property
    def relocations(self) -> list[tuple[int, int]]:
        """(RVA, type), padding left out."""
        found = []
        address, size = self.directories.get("relocation", (0, 0))
        offset = self.offset_of(address) if size else 0
        end = offset + size
        while offset < end:
            page, block = struct.unpack("<II", self.read(offset, 8))
            if block < 8 or offset + block > end:
                raise Malformed(f"relocation block of {block} bytes at {offset:#x}")
            for at in range(offset + 8, offset + block, 2):
                entry = self.u16(at)
                if entry >> 12 != RELOCATION_ABSOLUTE:
                    found.append((page + (entry & 0xFFF), entry >> 12))
            offset += block
        return found

    @cached_property
    def symbols(self) -> dict[str, int]:
        """Defined symbols of the COFF table: name -> RVA."""
        found = {}
        strings = self.symbol_offset + 18 * self.symbol_count
        index = 0
        while index < self.symbol_count:
            raw = self.read(self.symbol_offset + 18 * index, 18)
            value, section, _, _, auxiliary = struct.unpack("<IhHBB", raw[8:])
            name = (self.zero_terminated(strings + struct.unpack("<I", raw[4:8])[0]) if raw[:4] == b"\0\0\0\0"
                    else raw[:8].rstrip(b"\0").decode("ascii"))
            if 0 < section <= len(self.sections):
                found[name] = self.sections[section - 1].address + value
            index += 1 + auxiliary
        return found

    @cached_property
    def version(self) -> FixedFileInfo | None:
        """The fixed part of the version resource, or None without one."""
        address, size = self.directories.get("resource", (0, 0))
        if not size:
            return None
        root = self.offset_of(address)
        leaf = self._resource_leaf(root)
        if leaf is None:
            return None
        data_rva, data_size = struct.unpack("<II", self.read(root + leaf, 8))
        blob = self.read(self.offset_of(data_rva), data_size)
        at = blob.find(struct.pack("<I", FIXED_FILE_INFO_SIGNATURE))
        if at < 0 or "VS_VERSION_INFO".encode("utf-16-le") not in blob or at + 52 > len(blob):
            raise Malformed("the version resource has no fixed part")
        high, low = struct.unpack_from("<II", blob, at + 8)
        file_type = struct.unpack_from("<I", blob, at + 36)[0]
        return FixedFileInfo((high >> 16, high & 0xFFFF, low >> 16, low & 0xFFFF), file_type)

    def _resource_leaf(self, root: int) -> int | None:
        """Offset from `root` of the data entry of the first version resource: type, name, language."""
        offset = 0
        for level in range(3):
            named, numbered = struct.unpack("<HH", self.read(root + offset + 12, 4))
            entries = [struct.unpack("<II", self.read(root + offset + 16 + 8 * index, 8))
                       for index in range(named + numbered)]
            if level == 0:
                entries = [entry for entry in entries if entry[0] == RESOURCE_VERSION]
            if not entries:
                return None
            offset = entries[0][1] & 0x7FFFFFFF
        return offset

    def computed_checksum(self) -> int:
        """As the kernel's loader computes it: 16-bit ones' complement sum without the field itself, plus the length."""
        at = self.optional + 64
        data = self.data[:at] + b"\0\0\0\0" + self.data[at + 4:]
        if len(data) % 2:
            data += b"\0"
        total = sum(struct.unpack(f"<{len(data) // 2}H", data))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        return total + len(self.data)
