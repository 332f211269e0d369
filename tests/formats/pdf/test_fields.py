"""Which field a signature goes into: what a person asks for, what the form has, and what is refused with its reason."""

from __future__ import annotations

import io
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf

from jitsuin.formats.errors import AlreadySignedError, FormatError, MalformedDocumentError, TargetNotFoundError
from jitsuin.formats.pdf.reading import open_pdf
from jitsuin.formats.pdf.signing import prepare
from jitsuin.formats.profiles import PROFILES
from jitsuin.formats.source import Source

if TYPE_CHECKING:
    from jitsuin.formats.base import SigningIdentity
    from pdf_judges import PdfJudges

    class Party(Protocol):
        @property
        def identity(self) -> SigningIdentity: ...
        def sign(self, to_be_signed: bytes, scheme: str) -> bytes: ...


AT = datetime(2026, 6, 1, 3, tzinfo=UTC)
SIGNED = Dictionary(Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), Contents=b"\0")


@pytest.fixture(scope="module")
def who(party: Callable[[str], Party]) -> Party:
    return party("valid")


def document(*fields: Dictionary, pages: int = 1, direct_value: bool = False, **form: object) -> bytes:
    """A form with these fields, in this order; `Kids` of a field are dictionaries, too."""
    pdf = Pdf.new()
    for _ in range(pages):
        pdf.add_blank_page()
    made = [pdf.make_indirect(field) for field in fields]
    for field in made:
        if not direct_value and isinstance(field.get("/V"), Dictionary):
            field.V = pdf.make_indirect(copy(field.V))
        for number, kid in enumerate(field.get("/Kids", [])):
            field.Kids[number] = pdf.make_indirect(kid)
            field.Kids[number].Parent = field
    if fields:
        pdf.Root.AcroForm = pdf.make_indirect(Dictionary(Fields=Array(made), **form))
    return saved(pdf)


def saved(pdf: Pdf) -> bytes:
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


def seal(name: str, **entries: object) -> Dictionary:
    widget = {"Type": Name.Annot, "Subtype": Name.Widget, "Rect": [0, 0, 0, 0], "F": 132}
    return Dictionary(FT=Name.Sig, T=name, **widget | entries)


def text(name: str) -> Dictionary:
    return Dictionary(FT=Name.Tx, T=name, V="見本")


def sign(data: bytes, who: Party, field: str | None = None) -> tuple[str, bytes]:
    """The name of the field and the signed document."""
    profile = replace(PROFILES["pades-b-b"], field=field)
    prepared = prepare(open_pdf(Source.of(data)), who.identity, profile, AT)
    out = io.BytesIO()
    prepared.embed(who.sign(prepared.to_be_signed, prepared.scheme), out)
    return prepared.signature_id, out.getvalue()


def refused(kind: type[FormatError], data: bytes, who: Party, field: str | None = None) -> dict[str, object]:
    with pytest.raises(kind) as caught:
        sign(data, who, field)
    return dict(caught.value.facts)


# No field asked for


def test_without_a_form_there_will_be_an_invisible_field_on_the_first_page(who: Party) -> None:
    name, signed = sign(document(pages=2), who)
    pdf = Pdf.open(io.BytesIO(signed))
    (field,) = pdf.Root.AcroForm.Fields
    assert name.startswith("Signature-")
    assert str(field.T) == name
    assert [str(field.FT), str(field.Subtype), int(field.F)] == ["/Sig", "/Widget", 132]
    assert [int(number) for number in field.Rect] == [0, 0, 0, 0]
    assert pdf.Root.AcroForm.SigFlags == 3
    assert [one.objgen for one in pdf.pages[0].obj.Annots] == [field.objgen]
    assert field.P.objgen == pdf.pages[0].obj.objgen
    assert "/Annots" not in pdf.pages[1].obj


def test_the_only_empty_signature_field_is_filled(who: Party) -> None:
    data = document(text("name"), seal("done", V=SIGNED), seal("seal"), SigFlags=1)
    name, signed = sign(data, who)
    assert name == "seal"
    pdf = Pdf.open(io.BytesIO(signed))
    assert len(pdf.Root.AcroForm.Fields) == 3


def test_where_all_are_signed_there_will_be_another(who: Party) -> None:
    name, signed = sign(document(seal("done", V=SIGNED), SigFlags=3), who)
    assert name.startswith("Signature-")
    pdf = Pdf.open(io.BytesIO(signed))
    assert len(pdf.Root.AcroForm.Fields) == 2


def test_among_several_empty_ones_somebody_has_to_choose(who: Party) -> None:
    data = document(seal("applicant"), seal("employer"))
    facts = refused(TargetNotFoundError, data, who)
    assert facts == {"reason": "pdf-field-ambiguous", "fields": ["applicant", "employer"]}
    assert sign(data, who, "employer")[0] == "employer"


@pytest.mark.parametrize(("texts", "form", "filled"), [(101, {}, False), (101, {"SigFlags": 1}, True), (99, {}, True)])
def test_a_large_form_that_says_it_has_none_is_not_searched(
    texts: int, form: dict[str, object], filled: bool, who: Party
) -> None:
    data = document(*(text(f"text{number}") for number in range(texts)), seal("seal"), **form)
    assert (sign(data, who)[0] == "seal") == filled


# A field by its name


def test_a_name_that_nobody_has_becomes_a_new_field(who: Party) -> None:
    name, signed = sign(document(text("name")), who, "印鑑")
    assert name == "印鑑"
    pdf = Pdf.open(io.BytesIO(signed))
    assert [str(field.T) for field in pdf.Root.AcroForm.Fields] == ["name", "印鑑"]


def test_a_name_that_nobody_has_is_taken_for_a_slip_where_signatures_are_awaited(who: Party) -> None:
    data = document(seal("applicant"), seal("employer"), seal("done", V=SIGNED))
    facts = refused(TargetNotFoundError, data, who, "aplicant")
    assert facts == {"reason": "pdf-field-absent", "target": "aplicant", "fields": ["applicant", "employer"]}
    assert sign(data, who, "applicant")[0] == "applicant"
    assert sign(data, who, "1/0,0,0,0/aplicant")[0] == "aplicant"  # said at such length it is meant
    assert sign(document(seal("done", V=SIGNED)), who, "aplicant")[0] == "aplicant"


def test_a_name_with_a_slash_is_found_where_there_is_one(who: Party) -> None:
    assert sign(document(seal("a/b"), seal("other")), who, "a/b")[0] == "a/b"


def test_a_field_below_another_is_found_by_its_full_name(who: Party, pdf_judges: PdfJudges) -> None:
    kid = seal("seal")
    del kid["/FT"]  # inherited
    name, signed = sign(
        document(Dictionary(T="section", FT=Name.Sig, Kids=Array([kid])), seal("other")), who, "section.seal"
    )
    assert name == "section.seal"
    judges = pdf_judges.ask(signed, at=AT)
    judged = {
        name: [one.ok for one in judge.signatures if one.field == "section.seal"] for name, judge in judges.items()
    }
    assert [judged[name] for name in ("pdfsig", "pyhanko")] == [[True], [True]]


def test_a_field_whose_widget_is_apart_keeps_it(who: Party, pdf_judges: PdfJudges) -> None:
    widget = Dictionary(Type=Name.Annot, Subtype=Name.Widget, Rect=[0, 0, 0, 0], F=132)
    name, signed = sign(document(Dictionary(FT=Name.Sig, T="seal", Kids=Array([widget]))), who)
    assert name == "seal"
    judges = pdf_judges.ask(signed, at=AT)
    # poppler 22.12 and MuPDF 1.21 do not find the value of such a field, whoever signed it: nor where pyHanko did.
    assert all(judges[name].ok for name in ("pdfbox", "pyhanko", "openssl", "qpdf")), judges
    assert [one.field for one in judges["pyhanko"].signatures] == ["seal"]


def test_a_signature_that_could_not_be_verified_stops_signing(who: Party) -> None:
    assert sign(document(seal("seal"), seal("done", V=SIGNED)), who)[0] == "seal"
    data = document(seal("seal"), seal("done", V=copy(SIGNED)), direct_value=True)
    facts = refused(MalformedDocumentError, data, who)
    assert facts == {"reason": "pdf-entry-malformed", "entry": "/V"}


def test_a_signed_field_is_not_signed_again(who: Party) -> None:
    facts = refused(AlreadySignedError, document(seal("seal", V=SIGNED)), who, "seal")
    assert facts == {"reason": "pdf-field-signed", "place": "seal"}


@pytest.mark.parametrize("field", ["name", "1/0,0,9,9/name"])
def test_a_field_of_another_kind_is_not_signed(field: str, who: Party) -> None:
    facts = refused(TargetNotFoundError, document(text("name")), who, field)
    assert facts == {"reason": "pdf-field-kind", "target": "name"}


@pytest.mark.parametrize("name", ["", "section.seal", "two\nlines", "\udcff"])
def test_a_new_field_needs_a_name_of_its_own(name: str, who: Party) -> None:
    for spec in (name, f"1/0,0,9,9/{name}"):
        assert refused(TargetNotFoundError, document(), who, spec) == {"reason": "pdf-field-name", "target": name}


# A new field in its place


@pytest.mark.parametrize(("page", "index"), [("1", 0), ("3", 2), ("-1", 2), ("-3", 0)])
def test_pages_count_from_one_or_from_the_end(page: str, index: int, who: Party, pdf_judges: PdfJudges) -> None:
    name, signed = sign(document(pages=3), who, f"{page}/200,60,10,20/seal")
    pdf = Pdf.open(io.BytesIO(signed))
    (field,) = pdf.pages[index].obj.Annots
    assert [int(number) for number in field.Rect] == [10, 20, 200, 60]
    assert [int(number) for number in field.AP.N.BBox] == [0, 0, 190, 40]
    assert field.AP.N.read_bytes() == b"0.5 w 0.25 0.25 189.50 39.50 re S"
    pdf_judges.accept(signed, [name], at=AT)


def test_a_field_without_area_needs_no_appearance(who: Party) -> None:
    _, signed = sign(document(), who, "1/10,10,10,40/seal")
    pdf = Pdf.open(io.BytesIO(signed))
    assert "/AP" not in pdf.Root.AcroForm.Fields[0]


@pytest.mark.parametrize(
    ("entries", "area"),
    [
        ({"MediaBox": [0, 0, 595, 842]}, ["0", "0", "595", "842"]),
        ({"MediaBox": [595, 842, 0, 0], "CropBox": [50, 60, 900, 400.5]}, ["50", "60", "595", "400.5"]),
    ],
)
@pytest.mark.parametrize("inherited", [False, True])
def test_a_field_meant_to_be_seen_lies_on_its_page(
    entries: dict[str, list[float]], area: list[str], inherited: bool, who: Party
) -> None:
    pdf = Pdf.open(io.BytesIO(document()))
    page = pdf.pages[0].obj
    for key in ("/MediaBox", "/CropBox"):
        if key in page:
            del page[key]
    for key, box in entries.items():
        (page.Parent if inherited else page)[f"/{key}"] = Array(box)
    data = saved(pdf)
    for box in ("600,60,700,90", "-90,60,0,90", "60,842,90,900", "60,-90,90,0"):
        facts = refused(TargetNotFoundError, data, who, f"1/{box}/seal")
        assert facts == {"reason": "pdf-field-outside", "target": "seal", "area": area}
    for box in ("60,60,90,90", "-90,-90,900,900", "700,700,700,700"):  # the last is invisible wherever it is
        assert sign(data, who, f"1/{box}/seal")[0] == "seal"


def test_where_a_page_has_no_media_box_nothing_visible_is_put_on_it(who: Party) -> None:
    pdf = Pdf.open(io.BytesIO(document()))
    del pdf.pages[0].obj["/MediaBox"]
    data = saved(pdf)
    facts = refused(MalformedDocumentError, data, who, "1/0,0,9,9/seal")
    assert facts == {"reason": "pdf-pages", "detail": "/MediaBox"}
    assert sign(data, who, "seal")[0] == "seal"


@pytest.mark.parametrize("page", ["4", "-4", "99999999999999999999"])
def test_a_page_that_is_not_there_is_named(page: str, who: Party) -> None:
    facts = refused(TargetNotFoundError, document(pages=3), who, f"{page}/0,0,9,9/seal")
    assert facts == {"reason": "pdf-page", "target": int(page), "pages": 3}


@pytest.mark.parametrize(
    "spec",
    [
        "0/0,0,9,9/x",
        "a/0,0,9,9/x",
        "1/0,0,9/x",
        "1/0,0,9,9,9/x",
        "1/a,0,9,9/x",
        "1//x",
        "//",
        "1.5/0,0,9,9/x",
        "a/b",
        "/",
        "1/0,0,9,9",
        "1/0,0,9,9/x/y",
    ],
)
def test_what_is_no_place_is_refused(spec: str, who: Party) -> None:
    assert refused(TargetNotFoundError, document(), who, spec) == {"reason": "pdf-field-spec", "target": spec}


def test_a_new_field_may_not_have_the_name_of_another(who: Party) -> None:
    data = document(seal("seal"))
    facts = refused(TargetNotFoundError, data, who, "1/0,0,9,9/seal")
    assert facts == {"reason": "pdf-field-exists", "target": "seal"}
    assert sign(data, who, "1/0,0,9,9/other")[0] == "other"


# Forms that are not as they should be


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"/Fields [ 4 0 R ]", b"/Fields [ (x)   ]", "pdf-fields"),
        (b"/Fields [ 4 0 R ]", b"/Fields (4 0 R)  ", "pdf-entry-malformed"),
        (b"/Fields [ 4 0 R ]", b"/Fields [ 2 0 R ]", None),  # the form is no field, but nobody is misled
    ],
)
def test_a_form_that_is_none_is_refused(old: bytes, new: bytes, reason: str | None, who: Party) -> None:
    data = document(seal("seal"))
    assert old in data
    if reason is None:
        assert sign(data.replace(old, new), who)[0].startswith("Signature-")
    else:
        assert refused(MalformedDocumentError, data.replace(old, new), who)["reason"] == reason


def test_fields_that_contain_themselves_end(who: Party) -> None:
    pdf = Pdf.open(io.BytesIO(document(Dictionary(T="a", Kids=Array([Dictionary(T="b")])))))
    (field,) = pdf.Root.AcroForm.Fields
    field.Kids[0].Kids = Array([field])
    assert refused(MalformedDocumentError, saved(pdf), who)["reason"] == "pdf-fields"
