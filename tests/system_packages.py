"""The Debian packages whose programs judge our output and run our card, and of what our builds take: pyscard, a module.

Called by tox before the tests.

What is missing is installed where that can be done unasked (root, apt-get); elsewhere it is named with the command to
type, and the tests that need it are skipped. With CI set, a program that is still missing is a failure.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

COMMANDS = {
    # command: the package that brings it
    "xmlsec1": "xmlsec1",
    "javac": "default-jdk-headless",
    "openssl": "openssl",
    "xmllint": "libxml2-utils",
    "pdfsig": "poppler-utils",
    "certutil": "libnss3-tools",
    "faketime": "faketime",
    "mutool": "mupdf-tools",
    "qpdf": "qpdf",
    "pkcs11-tool": "opensc",
    "softhsm2-util": "softhsm2",
    "swig": "swig",
    "gcc": "gcc",
    "strace": "strace",
}
FILES = {
    # file: the package that brings it and the other files that it needs
    "/usr/share/java/pdfbox2.jar": "libpdfbox2-java",
    "/usr/share/java/bcpkix.jar": "libbcpkix-java",
    "/usr/sbin/pcscd": "pcscd",  # not on everybody's PATH
    "/usr/lib/pcsc/drivers/serial/libifdvpcd.so": "vsmartcard-vpcd",
    "/usr/include/PCSC/winscard.h": "libpcsclite-dev",
    "/usr/include/stdlib.h": "libc6-dev",
    "/usr/include/p11-kit-1/p11-kit/pkcs11.h": "libp11-kit-dev",
}


def missing() -> list[str]:
    """The packages of the commands and files that cannot be found."""
    commands = [package for command, package in COMMANDS.items() if shutil.which(command) is None]
    return commands + [package for file, package in FILES.items() if not Path(file).is_file()]


def install(packages: list[str]) -> None:
    """Install what is still missing once nobody else is at it: tox may run several environments side by side."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with Path(tempfile.gettempdir(), "jitsuin-system-packages.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        packages = missing()
        if packages:
            for call in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
                subprocess.run(["apt-get", "--quiet", *call], env=environment, stdin=subprocess.DEVNULL, check=False)


def main() -> int:
    packages = missing()
    if packages and os.geteuid() == 0 and shutil.which("apt-get"):
        install(packages)
        packages = missing()
    if not packages:
        return 0
    print(
        f"Some tests need programs of these packages: {', '.join(packages)}. On Debian:\n"
        f"    sudo apt-get install --no-install-recommends {' '.join(packages)}",
        file=sys.stderr,
    )
    return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
