# SPDX-License-Identifier: MIT
"""inf.py FILE...: what Windows' InfVerif asks of the INF of a primitive driver, as its documentation says it: decorated
install sections, nothing but the driver store's own folder (DIRID 13), everything under the service's own key, and a
start on demand."""

import re
import sys
from pathlib import Path

INSTALL = re.compile(r"^DefaultInstall\.NTamd64(\.\d+\.\d+(\.\d*){0,3})?$", re.IGNORECASE)
SERVICES = re.compile(r"^(DefaultInstall\.NTamd64.*)\.Services$", re.IGNORECASE)
LEGACY = re.compile(r"^(DefaultInstall|DefaultInstall\.Services|DefaultInstall\.ntx86.*|DefaultUninstall.*)$", re.IGNORECASE)
# Directives that reach beyond the driver's own folder and key.
FORBIDDEN = {"delfiles", "renfiles", "delreg", "delservice", "bitreg", "ini2reg", "updateinis", "registerdlls",
             "unregisterdlls", "logconfig", "copyinf", "profileitems", "loadordergroup"}


def read(path: Path) -> dict[str, list[tuple[str, str]]]:
    sections: dict[str, list[tuple[str, str]]] = {}
    current: list[tuple[str, str]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        line = re.sub(r';(?=(?:[^"]*"[^"]*")*[^"]*$).*', "", line).strip()
        if not line:
            continue
        if match := re.match(r"^\[(.+)\]$", line):
            current = sections.setdefault(match.group(1).strip(), [])
            continue
        key, _, value = line.partition("=")
        current.append((key.strip(), value.strip()))
    return sections


def value_of(section: list[tuple[str, str]], key: str) -> str | None:
    return next((value for name, value in section if name.lower() == key.lower()), None)


def check_version(sections: dict[str, list[tuple[str, str]]]) -> list[str]:
    version = sections.get("Version", [])
    findings = [f"[Version] has no {key}" for key in ("Signature", "Class", "ClassGuid", "Provider", "DriverVer",
                                                       "CatalogFile", "PnpLockdown") if not value_of(version, key)]
    if value_of(version, "Signature") != '"$WINDOWS NT$"':
        findings.append("the signature is not $WINDOWS NT$")
    if value_of(version, "PnpLockdown") != "1":
        findings.append("PnpLockdown is not 1")
    if not re.match(r"^\d\d/\d\d/\d{4},\d+\.\d+\.\d+\.\d+$", value_of(version, "DriverVer") or ""):
        findings.append("DriverVer is not a date and four numbers")
    return findings


def check_service(sections: dict[str, list[tuple[str, str]]], name: str, section: str) -> list[str]:
    service = sections.get(section)
    if service is None:
        return [f"there is no section [{section}]"]
    wanted = {"ServiceType": "1", "StartType": "3", "ErrorControl": "1", "ServiceBinary": rf"%13%\{name}.sys"}
    return [f"[{section}] {key} is {value_of(service, key)} and not {value}" for key, value in wanted.items()
            if value_of(service, key) != value]


def check_registry(sections: dict[str, list[tuple[str, str]]]) -> list[str]:
    findings = []
    for name, lines in sections.items():
        for key, value in lines:
            if key.lower() != "addreg":
                continue
            if not any(match in name for match in ("Service",)):
                findings.append(f"[{name}] writes to the registry outside the service's key")
            for target in value.split(","):
                for row, _ in sections.get(target.strip(), []):
                    if not row.upper().startswith("HKR,"):
                        findings.append(f"[{target.strip()}] {row}: state belongs under HKR, the service's own key")
    return findings


def check(path: Path) -> list[str]:
    sections = read(path)
    findings = check_version(sections)
    findings += [f"[{name}] is a legacy section" for name in sections if LEGACY.match(name)]
    installs = [name for name in sections if INSTALL.match(name)]
    if not installs:
        findings.append("there is no decorated [DefaultInstall.NTamd64...]")
    for name in installs:
        if not any((match := SERVICES.match(other)) and match.group(1) == name for other in sections):
            findings.append(f"[{name}] has no .Services")
    for name, value in sections.get("DestinationDirs", []):
        if value.split(",")[0].strip() != "13":
            findings.append(f"[DestinationDirs] {name} is {value} and not 13")
    if "DestinationDirs" not in sections:
        findings.append("there is no [DestinationDirs]")
    for section, lines in sections.items():
        for key, value in lines:
            if key.lower() in FORBIDDEN:
                findings.append(f"[{section}] {key} is not for a driver that keeps to itself")
            if key.lower() == "addservice":
                name, _, service = (part.strip() for part in value.split(",")[:3])
                findings += check_service(sections, name, service)
                if name != path.stem:
                    findings.append(f"the service is {name} and the file {path.stem}")
    findings += check_registry(sections)
    strings = {key.lower() for key, _ in sections.get("Strings", [])}
    for section, lines in sections.items():
        for _, value in lines:
            for word in re.findall(r"%(\w+)%", value):
                if word.lower() not in strings and not word.isdigit():
                    findings.append(f"[{section}] %{word}% is not among the strings")
    return findings


def main(paths: list[Path]) -> int:
    failed = not paths
    for path in paths:
        for finding in check(path):
            print(f"{path.name}: {finding}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]]))
