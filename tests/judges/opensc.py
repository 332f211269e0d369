"""OpenSC: its own way from PC/SC to a PKCS#11 token, which shares no code with Jitsuin."""

from __future__ import annotations

import subprocess
from pathlib import Path

from programs import require, run

MODULE = "opensc-pkcs11.so"


class OpenSc:
    """The commands of OpenSC; they look for cards where the environment says. The exit status is the caller's."""

    def __init__(self) -> None:
        require("pkcs11-tool", "opensc")

    def pkcs11(self, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
        """pkcs11-tool with OpenSC's own module."""
        return run(["pkcs11-tool", "--module", MODULE, *map(str, arguments)])

    def apdus(self, reader: int, *commands: bytes) -> subprocess.CompletedProcess[bytes]:
        """Bare APDUs by opensc-tool, to the reader of this number."""
        words = [word for command in commands for word in ("-s", command.hex(":"))]
        return run(["opensc-tool", "--reader", str(reader), *words])
