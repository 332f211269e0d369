"""Updates that other readers read otherwise than we do, each beside one that is VALID: only validation data added."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from typing import Any

import pytest

from jitsuin.formats.verdict import SubIndication

CONTENT, RESOURCES, FREE_NUMBER = 4, 5, 90
TEXT = b"BT /F1 24 Tf 72 700 Td (Amount: 10000 yen) Tj ET /X#E9 Do"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents [4 0 R %b]/Resources 5 0 R>>"
FONT = b"/Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<</Length %d%b>>\nstream\n%b\nendstream" % (len(data), entries, data)


def built(*, reference: bytes = b"", name: bytes = b"/X#C3#A9", streams: bool = False) -> bytes:
    """One page; `reference` goes into its list of contents, `name` is a resource's."""
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R/AcroForm 7 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: PAGE % b"",
        CONTENT: stream(TEXT),
        RESOURCES: b"<<%b/XObject<<%b 6 0 R/Y %b>>>>" % (FONT, name, reference or b"6 0 R"),
        6: stream(b"1 g 0 0 595 842 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]"),
        7: b"<</Fields[]>>",
    }
    data = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    return revision(data, objects, b"/Root 1 0 R/Size 91", streams=streams, previous=False, own=80)


def revision(
    data: bytes,
    objects: Mapping[int, bytes],
    trailer: bytes = b"/Root 1 0 R",
    *,
    table: bytes = b"",
    streams: bool = False,
    own: int = 95,
    size: int = 0,
    previous: bool = True,
) -> bytes:
    """The data and one revision more; `table` goes into its cross-reference table besides."""
    body, places = b"", {}
    for number, content in objects.items():
        places[number] = len(data) + len(body)
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start = len(data) + len(body)
    if previous:
        trailer += b"/Size %d/Prev %b" % (size or 200, re.findall(rb"startxref\s+(\d+)", data)[-1])
        if identifier := re.findall(rb"/ID *(\[[^\]]*\])", data):
            trailer += b"/ID" + identifier[-1]
    if streams:
        if own == 95 and previous:
            own += data.count(b"/Type/XRef")
        places[own] = start
        rows = b"".join(b"\1" + place.to_bytes(4) for _, place in sorted(places.items()))
        index = b"".join(b"%d 1 " % number for number in sorted(places))
        content = stream(rows, b"/Type/XRef/W[1 4 0]/Index[%b]%b" % (index, trailer))
        section = b"%d 0 obj\n%b\nendobj\n" % (own, content)
    else:
        first = b"" if previous else b"0 1\n0000000000 65535 f \n"
        entries = b"".join(b"%d 1\n%010d 00000 n \n" % item for item in places.items())
        section = b"xref\n" + first + entries + table + b"trailer\n<<" + trailer + b">>\n"
    return data + body + section + b"startxref\n%d\n%%%%EOF\n" % start


def newest(data: bytes, number: int) -> bytes:
    """The last version of an object that is written in the open."""
    return list(re.finditer(rb"(?<!\d)%d 0 obj\s*(.*?)\s*endobj" % number, data, re.DOTALL))[-1][1]


def store(data: bytes) -> dict[int, bytes]:
    """Validation data, whatever it is: a purpose that a revision may have and for which nobody must sign."""
    catalog = newest(data, 1)
    assert catalog.endswith(b">>")
    return {1: catalog[:-2] + b"/DSS<</Certs[%d 0 R]>>>>" % FREE_NUMBER, FREE_NUMBER: stream(b"0")}


def refused(found: Any) -> str:
    (finding,) = found
    assert finding.verdict.sub_indication in (
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        SubIndication.FORMAT_FAILURE,
    ), finding.changes
    return str(finding.verdict.facts.get("change", finding.verdict.reason))


@pytest.fixture(scope="module", params=[False, True], ids=["table", "stream"])
def streams(request: Any) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def signed(streams: bool, pen, findings) -> bytes:
    data = pen.sign(built(streams=streams))
    control = revision(data, store(data), streams=streams)
    assert [one.verdict.reason for one in findings(control)] == ["passed"]
    return data


@pytest.mark.parametrize("generation", [2, 5, 65535])
@pytest.mark.parametrize("number", [CONTENT, 3])
def test_freed_with_another_generation(number: int, generation: int, signed: bytes, findings) -> None:
    """Other readers ask for the number only: the object is gone."""
    table = b"%d 1\n0000000000 %05d f \n" % (number, generation)
    assert refused(findings(revision(signed, store(signed), table=table)))


def test_replaced_by_the_cross_reference_stream(signed: bytes, findings) -> None:
    assert refused(findings(revision(signed, store(signed), streams=True, own=CONTENT)))


def test_name_of_the_same_letters_in_another_encoding(pen, findings) -> None:
    data = pen.sign(built(name=b"/X#C3#A9"))
    same = {**store(data), RESOURCES: newest(data, RESOURCES)}
    assert [one.verdict.reason for one in findings(revision(data, same))] == ["passed"]
    other = {**same, RESOURCES: same[RESOURCES].replace(b"#C3#A9", b"#E9")}
    assert refused(findings(revision(data, other)))


WAITING = {
    "plain": b"90 0 R",
    "zeros": b"0090 00 R",
    "signs": b"+90 -0 R",
    "sign within": b"9-0 0 R",
    "points": b"90. 0.0 R",
    "nothing between": b"90 0R",
    "comments": b"90%\n%\n0%x\rR",
    "a long comment": b"90%" + b"%" * 300 + b"\n0 R",
    "far apart": b"90" + b" " * 5000 + b"0 R",
    "farther": b"90 0" + b" " * 2_000_000 + b"R",
    "many digits": b"90 " + b"0" * 2_000_000 + b" R",
}
"""References to object 90 as one reader or another takes them."""


@pytest.mark.parametrize("reference", WAITING.values(), ids=WAITING)
def test_reference_that_waited(reference: bytes, pen, findings) -> None:
    data = pen.sign(built(reference=reference))
    assert refused(findings(revision(data, store(data)))) == "reference-filled"


FIELD = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(Empty)/F 4/P 3 0 R%b>>"


@pytest.mark.parametrize(
    "entries",
    [
        b"/Rect[0 0 595 842]/AP<</N 132 0 R>>",
        b"/Rect[0 0 595 842]/MK<</BG[1 1 1]>>",
        b"/Rect[0 0 595 842]",
        b"/Rect[0 0 0 0]/AP<</N 132 0 R>>",
    ],
)
def test_unsigned_field_that_shows_something(entries: bytes, signed: bytes, streams, findings) -> None:
    new = store(signed)
    form = newest(signed, 7)
    new[7] = re.sub(rb"(/Fields *\[[^\]]*)\]", rb"\1 131 0 R]", form)
    page = newest(signed, 3)
    new[3] = re.sub(rb"(/Annots *\[[^\]]*)\]", rb"\1 131 0 R]", page)
    assert new[3] != page
    assert new[7] != form
    new[131] = FIELD % b"/Rect[0 0 0 0]"
    assert [one.verdict.reason for one in findings(revision(signed, new, streams=streams))] == ["passed"]
    new[131] = FIELD % entries
    if b"/AP" in entries:
        new[132] = stream(b"1 g 0 0 595 842 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]")
    assert refused(findings(revision(signed, new, streams=streams)))


def test_trailer_without_root(signed: bytes, streams, findings) -> None:
    assert refused(findings(revision(signed, store(signed), b"", streams=streams)))


@pytest.mark.timeout(300)  # ends long before, or hardly ever
def test_looking_for_references_comes_to_an_end(pen, findings) -> None:
    data = pen.sign(built(reference=b"%" + b"9%" * 300_000 + b"\n"))
    assert [one.verdict.reason for one in findings(revision(data, store(data)))] == ["passed"]


def compressed(own: int, index: bytes, rows: bytes, previous: int | None) -> bytes:
    packed = zlib.compress(rows, 9)
    before = b"" if previous is None else b"/Prev %d" % previous
    entries = b"/Type/XRef/Root 1 0 R/Size 9999999/Filter/FlateDecode/W[1 4 2]/Index[1 2 %b %d 1]%b"
    return b"%d 0 obj\n%b\nendobj\n" % (own, stream(packed, entries % (index, own, before)))


def sections(count: int, size: int) -> bytes:
    """So many cross-reference streams, each with so many freed entries, and as many in use."""
    data = (
        b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"
    )
    fixed = b"".join(b"\1" + data.index(b"%d 0 obj" % number).to_bytes(4) + b"\0\0" for number in (1, 2))
    previous = None
    for number in range(count):
        start = len(data)
        rows = fixed + b"\0\0\0\0\0\0\1" * size + b"\1\0\0\0\x09\0\0" * size + b"\1" + start.to_bytes(4) + b"\0\0"
        data += compressed(5_000_000 + number, b"%d %d" % (10 + 2 * size * number, 2 * size), rows, previous)
        data += b"startxref\n%d\n%%%%EOF\n" % start
        previous = start
    return data


@pytest.mark.timeout(300)  # ends long before, or hardly ever
def test_comparing_sections_comes_to_an_end(findings) -> None:
    assert [one.verdict.reason for one in findings(sections(3, 200))] == ["no-signature"]
    (finding,) = findings(sections(600, 1000))
    assert finding.verdict.facts["what"] == "xref-sections"
