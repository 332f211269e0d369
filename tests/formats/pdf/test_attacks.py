"""The published attacks on signed PDFs (pdf-filing, section 3), each on a file that is VALID without it."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name

from jitsuin.formats.verdict import Indication, SubIndication

FORMAT, CONSTRAINTS = SubIndication.FORMAT_FAILURE, SubIndication.SIG_CONSTRAINTS_FAILURE
RANGE = re.compile(rb"/ByteRange \[[^\]]*\] *")
HEX = re.compile(rb"/Contents <[0-9a-fA-F]{1000,}>")


@pytest.fixture(scope="module")
def once(make_pdf, pen, findings) -> bytes:
    """The control of every attack."""
    data = pen.sign(make_pdf())
    assert [one.verdict.reason for one in findings(data)] == ["passed"]
    return data


@pytest.fixture(scope="module")
def twice(once, pen, findings) -> bytes:
    data = pen.sign(once, "Signature2", "second")
    assert [one.verdict.reason for one in findings(data)] == ["passed"] * 2
    return data


def in_place(data: bytes, pattern: re.Pattern[bytes], new: bytes) -> bytes:
    """Replace the one match by as many bytes."""
    (match,) = pattern.finditer(data)
    assert len(new) <= len(match[0])
    return data[: match.start()] + new.ljust(len(match[0])) + data[match.end() :]


def numbers(data: bytes) -> list[int]:
    """The last byte range."""
    return [int(number) for number in re.findall(rb"\d+", list(RANGE.finditer(data))[-1][0])]


# Universal forgery


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "pdf-entry-missing"),
        (b"/ByteRange null", "pdf-entry-missing"),
        (b"/ByteRange []", "byte-range-malformed"),
        (b"/ByteRange [0 10 20]", "byte-range-malformed"),
        (b"/ByteRange [0 10 20 30 40]", "byte-range-malformed"),
        (b"/ByteRange [0 {1} {2} -{3}]", "byte-range-malformed"),
        (b"/ByteRange [0 -10 {2} {3}]", "byte-range-malformed"),
        (b"/ByteRange [1 {1} {2} {3}]", "byte-range-malformed"),
        (b"/ByteRange [0 {2} {1} {3}]", "byte-range-malformed"),
        (b"/ByteRange [0 {1} {1} {3}]", "byte-range-malformed"),
        (b"/ByteRange [0 {1} {2} 99999999999999999999]", "byte-range-malformed"),
        (b"/ByteRange [0 0 {2} {3}]", "byte-range-malformed"),
        (b"/ByteRange [0 {1} {2} 0]", "byte-range-malformed"),
        (b"/ByteRange [0 {1}.0 {2} {3}]", "byte-range-malformed"),
        (b"/ByteRange [0 ({1}) {2} {3}]", "byte-range-malformed"),
        (b"/ByteRange [0 /A {2} {3}]", "byte-range-malformed"),
        (b"/ByteRange ({1})", "byte-range-malformed"),
        (b"/ByteRange 0", "byte-range-malformed"),
        (b"/ByteRange <</A 1>>", "byte-range-malformed"),
        (b"/ByteRange 1 0 R", "byte-range-malformed"),
        (b"/ByteRange [0 {1} 1 0 R {3}]", "byte-range-malformed"),
        (b"/ByteRange [0 {1} {2} 100]", "byte-range-not-a-revision"),
        (b"/ByteRange [0 50 {2} {3}]", "byte-range-gap"),
        (b"/ByteRange [0 {2} {3} 1]", "byte-range-malformed"),
    ],
)
def test_byte_range(value: bytes, reason: str, once: bytes, findings: Callable[..., Any]) -> None:
    for index, number in enumerate(numbers(once)):
        value = value.replace(b"{%d}" % index, b"%d" % number)
    (finding,) = findings(in_place(once, RANGE, value))
    assert (finding.verdict.sub_indication, finding.verdict.reason) == (FORMAT, reason)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "pdf-entry-missing"),
        (b"/Contents null", "pdf-entry-missing"),
        (b"/Contents <>", "byte-range-gap"),
        (b"/Contents <00>", "byte-range-gap"),
        (b"/Contents ()", "pdf-entry-malformed"),
        (b"/Contents (0)", "pdf-entry-malformed"),
        (b"/Contents 0", "pdf-entry-malformed"),
        (b"/Contents /A", "pdf-entry-malformed"),
        (b"/Contents []", "pdf-entry-malformed"),
        (b"/Contents true", "pdf-entry-malformed"),
        (b"/Contents 1 0 R", "pdf-entry-malformed"),
        (b"/Contents <</A 1>>", "pdf-entry-malformed"),
        (b"/Contents <0>", "pdf-entry-malformed"),
        (b"/Contents <00 00>", "pdf-entry-malformed"),
    ],
)
def test_contents(value: bytes, reason: str, once: bytes, findings: Callable[..., Any]) -> None:
    (finding,) = findings(in_place(once, HEX, value))
    assert (finding.verdict.sub_indication, finding.verdict.reason) == (FORMAT, reason)


@pytest.mark.parametrize("value", [b"0" * 200, b"", b"3080", b"3000", b"04020500"])
def test_contents_that_are_no_cms(value: bytes, once: bytes, findings: Callable[..., Any]) -> None:
    length = len(HEX.search(once)[0]) - len(b"/Contents <>")  # type: ignore[index]
    (finding,) = findings(in_place(once, HEX, b"/Contents <" + value.ljust(length, b"0") + b">"))
    assert finding.verdict.sub_indication is FORMAT
    assert finding.verdict.reason.startswith("cms-")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"/ETSI.CAdES.detached", b"/adbe.pkcs7.sha1    ", "subfilter-refused"),
        (b"/ETSI.CAdES.detached", b"/adbe.x509.rsa_sha1 ", "subfilter-refused"),
        (b"/ETSI.CAdES.detached", b"/ETSI.CAdES.detachee", "subfilter-refused"),
        (b"/ETSI.CAdES.detached", b"(ETSI.CAdES.detache)", "pdf-entry-malformed"),
        (b"/ETSI.CAdES.detached", b"null                ", "pdf-entry-missing"),
        (b"/ETSI.CAdES.detached", b"/ETSI.RFC3161       ", "pdf-entry-malformed"),
        (b"/Type /Sig\n", b"/Type /Sih\n", "pdf-entry-malformed"),
        (b"/Type /Sig\n", b"/Type(Sig)\n", "pdf-entry-malformed"),
        (b"/Type /Sig\n", b"/Contents 1", "pdf-object"),
    ],
)
def test_what_kind_of_signature(old: bytes, new: bytes, reason: str, once: bytes, findings) -> None:
    assert once.count(old) == 1
    (finding,) = findings(once.replace(old, new))
    assert (finding.verdict.sub_indication, finding.verdict.reason) == (FORMAT, reason)


# Digest and value


def test_content_flipped(once: bytes, twice: bytes, findings: Callable[..., Any]) -> None:
    assert b"10000 yen" in once
    for data in (once, twice):
        found = findings(data.replace(b"10000 yen", b"90000 yen"))
        assert {one.verdict.sub_indication for one in found} == {SubIndication.HASH_FAILURE}
        assert all(one.certificate is None for one in found)


def test_signature_value_flipped(once: bytes, findings: Callable[..., Any]) -> None:
    digits = HEX.search(once)[0].rstrip(b"0>")  # type: ignore[index]
    at = once.index(digits) + len(digits) - 20
    flipped = once[:at] + (b"0" if once[at : at + 1] != b"0" else b"1") + once[at + 1 :]
    (finding,) = findings(flipped)
    assert finding.verdict.sub_indication is SubIndication.SIG_CRYPTO_FAILURE


def test_padding_that_is_not_zero(once: bytes, findings: Callable[..., Any]) -> None:
    end = HEX.search(once).end() - 2  # type: ignore[union-attr]
    assert once[end : end + 1] == b"0"
    (finding,) = findings(once[:end] + b"1" + once[end + 1 :])
    assert (finding.verdict.sub_indication, finding.verdict.reason) == (FORMAT, "cms-trailing-bytes")


# Incremental saving


TAILS = {
    "a byte": b"x",
    "a line": b"\n",
    "a comment": b"%a comment\n",
    "an object": b"\n4 0 obj\n<</Length 0>>\nstream\n\nendstream\nendobj\n",
    "end of file again": b"%%EOF\n",
    "many blanks": b" " * 500,
    "a zero byte": b"\0",
}


@pytest.mark.parametrize("name", TAILS)
def test_bytes_after_the_end(name: str, once: bytes, twice: bytes, findings: Callable[..., Any]) -> None:
    for data in (once, twice):
        found = findings(data + TAILS[name])
        assert found
        assert all(one.verdict.indication is Indication.TOTAL_FAILED for one in found)


def test_the_old_end_repeated(once: bytes, pen: Any, findings: Callable[..., Any]) -> None:
    """The newest cross-reference section is the signed one, only something stands before the new end of file.

    pyHanko's default asks whether a revision is covered, not whether the file is: it says nothing is wrong.
    """
    data = once + b"4 0 obj\n(unseen)\nendobj\n" + once[once.rindex(b"startxref") :]
    assert pen.pyhanko(data) == [True]
    (finding,) = findings(data)
    assert (finding.verdict.sub_indication, finding.verdict.reason) == (CONSTRAINTS, "changed-after-signing")
    assert finding.verdict.facts["change"] == "bytes-appended"


def appended(
    data: bytes, entries: dict[int, int | None], body: bytes = b"", extra: bytes = b"", size: int = 0
) -> bytes:
    """An update by hand: `body` follows the data, `entries` say where objects are (None: freed)."""
    start = len(data) + len(body)
    table = b"".join(
        b"%d 1\n%010d %05d %b \n" % (number, place or 0, 0 if place else 1, b"n" if place else b"f")
        for number, place in sorted(entries.items())
    )
    last = re.findall(rb"startxref\s+(\d+)", data)[-1]
    trailer = data[data.rindex(b"trailer") :]
    declared = max(int(re.search(rb"/Size (\d+)", trailer)[1]), size)  # type: ignore[index]
    entries_kept = b"".join(
        re.search(key + rb" (\d+ 0 R|\[[^\]]*\])", trailer)[0] + b"\n"  # type: ignore[index]
        for key in (rb"/Root", rb"/Info", rb"/ID")
    )
    new = b"trailer\n<<\n%b%b/Size %d\n/Prev %b\n>>\n" % (entries_kept, extra, declared, last)
    return data + body + b"xref\n0 0\n" + table + new + b"startxref\n%d\n%%%%EOF\n" % start


def content_number(data: bytes) -> int:
    return int(re.search(rb"/Contents (\d+) 0 R", data)[1])  # type: ignore[index]


FORGED = b"BT /F1 24 Tf 72 700 Td (Amount: 90000 yen) Tj ET"


def stream_object(number: int, content: bytes = FORGED) -> bytes:
    return b"%d 0 obj\n<</Length %d>>\nstream\n%b\nendstream\nendobj\n" % (number, len(content), content)


def test_an_empty_update(once: bytes, findings: Callable[..., Any]) -> None:
    (finding,) = findings(appended(once, {}))
    assert finding.verdict.facts["change"] == "revision-without-purpose"


def test_content_replaced(once: bytes, twice: bytes, findings: Callable[..., Any]) -> None:
    for data in (once, twice):
        number = content_number(data)
        found = findings(appended(data, {number: len(data)}, stream_object(number)))
        assert {one.verdict.sub_indication for one in found} == {CONSTRAINTS}
        assert [one.verdict.facts["change"] for one in found] == ["object-changed"] * len(found)
        assert all(one.verdict.facts["object"] == number for one in found)


def test_the_same_value_again_is_no_change_but_no_reason_for_a_revision(once: bytes, findings) -> None:
    number = content_number(once)
    start = once.index(b"%d 0 obj" % number)
    body = once[start : once.index(b"endobj", start) + 7]
    (finding,) = findings(appended(once, {number: len(once)}, body))
    assert [change.code for change in finding.changes] == ["object-rewritten", "revision-without-purpose"]


# Signature wrapping


@pytest.mark.parametrize(("ended", "reason"), [(True, "byte-range-gap"), (False, "pdf-revisions")])
def test_wrapped(ended: bool, reason: str, once: bytes, findings: Callable[..., Any]) -> None:
    """The second signed part moved to the end, a forged page between, and a byte range that says so.

    The digest is right: only that the gap is no longer the signature itself tells that something is in it.
    """
    start, length, resume, rest = numbers(once)
    assert start == 0
    first, value, second = once[:length], once[length:resume], once[resume:]
    xref = int(re.findall(rb"startxref\s+(\d+)", once)[-1])
    number = int(re.findall(rb"(\d+) 0 obj\s*<<\s*/Contents $", first)[-1])
    table = once[xref : once.rindex(b"startxref")]
    forged = stream_object(content_number(once))
    end = b"startxref\n%d\n%%%%EOF\n" % xref if ended else b""
    room = 200
    moved = xref + len(table) + room + len(forged) + len(value) + 500
    signature = (
        b"%d 0 obj\n<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (D:20260601120000+09'00')\n"
        b"/ByteRange [0 %d %d %d] /Contents %b >>\nendobj\n" % (number, length, moved, rest, value)
    )
    at_forged = xref + len(table) + room
    at_signature = at_forged + len(forged)
    listed = re.sub(rb"xref\n", b"xref\n%d 1\n%010d 00000 n \n" % (content_number(once), at_forged), table, count=1)
    offset = b"%010d 00000 n" % once.index(b"%d 0 obj" % number)
    assert offset in listed
    listed = _sorted_table(listed.replace(offset, b"%010d 00000 n" % at_signature))
    gap = b"<00> >>\nendobj\n".ljust(xref - length) + listed + end
    gap = gap.ljust(at_forged - length) + forged + signature
    data = first + gap.ljust(moved - length) + second
    digest = hashlib.sha256(data[:length] + data[moved:]).digest()
    assert digest == hashlib.sha256(first + second).digest()
    (finding,) = findings(data)
    assert (finding.verdict.sub_indication, finding.verdict.reason) == (FORMAT, reason)


def _sorted_table(table: bytes) -> bytes:
    head, trailer = table.split(b"trailer", 1)
    groups = re.findall(rb"(\d+) (\d+)\n((?:\d{10} \d{5} [nf] \n)+)", head)
    lines: dict[int, bytes] = {}
    for first, _, body in groups:
        for index, line in enumerate(body.splitlines(keepends=True)):
            lines.setdefault(int(first) + index, line)
    return (
        b"xref\n" + b"".join(b"%d 1\n%b" % (number, lines[number]) for number in sorted(lines)) + b"trailer" + trailer
    )


def test_something_else_in_the_gap(once: bytes, findings: Callable[..., Any]) -> None:
    """The gap is wider than the signature: an entry of the dictionary stands in it, covered by nobody."""
    _, length, resume, rest = numbers(once)
    for shift in (1, 2, 30):
        wider = b"/ByteRange [0 %d %d %d]" % (length, resume + shift, rest - shift)
        (finding,) = findings(in_place(once, RANGE, wider))
        assert finding.verdict.reason == "byte-range-gap"
        earlier = b"/ByteRange [0 %d %d %d]" % (length - shift, resume, rest)
        (finding,) = findings(in_place(once, RANGE, earlier))
        assert finding.verdict.reason == "byte-range-gap"


def test_blanks_and_comments_in_the_gap(once: bytes, findings: Callable[..., Any]) -> None:
    match = HEX.search(once)
    assert match
    for filler in (b" ", b"\n", b"%"):
        data = once[: match.end() - 2] + filler + once[match.end() - 1 :]
        (finding,) = findings(data)
        assert finding.verdict.sub_indication is FORMAT


# Shadow attacks: prepared before the signature, used after it


def test_shadow_replace_by_a_form_field(once: bytes, pen: Any, findings: Callable[..., Any]) -> None:
    """A field that hides, or changes, what is read. pyHanko's default says nothing is wrong with it."""

    def fill(writer: Any) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0]
        field["/V"] = generic.TextStringObject("Amount: 90000 yen")
        writer.update_container(field)

    data = pen.update(once, fill)
    assert pen.pyhanko(data) == [True]
    (finding,) = findings(data)
    assert (finding.verdict.sub_indication, finding.verdict.reason) == (CONSTRAINTS, "changed-after-signing")
    assert finding.verdict.facts["change"] == "field-changed"
    assert finding.verdict.facts["field"] == "Text0"
    assert finding.verdict.facts["revision"] == 3
    assert finding.certificate is not None


def test_shadow_hide(make_pdf, pen, findings) -> None:
    """An image over the true content is taken away after signing."""

    def cover(writer: Any) -> None:
        page = writer.root["/Pages"]["/Kids"][0]
        cover = generic.StreamObject(stream_data=b"1 g 0 600 595 242 re f")
        page["/Contents"] = generic.ArrayObject([page.raw_get("/Contents"), writer.add_object(cover)])
        writer.update_container(page)

    def uncover(writer: Any) -> None:
        page = writer.root["/Pages"]["/Kids"][0]
        cover = page["/Contents"][1]
        cover._data, cover._encoded_data = b"", None
        writer.update_container(cover)

    signed = pen.sign(pen.update(make_pdf(), cover))
    assert [one.verdict.reason for one in findings(signed)] == ["passed"]
    (finding,) = findings(pen.update(signed, uncover))
    assert finding.verdict.facts["change"] == "object-changed"


def test_shadow_hide_by_freeing(once: bytes, findings: Callable[..., Any]) -> None:
    (finding,) = findings(appended(once, {content_number(once): None}))
    assert finding.verdict.facts["change"] == "object-freed"


def test_shadow_hide_and_replace(make_pdf, pen, findings) -> None:
    """The second version of an object lies in the signed bytes, unlisted; an update lists it."""
    base = make_pdf()
    number = content_number(base)
    signed = pen.sign(base + stream_object(number) + base[base.rindex(b"startxref") :])
    assert [one.verdict.reason for one in findings(signed)] == ["passed"]
    (finding,) = findings(appended(signed, {number: len(base)}))
    assert finding.verdict.facts["change"] == "object-elsewhere"


def test_an_object_that_was_referred_to_in_vain(make_pdf, pen, findings) -> None:
    """Nothing is redefined: the page refers to a content stream that is not there until after signing."""

    def prepare(writer: Any) -> None:
        page = writer.root["/Pages"]["/Kids"][0]
        missing = generic.IndirectObject(400, 0, writer)
        page["/Contents"] = generic.ArrayObject([page.raw_get("/Contents"), missing])
        writer.update_container(page)

    signed = pen.sign(pen.update(make_pdf(), prepare))
    data = appended(signed, {400: len(signed)}, stream_object(400), size=401)
    (finding,) = findings(data)
    codes = [change.code for change in finding.changes if not change.permitted]
    assert "reference-filled" in codes
    assert finding.verdict.sub_indication is CONSTRAINTS


def test_objects_that_nothing_refers_to(once: bytes, findings: Callable[..., Any]) -> None:
    (finding,) = findings(appended(once, {400: len(once)}, stream_object(400), size=401))
    assert finding.verdict.facts["change"] == "object-added"


def test_bytes_between_objects(once: bytes, findings: Callable[..., Any]) -> None:
    number = content_number(once)
    start = once.index(b"%d 0 obj" % number)
    same = once[start : once.index(b"endobj", start) + 7]
    for hidden in (b"(hidden)\n", b"%hidden\n", stream_object(number)):
        (finding,) = findings(appended(once, {number: len(once) + len(hidden)}, hidden + same))
        assert finding.verdict.facts["change"] == "hidden-bytes"


# Certification, forms and annotations


@pytest.fixture(
    scope="module", params=["approved", "certified, no changes", "certified, forms", "certified, annotations"]
)
def certified(request, make_pdf, pen, findings) -> bytes:
    from pyhanko.sign.fields import MDPPerm

    permissions = {
        "certified, no changes": MDPPerm.NO_CHANGES,
        "certified, forms": MDPPerm.FILL_FORMS,
        "certified, annotations": MDPPerm.ANNOTATE,
    }
    options = {"certify": True, "docmdp_permissions": permissions[request.param]} if "," in request.param else {}
    data = pen.sign(make_pdf(), **options)
    assert [one.verdict.reason for one in findings(data)] == ["passed"]
    return data


def annotate(writer: Any) -> None:
    """A white box with a text over the page."""
    page = writer.root["/Pages"]["/Kids"][0]
    box = generic.ArrayObject(map(generic.NumberObject, (0, 0, 500, 500)))
    entries = {"/Type": pdf_name("/Annot"), "/Subtype": pdf_name("/FreeText"), "/Rect": box}
    annotation = generic.DictionaryObject({pdf_name(key): value for key, value in entries.items()})
    page["/Annots"].append(writer.add_object(annotation))
    writer.update_container(page["/Annots"])


def change_text(writer: Any) -> None:
    field = writer.root["/AcroForm"]["/Fields"][0]
    field["/V"] = generic.TextStringObject("other")
    writer.update_container(field)


def add_text_field(writer: Any) -> None:
    fields = writer.root["/AcroForm"]["/Fields"]
    entries = {"/FT": pdf_name("/Tx"), "/T": generic.TextStringObject("new"), "/V": generic.TextStringObject("x")}
    fields.append(writer.add_object(generic.DictionaryObject({pdf_name(k): v for k, v in entries.items()})))
    writer.update_container(fields)


def empty_the_form(writer: Any) -> None:
    fields = writer.root["/AcroForm"]["/Fields"]
    del fields[0]
    writer.update_container(fields)


def need_appearances(writer: Any) -> None:
    form = writer.root["/AcroForm"]
    form["/NeedAppearances"] = generic.BooleanObject(True)
    writer.update_container(form)


def open_action(writer: Any) -> None:
    writer.root["/OpenAction"] = generic.DictionaryObject({pdf_name("/S"): pdf_name("/JavaScript")})
    writer.update_root()


def other_font(writer: Any) -> None:
    font = writer.root["/Pages"]["/Kids"][0]["/Resources"]["/Font"]["/F1"]
    font["/BaseFont"] = pdf_name("/Symbol")
    writer.update_container(font)


def turn_page(writer: Any) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = generic.NumberObject(180)
    writer.update_container(page)


def other_title(writer: Any) -> None:
    info = writer.trailer["/Info"]
    info["/Title"] = generic.TextStringObject("other")
    writer.update_container(info)


CHANGES = {
    annotate: "annotations-changed",
    change_text: "field-changed",
    add_text_field: "field-added",
    empty_the_form: "form-changed",
    need_appearances: "form-changed",
    open_action: "catalog-changed",
    other_font: "object-changed",
    turn_page: "page-changed",
    other_title: "information-changed",
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_changed_after_signing(change: Callable[[Any], None], certified: bytes, pen: Any, findings) -> None:
    (finding, *_) = findings(pen.update(certified, change))
    assert (finding.verdict.sub_indication, finding.verdict.reason) == (CONSTRAINTS, "changed-after-signing")
    assert CHANGES[change] in [one.code for one in finding.changes if not one.permitted]


def test_changed_between_two_signatures(once: bytes, pen: Any, findings: Callable[..., Any]) -> None:
    """The later signature is right: its signer saw the change. The earlier signer did not."""
    first, second = findings(pen.sign(pen.update(once, change_text), "Signature2"))
    assert first.verdict.reason == "changed-after-signing"
    assert second.verdict.passed


# Signatures that vanish or are used twice


def form_fields(writer: Any) -> list[Any]:
    return [field.get_object() for field in list.__iter__(writer.root["/AcroForm"]["/Fields"])]


def remove_signature(writer: Any) -> None:
    fields = writer.root["/AcroForm"]["/Fields"]
    fields[:] = [field for field in list.__iter__(fields) if field.get_object().get("/FT") != "/Sig"]
    writer.update_container(fields)


def clear_signature(writer: Any) -> None:
    (field,) = [field for field in form_fields(writer) if field.get("/FT") == "/Sig"]
    del field["/V"]
    writer.update_container(field)


def drop_form(writer: Any) -> None:
    del writer.root["/AcroForm"]
    writer.update_root()


@pytest.mark.parametrize("change", [remove_signature, clear_signature, drop_form], ids=lambda change: change.__name__)
def test_a_signature_that_was_removed(change: Callable[[Any], None], once: bytes, pen: Any, findings) -> None:
    (finding,) = findings(pen.update(once, change))
    assert (finding.place, finding.verdict.reason) == ("Signature1", "signature-removed")
    assert finding.verdict.sub_indication is CONSTRAINTS
    assert finding.verdict.facts["revision"] == 3


def test_one_signature_behind_two_fields(once: bytes, pen: Any, findings: Callable[..., Any]) -> None:
    def share(writer: Any) -> None:
        fields = writer.root["/AcroForm"]["/Fields"]
        (field,) = [field for field in form_fields(writer) if field.get("/FT") == "/Sig"]
        twin = generic.DictionaryObject(field)
        twin["/T"] = generic.TextStringObject("Twin")
        fields.append(writer.add_object(twin))
        writer.update_container(fields)

    found = findings(pen.update(once, share))
    assert [one.verdict.reason for one in found] == ["signature-shared"] * 2


def test_a_signature_copied_into_a_new_dictionary(once: bytes, pen: Any, findings: Callable[..., Any]) -> None:
    def copy(writer: Any) -> None:
        (field,) = [field for field in form_fields(writer) if field.get("/FT") == "/Sig"]
        field["/V"] = writer.add_object(generic.DictionaryObject(field["/V"]))
        writer.update_container(field)

    found = findings(pen.update(once, copy))
    assert len(found) == 2
    assert {one.verdict.reason for one in found} == {"byte-range-gap", "signature-removed"}


def test_a_signature_in_an_object_stream(make_pdf, pen, resave, findings) -> None:
    """Saved anew by another program, the signature is data only; it must not be skipped."""
    signed = pen.sign(make_pdf(xref_streams=True))
    found = findings(resave(signed, object_stream_mode=2))
    assert len(found) == 1
    assert found[0].verdict.sub_indication is FORMAT


def certify_by_nothing(writer: Any) -> None:
    """A signature dictionary that no field has, and that nobody would check."""
    forged = generic.DictionaryObject({pdf_name("/Type"): pdf_name("/Sig")})
    writer.root["/Perms"] = generic.DictionaryObject({pdf_name("/DocMDP"): writer.add_object(forged)})
    writer.update_root()


def test_certified_by_something_that_is_no_signature_of_the_form(make_pdf, pen, findings) -> None:
    signature, document = findings(pen.sign(pen.update(make_pdf(), certify_by_nothing)))
    assert signature.verdict.passed
    assert (document.place, document.verdict.reason) == ("/", "certification-malformed")
    assert document.verdict.sub_indication is CONSTRAINTS


@pytest.mark.parametrize(("old", "new"), [(b"/P 1", b"/P 9"), (b"/DocMDP\n/TransformP", b"/FieldMDP/TransformP")])
def test_certified_without_a_proper_transform(old: bytes, new: bytes, make_pdf, pen, findings) -> None:
    from pyhanko.sign.fields import MDPPerm

    data = pen.sign(make_pdf(), certify=True, docmdp_permissions=MDPPerm.NO_CHANGES)
    assert data.count(b"/P 1\n") == 1
    found = findings(data.replace(old, new.ljust(len(old))[: len(old)], 1))
    assert "certification-malformed" in [one.verdict.reason for one in found]


SPELLINGS = {
    "plain": b"<< /T (X) /FT /Sig /V 500 0 R >>",
    "escaped": b"<< /T (X) /FT /S#69g /V 500 0 R >>",
    "escaped key": b"<< /T (X) /F#54 /Sig /V 500 0 R >>",
    "type by reference": b"<< /T (X) /FT 501 0 R /V 500 0 R >>",
    "comment": b"<< /T (X) /FT %/Tx\n /Sig /V 500 0 R >>",
    "endobj in a string": b"<< /T (X >>endobj) /FT /Sig /V 500 0 R >>",
    "endobj in a string, brackets escaped": b"<< /T (X\\) >>endobj) /FT /Sig /V 500 0 R >>",
    "type handed down": b"<< /T (X) /FT /Sig /Kids [502 0 R] >>",
    "in a kid": b"<< /T (X) /Kids [503 0 R] >>",
    "far behind": b"<< /T (X) /TU (" + b"x" * 5000 + b") /FT /Sig /V 500 0 R >>",
    "value handed down": b"<< /T (X) /V 500 0 R /Kids [504 0 R] >>",
}
PARTS = {
    500: b"<< /Type /Sig >>",
    501: b"/Sig",
    502: b"<< /T (kid) /V 500 0 R >>",
    503: b"<< /T (kid) /FT /Sig /V 500 0 R >>",
    504: b"<< /T (kid) /FT /Sig >>",
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_signature_is_found_however_its_field_is_written(name: str, make_pdf, findings) -> None:
    """Fields that are plainly no signature fields are not parsed; this must not hide one. (They are no sound ones.)"""
    data = make_pdf()
    listed = int(re.search(rb"/Fields (\d+) 0 R", data)[1])  # type: ignore[index]
    body, entries = b"", {}
    for number, content in {**PARTS, 505: SPELLINGS[name], listed: b"[505 0 R]"}.items():
        entries[number] = len(data) + len(body)
        body += b"%d 0 obj %b endobj\n" % (number, content)
    (finding,) = findings(appended(data, entries, body, size=506))
    assert finding.place.startswith("X")
    assert finding.verdict.reason == "pdf-entry-missing"


# The whole file at random


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.timeout(300)  # ends long before, or hardly ever
def test_mutations(streams: bool, make_pdf, pen, findings) -> None:
    """Every byte is covered by the newest signature or is that signature, so that no change goes unnoticed."""
    signed = pen.sign(pen.sign(make_pdf(xref_streams=streams)), "Signature2", "second")
    assert [one.verdict.passed for one in findings(signed)] == [True, True]
    signers, harmless = [one.certificate for one in findings(signed)], 0
    chance = random.Random(20260601)  # noqa: S311 - the same every time
    for _ in range(800):
        data = bytearray(signed)
        for _ in range(chance.choice((1, 1, 1, 2, 8))):
            at = chance.randrange(len(data))
            kind = chance.randrange(4)
            if kind == 0:
                data[at] ^= 1 << chance.randrange(8)
            elif kind == 1:
                del data[at : at + chance.choice((1, 1, 10, 1000))]
            elif kind == 2:
                data[at:at] = chance.choice((b" ", b"0", b"\n", b"%", b"<<", b"[", b"("))
            else:
                data[at : at + 8] = chance.randbytes(8)
        found = findings(bytes(data))
        assert found
        if all(one.verdict.passed for one in found):
            # Left unsigned by the CMS itself: the case of hex digits, and the other certificates, which are mere hints.
            assert HEX.sub(b"", data) == HEX.sub(b"", signed)
            assert [one.certificate for one in found] == signers
            harmless += 1
    assert harmless < 160
