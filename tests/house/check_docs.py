# SPDX-License-Identifier: MIT
"""check_docs.py ROOT: links between documents lead somewhere, the commands they tell to type exist, and the documents
that the house promises are there."""

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


def check(root: Path) -> tuple[list[str], int]:
    findings = [f"{name} is missing" for name in PROMISED if not (root / name).is_file()]
    targets = set(TARGET.findall((root / "Makefile").read_text()))
    presets = set(re.findall(r'"name": "([a-z]+)"', (root / "CMakePresets.json").read_text()))
    pages = [path for path in house.files(root) if path.suffix == ".md"]
    for page in pages:
        text = (root / page).read_text(encoding="utf-8")
        findings += check_links(root, page, text)
        findings += check_commands(page, text, targets, presets)
    return findings, len(pages)


if __name__ == "__main__":
    sys.exit(house.conclude("documents", *check(Path(sys.argv[1]))))
