"""What surrounds the program: the operating system, what its packages are called, where modules and fonts lie.

Nothing is changed, and nothing started but fontconfig's `fc-list`.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jitsuin.signer.pkcs11_modules import known_modules


@dataclass(frozen=True)
class Packages:
    """What a person types to get what is missing. Empty where nothing has to be installed."""

    build: str
    """What pip needs to build pyscard from source."""
    service: str
    """The PC/SC service with the driver for CCID readers, installed and started."""
    fonts: str


_LINUX_SERVICE: Final = "sudo systemctl enable --now pcscd.socket"
PACKAGES: Final[Mapping[str, Packages]] = {
    "debian": Packages(
        "sudo apt install gcc libpcsclite-dev swig python3-dev",
        f"sudo apt install pcscd libccid && {_LINUX_SERVICE}",
        "sudo apt install fonts-noto-cjk",
    ),
    "fedora": Packages(
        "sudo dnf install gcc pcsc-lite-devel swig python3-devel",
        f"sudo dnf install pcsc-lite pcsc-lite-ccid && {_LINUX_SERVICE}",
        "sudo dnf install google-noto-sans-cjk-fonts",
    ),
    "arch": Packages(
        "sudo pacman -S --needed gcc pcsclite swig pkgconf",
        f"sudo pacman -S --needed pcsclite ccid && {_LINUX_SERVICE}",
        "sudo pacman -S --needed noto-fonts-cjk",
    ),
    "darwin": Packages("xcode-select --install; brew install swig", "", ""),
    "win32": Packages("", "Start-Service SCardSvr", ""),
}
"""By distribution (ID or ID_LIKE of /etc/os-release), or sys.platform. On macOS PC/SC is part of the system, on Windows
pyscard comes ready-made."""

_FONT_FOLDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "linux": ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": ("C:/Windows/Fonts", "~/AppData/Local/Microsoft/Windows/Fonts"),
}
_JAPANESE_FONTS: Final = (
    "ヒラギノ", "hiragino", "yugoth", "yumin", "meiryo", "msgothic", "msmincho", "bizud", "ipaex", "ipag", "ipam",
    "notosanscjk", "notoserifcjk", "notosansjp", "notoserifjp", "takao", "vl-gothic", "mplus", "sourcehansans",
)  # fmt: skip
_FONT_SUFFIXES: Final = frozenset({".ttf", ".ttc", ".otf", ".otc"})
_FONTCONFIG_SECONDS: Final = 10.0

CARD_PROGRAMS: Final = ("scdaemon", "firefox", "firefox-esr", "thunderbird", "chrome", "chromium", "opensc-notify")
"""Names of processes that are known to connect to cards on their own."""


@dataclass(frozen=True)
class Surroundings:
    """An operating system as the program sees it."""

    platform: str = sys.platform
    os_release: Mapping[str, str] = field(default_factory=dict)
    """The fields of /etc/os-release."""
    root: Path = Path("/")

    @classmethod
    def here(cls) -> Surroundings:
        release: Mapping[str, str] = {}
        if sys.platform == "linux":
            with suppress(OSError):
                release = platform.freedesktop_os_release()
        return cls(os_release=release)

    @property
    def name(self) -> str:
        """Of the system, with its version."""
        if pretty := self.os_release.get("PRETTY_NAME"):
            return pretty
        return f"{platform.system()} {platform.release()}"

    @property
    def packages(self) -> Packages | None:
        """What to type here; None on a system that is not in the table."""
        likes = (self.os_release.get("ID", ""), *self.os_release.get("ID_LIKE", "").split(), self.platform)
        return next((PACKAGES[name] for name in likes if name in PACKAGES), None)

    def pkcs11_modules(self) -> Iterator[Path]:
        """The PKCS#11 modules at the known places."""
        return known_modules(self.platform, self.root)

    def japanese_fonts(self) -> int:
        """How many font files are for Japanese, as fontconfig says, or by their names where there is none."""
        if (listed := _fontconfig()) is not None:
            return listed
        folders = (Path(folder).expanduser() for folder in _FONT_FOLDERS.get(self.platform, ()))
        return sum(1 for name in _file_names(folders) if _is_japanese_font(name))

    def card_programs(self) -> list[str]:
        """Which of the programs that use cards are running; only Linux tells without being asked by a program."""
        names: set[str] = set()
        for entry in self.root.glob("proc/[0-9]*/comm"):
            with suppress(OSError):  # it has ended, or is not ours to see
                names.add(entry.read_text(encoding="utf-8", errors="replace").strip())
        return [name for name in CARD_PROGRAMS if name in names]


def _fontconfig() -> int | None:
    program = shutil.which("fc-list")
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - a program of the system, with fixed arguments
            [program, ":lang=ja", "file"], capture_output=True, timeout=_FONTCONFIG_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return len(done.stdout.splitlines())


def _file_names(folders: Iterable[Path]) -> Iterator[str]:
    for folder in folders:
        for _, _, files in os.walk(folder):
            yield from files


def _is_japanese_font(file_name: str) -> bool:
    name = file_name.lower()
    return Path(name).suffix in _FONT_SUFFIXES and name.replace(" ", "").startswith(_JAPANESE_FONTS)
