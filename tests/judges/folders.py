"""Folders of small documents to sign, a card that can be pulled, and what must be true of a folder of outputs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from jitsuin.journal import LOCK, NAME
from jitsuin.samples.documents import income_tax_return
from jitsuin.signer.base import SignerOptions
from jitsuin.signer.errors import CardRemovedError
from jitsuin.signer.jpki import JpkiSigner
from jitsuin.signer.simulator.card import SimulatedCard
from jitsuin.signer.simulator.contacts import CardWithdrawn
from jitsuin.signer.simulator.faults import Fault, FaultyCard

_PDF = b"""%PDF-1.7
1 0 obj
<< /Type /Catalog /Pages 2 0 R >>
endobj
2 0 obj
<< /Type /Pages /Kids [3 0 R] /Count 1 >>
endobj
3 0 obj
<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>
endobj
4 0 obj
(%s)
endobj
"""


def small_pdf(text: str = "") -> bytes:
    """One empty page, and a text that makes it another file."""
    body = _PDF.replace(b"%s", text.encode())
    offsets = [body.index(b"%d 0 obj" % number) for number in range(1, 5)]
    table = b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in offsets)
    return body + table + b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(body)


def small_xml(text: str = "") -> bytes:
    """For the profile xmldsig."""
    return f"<note><text>{text}</text></note>".encode()


def fill(folder: Path, count: int, *, returns: int = 0) -> Path:
    """So many files, by turns PDF and XML, a third of them in a folder inside; the first `returns` are tax returns."""
    (folder / "sub").mkdir(parents=True)
    for number in range(count):
        place = folder / "sub" if number % 3 == 2 else folder
        if number < returns:
            (place / f"r{number:04}.xtx").write_bytes(income_tax_return())
        elif number % 2:
            (place / f"d{number:04}.pdf").write_bytes(small_pdf(str(number)))
        else:
            (place / f"n{number:04}.xml").write_bytes(small_xml(str(number)))
    return folder


def outputs(folder: Path) -> dict[str, str]:
    """SHA-256 of all that stands in a folder of outputs, by name; journal and lock left out."""
    if not folder.exists():
        return {}
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in (NAME, LOCK))
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def placed(folder: Path) -> set[str]:
    """Names of the outputs in place, also while a run goes on: its temporary files come and go, and do not count."""
    return {name for name in (path.name for path in folder.rglob("*.signed.*")) if not name.startswith(".jitsuin-")}


def written(folder: Path) -> list[Path]:
    """All that stands in a folder of outputs, in order; journal and lock left out. Nothing where no folder is."""
    return sorted(path for path in folder.iterdir() if path.name not in (NAME, LOCK)) if folder.exists() else []


def journal(folder: Path) -> list[dict[str, Any]]:
    """The lines of a journal that are whole."""
    lines = (folder / NAME).read_bytes().split(b"\n")[:-1]
    return [json.loads(line) for line in lines]


def signatures_in(document: bytes) -> int:
    """How many signatures our small documents bear, by their bytes."""
    return len(re.findall(rb"/ByteRange|<(?:\w+:)?SignatureValue\b", document))


class PulledReader:
    """A transport with a card that is pulled as the faults say, and does not come back."""

    def __init__(self, card: SimulatedCard, faults: Sequence[str]) -> None:
        self._holding = ExitStack()
        applet = self._holding.enter_context(card.inserted())
        self._card = FaultyCard(applet, [Fault.parse(fault) for fault in faults])
        self._atr = self._card.power_on()
        self._gone = False
        self.name = card.name

    @property
    def atr(self) -> bytes:
        return self._atr

    def transmit(self, command: bytes | bytearray) -> bytes:
        if self._gone:
            raise CardRemovedError(token=self.name)
        try:
            return self._card.transmit(command)
        except CardWithdrawn:
            self._gone = True
            raise CardRemovedError(token=self.name) from None

    def close(self) -> None:
        self._holding.close()


def faulty_signer(folder: Path, options: SignerOptions, *faults: str) -> JpkiSigner:
    """The simulated card in this folder, with faults."""
    return JpkiSigner(PulledReader(SimulatedCard.load(folder), faults), options)
