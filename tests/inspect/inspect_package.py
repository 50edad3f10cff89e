# SPDX-License-Identifier: MIT
"""inspect_package.py VERSION ALLOWED PACKAGE: the folder that a Windows user gets, and the zip beside it, hold what they
should: drivers and program inspected as files, signatures that match, INF files, texts. ALLOWED is imports.txt."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import inf
import inspect_sys
import pe

SUBSYSTEM_CONSOLE = 3
FILE_TYPE_PROGRAM = 1
# Libraries of Windows itself, on every edition since Windows 10.
PROGRAM_LIBRARIES = {"advapi32.dll", "kernel32.dll", "msvcrt.dll", "ntdll.dll", "shell32.dll"}
PROGRAM_FLAGS = {pe.NX_COMPATIBLE: "NX", pe.DYNAMIC_BASE: "dynamic base", pe.HIGH_ENTROPY_VA: "high-entropy addresses"}
DRIVERS = ["wdscope.sys", "wdnotifier.sys", "wdnis.sys"]
FILES = {"wdscope.exe", *DRIVERS, "wdscope.inf", "wdnotifier.inf", "wdnis.inf", "wdscope.man", "README.txt", "Install.ps1",
         "symbols/wdscope.exe.debug", "symbols/wdscope.exe.map", "symbols/wdscope.sys.debug", "symbols/wdscope.sys.map",
         "symbols/wdnis.sys.debug", "symbols/wdnis.sys.map", "symbols/wdnotifier.sys.debug", "symbols/wdnotifier.sys.map", "licences/wdscope.txt"}
README_LINES = 40


def check_program(path: Path, version: str) -> list[str]:
    image = pe.Image(path.read_bytes())
    findings = [f"{name} is not set" for flag, name in PROGRAM_FLAGS.items() if not image.dll_characteristics & flag]
    if image.machine != inspect_sys.MACHINE_X64 or image.subsystem != SUBSYSTEM_CONSOLE:
        findings.append("it is no console program for x64")
    for section in image.sections:
        if section.flags & pe.SECTION_WRITE and section.flags & pe.SECTION_EXECUTE:
            findings.append(f"section {section.name} is both writable and executable")
    foreign = {module.lower() for module, _ in image.imports} - PROGRAM_LIBRARIES
    findings += [f"it needs {module}" for module in sorted(foreign)]
    wanted = (*(int(part) for part in version.split(".")), 0)
    if image.version is None or image.version.file_version != wanted or image.version.file_type != FILE_TYPE_PROGRAM:
        findings.append("its version resource is absent or wrong")
    if image.checksum != image.computed_checksum():
        findings.append("its checksum is wrong")
    return findings + inspect_sys.check_signature(image)


def check_installer(text: str) -> list[str]:
    """What Install.ps1 calls: there is no PowerShell where the package is made."""
    findings = [f"it does not verify {name}" for name in ["wdscope.exe", *DRIVERS] if f"'{name}'" not in text]
    in_order = ["Get-AuthenticodeSignature", "-ne 'Valid'", "exit 4", "'wdscope.exe') driver install", "exit $LASTEXITCODE"]
    places = [text.find(words) for words in in_order]
    findings += [f"it has no {words}" for words, place in zip(in_order, places) if place < 0]
    if places != sorted(places):
        findings.append(f"these are not in their order: {in_order}")
    if text.count("{") != text.count("}") or text.count("(") != text.count(")"):
        findings.append("its brackets do not match")
    return findings


def check_signed(path: Path, certificate: Path) -> list[str]:
    """Signed, and by the certificate that lies beside it; without a time stamp, which nobody but a server could give."""
    if "security" not in pe.Image(path.read_bytes()).directories:
        return ["it is not signed"]
    if not certificate.exists():
        return []
    with tempfile.NamedTemporaryFile(suffix=".pem") as text:
        subprocess.run(["openssl", "x509", "-inform", "DER", "-in", certificate, "-out", text.name], check=True)
        verified = subprocess.run(["osslsigncode", "verify", "-CAfile", text.name, path], capture_output=True,
                                  text=True, check=False)
    if verified.returncode != 0 or "Signature verification: ok" not in verified.stdout:
        return [f"its signature does not hold: {verified.stdout.strip().splitlines()[-1:]}"]
    return []


def check_files(package: Path) -> list[str]:
    there = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
    findings = [f"{name} is missing" for name in sorted(FILES - there)]
    private = [name for name in there if "key" in Path(name).name.lower() or name.endswith(".pem")]
    findings += [f"{name} looks like a private key" for name in private]
    if len((package / "README.txt").read_text().splitlines()) > README_LINES:
        findings.append("README.txt is longer than a screen")
    for name in there:
        if name.endswith((".inf", ".txt", ".ps1")) and b"@" in (package / name).read_bytes() and "licences" not in name:
            findings.append(f"{name} has a place that nobody filled in")
    archive = package.with_name(package.name + ".zip")
    with zipfile.ZipFile(archive) as packed:
        inside = {name.removeprefix(package.name + "/") for name in packed.namelist() if not name.endswith("/")}
        different = [name for name in there & inside
                     if packed.read(f"{package.name}/{name}") != (package / name).read_bytes()]
    if inside != there or different:
        findings.append(f"{archive.name} is not the folder: {sorted(inside ^ there)} {different}")
    return findings


def main(version: str, table: Path, package: Path) -> int:
    allowed = inspect_sys.read_allowed(table)
    findings = check_files(package)
    if not findings:
        certificate = package / "wdscope-test.cer"
        for name in [*DRIVERS, "wdscope.exe"]:
            path = package / name
            found = check_program(path, version) if name == "wdscope.exe" else inspect_sys.inspect(path, version, allowed)
            findings += [f"{name}: {finding}" for finding in [*found, *check_signed(path, certificate)]]
        script = (package / "Install.ps1").read_text(encoding="utf-8")
        findings += [f"Install.ps1: {finding}" for finding in check_installer(script)]
        for path in sorted(package.glob("*.inf")):
            findings += [f"{path.name}: {finding}" for finding in inf.check(path)]
    for finding in findings:
        print(finding)
    print(f"{package.name}: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
