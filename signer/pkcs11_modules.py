"""Where PKCS#11 modules lie: the official JPKI client's, OpenSC's and SoftHSM's, on each system."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

OFFICIAL: Final[Mapping[str, tuple[str, ...]]] = {
    "darwin": (
        "/usr/local/lib/JPKIPKCS11Sign.dylib",
        "/Applications/JPKI.app/Contents/Resources/JPKIPKCS11Sign.dylib",
        "/usr/local/lib/JPKIPKCS11.dylib",
    ),
    "win32": (
        "C:/Program Files/JPKI/JPKIPKCS11Sign64.dll",
        "C:/Program Files/JPKI/JPKIPKCS11Sign.dll",
    ),
}
"""Of the JPKI client, the module for signatures first. There is none for Linux."""

OPENSC: Final[Mapping[str, tuple[str, ...]]] = {
    "linux": (
        "/usr/lib/*/opensc-pkcs11.so",
        "/usr/lib/*/pkcs11/opensc-pkcs11.so",
        "/usr/lib/opensc-pkcs11.so",
        "/usr/lib/pkcs11/opensc-pkcs11.so",
        "/usr/lib64/opensc-pkcs11.so",
        "/usr/lib64/pkcs11/opensc-pkcs11.so",
        "/usr/local/lib/opensc-pkcs11.so",
    ),
    "darwin": (
        "/Library/OpenSC/lib/opensc-pkcs11.so",
        "/opt/homebrew/lib/opensc-pkcs11.so",
        "/usr/local/lib/opensc-pkcs11.so",
    ),
    "win32": (
        "C:/Program Files/OpenSC Project/OpenSC/pkcs11/opensc-pkcs11.dll",
        "C:/Program Files (x86)/OpenSC Project/OpenSC/pkcs11/opensc-pkcs11.dll",
    ),
}
SOFTHSM: Final[Mapping[str, tuple[str, ...]]] = {
    "linux": (
        "/usr/lib/*/softhsm/libsofthsm2.so",
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so",
    ),
    "darwin": (
        "/opt/homebrew/lib/softhsm/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so",
    ),
    "win32": (
        "C:/SoftHSM2/lib/softhsm2-x64.dll",
        "C:/SoftHSM2/lib/softhsm2.dll",
    ),
}
"""Test tokens: found by `jitsuin doctor` and by name, but never taken unasked."""


def known_modules(platform: str = sys.platform, root: Path = Path("/")) -> Iterator[Path]:
    """All modules at the known places, each once however many names it has; an asterisk is any folder."""
    yield from _existing(
        (*OFFICIAL.get(platform, ()), *OPENSC.get(platform, ()), *SOFTHSM.get(platform, ())), platform, root
    )


def default_modules(platform: str = sys.platform, root: Path = Path("/")) -> Iterator[Path]:
    """Those that a My Number card is looked for through, in this order: the official client's, then OpenSC's."""
    yield from _existing((*OFFICIAL.get(platform, ()), *OPENSC.get(platform, ())), platform, root)


def _existing(patterns: tuple[str, ...], platform: str, root: Path) -> Iterator[Path]:
    seen: set[Path] = set()
    for pattern in patterns:
        found = [Path(pattern)] if platform == "win32" else sorted(root.glob(pattern.removeprefix("/")))
        for path in found:
            if path.is_file() and path.resolve() not in seen:
                seen.add(path.resolve())
                yield path
