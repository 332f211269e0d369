"""The demonstration: a simulated card signs the samples, they are verified, and tampered copies are refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib import resources
from pathlib import Path
from typing import BinaryIO

from jitsuin.formats.verdict import Verdict
from jitsuin.signer.base import PinRequest

from . import pipeline, verification
from .errors import OutputError
from .results import SignResult, VerifyReport
from .storage import write_atomically

_MARK = ".jitsuin-demo"
_TRUST = ("simulator",)
_FIELDS = {"childcare-application.pdf": "Guardian1Signature"}
"""Where a form has several empty signature fields: the one of the card's holder."""
_TAMPERED = ("childcare-application.pdf", "consumption-tax-return.xtx")


@dataclass(frozen=True)
class DemoRow:
    """One line of the table."""

    path: Path
    profile: str
    signatures: int
    verdict: Verdict


def run_demo(folder: Path, at: datetime) -> list[DemoRow]:
    """Make the card and the signed samples in `folder`, verify them, and verify copies with one digit changed.

    The folder must be new, empty or from an earlier demonstration. Raises OutputError otherwise.
    """
    _claim(folder)
    from jitsuin.signer.simulator import create_card

    card = folder / "card"
    create_card(card, "valid", at)  # anew each time: an old one may be locked, and its CRLs out of date
    rows: list[DemoRow] = []
    signed: dict[str, SignResult] = {}
    for sample in sorted(resources.files("jitsuin.samples").joinpath("unsigned").iterdir(), key=lambda s: s.name):
        source = folder / sample.name
        content = sample.read_bytes()
        write_atomically(source, partial(_put, content), overwrite=True)
        target = source.with_suffix(f".signed{source.suffix}")
        with pipeline.open_signer(f"simulator:{card}", pin=_pin, at=at) as signer:
            result = pipeline.sign_file(
                source,
                target,
                signer=signer,
                trust=_TRUST,
                crls=[card / "crl"],
                overwrite=True,
                attachments=sample.name.endswith(".xtx") and b"SOZ" in content,
                field=_FIELDS.get(sample.name),
                at=at,
            )
        signed[sample.name] = result
        rows.append(_row(result, _verify(target, card, at)))
    return rows + [_row(signed[name], _verify(_tamper(signed[name].target), card, at)) for name in _TAMPERED]


def _claim(folder: Path) -> None:
    if folder.exists() and not (folder / _MARK).exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(path=str(folder), reason="not-empty")
    if any(path.is_symlink() for path in folder.rglob("*")):
        raise OutputError(path=str(folder), reason="not-empty")  # what a link points to is somebody else's
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _MARK).touch()
    except OSError as error:
        raise OutputError(path=str(folder), reason="os", detail=error.strerror) from None


def _pin(_request: PinRequest) -> str:
    from jitsuin.signer.simulator import SIGNATURE_PASSWORD

    return SIGNATURE_PASSWORD


def _verify(path: Path, card: Path, at: datetime) -> VerifyReport:
    return verification.verify_file(path, trust=_TRUST, crls=[card / "crl"], at=at)


def _row(result: SignResult, report: VerifyReport) -> DemoRow:
    return DemoRow(report.path, result.profile.name, len(report.signatures), report.verdict)


def _tamper(signed: Path) -> Path:
    """A copy in which one digit of the signed content is another."""
    data = bytearray(signed.read_bytes())
    if signed.suffix == ".pdf":  # the value of the first field that ends in a digit
        found = re.search(rb"/V \([^)]*(\d)\)", data)
    else:  # the last element before the signature that ends in a digit
        found = re.match(rb".*(\d)<.*<dsig:Signature", data, re.DOTALL)
    if found is None:
        raise AssertionError(f"no digit in {signed.name}")
    at = found.start(1)
    data[at] = ord("0") + (data[at] - ord("0") + 1) % 10
    path = signed.with_name(signed.name.replace(".signed.", ".tampered."))
    write_atomically(path, partial(_put, bytes(data)), overwrite=True)
    return path


def _put(content: bytes, out: BinaryIO) -> None:
    out.write(content)
