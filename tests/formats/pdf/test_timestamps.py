"""PAdES B-T by us and by pyHanko, with timestamps of openssl: who accepts them, and what is made of false ones."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import NameObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.ades import ades_with_time_validation
from pyhanko.sign.validation.policy_decl import CertValidationPolicySpec, SignatureValidationSpec
from pyhanko_certvalidator.context import CertRevTrustPolicy
from pyhanko_certvalidator.policy_decl import NO_REVOCATION
from pyhanko_certvalidator.registry import SimpleTrustManager

from jitsuin.formats.base import TakesTimestamp
from jitsuin.formats.pdf.adapter import PdfAdapter
from jitsuin.formats.pdf.signing import TIMESTAMP_ROOM
from jitsuin.formats.profiles import PROFILES
from jitsuin.formats.source import Source
from jitsuin.formats.timestamp_protocol import read_response, timestamp_request
from pdf_corpus import CORPUS

if TYPE_CHECKING:
    from authority import Authority
    from judges import OpenSsl
    from pdf_judges import PdfJudges
    from responders import Tsa

AT = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
MOMENT = timedelta(minutes=1)
"""The clock that openssl is given runs on while it starts."""
B_T = PROFILES["pades-b-t"]


def token_for(tsa: Tsa, digest: bytes) -> bytes:
    token = read_response(tsa.answer(timestamp_request(digest, 1))).token
    assert token is not None
    return token


def sign_b_t(data: bytes, who: Any, stamp: Callable[[bytes], bytes | None], field: str | None = None) -> bytes:
    """`stamp` gives the token for a digest, or what is to be there instead of it, or nothing."""
    adapter = PdfAdapter()
    prepared = adapter.prepare(adapter.open(Source.of(data)), who.identity, replace(B_T, field=field), AT)
    assert isinstance(prepared, TakesTimestamp)
    value = who.sign(prepared.to_be_signed, prepared.scheme)
    out = io.BytesIO()
    prepared.embed(value, out, stamp(prepared.timestamp_digest(value)))
    return out.getvalue()


def signer_info(data: bytes) -> Any:
    """Of the newest signature, as asn1crypto reads it."""
    contents = PdfFileReader(io.BytesIO(data)).embedded_regular_signatures[-1].pkcs7_content
    return cms.ContentInfo.load(contents)["content"]["signer_infos"][0]


def tokens_in(data: bytes) -> list[bytes]:
    unsigned = signer_info(data)["unsigned_attrs"]
    assert [one["type"].native for one in unsigned] == ["signature_time_stamp_token"]
    return [token.dump() for token in unsigned[0]["values"]]


@pytest.fixture
def stamp(tsa: Tsa) -> Callable[[bytes], bytes]:
    tsa.at = AT + timedelta(seconds=5)
    return lambda digest: token_for(tsa, digest)


@pytest.mark.parametrize("name", ["xref table", "form with 1 field", "Japanese, subset font, linearized"])
@pytest.mark.parametrize("persona", ["valid", "p384"])
def test_accepted(
    name: str, persona: str, party, stamp, findings, tsa: Tsa, openssl: OpenSsl, tmp_path: Path, pdf_judges: PdfJudges
) -> None:
    field = "Guardian1Signature" if name.startswith("Japanese") else None
    signed = sign_b_t(CORPUS[name](), party(persona), stamp, field)
    (finding,) = findings(signed, profile=B_T)
    assert finding.verdict.passed, finding.verdict
    (timestamp,) = finding.timestamps
    assert timestamp.verdict.passed
    assert timestamp.at is not None
    assert tsa.at <= timestamp.at < tsa.at + MOMENT
    assert timestamp.place == ""
    assert timestamp.certificate == tsa.credential.certificate
    pdf_judges.accept(signed, [finding.place], at=AT + timedelta(minutes=1))
    (token,) = tokens_in(signed)
    (tmp_path / "token").write_bytes(token)
    (tmp_path / "value").write_bytes(signer_info(signed)["signature"].native)
    (tmp_path / "ca.pem").write_bytes(tsa.authority.certificate.public_bytes(Encoding.PEM))
    said = openssl.run(
        *("ts", "-verify", "-data", tmp_path / "value", "-in", tmp_path / "token", "-token_in"),
        *("-CAfile", tmp_path / "ca.pem", "-attime", str(int(AT.timestamp()))),
    )
    assert b"Verification: OK" in said.stdout, said.stderr


def ades(data: bytes, anchors: list[Any], timestamp_anchors: list[Any]) -> Any:
    """pyHanko's own validation by EN 319 102-1, clause 5.5, of the newest signature."""
    embedded = PdfFileReader(io.BytesIO(data)).embedded_regular_signatures[-1]
    embedded.compute_integrity_info()

    def policy(trusted: list[Any]) -> CertValidationPolicySpec:
        roots = [asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in trusted]
        return CertValidationPolicySpec(SimpleTrustManager.build(roots), CertRevTrustPolicy(NO_REVOCATION))

    spec = SignatureValidationSpec(policy(anchors), ts_cert_validation_policy=policy(timestamp_anchors))
    return asyncio.run(ades_with_time_validation(embedded.signed_data, spec, raw_digest=embedded.compute_digest()))


def test_ades_validation_by_pyhanko(party, stamp, tsa: Tsa, authority: Authority) -> None:
    """As of now, when the TSA's token of June has long been the older proof."""
    who = party("valid")
    signed = sign_b_t(CORPUS["xref table"](), who, stamp)
    result = ades(signed, [who.chain[-1]], [authority.certificate])
    assert result.ades_subindic == AdESPassed.OK, result.failure_msg
    assert tsa.at <= result.best_signature_time < tsa.at + MOMENT
    untrusted = ades(signed, [who.chain[-1]], [authority.look_alike().certificate])
    assert untrusted.best_signature_time > tsa.at + MOMENT
    other = sign_b_t(CORPUS["xref table"](), party("second"), lambda _: tokens_in(signed)[0])
    pasted = ades(other, [who.chain[-1]], [authority.certificate])
    assert pasted.best_signature_time > tsa.at + MOMENT, "the control"


def test_without_timestamp_it_is_b_b(party, findings, pdf_judges: PdfJudges) -> None:
    """The room that was kept free stays empty."""
    signed = sign_b_t(CORPUS["xref table"](), party("valid"), lambda _: None)
    assert [one.verdict.passed for one in findings(signed, profile=PROFILES["pades-b-b"])] == [True]
    (finding,) = findings(signed, profile=B_T)
    assert finding.verdict.facts["rule"] == "no-timestamp"
    pdf_judges.accept(signed, [finding.place], at=AT)


@pytest.mark.parametrize("profile", ["pades-b-b", "agency-pdf", "moj-pdf"])
def test_no_room_where_there_is_to_be_none(profile: str, party, make_pdf) -> None:
    adapter = PdfAdapter()
    prepared = adapter.prepare(adapter.open(Source.of(make_pdf())), party("valid").identity, PROFILES[profile], AT)
    assert prepared.timestamp_room == 0
    value = party("valid").sign(prepared.to_be_signed, prepared.scheme)
    with pytest.raises(ValueError, match="room"):
        prepared.embed(value, io.BytesIO(), b"\x30\x00")


def test_the_room_is_filled_to_the_last_byte(party, make_pdf, findings) -> None:
    def junk(size: int) -> bytes:
        return b"\x04\x82" + (size - 4).to_bytes(2, "big") + bytes([1]) * (size - 4)

    full = sign_b_t(make_pdf(), party("valid"), lambda _: junk(TIMESTAMP_ROOM))
    (finding,) = findings(full)
    assert finding.verdict.passed
    assert not full[: full.index(b">", full.index(b"/Contents"))].endswith(b"00")
    with pytest.raises(ValueError, match="room"):
        sign_b_t(make_pdf(), party("valid"), lambda _: junk(TIMESTAMP_ROOM + 1))


# False timestamps: the signature stays what it is, and the timestamp proves nothing


def refused(data: bytes, findings: Callable[..., Any]) -> str:
    (finding,) = findings(data)
    assert finding.verdict.passed
    (timestamp,) = finding.timestamps
    (as_b_t,) = findings(data, profile=B_T)
    assert as_b_t.verdict.facts["rule"] == "no-timestamp"
    return f"{timestamp.verdict.sub_indication} {timestamp.verdict.reason}"


def test_a_timestamp_of_another_signature(party, make_pdf, stamp, findings) -> None:
    first = sign_b_t(make_pdf(), party("valid"), stamp)
    pasted = sign_b_t(make_pdf(), party("second"), lambda _: tokens_in(first)[0])
    assert refused(pasted, findings) == "HASH_FAILURE timestamp-of-something-else"


def test_a_timestamp_over_the_document_instead_of_the_value(party, make_pdf, tsa: Tsa, findings) -> None:
    document = make_pdf()
    signed = sign_b_t(document, party("valid"), lambda _: token_for(tsa, hashlib.sha256(document).digest()))
    assert refused(signed, findings) == "HASH_FAILURE timestamp-of-something-else"


def test_an_altered_timestamp(party, make_pdf, stamp, findings) -> None:
    def older(digest: bytes) -> bytes:
        token = stamp(digest)
        assert b"20260601030" in token
        return token.replace(b"20260601030", b"20200601030", 1)

    signed = sign_b_t(make_pdf(), party("valid"), older)
    assert refused(signed, findings) == "SIG_CRYPTO_FAILURE timestamp-altered"


@pytest.mark.parametrize(
    ("garbage", "expected"),
    [
        (b"\x30\x03\x02\x01", "FORMAT_FAILURE cms-malformed"),
        (b"\x05\x00", "FORMAT_FAILURE cms-malformed"),
        (b"", "FORMAT_FAILURE cms-malformed"),
        (b"\x30\x80\x00\x00", "FORMAT_FAILURE cms-not-der"),
        (b"\xff" * 100, "FORMAT_FAILURE cms-malformed"),
    ],
)
def test_garbage(garbage: bytes, expected: str, party, make_pdf, findings) -> None:
    assert refused(sign_b_t(make_pdf(), party("valid"), lambda _: garbage), findings) == expected


def test_one_of_two(party, make_pdf, stamp, findings) -> None:
    """Both are told, and the sound one is enough for the form."""

    def two(digest: bytes) -> bytes:
        first, second = stamp(digest), stamp(bytes(32))
        return first + second  # two values in the attribute's SET, by the order in which they came

    (finding,) = findings(sign_b_t(make_pdf(), party("valid"), two), profile=B_T)
    assert finding.verdict.passed
    assert [one.verdict.reason for one in finding.timestamps] == ["passed", "timestamp-of-something-else"]


def test_too_many(party, make_pdf, findings) -> None:
    (finding,) = findings(sign_b_t(make_pdf(), party("valid"), lambda _: b"\x05\x00" * 20))
    assert finding.verdict.passed
    (finding,) = findings(sign_b_t(make_pdf(), party("valid"), lambda _: b"\x05\x00" * 21))
    assert finding.verdict.reason == "too-many-timestamps"


# Timestamps that pyHanko puts in


class Stamper(TimeStamper):
    """pyHanko's client at our authority, without a network between them."""

    def __init__(self, tsa: Tsa) -> None:
        super().__init__()
        self._tsa = tsa

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._tsa.answer(req.dump()))


def document_stamped(data: bytes, tsa: Tsa, field: str = "Timestamp1", hash_name: str = "sha256") -> bytes:
    out = io.BytesIO()
    stamper = signers.PdfTimeStamper(Stamper(tsa), field_name=field)
    stamper.timestamp_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), hash_name, None, output=out)
    return out.getvalue()


@pytest.mark.parametrize("hash_name", ["sha256", "sha512"])
def test_document_timestamps(hash_name: str, party, make_pdf, pen, tsa: Tsa, stamp, findings) -> None:
    """Each is about everything before it: a signature's finding bears those that came later, and not earlier ones."""
    once = document_stamped(sign_b_t(make_pdf(), party("valid"), stamp), tsa, "T1", hash_name)
    data = document_stamped(pen.sign(once, "Second", "second"), tsa, "T2", hash_name)
    first, t1, second, t2 = findings(data)
    assert [one.verdict.passed for one in (first, t1, second, t2)] == [True] * 4
    assert [one.place for one in first.timestamps] == ["", "T1", "T2"]
    assert [one.place for one in t1.timestamps] == ["T2"]
    assert [one.place for one in second.timestamps] == ["T2"]
    assert t2.timestamps == ()
    assert tsa.at <= t2.document_timestamp.at < tsa.at + MOMENT
    assert t1.certificate is None


def test_a_document_timestamp_makes_b_t(make_pdf, pen, tsa: Tsa, findings) -> None:
    signed = pen.sign(make_pdf())
    assert [one.verdict.facts.get("rule") for one in findings(signed, profile=B_T)] == ["no-timestamp"]
    assert [one.verdict.passed for one in findings(document_stamped(signed, tsa), profile=B_T)] == [True, True]


def test_a_document_timestamp_over_something_else(make_pdf, pen, tsa: Tsa, findings) -> None:
    """Its token is a genuine one, for another file."""
    data = document_stamped(pen.sign(make_pdf()), tsa)
    other = document_stamped(pen.sign(make_pdf(fields=2)), tsa)
    token, foreign = (contents_of_last(one) for one in (data, other))
    foreign = foreign.ljust(len(token), b"0")[: len(token)]
    signature, timestamp = findings(data.replace(token, foreign))
    assert signature.verdict.passed
    assert signature.timestamps == ()
    assert (str(timestamp.verdict.sub_indication), timestamp.verdict.reason) == (
        "HASH_FAILURE",
        "timestamp-of-something-else",
    )


def contents_of_last(data: bytes) -> bytes:
    """The hexadecimal digits of the newest /Contents."""
    embedded = PdfFileReader(io.BytesIO(data)).embedded_signatures[-1]
    first, length, second, _ = (int(number) for number in embedded.byte_range)
    return data[first + length + 1 : second - 1]


def test_content_changed_after_a_document_timestamp(make_pdf, pen, tsa: Tsa, findings) -> None:
    data = document_stamped(pen.sign(make_pdf()), tsa)
    altered = data.replace(b"(value 0)", b"(value 9)")
    assert altered != data
    assert [one.verdict.reason for one in findings(altered)] == ["digest-differs", "timestamp-of-something-else"]


def with_field(data: bytes, name: str) -> bytes:
    """A place on the page for somebody to sign."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    append_signature_field(writer, SigFieldSpec(name, box=(0, 0, 300, 100)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def stamped_showing(data: bytes, tsa: Tsa, field: str, *, area: bool, appearance: bool) -> bytes:
    """A document timestamp in a field, new or there already."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    if field == "New":
        append_signature_field(writer, SigFieldSpec(field, box=(0, 0, 300, 100) if area else None))
    fields = [one.get_object() for one in list.__iter__(writer.root["/AcroForm"]["/Fields"])]
    (widget,) = [one for one in fields if one["/T"] == field]
    if field == "New":
        widget.pop("/AP", None)
    if appearance:
        box = generic.ArrayObject(map(generic.NumberObject, (0, 0, 300, 100)))
        entries = {"/Type": "/XObject", "/Subtype": "/Form"}
        named = {NameObject(key): NameObject(value) for key, value in entries.items()}
        form = generic.StreamObject({**named, NameObject("/BBox"): box}, b"0 0 300 100 re f")
        widget["/AP"] = generic.DictionaryObject({NameObject("/N"): writer.add_object(form)})
        if field != "New":
            writer.update_container(widget)
    out, stamper = io.BytesIO(), signers.PdfTimeStamper(Stamper(tsa), field_name=field)
    stamper.timestamp_pdf(writer, "sha256", None, output=out)
    return out.getvalue()


@pytest.mark.parametrize("field", ["New", "Waiting"])
@pytest.mark.parametrize(("area", "appearance"), [(False, False), (True, False), (False, True), (True, True)])
def test_a_document_timestamp_that_shows_something(
    field: str, area: bool, appearance: bool, make_pdf, pen, tsa: Tsa, findings
) -> None:
    """An authority stamps whatever it is sent, so that nobody answers for what is shown with it."""
    data = pen.sign(with_field(make_pdf(), "Waiting"), "Signature1")
    signature, timestamp = findings(stamped_showing(data, tsa, field, area=area, appearance=appearance))
    assert timestamp.verdict.passed
    if appearance or (area and field == "New"):
        verdict = signature.verdict
        assert (verdict.reason, verdict.facts["change"]) == ("changed-after-signing", "timestamp-added")
    else:
        assert signature.verdict.passed, signature.verdict


def test_a_document_timestamp_alone(make_pdf, tsa: Tsa, findings) -> None:
    (finding,) = findings(document_stamped(make_pdf(), tsa))
    assert finding.verdict.passed
    assert finding.document_timestamp is not None


def test_b_t_by_pyhanko(party, make_pdf, pen, tsa: Tsa, findings) -> None:
    stated = signers.PdfSignatureMetadata(field_name="S", subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")
    out = io.BytesIO()
    signer = signers.PdfSigner(stated, pen.signer("valid"), timestamper=Stamper(tsa))
    signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(make_pdf())), output=out)
    (finding,) = findings(out.getvalue(), profile=B_T)
    assert finding.verdict.passed
    assert [one.verdict.passed for one in finding.timestamps] == [True]
