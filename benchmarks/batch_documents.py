"""Folders of returns and PDFs as large as one likes: some of one size, some mixed, with broken files among them.

The same arguments make the same files. A broken file says so in its name, which nothing but the benchmark looks at.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path

from pdf_documents import few_objects
from pikepdf import Encryption, Pdf

from jitsuin.samples.documents import iter_sized_return

SMALLEST, LARGEST = 5_000, 500_000
BROKEN = "broken-"


def fill(folder: Path, kind: str, count: int, size: int, broken: int = 0) -> None:
    """`count` files, a hundred in each inner folder; `kind` is xml, pdf or mixed, which has its own sizes."""
    for number in range(count):
        place = folder / f"{number // 100:03}"
        place.mkdir(parents=True, exist_ok=True)
        pdf = kind == "pdf" or (kind == "mixed" and number % 2 == 0)
        path = place / f"{number:05}.{'pdf' if pdf else 'xtx'}"
        _make(path, _size(number) if kind == "mixed" else size + number % 97)
        group, place_in_it = divmod(number, count // broken) if broken else (0, 0)
        if group < broken and place_in_it == group // len(_DAMAGES) % 2:  # now a PDF, now a return
            name, damage = _DAMAGES[group % len(_DAMAGES)]
            data = damage(path.read_bytes(), pdf)
            path.unlink()
            path.with_name(f"{number:05}.{BROKEN}{name}{path.suffix}").write_bytes(data)


def _size(number: int) -> int:
    """As many small ones as large ones in the sense that every doubling of the size has its share."""
    return round(SMALLEST * (LARGEST / SMALLEST) ** random.Random(number).random())


def _make(path: Path, size: int) -> None:
    if path.suffix == ".pdf":
        few_objects(path, size)
    else:
        path.write_bytes(b"".join(iter_sized_return(size)))


def _encrypted(data: bytes, pdf: bool) -> bytes:
    if not pdf:
        return b"<!DOCTYPE DATA [<!ENTITY e 'e'>]>" + data[data.index(b"?>") + 2 :]
    out = io.BytesIO()
    with Pdf.open(io.BytesIO(data)) as document:
        document.save(out, encryption=Encryption(owner="owner", user="user"))
    return out.getvalue()


_DAMAGES: tuple[tuple[str, Callable[[bytes, bool], bytes]], ...] = (
    ("cut-short", lambda data, _pdf: data[: len(data) // 2]),
    ("empty", lambda _data, _pdf: b""),
    ("noise", lambda data, _pdf: random.Random(len(data)).randbytes(len(data))),
    ("closed", _encrypted),  # a password on a PDF, a document type with entities on a return
    ("beheaded", lambda data, _pdf: data[len(data) // 3 :]),
)
