"""Signed PDFs that our verifier takes, and what it says about them. pyHanko signs them, and judges them, too."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from asn1crypto import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.validation.dss import DocumentSecurityStore

from jitsuin.formats.base import VerificationPolicy
from jitsuin.formats.pdf.adapter import PdfAdapter
from jitsuin.formats.profiles import PROFILES
from jitsuin.formats.source import Source
from jitsuin.formats.verdict import SubIndication

PKCS7 = SigSeedSubFilter.ADOBE_PKCS7_DETACHED
AT = datetime(2026, 6, 1, 3, tzinfo=UTC)
VISIBLE = SigFieldSpec("Signature1", on_page=0, box=(300, 50, 500, 120))


def with_empty_field(data: bytes, pen: Any, box: tuple[int, int, int, int] | None = None) -> bytes:
    return pen.update(data, lambda writer: append_signature_field(writer, SigFieldSpec("Signature1", box=box)))


def edited(data: bytes, pen: Any) -> bytes:
    """A revision before any signature, which may do as it likes."""

    def change(writer: Any) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0]
        field["/V"] = generic.TextStringObject("edited")
        writer.update_container(field)

    return pen.update(data, change)


def with_evidence(data: bytes, party: Any) -> bytes:
    """Certificates in a DSS, as pyHanko adds them."""
    out = io.BytesIO(data)
    chain = [x509.Certificate.load(c.public_bytes(Encoding.DER)) for c in party("valid").chain]
    DocumentSecurityStore.add_dss(out, None, certs=chain)
    return out.getvalue()


@pytest.fixture(scope="module")
def signed_files(make_pdf, resave, pen, party) -> Mapping[str, bytes]:
    """By how they were made."""
    table, streams = make_pdf(), make_pdf(xref_streams=True)
    once = pen.sign(table)
    twice = pen.sign(once, "Signature2", "second", PKCS7)
    return {
        "table": once,
        "xref streams": pen.sign(streams),
        "object streams": pen.sign(resave(table, object_stream_mode=2)),
        "linearized": pen.sign(resave(table, linearize=True)),
        "linearized, streams": pen.sign(resave(table, linearize=True, object_stream_mode=2)),
        "no form": pen.sign(make_pdf(form=False)),
        "no form, twice": pen.sign(pen.sign(make_pdf(form=False)), "Signature2"),
        "pkcs7": pen.sign(table, subfilter=PKCS7),
        "P-384": pen.sign(table, who="p384"),
        "edited before": pen.sign(edited(table, pen)),
        "empty field": pen.sign(with_empty_field(table, pen)),
        "empty field with a box": pen.sign(with_empty_field(streams, pen, (300, 50, 500, 120))),
        "visible": pen.sign(table, field=VISIBLE),
        "certified": pen.sign(table, certify=True, docmdp_permissions=MDPPerm.NO_CHANGES),
        "certified, then signed": pen.sign(
            pen.sign(table, certify=True, docmdp_permissions=MDPPerm.FILL_FORMS), "Signature2"
        ),
        "twice": twice,
        "three times": pen.sign(twice, "Signature3", "phone"),
        "three times, streams": pen.sign(pen.sign(pen.sign(streams), "Signature2"), "Signature3"),
        "three times, linearized": pen.sign(
            pen.sign(pen.sign(resave(table, linearize=True)), "Signature2"), "Signature3", "second", PKCS7
        ),
        "twice, visible": pen.sign(
            pen.sign(table, field=VISIBLE), "Signature2", field=SigFieldSpec("Signature2", box=(50, 50, 250, 120))
        ),
        "twice, the second in a field made before": pen.sign(
            pen.sign(with_empty_field(table, pen), "Other"), "Signature1", "second"
        ),
        "evidence after": with_evidence(once, party),
        "evidence after, streams": with_evidence(pen.sign(streams), party),
        "evidence between": pen.sign(with_evidence(once, party), "Signature2"),
        "evidence twice": with_evidence(pen.sign(with_evidence(once, party), "Signature2"), party),
        "timestamped": pen.sign(table, timestamped=True),
    }


NAMES = [
    "table",
    "xref streams",
    "object streams",
    "linearized",
    "linearized, streams",
    "no form",
    "no form, twice",
    "pkcs7",
    "P-384",
    "edited before",
    "empty field",
    "empty field with a box",
    "visible",
    "certified",
    "certified, then signed",
    "twice",
    "three times",
    "three times, streams",
    "three times, linearized",
    "twice, visible",
    "twice, the second in a field made before",
    "evidence after",
    "evidence after, streams",
    "evidence between",
    "evidence twice",
    "timestamped",
]


@pytest.mark.parametrize("name", NAMES)
def test_valid(name: str, signed_files: Mapping[str, bytes], findings: Callable[..., Any], pen: Any) -> None:
    data = signed_files[name]
    found = findings(data)
    assert [one.verdict.reason for one in found] == ["passed"] * data.count(b"/ByteRange")
    assert all(change.permitted for one in found for change in one.changes)
    assert all(one.certificate is not None and one.scheme and one.signature_id == one.place for one in found)
    assert pen.pyhanko(data) == [True] * len(found)


def test_every_file_is_asked_for(signed_files: Mapping[str, bytes]) -> None:
    assert sorted(signed_files) == sorted(NAMES)


def test_coverage_and_changes_in_words(signed_files, findings, party) -> None:
    first, second, third = findings(signed_files["three times"])
    assert [one.place for one in (first, second, third)] == ["Signature1", "Signature2", "Signature3"]
    assert (first.covers, first.uncovered) == (("revision 2/4",), ("revision 3/4", "revision 4/4"))
    assert (second.covers, second.uncovered) == (("revision 3/4",), ("revision 4/4",))
    assert (third.covers, third.uncovered, third.changes) == (("/",), (), ())
    added = [change.facts for change in first.changes if change.code == "signature-added"]
    assert [(facts["revision"], facts["field"]) for facts in added] == [(3, "Signature2"), (4, "Signature3")]
    assert [one.scheme for one in (first, second, third)] == ["rsa-sha256"] * 3
    assert first.certificate == party("valid").certificate
    assert first.embedded == tuple(party("valid").issuers)
    assert first.claimed_at is not None
    assert first.claimed_at.tzinfo is not None


def test_every_object_of_a_later_revision_is_accounted_for(signed_files, findings) -> None:
    """Each that was there before and is written anew has its word, and what was added is named by its purpose."""
    data = signed_files["twice, visible"]
    (first, *_) = findings(data)
    ranges = re.search(rb"/ByteRange \[0 \d+ (\d+) (\d+)\]", data)
    assert ranges
    end = int(ranges[1]) + int(ranges[2])
    before, after = (set(re.findall(rb"^(\d+) 0 obj", part, re.MULTILINE)) for part in (data[:end], data[end:]))
    assert {int(number) for number in before & after} <= {change.facts["object"] for change in first.changes}
    codes = {change.code for change in first.changes} - {"object-rewritten", "information-updated"}
    assert codes == {"appearance-added", "object-extended", "signature-added"}


def test_a_document_timestamp_is_about_the_signature_before_it(make_pdf, pen, findings) -> None:
    data = pen.timestamp(pen.sign(make_pdf()))
    signature, timestamp = findings(data)
    assert signature.verdict.passed
    assert [change.code for change in signature.changes].count("timestamp-added") == 1
    assert timestamp.verdict.passed
    assert timestamp.certificate is None, "it is nobody's signature"
    assert timestamp.document_timestamp.certificate is not None
    assert signature.timestamps == (timestamp.document_timestamp,)
    assert (signature.document_timestamp, timestamp.timestamps) == (None, ())


def test_a_document_timestamp_does_not_excuse_a_change(make_pdf, pen, findings) -> None:
    data = edited(pen.timestamp(pen.sign(make_pdf())), pen)
    assert [one.verdict.reason for one in findings(data)] == ["changed-after-signing"] * 2


def test_a_document_without_signature(make_pdf, pen, findings) -> None:
    for data in (make_pdf(), make_pdf(form=False), with_empty_field(make_pdf(), pen), edited(make_pdf(), pen)):
        (finding,) = findings(data)
        assert (finding.place, finding.verdict.reason) == ("/", "no-signature")
        assert finding.verdict.sub_indication is SubIndication.FORMAT_FAILURE


def test_a_source_that_is_no_memory(signed_files, tmp_path, findings) -> None:
    """Large files are read in pieces, where they lie."""
    path = tmp_path / "signed.pdf"
    path.write_bytes(signed_files["three times"])
    adapter = PdfAdapter()
    document = adapter.open(Source(lambda: path.open("rb"), path.stat().st_size))
    found = adapter.verify(document, VerificationPolicy())
    document.reader.stream.close()
    assert [one.verdict.passed for one in found] == [True] * 3
    assert [one.covers for one in found] == [one.covers for one in findings(signed_files["three times"])]


def test_sha1_only_where_it_is_allowed(make_pdf, pen, findings) -> None:
    data = pen.sign(make_pdf(), subfilter=PKCS7, hash_name="sha1")
    (refused,) = findings(data)
    assert (refused.verdict.sub_indication, refused.verdict.reason) == (
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
        "sha1-refused",
    )
    (weak,) = findings(data, accept_sha1=True)
    assert weak.verdict.passed
    assert weak.weak


def test_claimed_time_is_m_in_any_time_zone(make_pdf, pen, findings) -> None:
    (finding,) = findings(pen.sign(make_pdf()))
    (same,) = findings(pen.sign(make_pdf(), subfilter=PKCS7))
    assert finding.claimed_at is not None
    assert same.claimed_at is not None
    assert abs((same.claimed_at - finding.claimed_at).total_seconds()) < 60
    assert finding.claimed_at.astimezone(UTC).year >= 2026


# The destination's form


def form(data: bytes, findings: Callable[..., Any], profile: str) -> list[object]:
    return [one.verdict.facts.get("rule", one.verdict.reason) for one in findings(data, profile=PROFILES[profile])]


def test_pades_b_b(signed_files, make_pdf, pen, findings) -> None:
    assert form(signed_files["three times, streams"], findings, "pades-b-b") == ["passed"] * 3
    assert form(signed_files["pkcs7"], findings, "pades-b-b") == ["subfilter"]
    assert form(signed_files["twice"], findings, "pades-b-b") == ["passed", "subfilter"]


@pytest.fixture(scope="module")
def agency_file(make_pdf: Callable[..., bytes], party: Callable[[str], Any]) -> bytes:
    """By our own signer: pyHanko states the time in UTC as Z, the form wants an offset."""
    return agency_signed(make_pdf(), party("valid"))


def agency_signed(data: bytes, who: Any, profile: str = "moj-pdf", **changes: Any) -> bytes:
    adapter = PdfAdapter()
    chosen = replace(PROFILES[profile], **changes)
    prepared = adapter.prepare(adapter.open(Source.of(data)), who.identity, chosen, AT)
    out = io.BytesIO()
    prepared.embed(who.sign(prepared.to_be_signed, prepared.scheme), out)
    return out.getvalue()


@pytest.mark.parametrize("profile", ["moj-pdf", "agency-pdf"])
def test_agency_form(profile: str, agency_file, make_pdf, pen, party, findings) -> None:
    assert form(agency_file, findings, profile) == ["passed"]
    twice = agency_signed(agency_file, party("second"))
    assert form(twice, findings, profile) == ["passed"] * 2
    assert form(agency_signed(make_pdf(), party("valid"), "pades-b-b"), findings, profile) == ["subfilter"]
    assert form(agency_signed(make_pdf(), party("valid"), signer_name=False), findings, profile) == ["name"]
    elliptic = agency_signed(make_pdf(), party("p384"), "agency-pdf")
    assert form(elliptic, findings, profile) == (["algorithm"] if profile == "moj-pdf" else ["passed"])
    assert form(pen.sign(make_pdf(), subfilter=PKCS7, name="Hanako"), findings, profile) == ["time"]
    assert form(with_evidence(agency_file, party), findings, profile) == ["update"]
    assert form(pen.timestamp(agency_file), findings, profile) == ["timestamp", "passed"]
    assert form(pen.timestamp(agency_file), findings, "pades-b-b") == ["subfilter", "passed"]


def test_a_broken_rule_is_a_constraint(agency_file, findings) -> None:
    (finding,) = findings(agency_file, profile=PROFILES["pades-b-b"])
    assert (finding.verdict.sub_indication, finding.verdict.reason) == (
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        "not-the-form",
    )
    assert finding.verdict.facts["profile"] == "pades-b-b"
    assert finding.certificate is not None
