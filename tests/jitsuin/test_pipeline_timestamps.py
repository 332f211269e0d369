"""The time that counts: signing with a timestamp, and what a proven time makes of expiry and revocation afterwards."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from asn1crypto.crl import CertificateList
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

import jitsuin
from authority import Authority
from jitsuin.errors import ProfileMismatchError, TimestampError
from jitsuin.formats.der import members, read, tlv
from jitsuin.formats.timestamp_protocol import read_response, timestamp_request
from jitsuin.formats.timestamp_token import read_token
from jitsuin.formats.verdict import PASSED, SubIndication
from jitsuin.report import iso, sign_text, verify_json, verify_text
from jitsuin.results import SignOutcome
from jitsuin.revocation import EvidenceOptions
from pdf_corpus import page_objects, with_table
from pki_faults import status
from responders import Tsa

if TYPE_CHECKING:
    from jitsuin.results import SignResult, VerifyReport
    from pki_servers import PkiServer

SIGNED = datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC)
EXPIRES = datetime(2026, 9, 1, tzinfo=UTC)
LOOPBACK = EvidenceOptions(allow_private_network=True)
DAY = timedelta(days=1)
MOMENT = timedelta(minutes=1)
"""The clock that openssl is given runs on while it starts."""
PASSWORD = "for tests"


class Office:
    """A signer with a certificate of `authority`, a time-stamping authority of `clock`, and the files between them."""

    def __init__(self, folder: Path, authority: Authority, server: PkiServer) -> None:
        self.folder, self.authority, self.server = folder, authority, server
        self.clock = Authority(authority.keys, "Clock CA")
        self.tsa = Tsa(self.clock, at=SIGNED)
        self.url = server.tsa("/tsa", self.tsa)
        self.holder = authority.issue("Holder", until=EXPIRES)
        (folder / "id.p12").write_bytes(self.holder.pkcs12(PASSWORD))
        self.source, self.target = folder / "form.pdf", folder / "form.signed.pdf"
        self.source.write_bytes(with_table(page_objects()))

    def sign(self, **options: Any) -> SignResult:
        options = {"timestamp_url": self.url, "timestamp_trust": [self.clock.certificate], **options}
        with jitsuin.open_signer(f"file:{self.folder / 'id.p12'}", pin=lambda _: PASSWORD, at=SIGNED) as signer:
            return jitsuin.sign_file(
                self.source,
                self.target,
                signer=signer,
                trust=[self.authority.certificate],
                evidence=LOOPBACK,
                overwrite=True,
                at=SIGNED,
                **options,
            )

    def verify(self, *, at: datetime = SIGNED + DAY, trusted: bool = True, **options: Any) -> VerifyReport:
        options = {"revocation": "off", "timestamp_trust": [self.clock.certificate] if trusted else [], **options}
        path, evidence = options.pop("path", self.target), options.pop("evidence", LOOPBACK)
        return jitsuin.verify_file(path, trust=[self.authority.certificate], evidence=evidence, at=at, **options)

    def crl(self, made: datetime, authority: Authority | None = None) -> Path:
        path = self.folder / f"{(authority or self.authority).common_name}.crl"
        path.write_bytes((authority or self.authority).crl(made).public_bytes(Encoding.DER))
        return path


@pytest.fixture
def office(tmp_path: Path, authority: Authority, pki_server: PkiServer, tsa: Tsa) -> Office:
    """Asking for `tsa` is how the test is skipped where openssl is missing."""
    return Office(tmp_path, authority, pki_server)


def said(report: VerifyReport) -> str:
    verdict = report.verdict
    return f"{verdict.indication.word} {verdict.sub_indication or ''} {verdict.reason}".replace("  ", " ")


# Signing


def test_signed_with_a_timestamp(office: Office) -> None:
    """The address alone chooses the profile."""
    result = office.sign()
    assert result.profile.name == "pades-b-t"
    assert result.timestamp is not None
    assert result.timestamp.verdict.passed
    assert result.timestamp.anchor == office.clock.certificate.subject.rfc4514_string()
    assert [notice.code for notice in result.notices] == ["revocation-not-checked"]
    text = sign_text(SignOutcome(result.source, result))
    assert re.search(r"timestamp +2026-03-02 12:04 JST, CN=Test TSA.*trusted via CN=Clock CA", text)
    report = office.verify(profile="pades-b-t")
    (signature,) = report.signatures
    assert report.verdict.passed
    assert signature.proven == signature.timestamps[0].finding.at + timedelta(seconds=1), "with the stated accuracy"
    assert SIGNED <= signature.timestamps[0].finding.at < SIGNED + MOMENT
    assert re.search(r"timestamp +2026-03-02 12:04 JST, CN=Test TSA.*trusted via", verify_text(report))
    assert "proven time" in verify_text(report)
    (values,) = verify_json(report)["signatures"]
    assert values["proven_at"] == iso(signature.proven)
    (stamp,) = values["timestamps"]
    assert (stamp["verdict"], stamp["at"], stamp["accuracy"]) == ("VALID", iso(signature.timestamps[0].finding.at), 1.0)
    assert stamp["authority"].startswith("CN=Test TSA")


def test_a_batch_with_timestamps_where_there_is_a_place_for_them(office: Office) -> None:
    """Workers fetch them. A format without timestamps is signed as ever."""
    folder, out = office.folder / "in", office.folder / "out"
    folder.mkdir()
    for name in ("a.pdf", "b.pdf"):
        (folder / name).write_bytes(office.source.read_bytes())
    (folder / "c.xml").write_text("<note/>")
    trust, clocks = [office.authority.certificate], [office.clock.certificate]
    options = jitsuin.SigningOptions(
        trust=trust, timestamp_url=office.url, timestamp_trust=clocks, revocation="off", evidence=LOOPBACK
    )
    result = jitsuin.sign_batch(
        [folder],
        out,
        open_key=lambda: jitsuin.open_signer(f"file:{office.folder / 'id.p12'}", pin=lambda _: PASSWORD, at=SIGNED),
        options=options,
        at=SIGNED,
    )
    profiles = {record.name: record.profile for record in result.records}
    assert profiles == {"a.pdf": "pades-b-t", "b.pdf": "pades-b-t", "c.xml": "xmldsig"}
    assert said(office.verify(profile="pades-b-t", path=out / "b.signed.pdf")) == "VALID passed"
    how = {"revocation": "off", "timestamp_trust": clocks, "at": SIGNED + DAY, "evidence": LOOPBACK}
    assert [record.verdict for record in jitsuin.verify_batch([out], trust=trust, **how).records if record.verdict] == [
        PASSED,
        PASSED,
        PASSED,
    ]


def test_nobody_vouches_for_the_authority(office: Office) -> None:
    result = office.sign(timestamp_trust=[])
    assert result.profile.name == "pades-b-t"
    assert "timestamp-not-vouched-for" in [notice.code for notice in result.notices]
    assert said(office.verify(profile="pades-b-t")) == "VALID passed", "whoever trusts the authority can see it"


def test_authority_down(office: Office, pki_server: PkiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jitsuin.timestamp._PAUSES", (0, 0))
    with pytest.raises(TimestampError) as caught:
        office.sign(timestamp_url=pki_server.unreachable())
    assert caught.value.facts["reason"] == "unreachable"
    assert not office.target.exists()
    result = office.sign(timestamp_url=pki_server.unreachable(), timestamp="prefer")
    assert (result.profile.name, result.timestamp) == ("pades-b-b", None)
    (notice,) = (notice for notice in result.notices if notice.code == "timestamp-missing")
    assert (notice.facts["profile"], notice.facts["reason"]) == ("pades-b-b", "unreachable")
    text = sign_text(SignOutcome(result.source, result))
    assert "profile       pades-b-b" in text
    assert "no timestamp" in text
    assert "cannot be reached" in text
    assert said(office.verify(profile="pades-b-b")) == "VALID passed"
    assert said(office.verify(profile="pades-b-t")) == "INVALID SIG_CONSTRAINTS_FAILURE not-the-form"


def test_a_false_timestamp_is_worse_than_none(office: Office) -> None:
    """Preferring one is no reason to take any."""
    office.tsa.wrong_digest = True
    with pytest.raises(TimestampError):
        office.sign()
    assert not office.target.exists()
    result = office.sign(timestamp="prefer")
    assert [notice.facts["reason"] for notice in result.notices if notice.code == "timestamp-missing"] == [
        "wrong-imprint"
    ]
    assert office.verify().signatures[0].timestamps == ()


def test_what_can_be_known_before_is_said_before(office: Office, pki_server: PkiServer) -> None:
    """No password is spent on it: the callback would fail the test."""
    options: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"profile": "pades-b-t", "timestamp_url": None}, ProfileMismatchError),
        ({"profile": "moj-pdf"}, ProfileMismatchError),
        ({"evidence": EvidenceOptions(offline=True)}, TimestampError),
        ({"timestamp_url": "tsa.example"}, TimestampError),
    ]
    for chosen, kind in options:
        given = {"timestamp_url": office.url, "evidence": LOOPBACK, **chosen}
        with jitsuin.open_signer(f"file:{office.folder / 'id.p12'}", pin=None) as signer, pytest.raises(kind):
            jitsuin.sign_file(office.source, office.target, signer=signer, **given)
    assert pki_server.requests == []


def test_other_formats_take_no_timestamp(office: Office, desk: Path) -> None:
    with (
        jitsuin.open_signer(f"file:{office.folder / 'id.p12'}", pin=None) as signer,
        pytest.raises(ProfileMismatchError),
    ):
        jitsuin.sign_file(desk / "income.xtx", office.target, signer=signer, timestamp_url=office.url)


def test_the_anchor_is_not_overwritten(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "form.signed.pdf"
    path.write_bytes(office.clock.certificate.public_bytes(Encoding.PEM))
    with pytest.raises(jitsuin.errors.OutputError):
        office.sign(timestamp_trust=[path])


# Verifying: what a proven time is worth


EXPIRED = "INDETERMINATE OUT_OF_BOUNDS_NO_POE signer-expired"


def test_expired_afterwards(office: Office) -> None:
    """EN 319 102-1, 5.5.4: valid when it was proven to exist; without trust in the proof it is as if it were none."""
    office.sign()
    later = EXPIRES + DAY
    assert said(office.verify(at=later)) == "VALID passed"
    assert said(office.verify(at=later, trusted=False)) == EXPIRED
    other = Authority(office.authority.keys, "Another clock").certificate
    assert said(office.verify(at=later, trusted=False, timestamp_trust=[other])) == EXPIRED
    assert said(office.verify(at=later, trusted=False, timestamp_trust=[office.authority.certificate])) == EXPIRED


def test_expired_before(office: Office) -> None:
    """A timestamp that is younger than the certificate's end proves nothing of use."""
    office.tsa.at = EXPIRES + DAY
    office.sign()
    assert said(office.verify(at=EXPIRES + 2 * DAY)) == EXPIRED


@pytest.mark.parametrize(
    ("revoked", "proven", "unproven"),
    [
        (SIGNED + DAY, "VALID passed", "INDETERMINATE REVOKED_NO_POE revoked"),
        (SIGNED - DAY, "INVALID REVOKED revoked", "INDETERMINATE REVOKED_NO_POE revoked"),
    ],
)
def test_revoked(revoked: datetime, proven: str, unproven: str, office: Office) -> None:
    office.sign()
    office.authority.revoke(office.holder, revoked, x509.ReasonFlags.key_compromise)
    options: dict[str, Any] = {"at": SIGNED + 3 * DAY, "revocation": "require"}
    options["crls"] = [office.crl(SIGNED + 2 * DAY), office.crl(SIGNED + 2 * DAY, office.clock)]
    assert said(office.verify(**options)) == proven
    assert said(office.verify(**options, trusted=False)) == unproven


def test_revocation_of_the_authority(office: Office) -> None:
    """RFC 3161, 4: closed later with its key unharmed, it is good for what it had stamped; otherwise for nothing."""
    office.sign()
    for at, reason, expected in (
        (SIGNED + DAY, x509.ReasonFlags.cessation_of_operation, "VALID passed"),
        (SIGNED + DAY, x509.ReasonFlags.key_compromise, EXPIRED),
        (SIGNED + DAY, None, EXPIRED),
        (SIGNED - DAY, x509.ReasonFlags.cessation_of_operation, EXPIRED),
    ):
        office.clock.revoked.clear()
        office.clock.revoke(office.tsa.credential, at, reason)
        later = EXPIRES + DAY
        crls = [office.crl(later - timedelta(hours=1), office.clock)]
        assert said(office.verify(at=later, revocation="warn", crls=crls)) == expected, (at, reason)


def test_a_timestamp_that_is_not_checked_is_no_proof(office: Office) -> None:
    """With --revocation require, that is: nobody knows whether the authority is still one."""
    office.sign()
    (signature,) = office.verify(at=EXPIRES + DAY, revocation="require").signatures
    assert signature.verdict.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert signature.timestamps[0].verdict.reason == "timestamp-authority-not-checked"


def test_profile_wants_proof(office: Office) -> None:
    office.sign()
    assert said(office.verify(trusted=False)) == "VALID passed"
    wanted = office.verify(trusted=False, profile="pades-b-t")
    assert said(wanted) == "INDETERMINATE NO_CERTIFICATE_CHAIN_FOUND timestamp-authority-unknown"
    assert "--timestamp-trust" in verify_text(wanted)


def test_expired_authority(office: Office) -> None:
    """Nothing proves its own stamp to be older than its end; a later document timestamp does."""
    office.tsa.credential = office.clock.tsa("Short-lived TSA", until=datetime(2026, 8, 1, tzinfo=UTC))
    office.sign()
    later = EXPIRES + DAY
    (signature,) = office.verify(at=later).signatures
    assert signature.timestamps[0].verdict.reason == "timestamp-authority-expired"
    assert said(office.verify(at=later)) == EXPIRED
    archived = office.folder / "archived.pdf"
    archived.write_bytes(document_stamped(office.target.read_bytes(), Tsa(office.clock, at=SIGNED + DAY)))
    report = office.verify(at=later, path=archived)
    assert said(report) == "VALID passed"
    signature, stamp = report.signatures
    assert [one.verdict.reason for one in signature.timestamps] == ["passed", "passed"]
    assert signature.proven is not None
    assert signature.proven < SIGNED + MOMENT, "by the older of the two"
    assert stamp.document_timestamp is not None
    assert re.search(r"document timestamp 2: Archive", verify_text(report))
    # Too late: the authority had come to its end before.
    archived.write_bytes(
        document_stamped(office.target.read_bytes(), Tsa(office.clock, at=datetime(2026, 8, 2, tzinfo=UTC)))
    )
    assert [one.verdict.passed for one in office.verify(at=later, path=archived).signatures[0].timestamps] == [
        False,
        True,
    ]


def test_a_document_timestamp_of_nobody(office: Office) -> None:
    """It was not checked, so the document is not VALID as a whole; its signature is."""
    office.sign(timestamp_url=None, timestamp_trust=[])
    office.target.write_bytes(document_stamped(office.target.read_bytes(), office.tsa))
    report = office.verify(trusted=False)
    assert [one.verdict.reason for one in report.signatures] == ["passed", "timestamp-authority-unknown"]
    assert said(report) == "INDETERMINATE NO_CERTIFICATE_CHAIN_FOUND timestamp-authority-unknown"
    assert said(office.verify()) == "VALID passed"
    assert said(office.verify(at=EXPIRES + DAY)) == "VALID passed", "it proves the time like one in the signature"
    (_, values) = verify_json(office.verify())["signatures"]
    assert values["document_timestamp"]["place"] == "Archive"


# Evidence and timestamps that pyHanko has put in


def with_evidence(path: Path, lists: Iterable[x509.CertificateRevocationList], *certificates: x509.Certificate) -> None:
    """A DSS by pyHanko."""
    out = io.BytesIO(path.read_bytes())
    crls = [CertificateList.load(one.public_bytes(Encoding.DER)) for one in lists]
    certs = [asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in certificates]
    DocumentSecurityStore.add_dss(out, None, certs=certs, crls=crls)
    path.write_bytes(out.getvalue())


def test_archived(office: Office) -> None:
    """B-LTA: all that is needed years after is in the file, but how the last timestamp's authority fares by then."""
    office.sign(chain="leaf")
    offline: dict[str, Any] = {"evidence": EvidenceOptions(offline=True), "revocation": "require"}
    assert office.verify(**offline).verdict.reason == "revocation-not-checked", "the control"
    lists = [one.crl(SIGNED - timedelta(hours=1)) for one in (office.authority, office.clock)]
    with_evidence(office.target, lists, office.authority.certificate, office.clock.certificate)
    office.target.write_bytes(document_stamped(office.target.read_bytes(), office.tsa))
    report = office.verify(**offline)
    assert said(report) == "VALID passed"
    for at in (EXPIRES + DAY, EXPIRES + 900 * DAY):
        current = office.crl(at - timedelta(hours=1), office.clock)
        assert said(office.verify(at=at, crls=[current], **offline)) == "VALID passed"
        assert said(office.verify(at=at, **offline)) == EXPIRED, "nothing is known of the newest timestamp's authority"
    signature, stamp = report.signatures
    assert signature.judgement is not None
    assert (signature.judgement.revocation.status, signature.judgement.revocation.source) == ("good", "document")
    assert [one.verdict.passed for one in signature.timestamps] == [True, True]
    assert stamp.document_timestamp is not None


def test_evidence_of_a_revocation(office: Office) -> None:
    """It speaks against the signature as well as for it, whoever has put it in."""
    office.sign()
    office.authority.revoke(office.holder, SIGNED - 2 * DAY, x509.ReasonFlags.key_compromise)
    assert said(office.verify(revocation="warn")) == "VALID passed"
    with_evidence(office.target, [office.authority.crl(SIGNED - timedelta(hours=1))])
    assert said(office.verify(revocation="warn")) == "INVALID REVOKED revoked"


@pytest.mark.parametrize("junk", [b"", b"\x30\x00", b"%PDF-1.7", b"\x30\x82\xff\xff"])
def test_junk_in_the_security_store(junk: bytes, office: Office) -> None:
    office.sign(timestamp_url=None, timestamp_trust=[])
    writer = IncrementalPdfFileWriter(io.BytesIO(office.target.read_bytes()))
    entries = {
        generic.pdf_name(key): generic.ArrayObject([writer.add_object(generic.StreamObject(stream_data=junk))])
        for key in ("/Certs", "/CRLs", "/OCSPs")
    }
    writer.root["/DSS"] = writer.add_object(generic.DictionaryObject(entries))
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    office.target.write_bytes(out.getvalue())
    assert said(office.verify(revocation="warn")) == "VALID passed"


# False ones in the document


def with_token(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Another token in the place of the newest signature's: the last value in the last field of every level."""
    data = path.read_bytes()
    embedded = PdfFileReader(io.BytesIO(data)).embedded_signatures[-1]
    start, end = embedded.byte_range[1] + 1, embedded.byte_range[2] - 1
    path.write_bytes(
        data[:start] + _changed(embedded.pkcs7_content, change).hex().encode().ljust(end - start, b"0") + data[end:]
    )


def _changed(encoded: bytes, change: Callable[[bytes], bytes], depth: int = 8) -> bytes:
    """ContentInfo, [0], SignedData, signerInfos, SignerInfo, unsignedAttrs, Attribute, its SET: the token."""
    value = read(encoded)
    *before, last = members(value.content)
    inner = change(last.encoded) if depth == 1 else _changed(last.encoded, change, depth - 1)
    return tlv(value.tag, *(one.encoded for one in before), inner)


def test_the_control(office: Office) -> None:
    office.sign()
    with_token(office.target, lambda token: token)
    assert said(office.verify(at=EXPIRES + DAY)) == "VALID passed"


def test_a_token_of_another_signature(office: Office) -> None:
    """It deceives about the time, whoever put it there."""
    office.sign()
    tokens: list[bytes] = []
    with_token(office.target, lambda token: tokens.append(token) or token)
    office.sign(reason="another")
    with_token(office.target, lambda _: tokens[0])
    for at in (SIGNED + DAY, EXPIRES + DAY):
        report = office.verify(at=at)
        assert said(report) == "INVALID HASH_FAILURE timestamp-of-something-else"
        assert report.signatures[0].proven is None
    assert "something else" in verify_text(report)


def test_an_altered_token(office: Office) -> None:
    office.sign()
    with_token(office.target, lambda token: token.replace(b"20260302", b"20250302", 1))
    report = office.verify(at=EXPIRES + DAY)
    assert said(report) == "INVALID SIG_CRYPTO_FAILURE timestamp-altered"
    assert report.signatures[0].timestamps[0].finding.at is None


@pytest.mark.parametrize(
    "credential",
    [
        lambda clock: clock.tsa("No purpose", purpose=False),
        lambda clock: clock.tsa("Not critical", critical=False),
        lambda clock: clock.tsa("Ended", until=SIGNED - DAY),
        lambda clock: clock.look_alike().tsa(),
        lambda clock: clock.issue("A signer"),
    ],
)
def test_tokens_of_who_is_no_authority(credential: Callable[[Authority], Any], office: Office) -> None:
    """The client would refuse them; another program has put them in. They neither help nor harm."""
    office.sign()
    forger = Tsa(office.clock, at=SIGNED)
    forger.signer = credential(office.clock)

    def forged(token: bytes) -> bytes:
        answer = read_response(forger.answer(timestamp_request(read_token(token).imprint, 1)))
        assert answer.token is not None
        return answer.token

    with_token(office.target, forged)
    assert said(office.verify()) == "VALID passed"
    report = office.verify(at=EXPIRES + DAY)
    assert said(report) == EXPIRED
    assert not report.signatures[0].timestamps[0].verdict.passed
    assert "proves nothing" in verify_text(report)


# The command line


def test_command_line(office: Office, jitsuin, monkeypatch: pytest.MonkeyPatch) -> None:
    anchor, clock = office.folder / "ca.pem", office.folder / "clock.pem"
    anchor.write_bytes(office.authority.certificate.public_bytes(Encoding.PEM))
    clock.write_bytes(office.clock.certificate.public_bytes(Encoding.PEM))
    office.holder = office.authority.issue("Today")
    (office.folder / "id.p12").write_bytes(office.holder.pkcs12(PASSWORD))
    office.tsa.at = None

    def sign(*options: object) -> Any:
        monkeypatch.setenv("SECRET", PASSWORD)
        key = ("--key", f"file:{office.folder / 'id.p12'}", "--pin-source", "env:SECRET", "--trust", anchor)
        return jitsuin("sign", office.source, *key, "--timestamp-url", office.url, "--timestamp-trust", clock, *options)

    private = sign()
    assert (private.code, office.target.exists()) == (11, False)
    assert "--allow-private-network" in private.err
    assert sign("--allow-private-network", "--offline").code == 11
    done = sign("--allow-private-network")
    assert done.code == 0, done.err
    assert "pades-b-t" in done.out
    assert "trusted via CN=Clock CA" in done.out
    verify = ("verify", office.target, "--trust", anchor, "--revocation", "off", "--profile", "pades-b-t")
    assert jitsuin(*verify, "--timestamp-trust", clock).code == 0
    assert jitsuin(*verify).code == 3
    answer = jitsuin(*verify, "--timestamp-trust", clock, "--json").json
    assert answer["files"][0]["signatures"][0]["timestamps"][0]["verdict"] == "VALID"
    office.server.tsa("/tsa", office.tsa, status(503))
    assert sign("--allow-private-network", "--overwrite").code == 11
    preferred = sign("--allow-private-network", "--overwrite", "--timestamp", "prefer", "--json")
    assert preferred.code == 0
    (file,) = preferred.json["files"]
    assert (file["profile"]["name"], file["timestamp"]) == ("pades-b-b", None)
    assert [one["code"] for one in file["notices"]][-1:] == ["timestamp-missing"]


class Stamper(TimeStamper):
    """pyHanko's client at an authority, without a network between them."""

    def __init__(self, tsa: Tsa) -> None:
        super().__init__()
        self._tsa = tsa

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._tsa.answer(req.dump()))


def document_stamped(data: bytes, tsa: Tsa) -> bytes:
    """A document timestamp by pyHanko."""
    out = io.BytesIO()
    stamper = signers.PdfTimeStamper(Stamper(tsa), field_name="Archive")
    stamper.timestamp_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), "sha256", None, output=out)
    return out.getvalue()
