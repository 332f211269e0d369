"""Normalising: what strict reading refuses becomes readable, with its content; what would lose something is refused."""

# ruff: noqa: PT017 - of mutants it is not known whether they can be read

from __future__ import annotations

import io
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pikepdf
import pytest
from pikepdf import AttachedFileSpec, Dictionary, Name, Pdf
from test_reading import DEFECTS, OPEN, TABLE, encrypted, replaced

from handmade import HEADER, OBJECTS, with_stream, with_table
from jitsuin.formats.errors import FormatError
from jitsuin.formats.pdf.adapter import PdfAdapter
from jitsuin.formats.pdf.normalize import normalize
from jitsuin.formats.pdf.reading import open_pdf
from jitsuin.formats.source import Source
from jitsuin.sentences import VERDICTS

LOST = {
    "empty",
    "no PDF",
    "cut off",
    "/Pages is a string",
    "opens with a password",
    "opens without a password",
    "page tree leads back",
}
"""Defects that no rewriting heals."""


def normalized(document: bytes) -> bytes:
    return normalize(Source.of(document)).read()


def refusal(document: bytes) -> str:
    with pytest.raises(FormatError) as caught:
        normalized(document)
    return str(caught.value.facts["reason"])


@pytest.mark.parametrize("name", OPEN)
def test_what_opens_is_rewritten_to_the_same_bytes_each_time(name: str) -> None:
    once = normalized(OPEN[name])
    assert normalized(OPEN[name]) == once
    assert normalized(once) == once
    document = open_pdf(Source.of(once))
    assert document.reader.xrefs.total_revisions == 1
    assert document.reader.input_version == (1, 7)


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_healed_or_named(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    document, *_ = DEFECTS[name]
    healed = True
    try:
        assert open_pdf(Source.of(normalized(document))).reader.root["/Pages"]["/Count"] == 1
    except FormatError as error:
        assert error.facts["reason"] in VERDICTS
        healed = False
    assert not (healed and name in LOST)
    assert capfd.readouterr() == ("", "")


def test_most_defects_are_healed() -> None:
    healed = 0
    for document, *_ in DEFECTS.values():
        try:
            normalized(document)
        except FormatError:
            continue
        healed += 1
    assert healed > len(DEFECTS) * 0.65


def rich() -> bytes:
    """A form, XFA, metadata, page labels, an attachment and an outline, in object streams, linearised."""
    pdf = Pdf.new()
    for _ in range(3):
        pdf.add_blank_page(page_size=(595, 842))
    pdf.docinfo["/Title"] = "申請書"
    with pdf.open_metadata() as metadata:
        metadata["dc:title"] = "申請書"
    field = pdf.make_indirect(
        Dictionary(FT=Name.Tx, T="name", V="山田花子", Type=Name.Annot, Subtype=Name.Widget, Rect=[10, 10, 99, 30])
    )
    pdf.pages[0].Annots = pikepdf.Array([field])
    xfa = pikepdf.Array(["template", pdf.make_stream(b"<template/>"), "datasets", pdf.make_stream(b"<data/>")])
    pdf.Root.AcroForm = pdf.make_indirect(Dictionary(Fields=[field], XFA=xfa, DA="/Helv 0 Tf 0 g"))
    pdf.Root.PageLabels = Dictionary(Nums=[0, Dictionary(S=Name.r), 2, Dictionary(S=Name.D)])
    pdf.attachments["data.csv"] = AttachedFileSpec(pdf, b"1,2,3\n", filename="data.csv")
    with pdf.open_outline() as outline:
        outline.root.append(pikepdf.OutlineItem("一", 0))
    pdf.Root.Lang = "ja-JP"
    out = io.BytesIO()
    pdf.save(out, linearize=True, object_stream_mode=pikepdf.ObjectStreamMode.generate, force_version="1.6")
    return out.getvalue()


def test_content_is_kept() -> None:
    document = rich()
    result = normalized(b"junk\n" + document)
    assert b"/Linearized" in document
    assert b"/Linearized" not in result
    assert b"/ObjStm" not in result
    assert result.startswith(b"%PDF-1.6")
    with pikepdf.open(io.BytesIO(document)) as before, pikepdf.open(io.BytesIO(result)) as after:
        assert len(after.pages) == 3
        assert after.docinfo["/Title"] == "申請書"
        assert after.Root.Metadata.read_raw_bytes() == before.Root.Metadata.read_raw_bytes()
        assert after.Root.AcroForm.Fields[0].V == "山田花子"
        assert after.Root.AcroForm.XFA[3].read_bytes() == b"<data/>"
        assert after.Root.PageLabels == before.Root.PageLabels
        assert after.attachments["data.csv"].get_file().read_bytes() == b"1,2,3\n"
        assert after.Root.Outlines.First.Title == "一"
        assert after.Root.Lang == "ja-JP"
        assert after.trailer.ID[0] == before.trailer.ID[0]


# Signatures


SIGNATURE = b"<< /Type /Sig /Filter /Adobe.PPKLite /ByteRange [0 1 2 3] /Contents <00> >>"
FORM = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R] >> >>"


@pytest.mark.parametrize(
    "objects",
    [
        {1: FORM, 5: b"<< /FT /Sig /T (a) /V 6 0 R >>", 6: SIGNATURE},
        {1: FORM, 5: b"<< /FT /Sig /T (a) /V << /Type /Sig >> >>"},
        {1: FORM, 5: b"<< /FT /Sig /T (a) /Kids [<< /V << /Byte#52ange [0 1 2 3] >> >>] >>"},
        {1: b"<< /Type /Catalog /Pages 2 0 R /Perms << >> >>"},
        {5: b"[<< /Type /DocTimeStamp >>]"},
    ],
    ids=["signed field", "without a byte range", "in a child", "permissions", "time-stamp"],
)
def test_a_signature_is_never_broken(objects: dict[int, bytes]) -> None:
    document = {**OBJECTS, **objects}
    if 1 not in objects:
        document[1] = b"<< /Type /Catalog /Pages 2 0 R /X 5 0 R >>"
    packed = [number for number in document if number != 6]
    assert refusal(with_table(document)) == "pdf-normalize-signed"
    assert refusal(with_stream(document, packed=packed)) == "pdf-normalize-signed"


def test_an_empty_signature_field_is_kept() -> None:
    document = with_table({**OBJECTS, 1: FORM, 5: b"<< /FT /Sig /T (a) >>"})
    with pikepdf.open(io.BytesIO(normalized(document))) as pdf:
        assert pdf.Root.AcroForm.Fields[0].FT == "/Sig"


def test_a_signature_of_an_earlier_revision_is_not_forgotten() -> None:
    signed = with_table({**OBJECTS, 5: SIGNATURE})
    assert refusal(with_table({}, signed, free={5: 1})) == "pdf-normalize-signed"
    assert normalized(with_table({}, with_table({**OBJECTS, 5: b"(no signature)"}), free={5: 1}))


def test_encryption_is_not_stripped() -> None:
    assert refusal(encrypted("")) == "pdf-encrypted"
    assert refusal(encrypted("user")) == "pdf-password"


def test_pages_are_not_lost() -> None:
    two = with_table(
        {**OBJECTS, 2: b"<< /Type /Pages /Kids [3 0 R 5 0 R] /Count 2 >>", 5: OBJECTS[3]},
    )
    assert normalized(two)
    assert refusal(replaced(two, b"5 0 obj", b"5 0 xxx")) == "pdf-normalize-failed"
    assert refusal(two[: two.index(b"5 0 obj")]) == "pdf-normalize-failed"


# Whatever bytes there are


@pytest.mark.timeout(300)  # ends long before, or hardly ever
def test_mutated_anywhere(capfd: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(7)  # noqa: S311 - the same every time
    document, kept = rich(), 0
    for _ in range(400):
        mutant = bytearray(document)
        for _ in range(chance.choice((1, 3, 30))):
            place = chance.randrange(len(mutant))
            mutant[place : place + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
        try:
            kept += bool(normalized(bytes(mutant)))
        except FormatError as error:
            assert error.facts["reason"] in VERDICTS
    assert 0 < kept < 400
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("length", range(0, len(TABLE), 7))
def test_cut_off(length: int) -> None:
    try:
        open_pdf(Source.of(normalized(TABLE[:length])))
    except FormatError as error:
        assert error.facts["reason"] in VERDICTS


def test_on_the_disk_and_through_the_adapter(tmp_path: Path) -> None:
    path = tmp_path / "document.pdf"
    path.write_bytes(b"junk" + TABLE)
    source = Source(partial(path.open, "rb"), len(TABLE) + 4)
    adapter = PdfAdapter()
    opens: Callable[[Source], object] = adapter.open
    with pytest.raises(FormatError):
        opens(source)
    assert opens(adapter.normalize(source))
    assert path.read_bytes() == b"junk" + TABLE
    assert normalized(TABLE).startswith(HEADER[:8])
