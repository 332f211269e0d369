"""Chains lead to pinned or named anchors by key, never by name; CRLs answer only for what they speak of."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import NameOID

import jitsuin
from jitsuin.certificate import CertificateKind, holder_of, kind_of, may_sign_documents, renewal_opens
from jitsuin.certpath import check_path
from jitsuin.chains import _names_one_algorithm
from jitsuin.crl import Crl, check_crls
from jitsuin.errors import TrustFileError
from jitsuin.formats.base import SigningIdentity
from jitsuin.formats.generic_xml import GenericXmlAdapter
from jitsuin.formats.profiles import PROFILES
from jitsuin.formats.source import Source
from jitsuin.messages import moment
from jitsuin.revocation import ONLINE, Revocation
from jitsuin.revocation_status import RevocationAnswer, RevocationStatus
from jitsuin.signer.simulator import PERSONAS, anchors, ca_certificate, crls
from jitsuin.signer.simulator.pki import authentication_certificate, signature_certificate
from jitsuin.trust import (
    JPKI_PINS,
    TrustStore,
    build_chain,
    import_anchors,
    load_trust,
    pin_for,
    remember,
    remembered,
)
from jitsuin.validity import RevocationMode, judge


def certificate_of(persona: str, at: datetime) -> x509.Certificate:
    found = signature_certificate(PERSONAS[persona], at)
    assert found is not None
    return found


POLICY = x509.PolicyInformation(x509.ObjectIdentifier("1.2.3.5"), None)


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class Ca:
    """A small certification authority for what the simulator's has no case of."""

    hash: hashes.HashAlgorithm | None = hashes.SHA256()

    def __init__(self, at: datetime, name: str = "own CA", issuer: Ca | None = None, **options: object) -> None:
        self.at, self.key = at, ec.generate_private_key(ec.SECP256R1())
        self.name = named(name)
        self.certificate = (issuer or self).issue(self, ca=True, **options)

    def issue(
        self,
        subject: Ca,
        *,
        ca: bool,
        sign: bool = True,
        path_length: int | None = None,
        extra: Sequence[x509.ExtensionType] = (),
        days: tuple[int, int] = (-1, 9),
    ) -> x509.Certificate:
        builder = x509.CertificateBuilder(
            self.name,
            subject.name,
            subject.key.public_key(),
            7,
            self.at + timedelta(days[0]),
            self.at + timedelta(days[1]),
        )
        usage = x509.KeyUsage(not ca, not ca, False, False, False, ca and sign, ca, False, False)
        builder = builder.add_extension(x509.BasicConstraints(ca, path_length if ca else None), critical=True)
        builder = builder.add_extension(usage, critical=True)
        for extension in extra:
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(self.key, self.hash)


class Holder(Ca):
    """Somebody with a key, no CA."""

    def __init__(self, at: datetime) -> None:
        self.at, self.key = at, ec.generate_private_key(ec.SECP256R1())
        self.name = named("holder")


def test_the_simulators_three_generations_are_told_apart_by_key(at: datetime) -> None:
    names = {anchor.subject for anchor in anchors()}
    assert len(names) == 1 < len(anchors())
    for persona, ca in (("valid", "sign-ca-03"), ("old-generation", "sign-ca-02")):
        chain = build_chain(certificate_of(persona, at), [], load_trust(["simulator"]), at)
        assert chain.verdict.passed
        assert chain.certificates[1] == ca_certificate(ca)


def test_a_look_alike_ca_is_no_issuer(at: datetime) -> None:
    leaf, fake = certificate_of("look-alike", at), ca_certificate("look-alike-ca")
    assert leaf.issuer == anchors()[-1].subject
    store = load_trust(["simulator"])
    assert build_chain(leaf, [fake], store, at).verdict.reason == "issuer-unknown"
    assert build_chain(certificate_of("valid", at), [fake], store, at).verdict.passed
    assert build_chain(leaf, [], TrustStore((fake,)), at).verdict.passed


def test_a_damaged_certificate_is_not_one_of_an_unknown_ca(at: datetime) -> None:
    der = certificate_of("valid", at).public_bytes(serialization.Encoding.DER)
    damaged = x509.load_der_x509_certificate(der[:-1] + bytes([der[-1] ^ 1]))
    store = load_trust(["simulator"])
    assert build_chain(x509.load_der_x509_certificate(der), [], store, at).verdict.passed
    assert build_chain(damaged, [], store, at).verdict.reason == "issuer-denies"
    assert build_chain(damaged, [], load_trust([]), at).verdict.reason == "issuer-unknown"


def test_nothing_is_trusted_by_default(at: datetime) -> None:
    leaf = certificate_of("valid", at)
    chain = build_chain(leaf, anchors(), load_trust([]), at)
    assert (chain.certificates, chain.verdict.sub_indication) == ((), "NO_CERTIFICATE_CHAIN_FOUND")


def test_a_leaf_is_never_its_own_anchor(at: datetime) -> None:
    leaf = certificate_of("valid", at)
    assert build_chain(leaf, [], TrustStore((leaf,)), at).verdict.reason == "issuer-unknown"


def test_intermediate_authorities(at: datetime) -> None:
    root = Ca(at)
    middle = Ca(at, "middle", root)
    leaf = middle.issue(Holder(at), ca=False)
    store = TrustStore((root.certificate,))
    assert len(build_chain(leaf, [middle.certificate], store, at).certificates) == 3
    assert build_chain(leaf, [], store, at).verdict.reason == "issuer-unknown"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"sign": False}, "issuer-no-ca"),
        ({"days": (-9, -1)}, "ca-expired"),
        ({"days": (1, 9)}, "ca-not-yet-valid"),
        ({"extra": [x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")]}, "critical-extension"),
        ({"extra": [x509.NameConstraints([x509.DNSName("a")], None)]}, "passed"),
        ({"extra": [x509.NameConstraints([x509.DirectoryName(named("a"))], None)]}, "name-constraints"),
        ({"extra": [x509.NameConstraints(None, [x509.DirectoryName(named("holder"))])]}, "name-constraints"),
        ({"extra": [x509.NameConstraints(None, [x509.DirectoryName(named("a"))])]}, "passed"),
        ({"extra": [x509.CertificatePolicies([POLICY])]}, "passed"),
        ({"path_length": 0}, "passed"),
        ({}, "passed"),
    ],
)
def test_a_ca_must_be_one(options: dict[str, object], reason: str, at: datetime) -> None:
    ca = Ca(at, **options)
    assert build_chain(ca.issue(Holder(at), ca=False), [], TrustStore((ca.certificate,)), at).verdict.reason == reason


def test_path_length_counts(at: datetime) -> None:
    for limit, passes in ((0, False), (1, True)):
        root = Ca(at, path_length=limit)
        middle = Ca(at, "middle", root)
        leaf = middle.issue(Holder(at), ca=False)
        chain = build_chain(leaf, [middle.certificate], TrustStore((root.certificate,)), at)
        assert chain.verdict.reason == ("passed" if passes else "path-length")


def test_a_person_is_no_ca(at: datetime) -> None:
    root, person = Ca(at), Holder(at)
    person.certificate = root.issue(person, ca=False)
    forged = person.issue(Holder(at), ca=False)
    store = TrustStore((root.certificate,))
    chain = build_chain(forged, [person.certificate], store, at)
    assert (chain.certificates, chain.verdict.reason) == ((), "issuer-no-ca")


def test_what_a_ca_demands_counts_below_it(at: datetime) -> None:
    """Here of a CA in the middle; docs/pkits.md has all the rules."""
    demands: dict[str, x509.ExtensionType] = {
        "name-constraints": x509.NameConstraints([x509.DirectoryName(named("a"))], None),
        "certificate-policies": x509.PolicyConstraints(0, None),
        "passed": x509.PolicyConstraints(9, None),
        "path-refused": x509.NameConstraints([x509.IPAddress(IPv4Network("10.0.0.0/8"))], None),
    }
    root = Ca(at)
    for reason, demand in demands.items():
        middle = Ca(at, "middle", root, extra=[demand])
        names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("10.0.0.1"))])
        leaf = middle.issue(Holder(at), ca=False, extra=[names])
        chain = build_chain(leaf, [middle.certificate], TrustStore((root.certificate,)), at)
        assert (chain.verdict.reason, len(chain.certificates)) == (reason, 3)


def test_a_certificate_can_demand_a_policy_of_itself(at: datetime) -> None:
    ca = Ca(at)
    for extra, reason in (([], "certificate-policies"), ([x509.CertificatePolicies([POLICY])], "passed")):
        leaf = ca.issue(Holder(at), ca=False, extra=[x509.PolicyConstraints(0, None), *extra])
        assert build_chain(leaf, [], TrustStore((ca.certificate,)), at).verdict.reason == reason


def test_where_nothing_is_carried_along_the_library_is_not_needed(at: datetime) -> None:
    """It would say the same of the chains of every card, and takes longer to load than a signature to verify."""
    store = load_trust(["simulator"])
    leaves = [found for persona in PERSONAS.values() if (found := signature_certificate(persona, at)) is not None]
    chains = [chain for leaf in leaves if (chain := build_chain(leaf, [], store, at)).verdict.passed]
    assert len(chains) > 5
    assert all(check_path(chain.certificates, at).passed for chain in chains)
    program = (
        "import sys; from datetime import datetime; from jitsuin.signer.simulator import PERSONAS, pki\n"
        "from jitsuin.trust import build_chain, load_trust\n"
        "at = datetime.fromisoformat(sys.argv[1])\n"
        "leaf = pki.signature_certificate(PERSONAS['valid'], at)\n"
        "print(build_chain(leaf, [], load_trust(['simulator']), at).verdict.reason)\n"
        "print({'asyncio', 'asn1crypto', 'pyhanko_certvalidator'} & sys.modules.keys())"
    )
    call = [sys.executable, "-c", program, at.isoformat()]
    assert subprocess.run(call, capture_output=True, text=True, check=True).stdout.split() == ["passed", "set()"]


def test_a_path_is_validated_without_a_socket(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket", None)
    monkeypatch.setattr("asyncio.new_event_loop", None)
    root = Ca(at)
    middle = Ca(at, "middle", root)
    leaf = middle.issue(Holder(at), ca=False)
    assert build_chain(leaf, [middle.certificate], TrustStore((root.certificate,)), at).verdict.passed


def test_a_path_that_waits_or_fails_is_refused(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    class Waiting:
        def __await__(self) -> Iterator[None]:
            yield

    async def waits(*arguments: object) -> None:
        await Waiting()

    async def fails(*arguments: object) -> None:
        raise NotImplementedError

    ca = Ca(at)
    chain = (ca.issue(Holder(at), ca=False), ca.certificate)
    assert check_path(chain, at).passed
    for odd, error in ((waits, "RuntimeError"), (fails, "NotImplementedError")):
        monkeypatch.setattr("jitsuin.certpath.async_validate_path", odd)
        verdict = check_path(chain, at)
        assert (verdict.reason, verdict.facts, verdict.passed) == ("path-refused", {"error": error}, False)


def test_signatures_by_other_keys_are_checked_as_well(at: datetime) -> None:
    """The library that builds the chains checks signatures only of names that are equal to the byte."""
    keys = (
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
        dsa.generate_private_key(2048),
    )
    for key in keys:
        ca, other = Ca(at), Ca(at)
        ca.key = key  # type: ignore[assignment]
        ca.hash = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        ca.certificate = ca.issue(ca, ca=True)
        leaf = ca.issue(Holder(at), ca=False)
        reason = "ca-key-weak" if isinstance(key, dsa.DSAPrivateKey) else "passed"
        assert build_chain(leaf, [], TrustStore((ca.certificate,)), at).verdict.reason == reason
        assert build_chain(leaf, [], TrustStore((other.certificate,)), at).verdict.reason == "issuer-unknown"


def test_names_may_be_written_otherwise(at: datetime) -> None:
    """RFC 5280, 7.1: case and spaces do not count. The key decides whether it is the CA."""
    ca = Ca(at)
    for name, reason in ((" OWN  ca", "passed"), ("owned CA", "issuer-unknown")):
        ca.name = named(name)
        leaf = ca.issue(Holder(at), ca=False)
        assert build_chain(leaf, [], TrustStore((ca.certificate,)), at).verdict.reason == reason
        assert build_chain(leaf, [], TrustStore((Ca(at).certificate,)), at).verdict.reason == "issuer-unknown"


def test_two_algorithms_in_one_certificate(at: datetime) -> None:
    """What is signed names one algorithm, what stands beside the signature another."""
    ca = Ca(at)
    der = ca.issue(Holder(at), ca=False).public_bytes(serialization.Encoding.DER)
    sha256, sha512 = bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8648ce3d040304")
    place = der.index(sha256)
    inner = x509.load_der_x509_certificate(der[:place] + sha512 + der[place + len(sha512) :])
    assert inner.signature_hash_algorithm is not None
    assert inner.signature_hash_algorithm.name == "sha256"
    assert not _names_one_algorithm(inner)
    assert build_chain(inner, [], TrustStore((ca.certificate,)), at).verdict.reason == "issuer-unknown"


def test_a_chain_of_another_key_than_the_first_is_found(at: datetime) -> None:
    """A CA that was certified twice: the one way is closed by its parent, the other is open."""
    closed, opened = Ca(at, "closed", path_length=0), Ca(at, "opened")
    middle = Ca(at, "middle", closed)
    leaf = middle.issue(Holder(at), ca=False)
    again = opened.issue(middle, ca=True)
    store = TrustStore((closed.certificate, opened.certificate))
    assert build_chain(leaf, [middle.certificate], store, at).verdict.reason == "path-length"
    chain = build_chain(leaf, [middle.certificate, again], store, at)
    assert (chain.verdict.reason, chain.certificates[1:]) == ("passed", (again, opened.certificate))


@pytest.mark.timeout(300)  # ends long before, or hardly ever
def test_circles_and_crowds_come_to_an_end(at: datetime) -> None:
    """Three hundred CAs of one name, each certified by all of a few keys; none leads to the anchor."""
    root, crowd = Ca(at), [Ca(at, "crowd") for _ in range(8)]
    hints = [one.issue(other, ca=True) for one in crowd for other in crowd for _ in range(5)]
    leaf = crowd[0].issue(Holder(at), ca=False)
    assert build_chain(leaf, hints, TrustStore((root.certificate,)), at).verdict.reason == "issuer-unknown"
    true = root.issue(crowd[0], ca=True)
    assert build_chain(leaf, [true, *hints], TrustStore((root.certificate,)), at).verdict.passed


@pytest.mark.timeout(120)  # ends long before, or hardly ever
def test_slow_keys_do_not_add_up(at: datetime) -> None:
    """As many searches as a document can ask for, among CAs of one name whose signatures take milliseconds each."""
    crowd = [Ca(at, "crowd") for _ in range(7)]
    for one in crowd:
        one.key = ec.generate_private_key(ec.SECP521R1())
    hints = [above.issue(below, ca=True) for below, above in pairwise(crowd) for _ in range(16)]
    for _ in range(100):
        leaf = crowd[0].issue(Holder(at), ca=False)
        assert build_chain(leaf, hints, TrustStore((Ca(at).certificate,)), at).verdict.reason == "issuer-unknown"
    root = Ca(at)
    honest = [root.issue(crowd[0], ca=True), *hints[:20]]
    assert build_chain(leaf, honest, TrustStore((root.certificate,)), at).verdict.passed, "the control"


def test_a_chain_can_be_eight_long_and_no_longer(at: datetime) -> None:
    line = [Ca(at)]
    for number in range(7):
        line.append(Ca(at, f"CA {number}", line[-1]))
    store, hints = TrustStore((line[0].certificate,)), [one.certificate for one in line[1:]]
    chain = build_chain(line[6].issue(Holder(at), ca=False), hints, store, at)
    assert (chain.verdict.passed, len(chain.certificates)) == (True, 8)
    assert build_chain(line[7].issue(Holder(at), ca=False), hints, store, at).verdict.reason == "issuer-unknown"


def test_a_hint_that_cannot_be_read_does_no_harm(at: datetime) -> None:
    root = Ca(at)
    middle = Ca(at, "middle", root)
    leaf = middle.issue(Holder(at), ca=False)
    broken = Ca(at, "middle", extra=[x509.UnrecognizedExtension(x509.AuthorityKeyIdentifier.oid, b"\x04\x01\x00")])
    chain = build_chain(leaf, [broken.certificate, middle.certificate], TrustStore((root.certificate,)), at)
    assert chain.verdict.passed


def test_the_pins_are_those_of_the_reference() -> None:
    assert [pin.name[-5:-1] for pin in JPKI_PINS] == ["2015", "2019", "2023"]
    assert len({pin.sha256 for pin in JPKI_PINS} | {pin.key_identifier for pin in JPKI_PINS}) == 6
    assert all(len(bytes.fromhex(pin.sha256)) == 32 for pin in JPKI_PINS)
    assert all(pin_for(anchor) is None for anchor in anchors())


def test_only_pinned_certificates_are_remembered(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    ca = anchors()[-1]
    remember([ca])
    assert remembered() == []
    pin = JPKI_PINS[2].__class__("pinned", ca.fingerprint(hashes.SHA256()).hex(), "", at, at, "")
    monkeypatch.setattr("jitsuin.trust.JPKI_PINS", (pin,))
    remember([ca, anchors()[0]])
    assert remembered() == [ca]
    assert build_chain(certificate_of("valid", at), [], load_trust([]), at).anchor == "pinned"


def test_a_planted_file_is_not_believed(at: datetime, home: Path) -> None:
    """What lies in the data folder counts only under its own fingerprint, and is a hint, not an anchor."""
    folder = home / ".local/share/jitsuin/anchors"
    folder.mkdir(parents=True)
    der = anchors()[-1].public_bytes(serialization.Encoding.DER)
    (folder / "0000.cer").write_bytes(der)
    (folder / "junk.cer").write_bytes(b"junk")
    assert remembered() == []
    (folder / f"{anchors()[-1].fingerprint(hashes.SHA256()).hex()}.cer").write_bytes(der)
    assert remembered() == [anchors()[-1]]
    assert not build_chain(certificate_of("valid", at), [], load_trust([]), at).verdict.passed


def test_trust_files_that_are_none(tmp_path: Path) -> None:
    file = tmp_path / "a.cer"
    for content in (b"", b"junk", b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"):
        file.write_bytes(content)
        with pytest.raises(TrustFileError):
            load_trust([file])
    file.write_bytes(anchors()[0].public_bytes(serialization.Encoding.DER))
    assert load_trust([file]).anchors == (anchors()[0],)
    with pytest.raises(TrustFileError):
        import_anchors(file)


def test_a_malformed_certificate_is_never_good(at: datetime, tmp_path: Path) -> None:
    """Issued by a trusted CA, with a keyUsage that cannot be read: INVALID, and no exception."""
    ca, holder = Ca(at), Holder(at)
    leaf = ca.issue(holder, ca=False)
    broken = x509.UnrecognizedExtension(x509.KeyUsage.oid, b"\x04\x01\x00")
    builder = x509.CertificateBuilder(
        ca.name, holder.name, holder.key.public_key(), 8, at - timedelta(1), at + timedelta(9)
    )
    bad = builder.add_extension(broken, critical=True).sign(ca.key, hashes.SHA256())
    document = GenericXmlAdapter().open(Source.of(b"<a/>"))
    verdicts = {}
    for certificate in (leaf, bad):
        prepared = GenericXmlAdapter().prepare(document, SigningIdentity(certificate), PROFILES["xmldsig"], at)
        value = holder.key.sign(prepared.to_be_signed, ec.ECDSA(hashes.SHA256()))
        with (tmp_path / "signed.xml").open("wb") as out:
            prepared.embed(value, out)
        report = jitsuin.verify_file(tmp_path / "signed.xml", trust=[ca.certificate], revocation="off", at=at)
        verdicts[certificate] = report.verdict.reason
    assert list(verdicts.values()) == ["passed", "certificate-malformed"]


def test_a_revoked_intermediate_authority(at: datetime) -> None:
    root = Ca(at)
    middle = Ca(at, "middle", root)
    leaf = middle.issue(Holder(at), ca=False)

    def crl(ca: Ca, revoked: bool) -> Crl:
        builder = x509.CertificateRevocationListBuilder(ca.name, at, at + timedelta(1))
        if revoked:
            builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder(7, at - timedelta(1)).build())
        return Crl(builder.sign(ca.key, hashes.SHA256()), "")

    def reason(evidence: list[Crl]) -> str:
        store = TrustStore((root.certificate,))
        return judge(
            leaf, [middle.certificate], store, Revocation(evidence, ONLINE, at), at, RevocationMode.REQUIRE
        ).verdict.reason

    assert reason([crl(middle, False), crl(root, False)]) == "passed"
    assert reason([crl(middle, False), crl(root, True)]) == "ca-revoked"
    assert reason([crl(middle, False)]) == "revocation-not-checked"


def test_a_crl_from_after_the_expiry_says_nothing(at: datetime) -> None:
    ca = Ca(at, days=(-99, 99))
    leaf = ca.issue(Holder(at), ca=False, days=(-9, -1))
    answers = []
    for produced in (at - timedelta(2), at):
        builder = x509.CertificateRevocationListBuilder(ca.name, produced, at + timedelta(1))
        evidence = [Crl(builder.sign(ca.key, hashes.SHA256()), "")]
        answers.append(check(leaf, ca.certificate, evidence, at - timedelta(3)))
    assert [(answer.status.value, answer.why) for answer in answers] == [("good", ""), ("not-checked", "after-expiry")]


@pytest.mark.parametrize("bits", [1024, 2048])
def test_weak_authorities(bits: int, at: datetime) -> None:
    ca = Ca(at)
    ca.key = rsa.generate_private_key(65537, bits)  # type: ignore[assignment]
    ca.certificate = ca.issue(ca, ca=True)
    verdict = build_chain(ca.issue(Holder(at), ca=False), [], TrustStore((ca.certificate,)), at).verdict
    assert verdict.passed is (bits == 2048)


def test_an_old_certificate_of_the_same_ca_does_no_harm(at: datetime) -> None:
    """Anybody can add certificates to a document: the anchor is looked at first."""
    ca, holder = Ca(at), Holder(at)
    expired = ca.issue(ca, ca=True, days=(-9, -1))
    chain = build_chain(ca.issue(holder, ca=False), [expired], TrustStore((ca.certificate,)), at)
    assert chain.verdict.passed


def test_a_certificate_without_end_is_shown(at: datetime) -> None:
    ca = Ca(at)
    end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=at.tzinfo)
    holder = Holder(at)
    builder = x509.CertificateBuilder(ca.name, holder.name, holder.key.public_key(), 9, at - timedelta(1), end)
    leaf = builder.sign(ca.key, hashes.SHA256())
    assert judge(leaf, [], TrustStore((ca.certificate,)), None, at, RevocationMode.OFF).verdict.passed
    assert moment(leaf.not_valid_after_utc).startswith("9999-12-31")


def test_kinds_and_holders(at: datetime) -> None:
    leaf = certificate_of("valid", at)
    holder = holder_of(leaf)
    assert (kind_of(leaf), may_sign_documents(leaf)) == (CertificateKind.JPKI_SIGNATURE, True)
    assert holder is not None
    assert (holder.name, holder.sex, holder.substituted) == ("見本　花子", "female", False)
    assert holder.birth_date is not None
    assert holder.birth_date.count("-") == 2
    substituted = holder_of(certificate_of("substitution", at))
    assert substituted is not None
    assert substituted.substituted
    authentication = authentication_certificate(PERSONAS["valid"], at)
    assert kind_of(authentication) is CertificateKind.JPKI_AUTHENTICATION
    assert not may_sign_documents(authentication)
    assert holder_of(authentication) is None
    assert not may_sign_documents(anchors()[0])


@pytest.mark.parametrize(
    ("end", "opens"),
    [
        ("2027-05-31", "2027-02-28"),
        ("2028-05-30", "2028-02-29"),
        ("2027-03-15", "2026-12-15"),
        ("2027-12-31", "2027-09-30"),
    ],
)
def test_renewal_opens_three_calendar_months_before_the_end(end: str, opens: str, at: datetime) -> None:
    class Ending:
        not_valid_after_utc = datetime.fromisoformat(end).replace(tzinfo=at.tzinfo)

    assert renewal_opens(Ending()).date().isoformat() == opens  # type: ignore[arg-type]


def check(leaf: x509.Certificate, issuer: x509.Certificate, lists: list[Crl], at: datetime) -> RevocationAnswer:
    """By a clock that no list here is ahead of."""
    return check_crls(leaf, issuer, lists, at, at + timedelta(9))


def evidence(at: datetime) -> list[Crl]:
    return [Crl(crl, name) for name, crl in crls(at).items()]


def test_every_reason_of_revocation_is_told(at: datetime) -> None:
    for name, persona in PERSONAS.items():
        if persona.revoked is None:
            continue
        answer = check(certificate_of(name, at), ca_certificate(persona.ca), evidence(at), at)
        held = persona.revoked is x509.ReasonFlags.certificate_hold
        assert answer.status is (RevocationStatus.ON_HOLD if held else RevocationStatus.REVOKED)
        assert answer.reason == persona.revoked.value


def test_good_needs_a_fresh_crl_of_the_right_point_and_key(at: datetime) -> None:
    leaf, ca = certificate_of("valid", at), ca_certificate("sign-ca-03")
    assert check(leaf, ca, evidence(at), at).status is RevocationStatus.GOOD
    assert check(leaf, ca, [], at).why == "no-evidence"
    assert check(leaf, ca, evidence(at - timedelta(days=60)), at).why == "stale"
    others = [item for item in evidence(at) if "sign-ca-03-mihon" not in item.source]
    assert len(others) == len(evidence(at)) - 1
    assert check(leaf, ca, others, at).why == "no-evidence"


@pytest.mark.parametrize(
    ("extension", "answers"),
    [
        (None, True),
        (x509.DeltaCRLIndicator(1), False),
        (x509.IssuingDistributionPoint(None, None, False, False, None, True, False), False),
        (x509.IssuingDistributionPoint(None, None, False, True, None, False, False), False),
        (x509.IssuingDistributionPoint(None, None, False, False, None, False, True), False),
        (
            x509.IssuingDistributionPoint(
                None, None, False, False, frozenset([x509.ReasonFlags.key_compromise]), False, False
            ),
            False,
        ),
        (x509.IssuingDistributionPoint(None, None, True, False, None, False, False), True),
        (
            x509.IssuingDistributionPoint(
                [x509.UniformResourceIdentifier("http://a.invalid")], None, False, False, None, False, False
            ),
            False,
        ),
    ],
)
def test_crls_that_do_not_speak_of_it(extension: x509.ExtensionType | None, answers: bool, at: datetime) -> None:
    ca = Ca(at)
    leaf = ca.issue(Holder(at), ca=False)
    builder = x509.CertificateRevocationListBuilder(ca.name, at, at + timedelta(1))
    if extension is not None:
        builder = builder.add_extension(extension, critical=True)
    crl = builder.sign(ca.key, hashes.SHA256())
    status = check(leaf, ca.certificate, [Crl(crl, "")], at).status
    assert (status is RevocationStatus.GOOD) is answers
    forged = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    assert check(leaf, ca.certificate, [Crl(forged, "")], at).status is RevocationStatus.NOT_CHECKED
