# SPDX-License-Identifier: MIT
"""inspect_sys.py VERSION ALLOWED FILE...: what a driver that ships has to be, read from the file itself. ALLOWED is
imports.txt; an import outside it is a finding, and so is a row that no driver imports."""

import re
import subprocess
import sys
from pathlib import Path

import pe

OBJDUMP = "x86_64-w64-mingw32-objdump"
MACHINE_X64 = 0x8664
SUBSYSTEM_NATIVE = 1
FILE_TYPE_DRIVER = 3
CERTIFICATE_PKCS = 2
PAGE_SIZE = 0x1000

WANTED_FLAGS = {pe.NX_COMPATIBLE: "NX", pe.DYNAMIC_BASE: "dynamic base", pe.FORCE_INTEGRITY: "force integrity",
                pe.HIGH_ENTROPY_VA: "high-entropy addresses"}
# A kernel driver has no use for these; each would be something that nobody put there on purpose.
UNWANTED_DIRECTORIES = ["export", "thread storage", "bound import", "delay import", "runtime header", "architecture",
                        "global pointer"]
DISCARDABLE = re.compile(r"^(INIT|\.reloc|\.debug_\w+)$")

# Machine state that the host cannot give a driver, and that no driver of ours has any business with.
FORBIDDEN_CODE = [
    (re.compile(r"%cr\d"), "a control register"),
    (re.compile(r"%(gs|fs):"), "a segment base"),
    (re.compile(r"0xfffff780"), "the shared user page"),
    (re.compile(r"\t(rdmsr|wrmsr|cli|sti|hlt|in|out|syscall|sysret|swapgs|lgdt|lidt|int)\b"),
     "a privileged instruction"),
]


def read_allowed(table: Path) -> dict[tuple[str, str], tuple[int, ...]]:
    allowed = {}
    for line in table.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            module, routine, first = line.split()
            allowed[(module, routine)] = tuple(int(part) for part in first.split("."))
    return allowed


def check_header(image: pe.Image) -> list[str]:
    findings = []
    if image.machine != MACHINE_X64:
        findings.append(f"machine {image.machine:#x} is not x64")
    if image.subsystem != SUBSYSTEM_NATIVE:
        findings.append(f"subsystem {image.subsystem} is not native")
    for flag, name in WANTED_FLAGS.items():
        if not image.dll_characteristics & flag:
            findings.append(f"{name} is not set")
    for name in UNWANTED_DIRECTORIES:
        if name in image.directories:
            findings.append(f"there is a directory nobody asked for: {name}")
    if image.checksum != image.computed_checksum():
        findings.append(f"checksum {image.checksum:#x} should be {image.computed_checksum():#x}")
    if image.image_size % image.section_alignment:
        findings.append(f"image size {image.image_size:#x} is not a multiple of the section alignment")
    entry = image.section_at(image.entry_point)
    if entry is None or not entry.flags & pe.SECTION_EXECUTE:
        findings.append(f"the entry point {image.entry_point:#x} is not in code")
    return findings


def check_sections(image: pe.Image) -> list[str]:
    findings = []
    if image.section_alignment < PAGE_SIZE:
        findings.append(f"sections are aligned to {image.section_alignment:#x}: memory integrity protects whole pages")
    end = image.headers_size
    for section in image.sections:
        if section.flags & pe.SECTION_WRITE and section.flags & pe.SECTION_EXECUTE:
            findings.append(f"section {section.name} is both writable and executable")
        if section.flags & pe.SECTION_SHARED:
            findings.append(f"section {section.name} is shared")
        if section.flags & pe.SECTION_DISCARDABLE and not DISCARDABLE.match(section.name):
            findings.append(f"section {section.name} is discardable: it is gone after DriverEntry")
        if section.address < end or section.address % image.section_alignment:
            findings.append(f"section {section.name} at {section.address:#x} overlaps or is not aligned")
        end = section.address + section.size
    if end > image.image_size:
        findings.append("the sections end behind the image")
    return findings


def check_unwind(image: pe.Image) -> list[str]:
    if not image.functions:
        return ["there is no .pdata: nothing can unwind through this driver"]
    findings = []
    last = 0
    for function in image.functions:
        section = image.section_at(function.begin)
        if section is None or not section.flags & pe.SECTION_EXECUTE or function.end <= function.begin:
            findings.append(f"unwind entry {function.begin:#x} is not in code")
        if function.begin < last:
            findings.append(f"unwind entry {function.begin:#x} is out of order")
        last = function.end
        if image.data[image.offset_of(function.unwind)] & 7 not in (1, 2):
            findings.append(f"unwind entry {function.begin:#x} has an unknown version")
    if not any(function.begin <= image.entry_point < function.end for function in image.functions):
        findings.append("the entry point has no unwind entry")
    return findings


def check_addresses(image: pe.Image) -> list[str]:
    """Every absolute address in the image is relocated: by relocations that are right, and with none forgotten."""
    findings = []
    if image.characteristics & pe.RELOCATIONS_STRIPPED:
        findings.append("relocations are stripped: it could only load at its preferred base")
    inside = range(image.image_base, image.image_base + image.image_size)
    relocated = set()
    for rva, kind in image.relocations:
        if kind != pe.RELOCATION_DIR64:
            findings.append(f"relocation {rva:#x} has type {kind}")
        elif image.u64(image.offset_of(rva)) not in inside:
            findings.append(f"relocation {rva:#x} does not hold an address of the image")
        section = image.section_at(rva)
        if section is None or section.flags & pe.SECTION_EXECUTE:
            findings.append(f"relocation {rva:#x} is in code")
        relocated.add(rva)
    for section in image.sections:
        if section.flags & pe.SECTION_DISCARDABLE:
            continue
        for at in range(0, min(section.size, section.file_size) - 7, 8):
            rva = section.address + at
            if image.u64(section.file_offset + at) in inside and rva not in relocated:
                findings.append(f"absolute address at {rva:#x} without a relocation")
    return findings


def check_pseudo_relocations(image: pe.Image) -> list[str]:
    """mingw repairs imported data without dllimport at run time, by code that a driver does not have."""
    begin = image.symbols.get("__RUNTIME_PSEUDO_RELOC_LIST__")
    end = image.symbols.get("__RUNTIME_PSEUDO_RELOC_LIST_END__")
    return ["imported data is used without dllimport (pseudo relocations)"] if begin != end else []


def check_imports(image: pe.Image, allowed: dict[tuple[str, str], tuple[int, ...]]) -> list[str]:
    findings = []
    if not image.imports:
        findings.append("it imports nothing: this is no driver")
    for module, routine in image.imports:
        first = allowed.get((module, routine))
        if first is None:
            findings.append(f"import {module}!{routine} is not on the allow-list")
        elif first[:2] > image.os_version:
            findings.append(f"import {module}!{routine} appeared in Windows {first}, the image says {image.os_version}")
    return findings


def check_version(image: pe.Image, version: str) -> list[str]:
    info = image.version
    if info is None:
        return ["there is no version resource"]
    wanted = (*(int(part) for part in version.split(".")), 0)
    findings = []
    if info.file_version != wanted:
        findings.append(f"file version {info.file_version} should be {wanted}")
    if info.file_type != FILE_TYPE_DRIVER:
        findings.append(f"file type {info.file_type} is not a driver's")
    return findings


def check_signature(image: pe.Image) -> list[str]:
    """A signature is optional (test machines sign with a certificate of their own); one that is there is well formed."""
    if "security" not in image.directories:
        return []
    offset, size = image.directories["security"]  # a file offset, alone among the directories
    if offset % 8 or offset + size != len(image.data):
        return ["the signature is not at the end of the file"]
    length, revision, kind = image.u32(offset), image.u16(offset + 4), image.u16(offset + 6)
    if revision != 0x200 or kind != CERTIFICATE_PKCS or not 8 < length <= size:
        return [f"the signature's header is odd: {length} bytes, revision {revision:#x}, type {kind}"]
    return []


def check_code(path: Path) -> list[str]:
    listing = subprocess.run([OBJDUMP, "--disassemble", "--no-show-raw-insn", path], capture_output=True, text=True,
                             check=True).stdout
    findings = []
    routine = "?"
    instructions = 0
    for line in listing.splitlines():
        if line.endswith(">:"):
            routine = line.split("<")[1][:-2]
        elif "\t" in line:
            instructions += 1
            for pattern, meaning in FORBIDDEN_CODE:
                if pattern.search(line):
                    findings.append(f"{routine} uses {meaning}: {' '.join(line.split())}")
    if instructions == 0:
        findings.append("the disassembler found no code")
    return findings


def check_against_objdump(path: Path, image: pe.Image) -> list[str]:
    """The reader above agrees with somebody else's."""
    text = subprocess.run([OBJDUMP, "--private-headers", path], capture_output=True, text=True, check=True).stdout
    theirs, module = set(), ""
    for line in text.splitlines():
        if "DLL Name:" in line:
            module = line.split()[-1].lower()
        elif match := re.match(r"^\t[0-9a-f]+\s+<?\d+>?\s+(\S+)$", line):
            theirs.add((module, match.group(1)))
    ours = set(image.imports)
    return [f"{module}!{routine}: the reader and objdump disagree" for module, routine in sorted(ours ^ theirs)]


def inspect(path: Path, version: str, allowed: dict[tuple[str, str], tuple[int, ...]]) -> list[str]:
    try:
        image = pe.Image(path.read_bytes())
        return [*check_header(image), *check_sections(image), *check_unwind(image), *check_addresses(image),
                *check_pseudo_relocations(image), *check_imports(image, allowed), *check_version(image, version), *check_signature(image),
                *check_code(path), *check_against_objdump(path, image)]
    except pe.Malformed as error:
        return [f"malformed: {error}"]


def main(version: str, table: Path, paths: list[Path]) -> int:
    allowed = read_allowed(table)
    failed = False
    for path in paths:
        findings = inspect(path, version, allowed)
        for finding in findings:
            print(f"{path.name}: {finding}")
        failed = failed or bool(findings)
    used = {name for path in paths for name in pe.Image(path.read_bytes()).imports}
    for module, routine in sorted(allowed.keys() - used):
        print(f"{table.name}: no driver imports {module}!{routine}")
        failed = True
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]]))
