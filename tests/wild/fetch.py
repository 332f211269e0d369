"""Fetch PDFs that nobody here wrote: the test data of PDF programs, out of Debian's source packages.

    python tests/wild/fetch.py FOLDER

Needs a Debian or a derivative, and no root: apt gets lists and folders of its own. What it has checked against the
distribution's signatures is unpacked here; nothing is built or run. The PDFs are deduplicated and named by their
SHA-256, and `sources.json` says where each came from. Done once, it is not done again.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

PACKAGES = (
    "cups-filters",
    "diffoscope",
    "libcam-pdf-perl",
    "libitext5-java",
    "libpdf-api2-perl",
    "libpdfbox2-java",
    "okular",
    "pdf.js",
    "pdfminer",
    "pikepdf",
    "pypdf",
    "qpdf",
)
"""Source packages of Debian 12 with PDFs in them."""

_LARGEST = 64 << 20
_ARCHIVE = re.compile(r"\.(zip|jar|tar|tgz|tar\.\w+)$", re.IGNORECASE)
_PDF = re.compile(r"\.pdf(\.gz|\.bz2)?$", re.IGNORECASE)
_DEPTH = 3


def fetch(folder: Path) -> dict[str, dict[str, str]]:
    """Name of each PDF in `folder` to its package and the path in it."""
    listing = folder / "sources.json"
    if not listing.exists():
        archives = folder / "archives"
        archives.mkdir(parents=True, exist_ok=True)
        _download(archives)
        listing.write_text(json.dumps(_unpack(archives, folder), indent=1))
    found: dict[str, dict[str, str]] = json.loads(listing.read_text())
    return found


def _download(folder: Path) -> None:
    state = folder / "apt"
    for part in ("sources", "lists/partial", "cache/archives/partial"):
        (state / part).mkdir(parents=True, exist_ok=True)
    (state / "sources" / "source.sources").write_text("\n\n".join(_source_entries()) + "\n")
    (state / "apt.conf").write_text(
        f'Dir::Etc::sourcelist "/dev/null";\nDir::Etc::sourceparts "{state}/sources";\n'
        f'Dir::State::lists "{state}/lists";\nDir::Cache "{state}/cache";\nAPT::Sandbox::User "";\n'
    )
    environment = {**os.environ, "APT_CONFIG": str(state / "apt.conf")}
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=environment)
    command = ["apt-get", "source", "-qq", "--download-only", "--tar-only", "-o", "Acquire::Retries=3", *PACKAGES]
    subprocess.run(command, check=True, env=environment, cwd=folder, stdout=subprocess.DEVNULL)


def _source_entries() -> Iterator[str]:
    """The machine's own package sources, with source packages in place of binary ones."""
    parts = Path("/etc/apt/sources.list.d")
    for path in sorted(parts.glob("*.sources")):
        for entry in path.read_text().split("\n\n"):
            lines = [line for line in entry.splitlines() if not line.startswith("#")]
            if any("debian" in line for line in lines if line.startswith("Signed-By")):
                yield re.sub(r"^Types:.*$", "Types: deb-src", "\n".join(lines), flags=re.MULTILINE)
    for path in (Path("/etc/apt/sources.list"), *sorted(parts.glob("*.list"))):
        for line in path.read_text().splitlines() if path.exists() else ():
            if entry := re.match(r"deb\s+(?:\[[^]]*\]\s*)?(\S+/debian\S*)\s+(\S+)\s+(.+)$", line):
                yield f"Types: deb-src\nURIs: {entry[1]}\nSuites: {entry[2]}\nComponents: {entry[3]}"


def _unpack(archives: Path, folder: Path) -> dict[str, dict[str, str]]:
    sources: dict[str, dict[str, str]] = {}
    for archive in sorted(archives.glob("*.tar.*")):
        if archive.suffix == ".asc":
            continue
        for path, data in _pdfs(archive.name, archive.read_bytes()):
            name = hashlib.sha256(data).hexdigest()[:16] + ".pdf"
            if name not in sources:
                (folder / name).write_bytes(data)
                sources[name] = {"package": archive.name, "path": path}
    return sources


def _pdfs(name: str, data: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """The PDFs in an archive, also in archives in it, with their paths."""
    try:
        for path, content in _files(name, data):
            if _PDF.search(path):
                yield path, content
            elif depth < _DEPTH and _ARCHIVE.search(path):
                yield from ((f"{path}/{inner}", pdf) for inner, pdf in _pdfs(path, content, depth + 1))
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError):
        return  # an archive that is itself a test of archives


def _files(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    def wanted(path: str, size: int) -> bool:
        return size <= _LARGEST and bool(_PDF.search(path) or _ARCHIVE.search(path))

    if name.lower().endswith((".zip", ".jar")):
        with zipfile.ZipFile(io.BytesIO(data)) as zipped:
            found = [
                (one.filename, zipped.read(one)) for one in zipped.infolist() if wanted(one.filename, one.file_size)
            ]
    else:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            found = [
                (one.name, member.read())
                for one in tar
                if one.isfile() and wanted(one.name, one.size) and (member := tar.extractfile(one))
            ]
    for path, content in found:
        if path.lower().endswith(".gz") and _PDF.search(path):
            yield path, gzip.decompress(content)
        elif path.lower().endswith(".bz2") and _PDF.search(path):
            yield path, bz2.decompress(content)
        else:
            yield path, content


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
