"""Evidence and document timestamps put into signed PDFs of every build: what was there stays, others can read it."""

from __future__ import annotations

import hashlib
import io
import pickle
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pikepdf
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec
from pyhanko.sign.validation.dss import DocumentSecurityStore

from jitsuin.formats.base import Extendable, Extends, SignatureFinding, ValidationData, VerificationPolicy
from jitsuin.formats.errors import FormatError, TargetNotFoundError
from jitsuin.formats.pdf.adapter import PdfAdapter
from jitsuin.formats.pdf.evidence import MAX_STREAMS, read_evidence
from jitsuin.formats.profiles import PROFILES
from jitsuin.formats.source import Source
from jitsuin.formats.timestamp_protocol import read_response, timestamp_request
from pdf_corpus import CORPUS, page_objects, with_table
from pdf_judges import Qpdf

if TYPE_CHECKING:
    from authority import Authority
    from responders import Tsa

AT = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
ADAPTER = PdfAdapter()


def signed(source: Source, who: Any) -> Source:
    document, profile = ADAPTER.open(source), PROFILES["pades-b-b"]
    try:
        prepared = ADAPTER.prepare(document, who.identity, profile, AT)
    except TargetNotFoundError as ambiguous:
        first, *_ = ambiguous.facts["fields"]
        prepared = ADAPTER.prepare(document, who.identity, replace(profile, field=first), AT)
    assert isinstance(prepared, Extendable)
    value = who.sign(prepared.to_be_signed, prepared.scheme)
    out = io.BytesIO()
    prepared.embed(value, out)
    made = prepared.signed(value)
    assert made.read() == out.getvalue()
    return made


def extended(source: Source, data: ValidationData) -> Source:
    return ADAPTER.with_validation_data(ADAPTER.open(source), data, AT)


def stamped(source: Source, tsa: Tsa, at: datetime = AT) -> Source:
    prepared = ADAPTER.prepare_timestamp(ADAPTER.open(source), at)
    token = read_response(tsa.answer(timestamp_request(prepared.timestamp_digest(), 1))).token
    assert token is not None
    return prepared.stamped(token)


def findings(source: Source) -> list[SignatureFinding]:
    return list(ADAPTER.verify(ADAPTER.open(source), VerificationPolicy()))


def evidence(authority: Authority, *crls: bytes) -> ValidationData:
    return ValidationData((authority.certificate.public_bytes(Encoding.DER),), (), crls)


def crl(authority: Authority, day: int = 1) -> bytes:
    return authority.crl(AT + timedelta(days=day)).public_bytes(Encoding.DER)


def store(source: Source) -> DocumentSecurityStore:
    return DocumentSecurityStore.read_dss(PdfFileReader(io.BytesIO(source.read())))


def test_the_adapter_extends() -> None:
    assert isinstance(ADAPTER, Extends)


@pytest.mark.parametrize("name", CORPUS)
def test_every_build(name: str, party: Callable[[str], Any], authority: Authority, tsa: Tsa, tmp_path: Path) -> None:
    tsa.at = AT
    first = signed(Source.of(CORPUS[name]()), party("p256"))
    one, two = crl(authority), crl(authority, 2)
    steps = [first, extended(first, evidence(authority, one))]
    steps.append(stamped(steps[-1], tsa))
    steps.append(extended(steps[-1], evidence(authority, one, two)))
    steps.append(stamped(steps[-1], tsa, AT + timedelta(days=2)))
    for before, after in pairwise(steps):
        assert after.read().startswith(before.read())
    found = findings(steps[-1])
    assert [one.verdict.reason for one in found] == ["passed"] * 3
    assert [one.document_timestamp is not None for one in found] == [False, True, True]
    additions = ("validation-data-added", "timestamp-added")
    assert [one.code for one in found[0].changes if one.code in additions] == [*additions, *additions]
    assert all(change.permitted for change in found[0].changes)
    assert len(found[0].timestamps) == 2
    held = store(steps[-1])
    assert (len(list(held.load_certs())), len(held.crls)) == (1, 2)
    path = tmp_path / "extended.pdf"
    path.write_bytes(steps[-1].read())
    assert Qpdf().verify(path, AT).ok


@pytest.mark.parametrize("locked", ["certified", "document locked"])
def test_what_permits_no_change(
    locked: str, pen: Any, make_pdf: Callable[..., bytes], authority: Authority, tsa: Tsa
) -> None:
    """ISO 32000-2 exempts evidence and document timestamps (table 257; table 236 as corrected); pyHanko agrees."""
    if locked == "certified":
        data = pen.sign(make_pdf(), certify=True, docmdp_permissions=MDPPerm.NO_CHANGES)
    else:
        lock = FieldMDPSpec(FieldMDPAction.ALL)
        field = SigFieldSpec("Signature1", field_mdp_spec=lock, doc_mdp_update_value=MDPPerm.NO_CHANGES)
        data = pen.sign(make_pdf(), field=field)
    assert b"/P 1\n" in data
    tsa.at = AT
    last = stamped(extended(Source.of(data), evidence(authority, crl(authority))), tsa)
    assert [one.verdict.reason for one in findings(last)] == ["passed", "passed"]
    assert pen.pyhanko(last.read()) == [True]


STORES = {
    "none": b"",
    "null": b"/DSS null",
    "direct, empty": b"/DSS << >>",
    "direct, lists direct": b"/DSS << /Certs [8 0 R] /CRLs [] >>",
    "direct, lists indirect": b"/DSS << /Certs 9 0 R >>",
    "indirect, lists direct": b"/DSS 10 0 R",
    "indirect, lists indirect": b"/DSS 11 0 R",
    "with VRI": b"/DSS << /Certs [8 0 R] /VRI << /00112233445566778899AABBCCDDEEFF00112233 << /Cert [8 0 R] >> >> >>",
}
OBJECTS = {
    8: b"<< /Length 3 >>\nstream\nabc\nendstream",
    9: b"[8 0 R]",
    10: b"<< /Type /DSS /Certs [8 0 R] >>",
    11: b"<< /Certs 9 0 R /CRLs 12 0 R >>",
    12: b"[]",
}


@pytest.mark.parametrize("name", STORES)
def test_every_store(name: str, party: Callable[[str], Any], authority: Authority) -> None:
    """Whatever another program has put there before stays where it is."""
    # Object 7 is there so that the numbers have no gap, which qpdf's xref tables could not say otherwise.
    document = with_table(page_objects(catalog=STORES[name], more={7: b"null", **OBJECTS}))
    before = signed(Source.of(document), party("p256"))
    after = extended(before, evidence(authority, crl(authority)))
    (finding,) = findings(after)
    assert finding.verdict.passed, finding.verdict
    assert [one.code for one in finding.changes if not one.permitted] == []
    held = [one.get_object().data for one in PdfFileReader(io.BytesIO(after.read())).root["/DSS"]["/Certs"]]
    there = [b"abc"] if b"8 0 R" in STORES[name] or b"9 0 R" in STORES[name] or b"10 0" in STORES[name] else []
    there = there or ([b"abc"] if b"11 0" in STORES[name] else [])
    assert held == [*there, authority.certificate.public_bytes(Encoding.DER)]
    assert finding.embedded == (authority.certificate,)


def test_nothing_twice(party: Callable[[str], Any], authority: Authority) -> None:
    data = evidence(authority, crl(authority))
    first = extended(signed(Source.of(CORPUS["xref table"]()), party("p256")), data)
    assert extended(first, data) is first
    another = crl(authority)
    assert len(store(extended(first, ValidationData(crls=(another, another)))).crls) == 2


def test_the_same_bytes_again(party: Callable[[str], Any], authority: Authority) -> None:
    """Nothing depends on chance."""
    first = signed(Source.of(CORPUS["xref table"]()), party("p256"))
    one, other = (ADAPTER.prepare_timestamp(ADAPTER.open(first), AT) for _ in range(2))
    assert one.timestamp_digest() == other.timestamp_digest()
    assert one.signature_id == other.signature_id
    data = evidence(authority, crl(authority))
    assert extended(first, data).read() == extended(first, data).read()


def test_more_than_is_read(party: Callable[[str], Any]) -> None:
    """What no verifier of ours would look at is not put in."""
    first = signed(Source.of(CORPUS["xref table"]()), party("p256"))
    pieces = tuple(f"{number}".encode() for number in range(MAX_STREAMS + 1))
    assert extended(first, ValidationData(crls=pieces[1:])).size > first.size
    with pytest.raises(FormatError) as caught:
        extended(first, ValidationData(crls=pieces))
    assert caught.value.facts["what"] == "validation-data"
    with pytest.raises(FormatError):
        extended(first, ValidationData(crls=(b"x" * (17 << 20),)))


@pytest.mark.parametrize("store", [b"/DSS [1]", b"/DSS << /Certs 1 >>", b"/DSS (x)"])
def test_malformed_stores(store: bytes, party: Callable[[str], Any], authority: Authority) -> None:
    first = signed(Source.of(with_table(page_objects(catalog=store))), party("p256"))
    with pytest.raises(FormatError):
        extended(first, evidence(authority, crl(authority)))


def test_token_too_large(party: Callable[[str], Any]) -> None:
    prepared = ADAPTER.prepare_timestamp(ADAPTER.open(Source.of(CORPUS["xref table"]())), AT)
    with pytest.raises(ValueError, match="no room"):
        prepared.stamped(bytes(prepared.timestamp_room + 1))
    assert prepared.stamped(bytes(prepared.timestamp_room)).size > 0


def test_numbers_that_something_looks_like(
    party: Callable[[str], Any], authority: Authority, tsa: Tsa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a large file some bytes look like references to objects that are not there: new ones get other numbers."""
    tsa.at = AT
    looks = b" ".join(b"%d 0 R" % number for number in range(9, 60, 2))
    first = signed(Source.of(with_table(page_objects(text=looks))), party("p256"))
    last = stamped(extended(first, evidence(authority, crl(authority))), tsa)
    assert [one.verdict.reason for one in findings(last)] == ["passed", "passed"]
    both = signed(last, party("p384"))
    assert [one.verdict.reason for one in findings(both)] == ["passed"] * 3
    monkeypatch.setattr("jitsuin.formats.pdf.update._LOOKED_FOR", 0)
    (finding,) = findings(extended(first, evidence(authority, crl(authority))))
    assert finding.verdict.facts["change"] == "reference-filled", "the control"


# A source followed by more


@pytest.mark.parametrize("size", [0, 10, 3_000_000])
def test_followed_by(size: int, tmp_path: Path) -> None:
    """Read, sought, hashed, copied and pickled like a file of both, whether in memory or not."""
    path, tail = tmp_path / "first", b"tail" * 1000
    first = hashlib.sha256(b"seed").digest() * (size // 32) + b"x" * (size % 32)
    path.write_bytes(first)
    whole = first + tail
    for source in (Source.of(first), Source(lambda: path.open("rb"), size)):
        before = source.hasher("sha256").hexdigest()
        both = source.followed_by(tail)
        assert (both.size, both.head) == (len(whole), whole[:1024])
        assert both.hasher("sha256", size).hexdigest() == before
        assert both.hasher("sha256").hexdigest() == hashlib.sha256(whole).hexdigest()
        out = io.BytesIO()
        both.copy_to(out)
        assert out.getvalue() == whole
        more = both.followed_by(b"more")
        with more.stream() as stream:
            for offset in (0, size - 1, size, size + 1, len(whole) - 1, len(whole), len(whole) + 2, len(whole) + 99):
                if offset < 0:
                    continue
                stream.seek(offset)
                assert stream.read(10) == (whole + b"more")[offset : offset + 10]
            stream.seek(-6, io.SEEK_END)
            assert stream.read() == b"ilmore"
            with pytest.raises((OSError, ValueError)):
                stream.seek(-1)
        assert stream.closed
        assert more.read() == whole + b"more"
    again = pickle.loads(pickle.dumps(Source.of(first).followed_by(tail)))  # noqa: S301 - our own
    assert again.read() == whole


def _with_store(certificates: list[bytes]) -> bytes:
    """A PDF whose DSS has these streams, compressed, as /Certs."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        streams = [pdf.make_indirect(pikepdf.Stream(pdf, data)) for data in certificates]
        pdf.Root.DSS = pdf.make_indirect(pikepdf.Dictionary(Certs=pikepdf.Array(streams)))
        out = io.BytesIO()
        pdf.save(out, compress_streams=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


def test_evidence_that_unpacks_without_end_is_none(party) -> None:
    """Megabytes of it at most, however much a small file claims to hold; what can be read before it counts."""
    certificate = party("valid").certificate
    der = certificate.public_bytes(Encoding.DER)
    control = ADAPTER.open(Source.of(_with_store([der])))
    assert read_evidence(control).certificates == (certificate,)
    bombs = _with_store([der, *[bytes(60_000_000)] * 3])
    assert len(bombs) < 400_000
    document = ADAPTER.open(Source.of(bombs))
    tracemalloc.start()
    assert read_evidence(document).certificates == (certificate,)
    with pytest.raises(FormatError):
        ADAPTER.with_validation_data(document, ValidationData((b"x" * (17 << 20),)), AT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 48_000_000
