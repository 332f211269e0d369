"""The way from an unsigned document to a signed, verified one, and everything that stops it before harm is done."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from lxml import etree

import jitsuin
from jitsuin.errors import (
    CertificateRefusedError,
    InputError,
    OutputError,
    ProfileMismatchError,
    SelfVerificationError,
    UnknownFormatError,
    UnknownNameError,
)
from jitsuin.formats.errors import FormatError, MalformedDocumentError
from jitsuin.rehearsal import SigningOptions
from jitsuin.signer.base import SignatureScheme, Signer
from jitsuin.signer.errors import PinIncorrectError, SignatureValueError
from jitsuin.signer.simulator import ca_certificate

CardMaker = Callable[..., str]
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"


def crls(uri: str) -> list[Path]:
    return [Path(uri.removeprefix("simulator:")) / "crl"]


@pytest.mark.parametrize("sample", ["income.xtx", "consumption.xtx", "pension.xml"])
def test_two_calls_sign_and_verify(
    sample: str, desk: Path, card: CardMaker, person, at: datetime, jdk, xmlsec1
) -> None:
    source, target, uri = desk / sample, desk / f"signed-{sample}", card()
    before = source.read_bytes()
    with jitsuin.open_signer(uri, pin=person, at=at) as signer:
        result = jitsuin.sign_file(source, target, signer=signer, trust=["simulator"], crls=crls(uri), at=at)
    report = jitsuin.verify_file(target, trust=["simulator"], crls=crls(uri), at=at)
    assert report.verdict.passed
    assert len(person.asked) == 1
    assert source.read_bytes() == before
    assert result.source_sha256 == hashlib.sha256(before).hexdigest()
    assert result.target_sha256 == hashlib.sha256(target.read_bytes()).hexdigest() == report.sha256
    assert result.notices == ()
    for judge in (jdk, xmlsec1):
        opinion = judge.verify(target)
        assert opinion.ok, opinion.detail
    with pytest.raises(FrozenInstanceError):
        result.target = source  # type: ignore[misc]


def test_attachments_are_signed_first_and_two_people_sign(
    desk: Path, card: CardMaker, person, at: datetime, jdk, xmlsec1
) -> None:
    by_accountant, by_both = desk / "1.xtx", desk / "2.xtx"
    with jitsuin.open_signer(card("second"), pin=person, at=at) as signer:
        first = jitsuin.sign_file(
            desk / "consumption.xtx", by_accountant, signer=signer, attachments=True, trust=["simulator"], at=at
        )
    assert (first.signatures_made, len(person.asked)) == (2, 1)
    with jitsuin.open_signer(card("valid"), pin=person, at=at) as signer:
        jitsuin.sign_file(by_accountant, by_both, signer=signer, trust=["simulator"], at=at)
    report = jitsuin.verify_file(by_both, trust=["simulator"], revocation="off", at=at)
    assert [s.verdict.passed for s in report.signatures] == [True, True, True]
    assert jdk.verify(by_both).ok
    assert xmlsec1.verify(by_both).ok


def test_the_p384_card_signs_end_to_end(desk: Path, card: CardMaker, person, at: datetime, jdk, xmlsec1) -> None:
    target = desk / "signed.xtx"
    with jitsuin.open_signer(card("p384"), pin=person, at=at) as signer:
        result = jitsuin.sign_file(desk / "income.xtx", target, signer=signer, trust=["simulator"], at=at)
    assert result.scheme == "ecdsa-sha384"
    assert b"xmldsig-more#ecdsa-sha384" in target.read_bytes()
    assert jitsuin.verify_file(target, trust=["simulator"], revocation="off", at=at).verdict.passed
    assert jdk.verify(target).ok
    assert xmlsec1.verify(target).ok


def test_pkcs12_signs_end_to_end(desk: Path, at: datetime, jdk) -> None:
    file, ca = identity_file(desk, at)
    target = desk / "signed.xtx"
    with jitsuin.open_signer(f"file:{file}", pin=lambda request: "密 lower", at=at) as signer:
        jitsuin.sign_file(desk / "income.xtx", target, signer=signer, trust=[ca], at=at)
    assert jitsuin.verify_file(target, trust=[ca], revocation="off", at=at).verdict.passed
    assert not jitsuin.verify_file(target, revocation="off", at=at).verdict.passed
    assert jdk.verify(target).ok


def identity_file(folder: Path, at: datetime) -> tuple[Path, x509.Certificate]:
    """A PKCS#12 file of a small own CA, P-256."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, n)]) for n in ("own CA", "office")]

    def issue(subject: int, *, ca: bool) -> x509.Certificate:
        builder = x509.CertificateBuilder(
            names[0], names[subject], keys[subject].public_key(), subject + 1, at - timedelta(1), at + timedelta(9)
        )
        usage = dict.fromkeys(KEY_USAGES, False) | {"key_cert_sign" if ca else "digital_signature": True}
        builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
        return builder.add_extension(x509.KeyUsage(**usage), critical=True).sign(keys[0], hashes.SHA256())

    ca, leaf = issue(0, ca=True), issue(1, ca=False)
    encryption = serialization.BestAvailableEncryption("密 lower".encode())
    file = folder / "id.p12"
    file.write_bytes(pkcs12.serialize_key_and_certificates(b"id", keys[1], leaf, [ca], encryption))
    return file, ca


KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)

REFUSED = {
    "expired": "signer-expired",
    "not-yet-valid": "signer-not-yet-valid",
    "look-alike": "issuer-unknown",
    "authentication-only": "issuer-unknown",
    "revoked-affiliation-changed": "revoked",
    "revoked-superseded": "revoked",
    "revoked-key-compromise": "revoked",
    "revoked-cessation-of-operation": "revoked",
    "revoked-unspecified": "revoked",
    "revoked-ca-compromise": "revoked",
    "revoked-certificate-hold": "on-hold",
}


@pytest.mark.parametrize(("persona", "reason"), REFUSED.items())
def test_the_gate_refuses_and_nothing_is_written(
    persona: str, reason: str, desk: Path, card: CardMaker, person, at: datetime
) -> None:
    uri, target = card(persona), desk / "signed.xtx"
    with jitsuin.open_signer(uri, pin=person, at=at) as signer, pytest.raises(CertificateRefusedError) as refused:
        jitsuin.sign_file(desk / "income.xtx", target, signer=signer, trust=["simulator"], crls=crls(uri), at=at)
    assert refused.value.facts["reason"] == reason
    assert not target.exists()


def test_a_user_authentication_certificate_never_signs(desk: Path, card: CardMaker, person, at: datetime) -> None:
    """Not even where its CA is trusted."""
    trust = ["simulator", ca_certificate("auth-ca-03")]
    with (
        jitsuin.open_signer(card("authentication-only"), pin=person, at=at) as signer,
        pytest.raises(CertificateRefusedError) as refused,
    ):
        jitsuin.sign_file(desk / "income.xtx", desk / "signed.xtx", signer=signer, trust=trust, at=at)
    assert (refused.value.facts["reason"], len(person.asked)) == ("wrong-kind", 1)


@pytest.mark.parametrize("persona", ["look-alike", "authentication-only"])
def test_a_card_of_an_unknown_ca_is_refused_before_the_pin(
    persona: str, desk: Path, card: CardMaker, person, at: datetime
) -> None:
    with jitsuin.open_signer(card(persona), pin=person, at=at) as signer, pytest.raises(CertificateRefusedError):
        jitsuin.sign_file(desk / "income.xtx", desk / "signed.xtx", signer=signer, trust=["simulator"], at=at)
    assert person.asked == []


NOTICED = {"young": "certificate-young", "renewal-window": "renewal-window", "substitution": "characters-substituted"}


@pytest.mark.parametrize(("persona", "code"), NOTICED.items())
def test_the_gate_warns(persona: str, code: str, desk: Path, card: CardMaker, person, at: datetime) -> None:
    uri = card(persona)
    with jitsuin.open_signer(uri, pin=person, at=at) as signer:
        result = jitsuin.sign_file(
            desk / "income.xtx", desk / "signed.xtx", signer=signer, trust=["simulator"], crls=crls(uri), at=at
        )
    assert [notice.code for notice in result.notices] == [code]


def test_an_untrusted_card_signs_nothing(desk: Path, card: CardMaker, person, at: datetime) -> None:
    """The simulator's CA is trusted only where that was asked for."""
    with jitsuin.open_signer(card(), pin=person, at=at) as signer, pytest.raises(CertificateRefusedError) as refused:
        jitsuin.sign_file(desk / "income.xtx", desk / "signed.xtx", signer=signer, at=at)
    assert refused.value.facts["reason"] == "issuer-unknown"


def test_revocation_modes_when_signing(desk: Path, card: CardMaker, person, at: datetime) -> None:
    source, target = desk / "income.xtx", desk / "signed.xtx"
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        with pytest.raises(CertificateRefusedError) as refused:
            jitsuin.sign_file(source, target, signer=signer, trust=["simulator"], revocation="require", at=at)
        assert refused.value.facts["reason"] == "revocation-not-checked"
        warned = jitsuin.sign_file(source, target, signer=signer, trust=["simulator"], at=at)
    assert [notice.code for notice in warned.notices] == ["revocation-not-checked"]
    assert len(person.asked) == 1


def test_a_revoked_card_is_refused_though_its_crl_is_stale(desk: Path, card: CardMaker, person, at: datetime) -> None:
    uri, later = card("revoked-superseded"), at + timedelta(days=40)
    with jitsuin.open_signer(uri, pin=person, at=later) as signer, pytest.raises(CertificateRefusedError) as refused:
        jitsuin.sign_file(
            desk / "income.xtx", desk / "s.xtx", signer=signer, trust=["simulator"], crls=crls(uri), at=later
        )
    assert refused.value.facts["reason"] == "revoked"


def test_verifying_without_evidence_is_indeterminate_never_valid(
    desk: Path, card: CardMaker, person, at: datetime
) -> None:
    uri, target = card(), desk / "signed.xtx"
    with jitsuin.open_signer(uri, pin=person, at=at) as signer:
        jitsuin.sign_file(desk / "income.xtx", target, signer=signer, trust=["simulator"], at=at)
    control = jitsuin.verify_file(target, trust=["simulator"], crls=crls(uri), at=at)
    unchecked = jitsuin.verify_file(target, trust=["simulator"], at=at)
    stale = jitsuin.verify_file(target, trust=["simulator"], crls=crls(uri), at=at + timedelta(days=31))
    too_late = jitsuin.verify_file(target, trust=["simulator"], revocation="off", at=at + timedelta(days=365 * 6))
    too_early = jitsuin.verify_file(target, trust=["simulator"], revocation="off", at=at - timedelta(days=365 * 2))
    unknown = jitsuin.verify_file(target, crls=crls(uri), at=at)
    assert control.verdict.passed
    words = [r.verdict.sub_indication for r in (unchecked, stale, too_late, too_early, unknown)]
    assert words == [
        "TRY_LATER",
        "TRY_LATER",
        "OUT_OF_BOUNDS_NO_POE",
        "NOT_YET_VALID",
        "NO_CERTIFICATE_CHAIN_FOUND",
    ]


def test_a_signature_is_revoked_afterwards(desk: Path, card: CardMaker, person, at: datetime) -> None:
    """Signed before the revocation, and nothing proves it: INDETERMINATE, with the reason."""
    uri, target = card("revoked-affiliation-changed"), desk / "signed.xtx"
    with jitsuin.open_signer(uri, pin=person, at=at) as signer:
        jitsuin.sign_file(desk / "income.xtx", target, signer=signer, trust=["simulator"], at=at)
    verdict = jitsuin.verify_file(target, trust=["simulator"], crls=crls(uri), at=at).verdict
    assert (verdict.sub_indication, verdict.facts["crl_reason"]) == ("REVOKED_NO_POE", "affiliationChanged")
    before = verdict.facts["revoked_at"] - timedelta(days=1)
    assert jitsuin.verify_file(target, trust=["simulator"], crls=crls(uri), at=before).verdict.passed


def test_one_pin_signs_many_and_one_bad_file_stops_none(desk: Path, card: CardMaker, person, at: datetime) -> None:
    (desk / "broken.xml").write_bytes(b"<a><b></a>")
    names = ["income.xtx", "broken.xml", "pension.xml", "consumption.xtx"]
    jobs = [(desk / name, desk / f"signed-{name}") for name in names]
    options = SigningOptions(trust=("simulator",))
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        outcomes = jitsuin.sign_files(jobs, signer=signer, options=options, at=at)
    assert [outcome.result is not None for outcome in outcomes] == [True, False, True, True]
    assert isinstance(outcomes[1].error, FormatError)
    assert len(person.asked) == 1
    assert not (desk / "signed-broken.xml").exists()
    for name in ("income.xtx", "pension.xml", "consumption.xtx"):
        report = jitsuin.verify_file(desk / f"signed-{name}", trust=["simulator"], revocation="off", at=at)
        assert report.verdict.passed


def test_a_file_that_changes_after_the_rehearsal_is_not_signed(
    desk: Path, card: CardMaker, person, at: datetime
) -> None:
    jobs = [(desk / name, desk / f"signed-{name}") for name in ("income.xtx", "pension.xml")]

    def swap(request: object) -> str:
        (desk / "pension.xml").write_bytes((desk / "pension.xml").read_bytes() + b"\n")
        return person(request)

    with jitsuin.open_signer(card(), pin=swap, at=at) as signer:
        outcomes = jitsuin.sign_files(jobs, signer=signer, options=SigningOptions(trust=("simulator",)), at=at)
    assert [type(outcome.error).__name__ for outcome in outcomes] == ["NoneType", "InputChangedError"]
    assert not (desk / "signed-pension.xml").exists()


@pytest.mark.parametrize(
    ("source", "options", "error"),
    [
        ("absent.xtx", {}, InputError),
        (".", {}, InputError),
        ("broken.xml", {}, MalformedDocumentError),
        ("picture.png", {}, UnknownFormatError),
        ("income.xtx", {"profile": "certificate-xml"}, ProfileMismatchError),
        ("income.xtx", {"profile": "no-such"}, UnknownNameError),
        ("income.xtx", {"references": ["IT"]}, ProfileMismatchError),
        ("pension.xml", {"attachments": True}, ProfileMismatchError),
        ("income.xtx", {"attachments": True}, FormatError),
    ],
)
def test_what_can_fail_without_a_key_fails_before_the_pin(
    source: str, options: dict[str, object], error: type[Exception], desk: Path, card: CardMaker, person, at: datetime
) -> None:
    (desk / "broken.xml").write_bytes(b"<a><b></a>")
    (desk / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        with pytest.raises(error):
            jitsuin.sign_file(desk / source, desk / "out", signer=signer, trust=["simulator"], at=at, **options)
        assert person.asked == []
        jitsuin.sign_file(desk / "income.xtx", desk / "control", signer=signer, trust=["simulator"], at=at)
    assert not (desk / "out").exists()


def test_outputs_that_cannot_be_are_refused_before_the_pin(desk: Path, card: CardMaker, person, at: datetime) -> None:
    source = desk / "income.xtx"
    (desk / "there.xtx").write_bytes(b"precious")
    (desk / "link.xtx").symlink_to(source)
    (desk / "folder.xtx").mkdir()
    targets = {
        "there.xtx": "exists",
        "income.xtx": "is-input",
        "link.xtx": "is-input",
        "folder.xtx": "not-a-file",
        "no/such/out.xtx": "no-folder",
    }
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        for name, reason in targets.items():
            with pytest.raises(OutputError) as refused:
                jitsuin.sign_file(source, desk / name, signer=signer, trust=["simulator"], at=at)
            assert refused.value.facts["reason"] == reason
        for name in ("income.xtx", "link.xtx"):
            with pytest.raises(OutputError):
                jitsuin.sign_file(source, desk / name, signer=signer, trust=["simulator"], overwrite=True, at=at)
        assert person.asked == []
        jitsuin.sign_file(source, desk / "there.xtx", signer=signer, trust=["simulator"], overwrite=True, at=at)
    assert (desk / "there.xtx").read_bytes() != b"precious"


def test_two_inputs_for_one_output_are_refused(desk: Path, card: CardMaker, person, at: datetime) -> None:
    jobs = [(desk / "income.xtx", desk / "out.xtx"), (desk / "consumption.xtx", desk / "." / "out.xtx")]
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        outcomes = jitsuin.sign_files(jobs, signer=signer, options=SigningOptions(trust=("simulator",)), at=at)
    assert outcomes[0].result is not None
    assert isinstance(outcomes[1].error, OutputError)


def test_a_wrong_pin_costs_one_try_and_writes_nothing(desk: Path, card: CardMaker, person, at: datetime) -> None:
    person.answer = "WRONG1"
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        for _ in range(2):
            with pytest.raises(PinIncorrectError) as wrong:
                jitsuin.sign_file(desk / "income.xtx", desk / "s.xtx", signer=signer, trust=["simulator"], at=at)
            assert wrong.value.facts["tries_left"] == 4
    assert len(person.asked) == 1
    assert not (desk / "s.xtx").exists()


class Impostor:
    """A signer that answers with something else than its certificate's signature."""

    def __init__(self, real: Signer, spoil: Callable[[bytes], bytes]) -> None:
        self._real, self._spoil = real, spoil
        self.certificate, self.issuers = real.certificate, real.issuers

    def sign(self, to_be_signed: bytes, scheme: SignatureScheme) -> bytes:
        return self._spoil(self._real.sign(to_be_signed, scheme))

    def __enter__(self) -> Impostor:
        return self

    def __exit__(self, *_: object) -> None:
        return None


@pytest.mark.parametrize(
    "spoil", [lambda v: v[:-1], lambda v: b"", lambda v: v + b"\0", lambda v: bytes([v[0] ^ 1]) + v[1:]]
)
def test_a_value_that_is_not_the_certificates_is_never_embedded(
    spoil: Callable[[bytes], bytes], desk: Path, card: CardMaker, person, at: datetime
) -> None:
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        with pytest.raises(SignatureValueError):
            jitsuin.sign_file(
                desk / "income.xtx", desk / "s.xtx", signer=Impostor(signer, spoil), trust=["simulator"], at=at
            )
        control = Impostor(signer, lambda value: value)
        jitsuin.sign_file(desk / "income.xtx", desk / "control.xtx", signer=control, trust=["simulator"], at=at)
    assert not (desk / "s.xtx").exists()


def test_an_output_that_does_not_verify_is_not_written(
    desk: Path, card: CardMaker, person, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An adapter of somebody else, in the place of ours, that spoils what it embeds."""
    from jitsuin import registry
    from jitsuin.formats.etax import EtaxAdapter

    class Spoiling(EtaxAdapter):
        def prepare(self, *arguments):  # type: ignore[no-untyped-def]
            prepared = super().prepare(*arguments)
            spoilt = prepared.document.replace("見本文具店".encode(), "見本文具屋".encode())
            return dataclasses.replace(prepared, document=spoilt)

    monkeypatch.setattr(registry, "formats", lambda: {"etax": Spoiling()})
    with jitsuin.open_signer(card(), pin=person, at=at) as signer, pytest.raises(SelfVerificationError) as refused:
        jitsuin.sign_file(desk / "income.xtx", desk / "s.xtx", signer=signer, trust=["simulator"], at=at)
    assert refused.value.facts["reason"] == "digest-differs"
    assert not (desk / "s.xtx").exists()


@pytest.mark.parametrize("several", [False, True])
def test_an_adapter_that_reads_otherwise_is_asked_for_every_document(
    desk: Path, card: CardMaker, person, at: datetime, monkeypatch: pytest.MonkeyPatch, several: bool
) -> None:
    """It inherits from ours, whose outlines are about the bytes of the file, and opens what is packed in them."""
    from jitsuin import registry
    from jitsuin.formats.etax import EtaxAdapter
    from jitsuin.formats.source import Source

    class Packed(EtaxAdapter):
        def sniff(self, source: Source, filename: str) -> bool:
            return filename.endswith(".gz") or super().sniff(source, filename)

        def open(self, source: Source):  # type: ignore[no-untyped-def]
            data = source.read()
            return super().open(Source.of(gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data))

    monkeypatch.setattr(registry, "formats", lambda: {"etax": Packed()})
    (desk / "income.gz").write_bytes(gzip.compress((desk / "income.xtx").read_bytes()))
    jobs = [(desk / "income.gz", desk / "a.xtx"), (desk / "income.xtx", desk / "b.xtx")]
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        options = SigningOptions(trust=("simulator",))
        for some in [jobs] if several else [jobs[:1], jobs[1:]]:
            assert all(o.result for o in jitsuin.sign_files(some, signer=signer, options=options, at=at))
    assert (desk / "a.xtx").read_bytes() == (desk / "b.xtx").read_bytes()


def test_a_broken_earlier_signature_is_said(desk: Path, card: CardMaker, person, at: datetime) -> None:
    first, spoilt, second = desk / "1.xtx", desk / "spoilt.xtx", desk / "2.xtx"
    with jitsuin.open_signer(card("second"), pin=person, at=at) as signer:
        jitsuin.sign_file(desk / "income.xtx", first, signer=signer, trust=["simulator"], at=at)
    spoilt.write_bytes(first.read_bytes().replace("見本文具店".encode(), "見本文具屋".encode()))
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        result = jitsuin.sign_file(spoilt, second, signer=signer, trust=["simulator"], revocation="off", at=at)
    assert "earlier-signature-fails" in [notice.code for notice in result.notices]


def test_signing_twice_is_said(desk: Path, card: CardMaker, person, at: datetime) -> None:
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        options = {"signer": signer, "trust": ["simulator"], "crls": crls(card()), "at": at}
        once = jitsuin.sign_file(desk / "income.xtx", desk / "1.xtx", **options)
        twice = jitsuin.sign_file(desk / "1.xtx", desk / "2.xtx", **options)
    assert (once.notices, [notice.code for notice in twice.notices]) == ((), ["signed-before"])


def test_a_pasted_certificate_names_nobody(desk: Path, card: CardMaker, person, at: datetime) -> None:
    """A signature whose value is wrong is not shown as that of the certificate's holder."""
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        jitsuin.sign_file(desk / "income.xtx", desk / "1.xtx", signer=signer, trust=["simulator"], at=at)
    data = (desk / "1.xtx").read_bytes()
    start = data.index(b"<dsig:SignatureValue>") + 21
    (desk / "2.xtx").write_bytes(data[:start] + bytes([data[start] ^ 1]) + data[start + 1 :])
    good = jitsuin.verify_file(desk / "1.xtx", trust=["simulator"], revocation="off", at=at)
    bad = jitsuin.verify_file(desk / "2.xtx", trust=["simulator"], revocation="off", at=at)
    assert good.signatures[0].judgement is not None
    assert (bad.verdict.sub_indication, bad.signatures[0].judgement) == ("SIG_CRYPTO_FAILURE", None)


def test_chain_full_and_leaf(desk: Path, card: CardMaker, person, at: datetime) -> None:
    counts = {}
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        for chain in ("full", "leaf"):
            target = desk / f"{chain}.xtx"
            jitsuin.sign_file(desk / "income.xtx", target, signer=signer, trust=["simulator"], chain=chain, at=at)
            counts[chain] = target.read_bytes().count(b"<dsig:X509Certificate>")
            assert jitsuin.verify_file(target, trust=["simulator"], revocation="off", at=at).verdict.passed
    assert counts == {"full": 2, "leaf": 1}


def test_xmldsig_covers_elements_and_files(desk: Path, card: CardMaker, person, at: datetime) -> None:
    source, form, target = desk / "kousei.xml", desk / "form1.xml", desk / "signed.xml"
    source.write_text('<DataRoot><構成情報 ID="構成情報"><a/></構成情報><その他/></DataRoot>', encoding="utf-8")
    form.write_bytes(b"\x00\xff any bytes")
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        jitsuin.sign_file(
            source, target, signer=signer, references=["構成情報"], files=[form], trust=["simulator"], at=at
        )

    def verdict(**options: object) -> str:
        report = jitsuin.verify_file(target, trust=["simulator"], revocation="off", at=at, **options)
        return str(report.verdict.sub_indication)

    report = jitsuin.verify_file(target, trust=["simulator"], revocation="off", files=[form], at=at)
    assert report.verdict.passed
    assert report.signatures[0].finding.covers == ("/DataRoot/構成情報", "form1.xml")
    assert report.signatures[0].finding.uncovered == ("/DataRoot/その他",)
    assert verdict() == "SIGNED_DATA_NOT_FOUND"
    form.write_bytes(b"other bytes")
    assert verdict(files=[form]) == "HASH_FAILURE"


def test_verifying_never_raises_on_a_bad_document(desk: Path, at: datetime) -> None:
    bad = desk / "bad.xml"
    control = desk / "income.xtx"
    for content in (b"<a>", b"<a/>", b"<!DOCTYPE a><a/>", b'<a id="1"><b ID="1"/></a>', b"<?xml version='1.1'?><a/>"):
        bad.write_bytes(content)
        report = jitsuin.verify_file(bad, at=at)
        assert report.verdict.sub_indication == "FORMAT_FAILURE", content
    assert jitsuin.verify_file(control, at=at).verdict.reason == "no-signature"
    with pytest.raises(InputError):
        jitsuin.verify_file(desk / "absent.xml", at=at)


def test_signing_leaves_no_other_files(desk: Path, card: CardMaker, person, at: datetime) -> None:
    folder = desk / "out"
    folder.mkdir()
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        jitsuin.sign_file(desk / "income.xtx", folder / "s.xtx", signer=signer, trust=["simulator"], at=at)
    assert [path.name for path in folder.iterdir()] == ["s.xtx"]
    assert len(etree.parse(folder / "s.xtx").findall(f".//{SIGNATURE}")) == 1


@pytest.mark.parametrize("prolog", ["<!--" + " " * 17_000 + "-->", ""])
def test_what_stands_before_the_root_does_not_hide_the_form(
    prolog: str, desk: Path, card: CardMaker, person, at: datetime
) -> None:
    """A forged procedure element beside the signed one is refused, however long the prolog or the root's tag."""
    data = (desk / "income.xtx").read_bytes()
    start = data.index(b"<DATA")
    (desk / "long.xtx").write_bytes(data[:start] + prolog.encode() + b"<DATA" + b" " * 17_000 + data[start + 5 :])
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        result = jitsuin.sign_file(desk / "long.xtx", desk / "signed.xtx", signer=signer, trust=["simulator"], at=at)
    assert result.profile.name == "etax"
    signed = (desk / "signed.xtx").read_bytes()
    forged = signed.replace(b"<RKO0010 ", b'<RKO0010 VR="25.0.0" id="forged"/><RKO0010 ', 1)
    (desk / "forged.xtx").write_bytes(forged)
    control = jitsuin.verify_file(desk / "signed.xtx", trust=["simulator"], revocation="off", at=at)
    report = jitsuin.verify_file(desk / "forged.xtx", trust=["simulator"], revocation="off", at=at)
    assert control.verdict.passed
    assert (report.format, report.verdict.reason) == ("etax", "beside-procedure")


def test_a_new_signature_that_fails_is_not_excused_by_an_old_one(
    desk: Path, card: CardMaker, person, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jitsuin.formats import xmldsig

    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        jitsuin.sign_file(desk / "income.xtx", desk / "1.xtx", signer=signer, trust=["simulator"], at=at)
        monkeypatch.setattr(xmldsig, "_digests", lambda document, targets, algorithm: [bytes(32)] * len(targets))
        with pytest.raises(SelfVerificationError):
            jitsuin.sign_file(desk / "1.xtx", desk / "2.xtx", signer=signer, trust=["simulator"], at=at)
    assert not (desk / "2.xtx").exists()


def test_a_batch_does_not_overwrite_its_own_inputs(desk: Path, card: CardMaker, person, at: datetime) -> None:
    """What `sign *.xtx --overwrite` does when it is run a second time."""
    signed = desk / "income.signed.xtx"
    options = SigningOptions(trust=("simulator",), overwrite=True)
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        jitsuin.sign_file(desk / "income.xtx", signed, signer=signer, trust=["simulator"], at=at)
        before = signed.read_bytes()
        jobs = [(desk / "income.xtx", signed), (signed, desk / "income.signed.signed.xtx")]
        first, second = jitsuin.sign_files(jobs, signer=signer, options=options, at=at)
    assert isinstance(first.error, OutputError)
    assert second.result is not None
    assert signed.read_bytes() == before


def test_a_key_that_fails_in_mid_batch_loses_no_report(desk: Path, card: CardMaker, person, at: datetime) -> None:
    jobs = [(desk / name, desk / f"signed-{name}") for name in ("income.xtx", "consumption.xtx", "pension.xml")]
    used = []

    def second_time(value: bytes) -> bytes:
        used.append(value)
        return value if len(used) == 1 else b""

    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        outcomes = jitsuin.sign_files(
            jobs,
            signer=Impostor(signer, second_time),
            options=SigningOptions(trust=("simulator",)),
            at=at,
        )
    errors = [type(outcome.error).__name__ for outcome in outcomes]
    assert errors == ["NoneType", "SignatureValueError", "NotAttemptedError"]
    assert [target.exists() for _, target in jobs] == [True, False, False]


@pytest.mark.parametrize(
    "options",
    [{"revocation": "require"}, {"revocation": "requre"}, {"trust": []}, {"trust": [ca_certificate("auth-ca-03")]}],
)
def test_what_must_fail_is_refused_before_the_pin(
    options: dict[str, object], desk: Path, card: CardMaker, person, at: datetime
) -> None:
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        with pytest.raises((CertificateRefusedError, ValueError)):
            jitsuin.sign_file(
                desk / "income.xtx", desk / "s.xtx", signer=signer, at=at, **{"trust": ["simulator"], **options}
            )
        assert person.asked == []
        jitsuin.sign_file(desk / "income.xtx", desk / "s.xtx", signer=signer, at=at, trust=["simulator"])
