"""Signatures that last: files by `sign` and `extend`, judged when certificates have ended and nobody answers.

What is VALID with the document and the anchors alone is so while the evidence about the newest timestamp's authority is
not out of date (docs/verification.md): its fate is known to nobody later but by asking, or by another timestamp.
"""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.dss import DocumentSecurityStore

import jitsuin
from ades_judge import AdesAnswer, ades
from authority import Authority
from jitsuin.errors import (
    ExtensionRefusedError,
    InputError,
    InvalidSignatureError,
    LongTermError,
    OutputError,
    ProfileMismatchError,
    TimestampError,
    UnknownFormatError,
    exit_code,
)
from jitsuin.messages import error_sentence
from jitsuin.report import sign_text
from jitsuin.results import SignOutcome
from jitsuin.revocation import EvidenceOptions, cache_folder
from jitsuin.signer.simulator import SIGNATURE_PASSWORD
from jitsuin.storage import open_document
from pdf_corpus import page_objects, with_table
from pdf_judges import PdfSig, Qpdf
from programs import run
from responders import OcspResponder, Tsa

if TYPE_CHECKING:
    from jitsuin.results import ExtendResult, SignResult, VerifyReport
    from pki_servers import PkiServer

SIGNED = datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
EXPIRES = SIGNED + 2 * DAY
"""The signer's certificate; evidence is good for a week."""
LOOPBACK, OFFLINE = EvidenceOptions(allow_private_network=True), EvidenceOptions(offline=True)
PASSWORD = "for tests"
LEVELS = ("pades-b-lt", "pades-b-lta")


class Archive:
    """A signer below an intermediate CA, a time-stamping authority of another root, and live servers for all."""

    def __init__(self, folder: Path, authority: Authority, server: PkiServer) -> None:
        self.folder, self.root, self.server = folder, authority, server
        self.issuing = authority.intermediate("Issuing CA", crl=server.url("/root.crl"))
        self.clock = Authority(authority.keys, "Clock CA")
        self.clocks = [self.clock]
        self.tsa = Tsa(self.clock, at=SIGNED)
        self.tsa.credential = self.clock.tsa("Test TSA", crl=server.url("/clock.crl"))
        self.url = server.tsa("/tsa", self.tsa)
        self.holder = self.issuing.issue(
            "Holder", until=EXPIRES, ocsp=server.url("/ocsp"), crl=server.url("/issuing.crl")
        )
        (folder / "id.p12").write_bytes(self.holder.pkcs12(PASSWORD))
        self.source, self.target = folder / "form.pdf", folder / "form.signed.pdf"
        self.extended = folder / "form.extended.pdf"
        self.source.write_bytes(with_table(page_objects()))
        self.responder = OcspResponder(self.issuing, SIGNED + MINUTE)
        self.publish(SIGNED + MINUTE)

    def publish(self, at: datetime) -> None:
        """What the CAs say at that time."""
        self.responder.at = at
        self.server.ocsp("/ocsp", self.responder)
        for path, authority in (("/root.crl", self.root), ("/issuing.crl", self.issuing), ("/clock.crl", self.clock)):
            self.server.crl(path, authority.crl(at))

    def silence(self, *paths: str) -> None:
        for path in paths:
            self.server.routes.pop(path, None)

    def signed_then(self, profile: str, to: str) -> Path:
        self.sign(profile)
        return self.extend(to).target

    @property
    def anchors(self) -> dict[str, list[x509.Certificate]]:
        return {"trust": [self.root.certificate], "timestamp_trust": [one.certificate for one in self.clocks]}

    def sign(self, profile: str, **options: Any) -> SignResult:
        given: dict[str, Any] = {"evidence": LOOPBACK, "at": SIGNED, "overwrite": True, **self.anchors}
        if profile != "pades-b-b":
            given["timestamp_url"] = self.url
        pin = options.pop("pin", lambda _: PASSWORD)
        with jitsuin.open_signer(f"file:{self.folder / 'id.p12'}", pin=pin, at=SIGNED) as signer:
            return jitsuin.sign_file(self.source, self.target, signer=signer, profile=profile, **(given | options))

    def extend(self, to: str, at: datetime = SIGNED + 2 * MINUTE, **options: Any) -> ExtendResult:
        given: dict[str, Any] = {"evidence": LOOPBACK, "at": at, "timestamp_url": self.url, "overwrite": True}
        given |= self.anchors
        source = options.pop("source", self.target)
        return jitsuin.extend_file(source, self.extended, to=to, **(given | options))  # type: ignore[arg-type]

    def verify(self, path: Path, at: datetime, **options: Any) -> VerifyReport:
        """With the document and the anchors alone."""
        rmtree(cache_folder(), ignore_errors=True)
        return jitsuin.verify_file(path, at=at, **({"evidence": OFFLINE} | self.anchors | options))


@pytest.fixture
def archive(tmp_path: Path, authority: Authority, pki_server: PkiServer, tsa: Tsa) -> Archive:
    """Asking for `tsa` is how the test is skipped where openssl is missing."""
    return Archive(tmp_path, authority, pki_server)


def said(report: VerifyReport) -> str:
    verdict = report.verdict
    return f"{verdict.indication.word} {verdict.sub_indication or ''} {verdict.reason}".replace("  ", " ")


# What `sign` and `extend` make


@pytest.fixture
def judges(archive: Archive, summoned: Callable[..., Any]) -> Judges:
    return Judges(archive, summoned)


class Judges:
    """Programs that share no code with what they judge."""

    def __init__(self, archive: Archive, summoned: Callable[..., Any]) -> None:
        self.archive = archive
        self.qpdf: Qpdf = summoned(Qpdf)
        anchors = [archive.root.certificate, archive.clock.certificate]
        self.pdfsig: PdfSig = summoned(lambda: PdfSig(archive.folder / "nss", anchors))

    def accept(self, path: Path, at: datetime) -> None:
        """Of document timestamps pdfsig says only that it has not looked at them."""
        assert self.qpdf.verify(path, at).ok
        signature, *stamps = self.pdfsig.verify(path, at).signatures
        assert signature.ok, signature.detail
        assert all("ETSI.RFC3161" in one.detail or "not yet been verified" in one.detail for one in stamps)
        assert [one.status for one in self.ades(path, at)] == ["OK"]
        self.openssl(path)

    def ades(self, path: Path, at: datetime) -> list[AdesAnswer]:
        return ades(path, at, self.archive.anchors["trust"], self.archive.anchors["timestamp_trust"])

    def openssl(self, path: Path) -> None:
        """Every timestamp token there is, against what it must be about."""
        reader = PdfFileReader(io.BytesIO(path.read_bytes()))
        checked = 0
        for one in reader.embedded_timestamp_signatures:
            ranges = list(map(int, one.byte_range))
            data = path.read_bytes()
            stamped = b"".join(
                data[start : start + size] for start, size in zip(ranges[::2], ranges[1::2], strict=True)
            )
            self._check_token(one.pkcs7_content, stamped)
            checked += 1
        for one in reader.embedded_regular_signatures:
            for attribute in one.signer_info["unsigned_attrs"] or ():
                self._check_token(attribute["values"][0].dump(), one.signer_info["signature"].native)
                checked += 1
        assert checked

    def _check_token(self, token: bytes, stamped: bytes) -> None:
        folder = self.archive.folder
        (folder / "token").write_bytes(token)
        (folder / "stamped").write_bytes(stamped)
        (folder / "clock.pem").write_bytes(self.archive.clock.certificate.public_bytes(Encoding.PEM))
        call = ["openssl", "ts", "-verify", "-token_in", "-in", "token", "-data", "stamped", "-CAfile", "clock.pem"]
        done = run(call, folder=folder)
        assert b"Verification: OK" in done.stdout + done.stderr, done.stderr


PATHS = {
    "signed B-LT": (lambda archive: archive.sign("pades-b-lt").target, "pades-b-lt"),
    "signed B-LTA": (lambda archive: archive.sign("pades-b-lta").target, "pades-b-lta"),
    "B-B to B-T": (lambda archive: archive.signed_then("pades-b-b", "pades-b-t"), "pades-b-t"),
    "B-B to B-LT": (lambda archive: archive.signed_then("pades-b-b", "pades-b-lt"), "pades-b-lt"),
    "B-B to B-LTA": (lambda archive: archive.signed_then("pades-b-b", "pades-b-lta"), "pades-b-lta"),
    "B-T to B-LT": (lambda archive: archive.signed_then("pades-b-t", "pades-b-lt"), "pades-b-lt"),
    "B-T to B-LTA": (lambda archive: archive.signed_then("pades-b-t", "pades-b-lta"), "pades-b-lta"),
    "B-LT to B-LTA": (lambda archive: archive.signed_then("pades-b-lt", "pades-b-lta"), "pades-b-lta"),
    "B-LTA renewed": (lambda archive: archive.signed_then("pades-b-lta", "pades-b-lta"), "pades-b-lta"),
}


@pytest.mark.parametrize("name", PATHS)
def test_levels(name: str, archive: Archive, judges: Judges) -> None:
    """Each is accepted by others, and VALID offline after the signer's certificate has ended and was revoked."""
    make, level = PATHS[name]
    path = make(archive)
    soon, later = SIGNED + 5 * MINUTE, EXPIRES + DAY
    if level != "pades-b-t":
        judges.accept(path, soon)
    # The evidence about the signer is of before this, and its nextUpdate is later.
    archive.issuing.revoke(archive.holder, EXPIRES - timedelta(hours=1), x509.ReasonFlags.key_compromise)
    archive.publish(EXPIRES - MINUTE)
    if level == "pades-b-t":
        assert said(archive.verify(path, later, revocation="warn", profile=level)) == "VALID passed"
        assert judges.qpdf.verify(path, soon).ok
        judges.openssl(path)
        return
    assert [one.status for one in judges.ades(path, later)] == ["OK"]
    report = archive.verify(path, later, profile=level)
    assert said(report) == "VALID passed"
    assert report.signatures[0].judgement is not None
    assert report.signatures[0].judgement.revocation.source == "document"
    online = archive.verify(path, later, evidence=LOOPBACK, profile=level)
    assert said(online) == "VALID passed", "whoever asks hears of the revocation, which came after the proven time"


@pytest.mark.parametrize("level", ["pades-b-b", "pades-b-t"])
def test_the_control(level: str, archive: Archive, judges: Judges) -> None:
    """Without evidence inside it is known to nobody afterwards."""
    path = archive.sign(level).target
    assert said(archive.verify(path, SIGNED + MINUTE, evidence=LOOPBACK)) == "VALID passed"
    assert archive.verify(path, EXPIRES + DAY).verdict.indication.word == "INDETERMINATE"
    assert [one.status for one in judges.ades(path, EXPIRES + DAY)] != ["OK"]
    archive.issuing.revoke(archive.holder, EXPIRES - timedelta(hours=1), x509.ReasonFlags.key_compromise)
    archive.publish(EXPIRES - MINUTE)
    word = {"pades-b-b": "INDETERMINATE", "pades-b-t": "VALID"}[level]
    asked = archive.verify(path, EXPIRES - MINUTE, evidence=LOOPBACK)
    assert asked.verdict.indication.word == word


def test_long_after(archive: Archive, judges: Judges) -> None:
    """Once the evidence about the newest timestamp's authority is out of date, that one has to be asked about."""
    path, later = archive.sign("pades-b-lta").target, EXPIRES + 400 * DAY
    assert said(archive.verify(path, later)) == "INDETERMINATE OUT_OF_BOUNDS_NO_POE signer-expired"
    assert [one.status for one in judges.ades(path, later)] == ["NO_POE"]
    assert said(archive.verify(path, later, revocation="warn")) == "VALID passed"
    current = archive.folder / "clock.crl"
    current.write_bytes(archive.clock.crl(later - MINUTE).public_bytes(Encoding.DER))
    assert said(archive.verify(path, later, crls=[current])) == "VALID passed"
    archive.clock.revoke(archive.tsa.credential, later - DAY, x509.ReasonFlags.key_compromise)
    current.write_bytes(archive.clock.crl(later - MINUTE).public_bytes(Encoding.DER))
    assert archive.verify(path, later, crls=[current]).verdict.indication.word == "INDETERMINATE"


def test_what_is_added(archive: Archive) -> None:
    """Each step is a revision, what was there stays to the byte, and what is there already is not put in again."""
    source = archive.sign("pades-b-b").target
    result = archive.extend("pades-b-lta")
    assert result.added == ("timestamp", "validation-data", "archive-timestamp")
    assert [stamp.verdict.passed for stamp in result.timestamps] == [True, True]
    assert result.target.read_bytes().startswith(source.read_bytes())
    store = DocumentSecurityStore.read_dss(PdfFileReader(io.BytesIO(result.target.read_bytes())))
    names = {one.subject.native["common_name"] for one in store.load_certs()}
    assert names == {"Holder", "Issuing CA", "Test Authority", "Test TSA", "Clock CA"}
    assert (len(store.ocsps), len(store.crls)) == (1, 2)
    assert not store.vri_entries
    again = archive.extended.with_name("again.pdf")
    archive.extended.rename(again)
    renewed = archive.extend("pades-b-lta", source=again)
    assert renewed.added == ("archive-timestamp",)
    assert renewed.target.read_bytes().startswith(again.read_bytes())
    with pytest.raises(ExtensionRefusedError) as caught:
        archive.extend("pades-b-lt", source=again)
    assert caught.value.facts["reason"] == "already"


def test_evidence_goes_in_as_it_came(archive: Archive) -> None:
    """To the byte: a signature over it would not bear less."""
    answered: list[bytes] = []
    answer = archive.responder.answer
    archive.responder.answer = lambda request: answered.append(answer(request)) or answered[-1]  # type: ignore[method-assign,func-returns-value]
    lists = {path: archive.server.routes[path].make for path in ("/root.crl", "/clock.crl")}
    path = archive.sign("pades-b-lt").target
    held = DocumentSecurityStore.read_dss(PdfFileReader(io.BytesIO(path.read_bytes())))
    assert [one.get_object().data for one in held.ocsps] == answered[-1:]
    served = {make(None) for make in lists.values()}  # type: ignore[arg-type]
    assert {one.get_object().data for one in held.crls} == served


def test_renewed_before_the_authority_ends(archive: Archive, judges: Judges) -> None:
    """A timestamp by another authority, with evidence about the first: then the first may end."""
    first, hour = Authority(archive.root.keys, "First clock CA"), timedelta(hours=1)
    archive.clocks.append(first)
    url = archive.server.crl("/first.crl", first.crl(SIGNED + MINUTE, life=hour))
    archive.tsa.credential = first.tsa("Short-lived TSA", until=SIGNED + 3 * DAY, crl=url)
    archive.sign("pades-b-lta")
    when = SIGNED + 3 * DAY - timedelta(hours=2)
    archive.publish(when)
    archive.server.crl("/first.crl", first.crl(when, life=hour))
    archive.tsa.credential = archive.clock.tsa("Next TSA", crl=archive.server.url("/clock.crl"))
    archive.tsa.at = when + MINUTE
    result = archive.extend("pades-b-lta", at=when)
    assert result.added == ("validation-data", "archive-timestamp"), "newer evidence about the first authority"
    again = archive.extended.rename(archive.folder / "again.pdf")
    archive.extend("pades-b-lta", at=when + 2 * MINUTE, source=again)  # and evidence about the next one
    later = SIGNED + 5 * DAY
    assert archive.verify(archive.target, later).verdict.indication.word == "INDETERMINATE", "not renewed"
    assert said(archive.verify(archive.extended, later)) == "VALID passed"
    assert [one.status for one in judges.ades(archive.extended, later)] == ["OK"]
    archive.publish(later + MINUTE)
    archive.tsa.at = later
    with pytest.raises(LongTermError) as caught:
        archive.extend("pades-b-lta", at=later, source=archive.target)
    assert "signer: signer-expired" in lacking(caught), "too late: the first timestamp proves nothing any more"


def test_evidence_from_before(archive: Archive) -> None:
    """A CRL that was made before the signature is taken while it lasts; newer evidence is added once it is there."""
    archive.silence("/ocsp")
    archive.server.crl("/issuing.crl", archive.issuing.crl(SIGNED - DAY))
    result = archive.sign("pades-b-lt")
    (notice,) = (one for one in result.notices if one.code == "evidence-before-signature")
    assert notice.facts["produced"] == SIGNED - DAY
    assert "newer evidence" in sign_text(SignOutcome(result.source, result))
    archive.server.crl("/issuing.crl", archive.issuing.crl(SIGNED + DAY))
    extended = archive.extend("pades-b-lt", at=SIGNED + DAY + MINUTE)
    assert (extended.added, extended.notices) == (("validation-data",), ())
    assert said(archive.verify(archive.extended, EXPIRES + DAY)) == "VALID passed"


def test_fresh_evidence_is_asked_for(archive: Archive) -> None:
    """What the gate was told before the signature is not what goes into the document."""
    archive.responder.at = SIGNED - MINUTE
    archive.server.crl("/issuing.crl", archive.issuing.crl(SIGNED - DAY))

    def later(request: bytes) -> bytes:
        answer = original(request)
        archive.responder.at = SIGNED + MINUTE
        return answer

    original = archive.responder.answer
    archive.responder.answer = later  # type: ignore[method-assign]
    result = archive.sign("pades-b-lt")
    assert "evidence-before-signature" not in [one.code for one in result.notices]
    assert result.judgement.revocation.produced == SIGNED - MINUTE


def test_what_was_kept_is_better_than_nothing(archive: Archive) -> None:
    """The responder falls silent between the gate and the gathering: what it told before the signature goes in."""
    archive.responder.at = SIGNED - MINUTE
    archive.silence("/issuing.crl")
    answer = archive.responder.answer

    def once(request: bytes) -> bytes:
        archive.silence("/ocsp")
        return answer(request)

    archive.responder.answer = once  # type: ignore[method-assign]
    result = archive.sign("pades-b-lt")
    assert "evidence-before-signature" in [one.code for one in result.notices]
    assert said(archive.verify(archive.target, SIGNED + MINUTE)) == "VALID passed"


def test_delegated_responder(archive: Archive, judges: Judges) -> None:
    archive.responder.signer = archive.issuing.responder()
    path = archive.sign("pades-b-lt").target
    judges.accept(path, SIGNED + 5 * MINUTE)
    store = DocumentSecurityStore.read_dss(PdfFileReader(io.BytesIO(path.read_bytes())))
    assert "OCSP Responder" in {one.subject.native["common_name"] for one in store.load_certs()}


def test_delta_crl(archive: Archive) -> None:
    """A delta counts only with the list that it builds upon: both go in."""
    archive.silence("/ocsp", "/issuing.crl")
    files = []
    for name, crl in (
        ("complete", archive.issuing.crl(SIGNED - 20 * DAY, number=1)),
        ("delta", archive.issuing.crl(SIGNED + MINUTE, number=2, base=1)),
    ):
        files.append(archive.folder / f"{name}.crl")
        files[-1].write_bytes(crl.public_bytes(Encoding.DER))
    path = archive.sign("pades-b-lt", crls=files).target
    store = DocumentSecurityStore.read_dss(PdfFileReader(io.BytesIO(path.read_bytes())))
    assert len(store.crls) == 4, "two each for the root and the clock"
    assert said(archive.verify(path, EXPIRES + DAY)) == "VALID passed"


# What is lacking


def lacking(error: pytest.ExceptionInfo[LongTermError]) -> set[str]:
    return set(map(str, error.value.facts["lacking"]))


def without(*paths: str) -> Callable[[Archive], None]:
    return lambda archive: archive.silence(*paths)


def stale(path: str) -> Callable[[Archive], None]:
    def spoil(archive: Archive) -> None:
        authority = {"/root.crl": archive.root, "/clock.crl": archive.clock}[path]
        archive.server.crl(path, authority.crl(SIGNED - 20 * DAY))

    return spoil


def unchecked_responder(archive: Archive) -> None:
    archive.silence("/issuing.crl")
    archive.responder.signer = archive.issuing.responder(no_check=False)


def revoked_authority(archive: Archive) -> None:
    archive.clock.revoke(archive.tsa.credential, SIGNED - DAY, x509.ReasonFlags.key_compromise)
    archive.publish(SIGNED + MINUTE)


NAME = "CN={},O=Test rig,C=JP"
LACKS: dict[str, tuple[Callable[[Archive], None], set[str]]] = {
    "nothing about the signer": (without("/ocsp", "/issuing.crl"), {"signer: fetch-status"}),
    "nothing about the CA": (without("/root.crl"), {f"ca {NAME.format('Issuing CA')}: fetch-status"}),
    "nothing about the authority": (
        without("/clock.crl"),
        {f"timestamp-authority {NAME.format('Test TSA')}: fetch-status"},
    ),
    "stale for the CA": (stale("/root.crl"), {f"ca {NAME.format('Issuing CA')}: stale"}),
    "stale for the authority": (stale("/clock.crl"), {f"timestamp-authority {NAME.format('Test TSA')}: stale"}),
    "a responder that would have to be checked": (unchecked_responder, {"signer: ocsp-signer-unchecked"}),
    "several things": (
        without("/root.crl", "/clock.crl"),
        {
            f"ca {NAME.format('Issuing CA')}: fetch-status",
            f"timestamp-authority {NAME.format('Test TSA')}: fetch-status",
        },
    ),
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", LACKS)
def test_lacking(name: str, level: str, archive: Archive) -> None:
    """By `sign` and by `extend`: named, and nothing written."""
    spoil, expected = LACKS[name]
    archive.sign("pades-b-t")
    rmtree(cache_folder())
    spoil(archive)
    with pytest.raises(LongTermError) as caught:
        archive.extend(level)
    assert lacking(caught) == expected
    assert not archive.extended.exists()
    archive.target.unlink()
    with pytest.raises(LongTermError) as caught:
        archive.sign(level)
    own = {one for one in expected if not one.startswith("timestamp")}  # told before a signature is made
    assert lacking(caught) == (own or expected)
    assert not archive.target.exists()
    sentence = error_sentence(caught.value)
    assert level in sentence
    assert "nothing was written" in sentence
    assert exit_code(caught.value) == 11


def test_revoked_before(archive: Archive) -> None:
    """Evidence that speaks against the signature, or against its timestamp, makes nothing last."""
    archive.sign("pades-b-t")
    rmtree(cache_folder())
    archive.issuing.revoke(archive.holder, SIGNED - DAY, x509.ReasonFlags.superseded)
    archive.publish(SIGNED + MINUTE)
    with pytest.raises(InvalidSignatureError) as invalid:
        archive.extend("pades-b-lt")
    assert invalid.value.facts["reason"] == "revoked"
    archive.issuing.revoked.clear()
    revoked_authority(archive)
    rmtree(cache_folder())
    with pytest.raises(TimestampError) as caught:
        archive.extend("pades-b-lt")
    assert caught.value.facts["verdict"] == "timestamp-authority-revoked", "of the new one, as the old one is no proof"
    assert not archive.extended.exists()


@pytest.mark.parametrize("whose", ["signer", "clock"])
def test_evidence_from_before_a_revocation(whose: str, archive: Archive) -> None:
    """A thief signs with the card that its holder has had revoked, and puts in the CRL of the day before."""
    archive.silence("/ocsp")
    archive.server.crl("/issuing.crl", archive.issuing.crl(SIGNED - DAY))
    path = archive.sign("pades-b-lt").target
    now = SIGNED + 3 * MINUTE
    assert said(archive.verify(path, now, evidence=LOOPBACK)) == "VALID passed", "the control"
    if whose == "signer":
        archive.issuing.revoke(archive.holder, SIGNED - DAY / 2, x509.ReasonFlags.key_compromise)
        expected = "INVALID REVOKED revoked"
    else:
        archive.clock.revoke(archive.tsa.credential, SIGNED - DAY / 2, x509.ReasonFlags.key_compromise)
        expected = "VALID passed"  # by the signer's certificate of today: the timestamp proves nothing
    archive.publish(SIGNED + 2 * MINUTE)
    archive.silence("/ocsp")
    report = archive.verify(path, now, evidence=LOOPBACK)
    assert said(report) == expected
    assert (report.signatures[0].proven is None) == (whose == "clock")


def asked(_: object) -> str:
    raise AssertionError("the password was asked for")


@pytest.mark.parametrize("level", LEVELS)
def test_refused_before_the_password(level: str, archive: Archive, pki_server: PkiServer) -> None:
    cases: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"timestamp_url": None}, ProfileMismatchError, "no-timestamp-url"),
        ({"timestamp_trust": []}, ProfileMismatchError, "no-timestamp-trust"),
        ({"timestamp": "prefer"}, ProfileMismatchError, ""),
        ({"evidence": OFFLINE}, TimestampError, "offline"),
    ]
    for options, kind, reason in cases:
        with pytest.raises(kind) as caught:
            archive.sign(level, pin=asked, **options)
        assert caught.value.facts.get("reason", "") == reason  # type: ignore[attr-defined]
    assert pki_server.requests == []
    assert not archive.target.exists()


@pytest.mark.parametrize("level", LEVELS)
def test_a_card_without_evidence(level: str, archive: Archive, card: Callable[..., str]) -> None:
    """JPKI publishes none: the card's password is not asked for, and no try is spent."""
    with jitsuin.open_signer(card("valid", SIGNED), pin=asked, at=SIGNED) as signer, pytest.raises(LongTermError) as e:
        jitsuin.sign_file(
            archive.source,
            archive.target,
            signer=signer,
            profile=level,
            trust=["simulator"],
            timestamp_url=archive.url,
            timestamp_trust=[archive.clock.certificate],
            evidence=LOOPBACK,
            at=SIGNED,
        )
    assert lacking(e) == {"signer: no-evidence"}
    assert not archive.target.exists()


def test_a_card_with_evidence(archive: Archive, card: Callable[..., str]) -> None:
    """The control: where the caller has JPKI's CRL, it goes in."""
    key = card("valid", SIGNED)
    with jitsuin.open_signer(key, pin=lambda _: SIGNATURE_PASSWORD, at=SIGNED) as signer:
        jitsuin.sign_file(
            archive.source,
            archive.target,
            signer=signer,
            profile="pades-b-lta",
            trust=["simulator"],
            crls=[Path(key.removeprefix("simulator:")) / "crl"],
            timestamp_url=archive.url,
            timestamp_trust=[archive.clock.certificate],
            evidence=LOOPBACK,
            at=SIGNED,
        )
    report = archive.verify(archive.target, SIGNED + DAY, trust=["simulator"], profile="pades-b-lta")
    assert said(report) == "VALID passed"


def test_not_extended(archive: Archive, desk: Path) -> None:
    """What cannot be extended, or must not be written."""
    archive.sign("pades-b-t")
    broken = archive.folder / "broken.pdf"
    data = archive.target.read_bytes()
    broken.write_bytes(data.replace(b"/MediaBox", b"/MediaBux", 1))
    shadow = archive.folder / "shadow.pdf"
    shadow.write_bytes(data + b"%")
    cases: list[tuple[Path, type[Exception]]] = [
        (archive.source, ExtensionRefusedError),
        (broken, InvalidSignatureError),
        (shadow, InvalidSignatureError),
        (desk / "income.xtx", ProfileMismatchError),
        (archive.folder / "id.p12", UnknownFormatError),
        (archive.folder / "absent.pdf", InputError),
    ]
    for source, kind in cases:
        with pytest.raises(kind):
            archive.extend("pades-b-t", source=source)
        assert not archive.extended.exists()
    for target in (archive.target, archive.source):
        with pytest.raises(OutputError):
            jitsuin.extend_file(archive.target, target, to="pades-b-lta", timestamp_url=archive.url, **archive.anchors)


def test_no_authority_is_asked_in_vain(archive: Archive, pki_server: PkiServer) -> None:
    """What can be told from the signature alone is told before a timestamp is had, which may cost something."""
    archive.sign("pades-b-b")
    rmtree(cache_folder())
    cases: list[tuple[dict[str, Any], str]] = [
        ({"evidence": OFFLINE}, "signer: offline"),
        ({"at": EXPIRES + DAY}, "signer: signer-expired"),
        ({"trust": []}, "signer: issuer-unknown"),
    ]
    for options, lack in cases:
        with pytest.raises(LongTermError) as caught:
            archive.extend("pades-b-lt", **options)
        assert lack in lacking(caught)
    archive.silence("/ocsp", "/issuing.crl")
    rmtree(cache_folder())
    with pytest.raises(LongTermError) as caught:
        archive.extend("pades-b-lt")
    assert lacking(caught) == {"signer: fetch-status"}
    assert "/tsa" not in [request.path for request in pki_server.requests]
    with pytest.raises(ProfileMismatchError):
        archive.extend("pades-b-t", timestamp_url=None)
    assert not archive.extended.exists()


def test_authority_down(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jitsuin.timestamp._PAUSES", ())
    archive.sign("pades-b-b")
    for options in ({"timestamp_url": archive.server.unreachable()}, {"evidence": OFFLINE}):
        with pytest.raises(TimestampError):
            archive.extend("pades-b-t", **options)
    assert not archive.extended.exists()


# Tampering


def test_tampered(archive: Archive) -> None:
    """The evidence of B-LTA is under its timestamp; in B-LT another's stands by its own signature alone."""
    path = archive.sign("pades-b-lta").target
    data = path.read_bytes()
    der = archive.issuing.certificate.public_bytes(Encoding.DER)
    at = data.rindex(der)
    path.write_bytes(data[:at] + bytes([*der[:-1], der[-1] ^ 1]) + data[at + len(der) :])
    report = archive.verify(path, EXPIRES + DAY)
    assert said(report) == "INVALID HASH_FAILURE timestamp-of-something-else"
    path = archive.sign("pades-b-lt").target
    assert said(archive.verify(path, EXPIRES + DAY)) == "VALID passed", "the control"
    data = path.read_bytes()
    held = DocumentSecurityStore.read_dss(PdfFileReader(io.BytesIO(data)))
    for piece in [*held.ocsps, *held.crls]:
        der = piece.get_object().data
        spoilt = archive.folder / "spoilt.pdf"
        spoilt.write_bytes(data.replace(der, bytes([*der[:-1], der[-1] ^ 1])))
        assert archive.verify(spoilt, EXPIRES + DAY).verdict.indication.word == "INDETERMINATE"
    spoilt.write_bytes(data.replace(b"/OCSPs", b"/OCSPx"))
    assert said(archive.verify(spoilt, EXPIRES + DAY)) == "INVALID SIG_CONSTRAINTS_FAILURE changed-after-signing"


def test_a_token_of_another_document(archive: Archive) -> None:
    """An archive timestamp that was cut out of another file."""
    tokens = []
    for reason in ("one", "two"):
        path = archive.sign("pades-b-lta", reason=reason).target
        data = path.read_bytes()
        stamp = PdfFileReader(io.BytesIO(data)).embedded_timestamp_signatures[-1]
        start, end = stamp.byte_range[1], stamp.byte_range[2]
        tokens.append(data[start:end])
    path.write_bytes(data[:start] + tokens[0] + data[end:])
    assert said(archive.verify(path, EXPIRES + DAY)) == "INVALID HASH_FAILURE timestamp-of-something-else"


# Other documents


def test_large_files_are_read_in_pieces(archive: Archive) -> None:
    picture = b"<< /Length 20000000 >>\nstream\n%b\nendstream" % (b"x" * 20_000_000)
    archive.source.write_bytes(with_table({**page_objects(), 7: picture}))
    assert open_document(archive.source)._data is None, "too large for the memory"
    tracemalloc.start()
    archive.sign("pades-b-lta")
    assert said(archive.verify(archive.target, EXPIRES + DAY)) == "VALID passed"
    archive.sign("pades-b-b")
    result = archive.extend("pades-b-lta")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12_000_000
    assert result.added == ("timestamp", "validation-data", "archive-timestamp")
    assert said(archive.verify(archive.extended, EXPIRES + DAY)) == "VALID passed"


def test_two_signers(archive: Archive) -> None:
    """All signatures in it are made to last; what `sign` claims it claims for its own."""
    archive.sign("pades-b-t")
    archive.source = archive.target.rename(archive.folder / "once.pdf")
    archive.sign("pades-b-lta")
    assert said(archive.verify(archive.target, EXPIRES + DAY)) == "VALID passed", "of one signer: it serves both"
    archive.extend("pades-b-lta")
    report = archive.verify(archive.extended, EXPIRES + DAY)
    assert said(report) == "VALID passed"
    assert len(report.signatures) == 4


def test_command_line(archive: Archive, jitsuin: Any) -> None:
    anchors = []
    for option, authority in (("--trust", archive.root), ("--timestamp-trust", archive.clock)):
        path = archive.folder / f"{authority.common_name}.pem"
        path.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
        anchors += [option, path]
    now = datetime.now(UTC).replace(microsecond=0)
    archive.tsa.at = None
    archive.publish(now)
    holder = archive.issuing.issue("Today", ocsp=archive.server.url("/ocsp"))
    (archive.folder / "id.p12").write_bytes(holder.pkcs12(PASSWORD))
    archive.sign("pades-b-b", at=now)
    given = [*anchors, "--timestamp-url", archive.url]
    refused = jitsuin("extend", archive.target, *given)
    assert (refused.code, archive.folder.joinpath("form.signed.extended.pdf").exists()) == (11, False)
    assert "--allow-private-network" in refused.err
    done = jitsuin("extend", archive.target, *given, "--allow-private-network", "--to", "pades-b-lt")
    assert done.code == 0, done.err
    assert "certificates and evidence of revocation" in done.out
    made = archive.folder / "form.signed.extended.pdf"
    assert jitsuin("extend", archive.target, *given, "--allow-private-network").code == 8, "there is one already"
    assert jitsuin("extend", made, *given, "--allow-private-network", "--to", "pades-b-lt").code == 4
    answer = jitsuin("extend", made, *given, "--allow-private-network", "-o", archive.folder / "a.pdf", "--json").json
    assert (answer["command"], answer["added"]) == ("extend", ["archive-timestamp"])
    assert answer["profile"]["name"] == "pades-b-lta"
    assert jitsuin("verify", archive.folder / "a.pdf", *anchors, "--offline", "--profile", "pades-b-lta").code == 0
    archive.silence("/root.crl")
    rmtree(cache_folder())
    lack = jitsuin(
        "extend", archive.target, *given, "--allow-private-network", "-o", archive.folder / "b.pdf", "--json"
    )
    assert (lack.code, lack.json["error"]["kind"]) == (11, "LongTermError")
    assert "Issuing CA" in lack.err
    assert lack.json["error"]["facts"]["lacking"] == ["ca CN=Issuing CA,O=Test rig,C=JP: fetch-status"]
