"""The demonstration: a simulated card signs the samples, they are verified, and a tampered copy is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib import resources
from pathlib import Path
from typing import BinaryIO

from jitsuin.formats.verdict import Verdict
from jitsuin.signer.base import PinRequest

from . import pipeline
from .errors import OutputError
from .results import SignResult, VerifyReport
from .storage import write_atomically

_MARK = ".jitsuin-demo"
_TRUST = ("simulator",)


@dataclass(frozen=True)
class DemoRow:
    """One line of the table."""

    path: Path
    profile: str
    signatures: int
    verdict: Verdict


def run_demo(folder: Path, at: datetime) -> list[DemoRow]:
    """Make the card and the signed samples in `folder`, verify them, and verify a copy with one amount changed.

    The folder must be new, empty or from an earlier demonstration. Raises OutputError otherwise.
    """
    _claim(folder)
    from jitsuin.signer.simulator import create_card

    card = folder / "card"
    create_card(card, "valid", at)  # anew each time: an old one may be locked, and its CRLs out of date
    rows: list[DemoRow] = []
    signed: list[SignResult] = []
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
                attachments=b"SOZ" in content,
                at=at,
            )
        signed.append(result)
        rows.append(_row(result, _verify(target, card, at)))
    tampered = _tamper(signed[0].target)
    rows.append(_row(signed[0], _verify(tampered, card, at)))
    return rows


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
    return pipeline.verify_file(path, trust=_TRUST, crls=[card / "crl"], at=at)


def _row(result: SignResult, report: VerifyReport) -> DemoRow:
    return DemoRow(report.path, result.profile.name, len(report.signatures), report.verdict)


def _tamper(signed: Path) -> Path:
    """A copy in which one digit of the signed content is another."""
    data = bytearray(signed.read_bytes())
    end = data.rindex(b"<dsig:Signature")
    at = max(data.rfind(b"%d<" % digit, 0, end) for digit in range(10))
    data[at] = ord("0") + (data[at] - ord("0") + 1) % 10
    path = signed.with_name(signed.name.replace(".signed.", ".tampered."))
    write_atomically(path, partial(_put, bytes(data)), overwrite=True)
    return path


def _put(content: bytes, out: BinaryIO) -> None:
    out.write(content)
