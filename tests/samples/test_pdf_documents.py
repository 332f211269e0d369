"""The unsigned sample PDFs: well-formed, filled in, readable, with the signature fields that they promise."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from pathlib import Path

import pikepdf
import pytest

from jitsuin.samples.pdf_documents import childcare_application, employment_certificate

DOCUMENTS = {
    "childcare-application": (childcare_application, 2, ["Guardian1Signature", "Guardian2Signature"]),
    "employment-certificate": (employment_certificate, 1, ["EmployerSignature"]),
}
every_document = pytest.mark.parametrize(("make", "pages", "empty"), DOCUMENTS.values(), ids=DOCUMENTS)


def opened(make) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(make()), attempt_recovery=False)


def terminal_fields(pdf: pikepdf.Pdf) -> dict[str, pikepdf.Object]:
    found = {}

    def walk(field: pikepdf.Object, path: str) -> None:
        name = f"{path}.{field.T}".removeprefix(".")
        if "/Kids" in field:
            for kid in field.Kids:
                assert kid.Parent.objgen == field.objgen
                walk(kid, name)
        else:
            found[name] = field

    for field in pdf.Root.AcroForm.Fields:
        walk(field, "")
    return found


@every_document
def test_the_same_bytes_every_time(make, pages, empty) -> None:
    assert make() == make()
    assert len(make()) < 300_000


@every_document
def test_qpdf_finds_nothing_wrong(make, pages, empty) -> None:
    pdf = opened(make)
    assert pdf.check_pdf_syntax() == []
    assert pdf.get_warnings() == []
    assert len(pdf.pages) == pages


def test_one_has_a_table_the_other_streams() -> None:
    assert b"\nxref\n0 " in childcare_application()
    assert b"/ObjStm" not in childcare_application()
    assert b"\nxref\n0 " not in employment_certificate()
    assert b"/XRef" in employment_certificate()
    assert b"/ObjStm" in employment_certificate()


@every_document
def test_fields(make, pages, empty) -> None:
    pdf = opened(make)
    fields = terminal_fields(pdf)
    kinds = [str(field.FT) for field in fields.values()]
    assert {"/Tx", "/Btn", "/Ch", "/Sig"} == set(kinds)
    assert [name for name, field in fields.items() if field.FT == "/Sig"] == empty
    assert all("/V" not in fields[name] for name in empty)
    for name, field in fields.items():
        assert ("/AP" in field) == (name not in empty), name
    widgets = [widget.objgen for page in pdf.pages for widget in page.Annots]
    assert sorted(widgets) == sorted(field.objgen for field in fields.values())
    values = [str(field.V) for field in fields.values() if field.FT == "/Tx"]
    assert sum(bool(value) for value in values) > 30


@every_document
def test_choices_are_among_their_options(make, pages, empty) -> None:
    pdf = opened(make)
    choices = [field for field in terminal_fields(pdf).values() if field.FT == "/Ch"]
    assert choices
    for field in choices:
        assert str(field.V) == "" or str(field.V) in [str(option) for option in field.Opt]


@every_document
def test_every_field_lies_on_the_paper(make, pages, empty) -> None:
    pdf = opened(make)
    for page in pdf.pages:
        left, bottom, right, top = map(float, page.MediaBox)
        for widget in page.Annots:
            x0, y0, x1, y1 = map(float, widget.Rect)
            assert left < x0 < x1 < right
            assert bottom < y0 < y1 < top


def test_the_two_documents_tell_of_the_same_people() -> None:
    files = opened(childcare_application), opened(employment_certificate)
    application, certificate = map(terminal_fields, files)
    for theirs, ours in (
        ("worker.name", "guardian2.name"),
        ("employer.representative", "applicant.name"),
        ("child.name", "child.name"),
        ("child.facility", "wish1.facility"),
    ):
        assert str(certificate[theirs].V) == str(application[ours].V) != ""


@every_document
def test_text_can_be_extracted(make, pages, empty, tmp_path: Path) -> None:
    if shutil.which("pdftotext") is None and "CI" not in os.environ:
        pytest.skip("pdftotext is not installed (poppler-utils)")
    path = tmp_path / "document.pdf"
    path.write_bytes(make())
    done = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, encoding="utf-8", check=True)
    assert done.stderr == ""
    assert "見本花子" in "".join(done.stdout.split())
    assert done.stdout.count("実在しません") == pages
