"""Signing PDFs of every build: whatever comes out, six programs that share no code with us accept it."""

from __future__ import annotations

import hashlib
import io
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Pdf

from jitsuin.formats.base import VerificationPolicy
from jitsuin.formats.errors import FormatError
from jitsuin.formats.pdf.reading import open_pdf
from jitsuin.formats.pdf.signing import PreparedPdf, prepare
from jitsuin.formats.pdf.verify import verify
from jitsuin.formats.profiles import PROFILES
from jitsuin.formats.source import Source
from jitsuin.samples.pdf_documents import childcare_application

if TYPE_CHECKING:
    from cryptography import x509

    from jitsuin.formats.base import SigningIdentity
    from pdf_judges import PdfJudges

    class Party(Protocol):
        @property
        def identity(self) -> SigningIdentity: ...
        @property
        def certificate(self) -> x509.Certificate: ...
        def sign(self, to_be_signed: bytes, scheme: str) -> bytes: ...

    Parties = Callable[[str], Party]

AT = datetime.fromisoformat("2026-06-01T12:00:00+09:00")


def blank(pages: int = 1) -> Pdf:
    pdf = Pdf.new()
    for number in range(pages):
        pdf.add_blank_page()
        pdf.pages[number].Contents = pdf.make_stream(b"0 0 m 100 100 l S")
    return pdf


def saved(pdf: Pdf, **options: object) -> bytes:
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True, **{"object_stream_mode": ObjectStreamMode.disable} | options)
    return out.getvalue()


def text_field(pdf: Pdf, name: str = "text") -> pikepdf.Object:
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Tx,
            T=name,
            V="見本",
            F=4,
            Rect=[10, 10, 100, 30],
            P=pdf.pages[0].obj,
            DA="/Helv 0 Tf",
            AP=Dictionary(N=pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 90, 20])),
        )
    )


def signature_field(pdf: Pdf, name: str = "seal", **entries: object) -> pikepdf.Object:
    every = {"FT": Name.Sig, "T": name, "Rect": [0, 0, 0, 0], "F": 132, "P": pdf.pages[0].obj} | entries
    return pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Widget, **every))


def form(
    pdf: Pdf,
    fields: Sequence[pikepdf.Object],
    *,
    indirect: bool = True,
    indirect_fields: bool = False,
    indirect_annotations: bool = False,
    **entries: object,
) -> bytes:
    every: pikepdf.Object = Array(list(fields))
    annotations: pikepdf.Object = Array(list(fields))
    if indirect_annotations:
        annotations = pdf.make_indirect(annotations)
    pdf.pages[0].obj.Annots = annotations
    filled = Dictionary(Fields=pdf.make_indirect(every) if indirect_fields else every, **entries)
    pdf.Root.AcroForm = pdf.make_indirect(filled) if indirect else filled
    return saved(pdf)


def with_form(**options: object) -> bytes:
    pdf = blank()
    return form(pdf, [text_field(pdf)], **options)


def deep() -> bytes:
    """A page tree of three levels, the first branch of which has no page."""
    pdf = blank(3)
    tree = pdf.Root.Pages
    pages = list(tree.Kids)
    inner = pdf.make_indirect(Dictionary(Type=Name.Pages, Kids=Array(pages[:2]), Count=2, Parent=tree))
    empty = pdf.make_indirect(Dictionary(Type=Name.Pages, Kids=Array(), Count=0, Parent=tree))
    for page in pages[:2]:
        page.Parent = inner
    tree.Kids = Array([empty, inner, pages[2]])
    return saved(pdf)


def described() -> bytes:
    pdf = blank()
    pdf.docinfo["/Title"] = "就労証明書"
    pdf.Root.MarkInfo = Dictionary(Marked=True)
    pdf.Root.StructTreeRoot = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
    pdf.Root["/Lang"] = "ja-JP"
    return saved(pdf)


def by_hand(*, eol: bytes = b"\n", tail: bytes = b"\n", resources: bytes = b"") -> bytes:
    """A file as small as can be, without /ID, with any ends of lines."""
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Resources << " + resources + b" >> >>",
    ]
    out = b"%PDF-1.7" + eol + b"%\xe3\x81\x82\xe3" + eol
    offsets = []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj" % number + eol + body + eol + b"endobj" + eol
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(out)
    out += b"xref" + eol + b"0 4" + eol + b"0000000000 65535 f \n" + table
    return out + eol.join([b"trailer", b"<< /Size 4 /Root 1 0 R >>", b"startxref", b"%d" % start, b"%%EOF"]) + tail


BUILDS: dict[str, Callable[[], bytes]] = {
    "table": lambda: saved(blank()),
    "PDF 1.3": lambda: saved(blank(), force_version="1.3"),
    "PDF 2.0": lambda: saved(blank(), force_version="2.0"),
    "object streams": lambda: saved(blank(), object_stream_mode=ObjectStreamMode.generate),
    "PDF 2.0, object streams": lambda: saved(
        blank(), object_stream_mode=ObjectStreamMode.generate, force_version="2.0"
    ),
    "linearized": lambda: saved(blank(3), linearize=True),
    "linearized, object streams": lambda: saved(blank(3), linearize=True, object_stream_mode=ObjectStreamMode.generate),
    "by hand": by_hand,
    "no end of line at the end": lambda: by_hand(tail=b""),
    "CR LF": lambda: by_hand(eol=b"\r\n", tail=b"\r\n"),
    "CR": lambda: by_hand(eol=b"\r", tail=b"\r"),
    "page tree of three levels": deep,
    "tagged, with metadata": described,
    "form": with_form,
    "form in the catalog": lambda: with_form(indirect=False),
    "fields as an object": lambda: with_form(indirect_fields=True),
    "fields as an object, form in the catalog": lambda: with_form(indirect_fields=True, indirect=False),
    "annotations as an object": lambda: with_form(indirect_annotations=True),
    "form with defaults": lambda: with_form(
        DA="/Helv 0 Tf 0 g", DR=Dictionary(Font=Dictionary()), NeedAppearances=True
    ),
    "form without fields": lambda: form(blank(), []),
    "XFA hybrid": lambda: form(pdf := blank(), [text_field(pdf)], XFA=Array(["template", pdf.make_stream(b"<t/>")])),
    "field to be filled": lambda: form(pdf := blank(), [signature_field(pdf)], SigFlags=1),
    "visible field to be filled": lambda: form(pdf := blank(), [signature_field(pdf, Rect=[10, 10, 110, 60])]),
}


def prepared(data: bytes, who: Party, profile: str = "pades-b-b", **changes: object) -> PreparedPdf:
    return prepare(open_pdf(Source.of(data)), who.identity, replace(PROFILES[profile], **changes), AT)


def embedded(document: PreparedPdf, who: Party) -> bytes:
    out = io.BytesIO()
    document.embed(who.sign(document.to_be_signed, document.scheme), out)
    return out.getvalue()


def sign(data: bytes, who: Party, profile: str = "pades-b-b", **changes: object) -> bytes:
    return embedded(prepared(data, who, profile, **changes), who)


def reopened(data: bytes) -> Pdf:
    return Pdf.open(io.BytesIO(data))


def signature(pdf: Pdf, number: int = -1) -> pikepdf.Object:
    """The signature dictionary of a field of the form. Lives as long as the Pdf."""
    return pdf.Root.AcroForm.Fields[number].V


def contents(signed: bytes) -> bytes:
    pdf = reopened(signed)
    return bytes(signature(pdf).Contents)


def accepted(signed: bytes, names: list[str], judges: PdfJudges) -> None:
    """By everybody, and by ourselves."""
    judges.accept(signed, names, at=AT)
    findings = verify(open_pdf(Source.of(signed)), VerificationPolicy())
    assert [(finding.signature_id, finding.verdict.passed) for finding in findings] == [(name, True) for name in names]


@pytest.mark.parametrize("build", BUILDS)
def test_three_people_sign_and_everybody_accepts(build: str, party: Parties, pdf_judges: PdfJudges) -> None:
    document, names = BUILDS[build](), []
    for persona, profile in (("valid", "pades-b-b"), ("p384", "pades-b-b"), ("second", "moj-pdf")):
        before = document
        one = prepared(document, party(persona), profile)
        document = embedded(one, party(persona))
        names.append(one.signature_id)
        assert document.startswith(before)
    accepted(document, names, pdf_judges)
    assert len(set(names)) == 3


# The form of the signature


def test_moj_pdf_has_the_published_values(party: Parties) -> None:
    """C1 to C9 of the open conformance checker (pdf-filing, section 1), read from the bytes."""
    original = saved(blank())
    signed = sign(original, party("valid"), "moj-pdf", reason="申請", location="Tokyo")
    pdf = reopened(signed)
    value = signature(pdf)
    assert (value.Type, value.Filter, value.SubFilter) == (
        Name.Sig,
        Name("/Adobe.PPKLite"),
        Name("/adbe.pkcs7.detached"),
    )
    assert re.fullmatch(r"D:20260601120000\+09'00'", str(value.M))
    assert str(value.Name) == next(
        str(one.value) for one in party("valid").certificate.subject if one.rfc4514_attribute_name == "CN"
    )
    assert (str(value.Reason), str(value.Location)) == ("申請", "Tokyo")
    start, first, second, length = map(int, value.ByteRange)
    assert (start, second + length) == (0, len(signed))
    assert re.fullmatch(rb"<[0-9A-F]+>", signed[first:second])
    assert bytes.fromhex(signed[first + 1 : second - 1].decode()) == bytes(value.Contents)
    assert signed[len(original) :].count(b"%%EOF") == 1
    assert signed.count(b"/Type /Sig\n") == 1


def test_the_name_is_the_holders_where_it_is_known(party: Parties) -> None:
    identity = replace(party("valid").identity, name="見本 花子")
    document = prepare(open_pdf(Source.of(by_hand())), identity, PROFILES["moj-pdf"], AT)
    pdf = reopened(embedded(document, party("valid")))
    assert str(signature(pdf).Name) == "見本 花子"


def test_pades_states_no_name_and_no_signing_time_in_the_cms(party: Parties) -> None:
    """EN 319 142-1, clause 6.3: the time is /M's; a certificate's name is personal and not asked for."""
    pdf = reopened(sign(by_hand(), party("valid")))
    value = signature(pdf)
    assert value.SubFilter == Name("/ETSI.CAdES.detached")
    assert "/Name" not in value
    signing_time = bytes.fromhex("06092a864886f70d010905")
    assert signing_time not in bytes(value.Contents)
    assert signing_time in contents(sign(by_hand(), party("valid"), "moj-pdf"))


@pytest.mark.parametrize("persona", ["valid", "p384"])
def test_contents_takes_no_more_than_it_needs(persona: str, party: Parties) -> None:
    value = contents(sign(by_hand(), party(persona)))
    length = 4 + int.from_bytes(value[2:4])
    assert value[:2] == b"\x30\x82"
    assert 0 <= len(value) - length <= (0 if persona == "valid" else 4)
    assert value[length:].count(0) == len(value) - length


@pytest.mark.parametrize("text", ["plain", "(brackets) and \\", "日本語 𠮷", "é", "line\nfeed", ""])
def test_reasons_come_back_as_they_were_given(text: str, party: Parties) -> None:
    pdf = reopened(sign(by_hand(), party("valid"), reason=text))
    assert str(signature(pdf).Reason) == text


# What is changed, and what is not


def test_only_what_must_change_is_written_again(party: Parties) -> None:
    original = with_form(indirect_fields=True, indirect_annotations=True, SigFlags=3)
    revision = sign(original, party("valid"))[len(original) :]
    numbers = [int(number) for number in re.findall(rb"(\d+) 0 obj", revision)]
    pdf = reopened(original)
    lists = {pdf.Root.AcroForm.Fields.objgen[0], pdf.pages[0].obj.Annots.objgen[0]}
    assert {number for number in numbers if number < len(pdf.objects) + 1} == lists


@pytest.mark.parametrize("build", BUILDS)
def test_nothing_else_is_changed(build: str, party: Parties) -> None:
    original = BUILDS[build]()
    before, after = reopened(original), reopened(sign(original, party("valid")))
    dictionaries = [one for one in before.objects if isinstance(one, Dictionary)]
    assert len(dictionaries) > 2
    for old in dictionaries:
        new = after.get_object(old.objgen)
        kept = set(old.keys()) - {"/AcroForm", "/Annots", "/Fields", "/SigFlags"}
        assert {key: plain(old[key]) for key in kept} == {key: plain(new[key]) for key in kept}
    ids = [pdf.trailer.get("/ID", [None])[0] for pdf in (before, after)]
    assert ids[0] is None or bytes(ids[0]) == bytes(ids[1])
    of_the_section = {"/Prev", "/XRefStm", "/Filter", "/DecodeParms", "/Index", "/W", "/Type", "/Length"}
    assert set(before.trailer.keys()) - of_the_section <= set(after.trailer.keys())


def plain(value: object) -> bytes:
    return value.unparse() if isinstance(value, pikepdf.Object) else repr(value).encode()


def test_the_cache_of_the_reader_stays_clean(party: Parties) -> None:
    """The rehearsal prepares with another identity on the same open document."""
    document = open_pdf(Source.of(with_form(indirect=False)))
    profile = PROFILES["pades-b-b"]
    prepare(document, party("p384").identity, profile, AT + timedelta(days=1))
    again = prepare(document, party("valid").identity, profile, AT)
    assert embedded(again, party("valid")) == sign(with_form(indirect=False), party("valid"))


def test_the_same_inputs_give_the_same_bytes_and_others_another_id(party: Parties) -> None:
    one, two = (sign(by_hand(), party("valid")) for _ in range(2))
    assert one == two
    other = sign(by_hand(), party("second"))
    first, second = ([bytes(part) for part in reopened(data).trailer["/ID"]] for data in (one, other))
    assert (first[0] == second[0], first[1] == second[1]) == (True, False)


@pytest.mark.parametrize("name", [b"/MS#83S#83V#83b#83N", b"/#E6#98#8E#E6#9C#9D", b"/a#20b", b"/caf#C3#A9"])
def test_names_keep_their_bytes(name: bytes, party: Parties) -> None:
    """Fonts of Japanese programs have names in Shift-JIS, others in UTF-8."""
    original = by_hand(resources=b"/Font << " + name + b" null >>")
    assert name + b" null" in sign(original, party("valid"))[len(original) :]


@pytest.mark.parametrize("value", [b"<FEFF0041>", b"<93FA967B>", b"(\\050)", b"<>", b"(\\377\\376A)", b"<EFBBBF41>"])
def test_strings_keep_their_bytes(value: bytes, party: Parties) -> None:
    original = by_hand(resources=b"/Private " + value)
    before, after = reopened(original), reopened(sign(original, party("valid")))
    assert bytes(before.pages[0].obj.Resources.Private) == bytes(after.pages[0].obj.Resources.Private)


# Between preparing and embedding


def test_it_can_be_carried_to_another_process(party: Parties, tmp_path: Path) -> None:
    document = prepared(by_hand(), party("valid"))
    value = party("valid").sign(document.to_be_signed, document.scheme)
    (tmp_path / "prepared").write_bytes(pickle.dumps(document))
    (tmp_path / "value").write_bytes(value)
    script = (
        "import pickle, pathlib, sys; here = pathlib.Path(sys.argv[1])\n"
        "document = pickle.loads((here / 'prepared').read_bytes())\n"
        "document.embed((here / 'value').read_bytes(), sys.stdout.buffer)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, check=True)
    assert done.stdout == embedded(document, party("valid"))


@pytest.mark.parametrize("profile", ["pades-b-b", "pades-b-t", "agency-pdf", "moj-pdf"])
@pytest.mark.parametrize("which", ["new field", "field of a form", "signed before", "compressed"])
def test_an_outline_serves_another_signer(profile: str, which: str, party: Parties) -> None:
    """What a stand-in rehearsed, carried elsewhere without the document, gives what the signer would have prepared."""
    document, changes = by_hand(), {"reason": "理由", "location": "Tokyo"}
    if which == "field of a form":
        document, changes["field"] = childcare_application(), "Guardian1Signature"
    elif which == "signed before":
        document = sign(document, party("p256"))
    elif which == "compressed":
        document = saved(blank(), object_stream_mode=ObjectStreamMode.generate)
    stand_in = prepared(document, party("second"), profile, **changes)
    carried = pickle.dumps(stand_in.outline)
    assert len(carried) < 3000, "nothing of the document is in it"
    outline = pickle.loads(carried)  # noqa: S301 - our own
    for _ in range(2):  # it is not used up
        again = outline.prepared(Source.of(document), party("valid").identity)
        assert embedded(again, party("valid")) == sign(document, party("valid"), profile, **changes)
    assert again.to_be_signed != stand_in.to_be_signed
    assert outline.prepared(Source.of(document), party("p384").identity) is None


def test_it_writes_straight_through(party: Parties) -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.parts: list[bytes] = []

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.parts.append(bytes(data))  # type: ignore[call-overload]
            return len(self.parts[-1])

    document, pipe = prepared(by_hand(), party("valid")), Pipe()
    out: BinaryIO = pipe  # type: ignore[assignment]
    document.embed(party("valid").sign(document.to_be_signed, document.scheme), out)
    assert b"".join(pipe.parts) == embedded(document, party("valid"))


def test_preparing_hashes_nothing(party: Parties, tmp_path: Path) -> None:
    """A rehearsal over a large file reads a few kilobytes of it."""
    read = 0

    class Counting(io.BufferedReader):
        def read(self, size: int | None = -1, /) -> bytes:
            nonlocal read
            data = super().read(size)
            read += len(data)
            return data

        def readinto(self, buffer: object, /) -> int:
            nonlocal read
            count = super().readinto(buffer)  # type: ignore[arg-type]
            read += count
            return count

    pdf = blank()
    pdf.pages[0].Contents = pdf.make_stream(b"%" + b"x" * 5_000_000, Filter=Name.None_)
    del pdf.pages[0].Contents["/Filter"]
    path = tmp_path / "large.pdf"
    path.write_bytes(saved(pdf, compress_streams=False))
    source = Source(lambda: Counting(io.FileIO(path)), path.stat().st_size)
    one = prepare(open_pdf(source), party("valid").identity, PROFILES["pades-b-b"], AT)
    assert read < 100_000
    signed = embedded(one, party("valid"))
    assert read >= len(signed[: source.size])
    first, second = one.hole.before, one.hole.after
    assert one.digest == hashlib.sha256(path.read_bytes() + first + second).digest()


# What may not be signed


def certified(permission: int, party: Parties) -> bytes:
    pdf = blank()
    transform = Dictionary(Type=Name.TransformParams, P=permission, V=Name("/1.2"))
    reference = Dictionary(Type=Name.SigRef, TransformMethod=Name.DocMDP, TransformParams=transform)
    value = Dictionary(Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), Reference=Array([reference]), Contents=b"\0")
    field = signature_field(pdf, "author", V=pdf.make_indirect(value))
    pdf.Root.Perms = Dictionary(DocMDP=field.V)
    return form(pdf, [field, signature_field(pdf)], SigFlags=3)


def refusal(data: bytes, who: Party, profile: str = "pades-b-b", **changes: object) -> tuple[str, dict[str, object]]:
    document = open_pdf(Source.of(data))
    with pytest.raises(FormatError) as caught:
        prepare(document, who.identity, replace(PROFILES[profile], **changes), AT)
    facts = dict(caught.value.facts)
    return str(facts.pop("reason")), facts


def test_a_document_certified_against_every_change_is_refused(party: Parties) -> None:
    assert refusal(certified(1, party), party("valid")) == ("pdf-certified-no-changes", {})


@pytest.mark.parametrize("permission", [2, 3])
@pytest.mark.parametrize(("field", "filled"), [(None, "seal"), ("seal", "seal"), ("1/0,0,0,0/another", "another")])
def test_a_document_certified_for_forms_takes_a_signature(
    permission: int, field: str | None, filled: str, party: Parties
) -> None:
    assert prepared(certified(permission, party), party("valid"), field=field).signature_id == filled


def test_a_new_field_that_shows_would_paint_over_what_was_certified(party: Parties) -> None:
    reason, facts = refusal(certified(2, party), party("valid"), field="1/0,0,9,9/new")
    assert (reason, facts) == ("pdf-certified-no-new-field", {"field": "new"})


@pytest.mark.parametrize(
    ("action", "names", "locked"),
    [
        ("/All", [], True),
        ("/Include", ["seal"], True),
        ("/Include", ["text"], False),
        ("/Exclude", ["text"], True),
        ("/Exclude", ["seal"], False),
    ],
)
def test_a_field_that_an_earlier_signature_locked_is_refused(
    action: str, names: list[str], locked: bool, party: Parties
) -> None:
    pdf = blank()
    lock = Dictionary(Type=Name.SigFieldLock, Action=Name(action), Fields=Array(names))
    first = signature_field(pdf, "first", Lock=pdf.make_indirect(lock))
    signed = sign(form(pdf, [first, signature_field(pdf)], SigFlags=1), party("valid"), field="first")
    if locked:
        assert refusal(signed, party("second"), field="seal") == (
            "pdf-field-locked",
            {"place": "first", "field": "seal"},
        )
    else:
        assert prepared(signed, party("second"), field="seal").signature_id == "seal"


def test_a_lock_is_carried_out_and_everybody_accepts(party: Parties, pdf_judges: PdfJudges) -> None:
    pdf = blank()
    lock = Dictionary(Type=Name.SigFieldLock, Action=Name.Include, Fields=Array(["text"]))
    field = signature_field(pdf, Lock=pdf.make_indirect(lock))
    signed = sign(form(pdf, [field, text_field(pdf)]), party("valid"))
    pdf = reopened(signed)
    (reference,) = signature(pdf, 0).Reference
    assert (reference.TransformMethod, reference.TransformParams.Action) == (Name.FieldMDP, Name.Include)
    accepted(signed, ["seal"], pdf_judges)


def test_a_lock_on_the_whole_document_is_heeded(party: Parties) -> None:
    pdf = blank()
    lock = Dictionary(Type=Name.SigFieldLock, Action=Name.Include, Fields=Array(["text"]), P=1)
    signed = sign(form(pdf, [signature_field(pdf, Lock=lock)]), party("valid"))
    assert refusal(signed, party("second")) == ("pdf-document-locked", {"place": "seal"})


SEEDS = {
    "/Filter": (1, {"/Filter": Name("/Other")}, {"/Filter": Name("/Adobe.PPKLite")}),
    "/SubFilter": (
        2,
        {"/SubFilter": Array([Name("/adbe.pkcs7.detached")])},
        {"/SubFilter": Array([Name("/ETSI.CAdES.detached")])},
    ),
    "/V": (4, {"/V": 4}, {"/V": 3}),
    "/Reasons": (8, {"/Reasons": Array(["other"])}, {"/Reasons": Array(["other", "approved"])}),
    "/AddRevInfo": (32, {"/AddRevInfo": True}, {"/AddRevInfo": False}),
    "/DigestMethod": (64, {"/DigestMethod": Array(["SHA512"])}, {"/DigestMethod": Array(["SHA512", "SHA256"])}),
    "/LockDocument": (128, {"/LockDocument": Name("/true")}, {"/LockDocument": Name("/auto")}),
    "/AppearanceFilter": (256, {"/AppearanceFilter": "stamp"}, None),
    "/MDP": (0, {"/MDP": Dictionary(P=2)}, {"/MDP": Dictionary(P=0)}),
    "/TimeStamp": (0, {"/TimeStamp": Dictionary(Ff=1)}, {"/TimeStamp": Dictionary(Ff=0)}),
    "/Cert": (0, {"/Cert": Dictionary(Ff=2)}, {"/Cert": Dictionary(Ff=64)}),
}


@pytest.mark.parametrize("entry", SEEDS)
def test_what_the_author_requires_is_met_or_named(entry: str, party: Parties) -> None:
    def seeded(flags: int, seeds: dict[str, object]) -> bytes:
        pdf = blank()
        return form(pdf, [signature_field(pdf, SV=pdf.make_indirect(Dictionary(seeds | {"/Ff": flags})))])

    flag, unmet, met = SEEDS[entry]
    facts = {"field": "seal", "entry": entry}
    assert refusal(seeded(flag, unmet), party("valid"), reason="approved") == ("pdf-seed-value", facts)
    if flag:  # a wish is no demand
        assert prepared(seeded(0, unmet), party("valid"), reason="approved").signature_id == "seal"
    if met is not None:
        assert prepared(seeded(flag, met), party("valid"), reason="approved").signature_id == "seal"
