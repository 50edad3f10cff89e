# SPDX-License-Identifier: MIT
"""check_docs.py ROOT: links between documents lead somewhere, the commands they tell to type exist, what a table of names,
files and tests says is true, and the documents that the house promises are there."""

import re
import sys
from pathlib import Path

import house

PROMISED = ["README.md", "CONTRIBUTING.md", "LICENSE", "docs/architecture.md", "docs/events.md", "docs/glossary.md",
            "docs/assumed.md", "docs/benchmarks.md"]
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
CODE_SPAN = re.compile(r"`[^`]*`")
MAKE_COMMAND = re.compile(r"(?:^\s*\$?\s*|`|&& )make ([a-z]+)", re.MULTILINE)
TARGET = re.compile(r"^([a-z]+):.*##", re.MULTILINE)
PRESET = re.compile(r"--preset[ =]([a-z]+)")
SPAN = re.compile(r"`([^`]+)`")
SOURCE_NAME = re.compile(r"[\w/]+\.(?:cpp|h|py)")


def anchors(text: str) -> set[str]:
    """The anchors that the headings of a Markdown page get."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        kept = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
        found.add(kept.strip().replace(" ", "-"))
    return found


def check_links(root: Path, page: Path, text: str) -> list[str]:
    findings = []
    for target in LINK.findall(CODE_SPAN.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = root / page.parent / name if name else root / page
        if not there.exists():
            findings.append(f"{page}: the link to {target} leads nowhere")
        elif anchor and there.suffix == ".md" and anchor not in anchors(there.read_text(encoding="utf-8")):
            findings.append(f"{page}: {name or page} has no heading #{anchor}")
    return findings


def check_commands(page: Path, text: str, targets: set[str], presets: set[str]) -> list[str]:
    findings = [f"{page}: the Makefile has no target {target}" for target in MAKE_COMMAND.findall(text)
                if target not in targets]
    findings += [f"{page}: there is no preset {preset}" for preset in PRESET.findall(text) if preset not in presets]
    return findings


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def check_map(root: Path, page: Path, text: str, tree: list[Path]) -> list[str]:
    """Tables with the columns Name, File and Test: each source file named there is in the tree, each name in a code
    span stands in one of its row's files, and each further span of the last column in one of its row's tests."""
    findings = []
    columns = None
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith("|"):
            columns = None
            continue
        row = cells(line)
        if columns is None:
            columns = row if {"Name", "File", "Test"} <= set(row) else []
        if not columns or row == columns or set(line) <= set("|-: "):
            continue
        at = dict(zip(columns, row))
        for key, names in (("File", SPAN.findall(at["Name"])), ("Test", SPAN.findall(at.get("Test", "")))):
            spans = SPAN.findall(at.get(key, ""))
            files = [span for span in spans if SOURCE_NAME.fullmatch(span)]
            found = {name: [path for path in tree if ("/" + path.as_posix()).endswith("/" + name)] for name in files}
            findings += [f"{page}:{number}: there is no file {name}" for name, paths in found.items() if not paths]
            known = "".join((root / path).read_text(encoding="utf-8") for paths in found.values() for path in paths)
            findings += [f"{page}:{number}: {name} is not in {', '.join(files) or 'any file'}" for name in names
                         if re.fullmatch(r"\w+", name) and not re.search(rf"\b{name}\b", known)]
    return findings


def check(root: Path) -> tuple[list[str], int]:
    findings = [f"{name} is missing" for name in PROMISED if not (root / name).is_file()]
    targets = set(TARGET.findall((root / "Makefile").read_text()))
    presets = set(re.findall(r'"name": "([a-z]+)"', (root / "CMakePresets.json").read_text()))
    tree = house.files(root)
    pages = [path for path in tree if path.suffix == ".md"]
    for page in pages:
        text = (root / page).read_text(encoding="utf-8")
        findings += check_links(root, page, text)
        findings += check_commands(page, text, targets, presets)
        findings += check_map(root, page, text, tree)
    return findings, len(pages)


if __name__ == "__main__":
    sys.exit(house.conclude("documents", *check(Path(sys.argv[1]))))
