"""XAdES from end to end: signed with a timestamp of a live authority, and judged by the time that it proves."""

from __future__ import annotations

import base64
import hashlib
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

import jitsuin
from authority import Authority
from jitsuin.errors import ProfileMismatchError, TimestampError
from jitsuin.formats.timestamp_protocol import read_response, timestamp_request
from jitsuin.report import iso, sign_text, verify_json, verify_text
from jitsuin.results import SignOutcome
from jitsuin.revocation import EvidenceOptions
from jitsuin.signer.simulator import SIGNATURE_PASSWORD
from responders import Tsa

if TYPE_CHECKING:
    from jitsuin.results import SignResult, VerifyReport
    from judges import Jdk, OpenSsl, SignXml, XmlDsigSchema, Xmlsec1
    from pki_servers import PkiServer

SIGNED = datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC)
EXPIRES = datetime(2026, 9, 1, tzinfo=UTC)
LOOPBACK = EvidenceOptions(allow_private_network=True)
DAY = timedelta(days=1)
PASSWORD = "for tests"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
EXPIRED = "INDETERMINATE OUT_OF_BOUNDS_NO_POE signer-expired"
ORDER = '<注文 xmlns="urn:order" xmlns:x="urn:x"><品目 id="T">見本</品目><x:u id="U"/></注文>'
TAIL = b"</xades:QualifyingProperties>"


class Office:
    """A signer, a time-stamping authority of another CA, and the XML between them."""

    def __init__(self, folder: Path, authority: Authority, server: PkiServer) -> None:
        self.folder, self.authority, self.server = folder, authority, server
        self.clock = Authority(authority.keys, "Clock CA")
        self.tsa = Tsa(self.clock, at=SIGNED)
        self.url = server.tsa("/tsa", self.tsa)
        self.source, self.target = folder / "order.xml", folder / "order.signed.xml"
        self.source.write_text(ORDER, encoding="utf-8")
        self.hold("Holder")

    def hold(self, name: str) -> None:
        """Who signs from now on."""
        self.holder = self.authority.issue(name, until=EXPIRES)
        (self.folder / "id.p12").write_bytes(self.holder.pkcs12(PASSWORD))

    def sign(self, **options: Any) -> SignResult:
        options = {
            "profile": "xades-b-t",
            "timestamp_url": self.url,
            "timestamp_trust": [self.clock.certificate],
            "source": self.source,
            "target": self.target,
            **options,
        }
        with jitsuin.open_signer(f"file:{self.folder / 'id.p12'}", pin=lambda _: PASSWORD, at=SIGNED) as signer:
            return jitsuin.sign_file(
                signer=signer,
                trust=[self.authority.certificate],
                evidence=LOOPBACK,
                overwrite=True,
                at=SIGNED,
                **options,
            )

    def verify(self, *, at: datetime = SIGNED + DAY, trusted: bool = True, **options: Any) -> VerifyReport:
        options = {"revocation": "off", "timestamp_trust": [self.clock.certificate] if trusted else [], **options}
        path = options.pop("path", self.target)
        return jitsuin.verify_file(path, trust=[self.authority.certificate], evidence=LOOPBACK, at=at, **options)

    def change(self, old: bytes, new: bytes | Callable[[re.Match[bytes]], bytes]) -> None:
        data = self.target.read_bytes()
        changed = re.sub(old, new, data, flags=re.DOTALL)
        assert changed != data
        self.target.write_bytes(changed)


@pytest.fixture
def office(tmp_path: Path, authority: Authority, pki_server: PkiServer, tsa: Tsa) -> Office:
    """Asking for `tsa` is how the test is skipped where openssl is missing."""
    return Office(tmp_path, authority, pki_server)


def said(report: VerifyReport) -> str:
    verdict = report.verdict
    return f"{verdict.indication.word} {verdict.sub_indication or ''} {verdict.reason}".replace("  ", " ")


def octets(document: bytes, *, exclusive: bool = False, number: int = 0) -> bytes:
    """ds:SignatureValue by libxml2 alone: written out with the namespaces in scope, and canonicalised by itself."""
    value = list(etree.fromstring(document).iter(f"{{{DSIG}}}SignatureValue"))[number]
    alone = etree.fromstring(etree.tostring(value, encoding="UTF-8", with_tail=False))
    return bytes(etree.tostring(alone, method="c14n", exclusive=exclusive))


def in_place(document: bytes) -> bytes:
    """ds:SignatureValue with the `xml:base` that it inherits by Canonical XML 1.0."""
    return octets(document).replace(b">", b' xml:base="http://127.0.0.1/">', 1)


def tokens(document: bytes) -> list[bytes]:
    found = etree.fromstring(document).iter(f"{{{XADES}}}EncapsulatedTimeStamp")
    return [base64.b64decode(one.text or "") for one in found]


def token(tsa: Tsa, content: bytes) -> bytes:
    """Of the authority over anything, by its protocol."""
    made = read_response(tsa.answer(timestamp_request(hashlib.sha256(content).digest(), 1))).token
    assert made is not None
    return made


def stamp(encoded: bytes, *, before: str = "", after: str = "", attribute: str = "") -> bytes:
    """A SignatureTimeStamp as others write it."""
    text = base64.encodebytes(encoded).decode()
    return (
        f"<xades:SignatureTimeStamp>{before}<xades:EncapsulatedTimeStamp{attribute}>\n{text}"
        f"</xades:EncapsulatedTimeStamp>{after}</xades:SignatureTimeStamp>"
    ).encode()


def unsigned(*properties: bytes) -> bytes:
    content = b"".join(properties)
    return (
        b"<xades:UnsignedProperties><xades:UnsignedSignatureProperties>"
        + content
        + b"</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
    )


# Signing


@pytest.mark.parametrize("references", [(), ("T", "U")])
@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "Shift_JIS"])
def test_signed_with_a_timestamp(
    encoding: str,
    references: tuple[str, ...],
    office: Office,
    openssl: OpenSsl,
    jdk: Jdk,
    xmlsec1: Xmlsec1,
    schema: XmlDsigSchema,
) -> None:
    """openssl finds the token to be about the canonical value; the signature stays right for others."""
    office.source.write_bytes(f'<?xml version="1.0" encoding="{encoding}"?>{ORDER}'.encode(encoding))
    result = office.sign(references=references)
    assert (result.profile.name, result.timestamp is not None) == ("xades-b-t", True)
    signed = office.target.read_bytes()
    assert xmlsec1.verify(signed, trusted=[office.authority.certificate], at=SIGNED).ok
    assert jdk.verify(signed).ok
    assert schema.verify(signed).ok
    (found,) = tokens(signed)
    for content, fits in ((octets(signed), True), (octets(signed) + b" ", False)):
        assert by_openssl(openssl, office, found, content) is fits
    report = office.verify(profile="xades-b-t")
    (signature,) = report.signatures
    assert said(report) == "VALID passed"
    assert signature.finding.claimed_at == SIGNED
    assert signature.proven == signature.timestamps[0].finding.latest
    assert "claimed time  2026-03-02 12:04 JST" in verify_text(report)
    assert re.search(r"timestamp +2026-03-02 12:04 JST, CN=Test TSA.*trusted via", verify_text(report))
    (values,) = verify_json(report)["signatures"]
    assert (values["claimed_at"], len(values["timestamps"])) == (iso(SIGNED), 1)
    assert not any("Properties" in path for path in (*values["covers"], *values["uncovered"]))


def by_openssl(openssl: OpenSsl, office: Office, encoded: bytes, content: bytes) -> bool:
    names = [office.folder / name for name in ("token", "content", "clock.pem")]
    for path, data in zip(names, (encoded, content, office.clock.certificate.public_bytes(Encoding.PEM)), strict=True):
        path.write_bytes(data)
    call = ["ts", "-verify", "-in", names[0], "-token_in", "-data", names[1], "-CAfile", names[2]]
    done = openssl.run(*call, "-attime", str(int(SIGNED.timestamp())))
    return done.returncode == 0 and b"Verification: OK" in done.stdout


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_accepted_by_signxml(
    kind: str, tmp_path: Path, authority: Authority, pki_server: PkiServer, tsa: Tsa, signxml: SignXml
) -> None:
    """With the timestamp in it, and by the schema of XAdES."""
    office = Office(tmp_path, Authority(authority.keys, f"CA {kind}", kind=kind), pki_server)
    office.source.write_bytes(b'<order xmlns="urn:order"><item id="T">x</item></order>')
    for references in ((), ("T",)):
        office.sign(references=references)
        signed = office.target.read_bytes()
        assert signxml.verify(signed, office.holder.certificate, at=SIGNED).ok
        assert signxml.verify(signed.replace(b">x<", b">y<"), office.holder.certificate, at=SIGNED).invalid
        assert said(office.verify(profile="xades-b-t")) == "VALID passed"


@pytest.mark.parametrize("persona", ["valid", "p384"])
def test_by_card(persona: str, office: Office, card: Callable[..., str], signxml: SignXml, openssl: OpenSsl) -> None:
    """RSA and P-384, as cards have them."""
    office.source.write_bytes(b'<order xmlns="urn:order"><item id="U">x</item></order>')
    with jitsuin.open_signer(card(persona, SIGNED), pin=lambda _: SIGNATURE_PASSWORD, at=SIGNED) as signer:
        result = jitsuin.sign_file(
            office.source,
            office.target,
            signer=signer,
            profile="xades-b-t",
            references=["U"],
            trust=["simulator"],
            revocation="off",
            evidence=LOOPBACK,
            timestamp_url=office.url,
            timestamp_trust=[office.clock.certificate],
            at=SIGNED,
        )
    assert result.scheme == {"valid": "rsa-sha256", "p384": "ecdsa-sha384"}[persona]
    signed = office.target.read_bytes()
    assert by_openssl(openssl, office, tokens(signed)[0], octets(signed))
    assert signxml.verify(signed, result.certificate, at=SIGNED).ok
    options: dict[str, Any] = {"at": SIGNED + DAY, "revocation": "off", "profile": "xades-b-t"}
    report = jitsuin.verify_file(
        office.target, trust=["simulator"], timestamp_trust=[office.clock.certificate], **options
    )
    assert said(report) == "VALID passed"


def test_which_profile(office: Office) -> None:
    """A time-stamping authority makes B-T of B-B; a plain signature has no place for a timestamp, and says so."""
    office.sign(profile="xades-b-b")
    assert said(office.verify(profile="xades-b-t")) == "VALID passed"
    assert said(office.verify(profile="xades-b-b")) == "VALID passed", "what is more than was asked for does no harm"
    for profile in (None, "xmldsig"):
        with pytest.raises(ProfileMismatchError) as caught:
            office.sign(profile=profile)
        assert caught.value.facts["other"] == "xades-b-t"
        assert "--profile xades-b-t" in jitsuin.messages.error_sentence(caught.value)
    with pytest.raises(ProfileMismatchError) as caught:
        office.sign(timestamp_url=None)
    assert caught.value.facts["reason"] == "no-timestamp-url"
    result = office.sign(profile="xades-b-b", timestamp_url=None, timestamp_trust=[])
    assert (result.profile.name, result.timestamp) == ("xades-b-b", None)
    assert said(office.verify(profile="xades-b-b")) == "VALID passed"
    assert said(office.verify(profile="xades-b-t")) == "INVALID SIG_CONSTRAINTS_FAILURE not-the-form"
    plain = office.sign(profile=None, timestamp_url=None, timestamp_trust=[])
    assert plain.profile.name == "xmldsig"
    assert said(office.verify()) == "VALID passed"
    report = office.verify(profile="xades-b-b")
    assert said(report) == "INVALID SIG_CONSTRAINTS_FAILURE not-the-form"
    assert "signs no properties" in verify_text(report)


def test_authority_down(office: Office, pki_server: PkiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jitsuin.timestamp._PAUSES", (0, 0))
    with pytest.raises(TimestampError):
        office.sign(timestamp_url=pki_server.unreachable())
    assert not office.target.exists()
    result = office.sign(timestamp_url=pki_server.unreachable(), timestamp="prefer")
    assert (result.profile.name, result.timestamp) == ("xades-b-b", None)
    (notice,) = (notice for notice in result.notices if notice.code == "timestamp-missing")
    assert (notice.facts["profile"], notice.facts["reason"]) == ("xades-b-b", "unreachable")
    assert "profile       xades-b-b" in sign_text(SignOutcome(result.source, result))
    assert tokens(office.target.read_bytes()) == []
    assert said(office.verify(profile="xades-b-b")) == "VALID passed"


def test_several_signers(office: Office, openssl: OpenSsl) -> None:
    """Each with a timestamp over its own value."""
    office.sign(references=["T"])
    first = office.target.read_bytes()
    office.source.write_bytes(first)
    office.hold("Second")
    office.sign(references=["T", "U"])
    signed = office.target.read_bytes()
    for number, found in enumerate(tokens(signed)):
        assert by_openssl(openssl, office, found, octets(signed, number=number))
        assert not by_openssl(openssl, office, found, octets(signed, number=1 - number))
    report = office.verify(profile="xades-b-t")
    assert said(report) == "VALID passed"
    assert [len(one.timestamps) for one in report.signatures] == [1, 1]


def test_files(office: Office) -> None:
    extra = office.folder / "tenpu.csv"
    extra.write_bytes(b"1,2\r\n")
    office.sign(files=[extra])
    assert said(office.verify(files=[extra], profile="xades-b-t")) == "VALID passed"
    extra.write_bytes(b"1,3\r\n")
    assert said(office.verify(files=[extra])) == "INVALID HASH_FAILURE digest-differs"


def test_command_line(jitsuin: Callable[..., Any], desk: Path, card: Callable[..., str], at: datetime) -> None:
    source = desk / "order.xml"
    source.write_text(ORDER, encoding="utf-8")
    key = ["--key", card(), "--trust", "simulator", "--revocation", "off"]
    run = jitsuin("sign", source, *key, "--pin-source", "env:PIN", "--profile", "xades-b-b", "--dry-run")
    assert run.code == 0, run.err
    run = jitsuin("sign", source, *key, "--profile", "xmldsig", "--timestamp-url", "http://tsa.example/", "--dry-run")
    assert run.code == 2
    assert "--profile xades-b-t" in run.err
    run = jitsuin("profiles")
    assert "xades-b-b" in run.out
    assert "xades-b-t" in run.out


# The time that counts


def test_expired_and_revoked_afterwards(office: Office) -> None:
    office.sign()
    later = EXPIRES + DAY
    assert said(office.verify(at=later)) == "VALID passed"
    assert said(office.verify(at=later, trusted=False)) == EXPIRED
    assert said(office.verify(at=later, trusted=False, timestamp_trust=[office.authority.certificate])) == EXPIRED
    office.authority.revoke(office.holder, SIGNED + DAY, x509.ReasonFlags.key_compromise)
    crls = []
    for one in (office.authority, office.clock):
        crls.append(office.folder / f"{one.common_name}.crl")
        crls[-1].write_bytes(one.crl(SIGNED + 2 * DAY).public_bytes(Encoding.DER))
    options: dict[str, Any] = {"at": SIGNED + 3 * DAY, "revocation": "require", "crls": crls}
    assert said(office.verify(**options)) == "VALID passed"
    assert said(office.verify(**options, trusted=False)) == "INDETERMINATE REVOKED_NO_POE revoked"


def test_profile_wants_proof(office: Office) -> None:
    office.sign()
    assert said(office.verify(trusted=False)) == "VALID passed"
    wanted = office.verify(trusted=False, profile="xades-b-t")
    assert said(wanted) == "INDETERMINATE NO_CERTIFICATE_CHAIN_FOUND timestamp-authority-unknown"
    assert said(office.verify(trusted=False, profile="xades-b-b")) == "VALID passed"


def test_the_claimed_time_proves_nothing(office: Office) -> None:
    office.sign(profile="xades-b-b", timestamp_url=None, timestamp_trust=[])
    assert said(office.verify(at=EXPIRES + DAY)) == EXPIRED


# Timestamps of others and false ones: each is put into a signature of level B-B


@pytest.fixture
def plain(office: Office) -> Office:
    office.sign(profile="xades-b-b", timestamp_url=None, timestamp_trust=[])
    return office


CANONICALIZATION = f'<ds:CanonicalizationMethod xmlns:ds="{DSIG}" Algorithm="%s"/>'
METHODS = {
    "none named": ("", False),
    "Canonical XML 1.0": (CANONICALIZATION % "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", False),
    "Canonical XML 1.1": (CANONICALIZATION % "http://www.w3.org/2006/12/xml-c14n11", False),
    "exclusive": (CANONICALIZATION % "http://www.w3.org/2001/10/xml-exc-c14n#", True),
}


@pytest.mark.parametrize("method", METHODS)
def test_canonicalised_in_other_ways(method: str, plain: Office) -> None:
    named, exclusive = METHODS[method]
    signed = plain.target.read_bytes()
    encoding = ' Encoding="http://uri.etsi.org/01903/v1.2.2#DER"'
    for content, expected in (
        (octets(signed, exclusive=exclusive), "VALID passed"),
        (octets(signed, exclusive=not exclusive), "INVALID HASH_FAILURE timestamp-of-something-else"),
        (
            base64.b64decode(etree.fromstring(octets(signed)).text or ""),
            "INVALID HASH_FAILURE timestamp-of-something-else",
        ),
    ):
        one = stamp(token(plain.tsa, content), before=named, attribute=encoding)
        plain.target.write_bytes(signed.replace(TAIL, unsigned(one) + TAIL))
        assert said(plain.verify(at=EXPIRES + DAY)) == expected


def test_the_oldest_of_several_counts(plain: Office) -> None:
    signed = plain.target.read_bytes()
    made = [stamp(token(Tsa(plain.clock, at=SIGNED + days * DAY), octets(signed))) for days in (3, 1, 2)]
    plain.target.write_bytes(signed.replace(TAIL, unsigned(*made) + TAIL))
    (signature,) = plain.verify(at=EXPIRES + DAY, profile="xades-b-t").signatures
    assert signature.verdict.passed
    assert signature.proven is not None
    assert SIGNED + DAY <= signature.proven < SIGNED + 2 * DAY
    plain.target.write_bytes(signed.replace(TAIL, unsigned(*made * 7) + TAIL))
    assert said(plain.verify()) == "INVALID FORMAT_FAILURE too-many-timestamps"


def test_two_in_one_property(plain: Office) -> None:
    """The schema allows it, and level B-T does not."""
    signed = plain.target.read_bytes()
    one = stamp(token(plain.tsa, octets(signed)))
    both = re.sub(rb"(<xades:Encaps.*</xades:Encaps[^>]*>)", rb"\1\1", one, flags=re.DOTALL)
    plain.target.write_bytes(signed.replace(TAIL, unsigned(both) + TAIL))
    report = plain.verify(at=EXPIRES + DAY)
    assert (said(report), len(report.signatures[0].timestamps)) == ("VALID passed", 2)
    assert said(plain.verify(profile="xades-b-b")) == "VALID passed"
    (signature,) = plain.verify(profile="xades-b-t").signatures
    assert (signature.verdict.reason, signature.verdict.facts["rule"]) == ("not-the-form", "one-timestamp-each")


def test_an_altered_token(office: Office) -> None:
    office.sign()

    def change(match: re.Match[bytes]) -> bytes:
        return match[1] + base64.b64encode(base64.b64decode(match[2]).replace(b"20260302", b"20250302", 1))

    office.change(rb"(<xades:EncapsulatedTimeStamp>)([^<]*)", change)
    report = office.verify(at=EXPIRES + DAY)
    assert said(report) == "INVALID SIG_CRYPTO_FAILURE timestamp-altered"
    assert report.signatures[0].timestamps[0].finding.at is None
    assert said(office.verify(profile="xades-b-t")) == "INVALID SIG_CONSTRAINTS_FAILURE not-the-form"


def test_a_token_of_another_signature(office: Office) -> None:
    office.sign(references=["T"])
    (other,) = tokens(office.target.read_bytes())
    office.sign(references=["U"])
    office.change(rb"(<xades:EncapsulatedTimeStamp>)[^<]*", lambda match: match[1] + base64.b64encode(other))
    report = office.verify(at=EXPIRES + DAY)
    assert said(report) == "INVALID HASH_FAILURE timestamp-of-something-else"
    assert report.signatures[0].proven is None


def test_the_signature_it_is_about_is_altered(office: Office) -> None:
    """ECDSA has many values for one message: a timestamp is about the one that was there."""
    office.sign()
    assert said(office.verify(at=EXPIRES + DAY)) == "VALID passed"
    office.change(rb"(<ds:SignatureValue>[^<]*)", rb"\1 ")
    assert said(office.verify(at=EXPIRES + DAY)) == "INVALID HASH_FAILURE timestamp-of-something-else"


def test_damage_to_what_nobody_signs(office: Office) -> None:
    """Whatever becomes of it, no other time is proven, and nothing but the profile's level is lost unnoticed."""
    office.sign()
    data, chance = office.target.read_bytes(), random.Random(1)  # noqa: S311 - damage, not keys
    (control,) = office.verify().signatures
    start, end = (data.index(tag) for tag in (b"<xades:UnsignedProperties", TAIL))
    proven = 0
    for number in range(400):
        place = start + number * (end - start) // 400
        byte = chance.choice((b"", b"x", b" ", b"<", b"&#10;", bytes([data[place] ^ 1 << chance.randrange(7)])))
        office.target.write_bytes(data[:place] + byte + data[place + 1 :])
        (signature,) = office.verify().signatures
        assert signature.proven in (None, control.proven)
        proven += signature.proven is not None
        assert (signature.finding.claimed_at in (None, SIGNED)) or not signature.verdict.passed
    assert 0 < proven < 40, "a blank in base64 does no harm"


UNREADABLE: dict[str, Callable[[bytes], bytes]] = {
    "no base64": lambda right: re.sub(rb">\n[^<]*<", b">%<", right),
    "no token": lambda right: re.sub(rb">\n[^<]*<", b">AAAA<", right),
    "empty": lambda right: b"<xades:SignatureTimeStamp/>",
    "no element of its own": lambda right: re.sub(rb"(>\n)", rb"><t/>\1", right, count=1),
    "XMLTimeStamp": lambda right: right.replace(b"EncapsulatedTimeStamp", b"XMLTimeStamp"),
    "another encoding": lambda right: right.replace(b"TimeStamp>\n", b'TimeStamp Encoding="urn:PER">\n'),
    "Include": lambda right: right.replace(b"<xades:Encaps", b'<xades:Include URI="#T"/><xades:Encaps'),
    "unknown canonicalisation": lambda right: right.replace(
        b"<xades:Encaps", (CANONICALIZATION % "urn:own").encode() + b"<xades:Encaps"
    ),
    "something behind": lambda right: right.replace(b"</xades:SignatureT", b"<t/></xades:SignatureT"),
    "text": lambda right: right.replace(b"</xades:SignatureT", b"text</xades:SignatureT"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_unreadable_ones_prove_nothing(case: str, plain: Office) -> None:
    """They take nothing away either: anybody can put them there, beside one that is right or alone."""
    signed = plain.target.read_bytes()
    right = stamp(token(plain.tsa, octets(signed)))
    wrong = UNREADABLE[case](right)
    assert wrong != right
    for content, expected, by_form in (
        ([right], "VALID passed", "VALID passed"),
        ([wrong], EXPIRED, "INVALID SIG_CONSTRAINTS_FAILURE not-the-form"),
        ([wrong, right], "VALID passed", "VALID passed"),
    ):
        plain.target.write_bytes(signed.replace(TAIL, unsigned(*content) + TAIL))
        report = plain.verify(at=EXPIRES + DAY)
        assert said(report) == expected
        assert len(report.signatures[0].timestamps) == len(content)
        assert verify_text(report)
        assert said(plain.verify(at=EXPIRES + DAY, profile="xades-b-t")) == by_form


def test_one_over_what_cannot_be_canonicalised(office: Office) -> None:
    """Canonical XML 1.1 joins the xml:base around, which is refused; and nobody signed that it should."""
    office.source.write_text('<r xml:base="http://127.0.0.1/"><t id="T">x</t></r>')
    office.sign(profile="xades-b-b", timestamp_url=None, timestamp_trust=[])
    signed = office.target.read_bytes()
    for algorithm, expected in (("TR/2001/REC-xml-c14n-20010315", None), ("2006/12/xml-c14n11", "canonicalization")):
        before = CANONICALIZATION % f"http://www.w3.org/{algorithm}"
        right = stamp(token(office.tsa, in_place(signed)), before=before)
        office.target.write_bytes(signed.replace(TAIL, unsigned(right) + TAIL))
        report = office.verify()
        assert said(report) == "VALID passed"
        assert [one.verdict.reason for one in report.signatures[0].timestamps] == [expected or "passed"]
        assert (report.signatures[0].proven is None) is (expected is not None)


def test_out_of_their_place(plain: Office) -> None:
    """A timestamp elsewhere is none: it is named as uncovered, or refused where only properties may stand."""
    signed = plain.target.read_bytes()
    right = stamp(token(plain.tsa, octets(signed)))
    plain.target.write_bytes(signed.replace(TAIL, unsigned(right) + TAIL))
    assert said(plain.verify(at=EXPIRES + DAY)) == "VALID passed", "the control"
    declared = unsigned(right).replace(b"Properties>", f'Properties xmlns:xades="{XADES}">'.encode(), 1)
    for place, expected in (
        (b"</xades:SignedSignatureProperties>", "INVALID HASH_FAILURE digest-differs"),
        (b"</ds:Object>", "INVALID FORMAT_FAILURE unexpected-element"),
        (TAIL, "INVALID FORMAT_FAILURE unexpected-element"),
    ):
        twice = declared * (2 if place == TAIL else 1)
        plain.target.write_bytes(signed.replace(place, twice + place))
        assert said(plain.verify(at=EXPIRES + DAY)) == expected
    data = b"<xades:UnsignedProperties><xades:UnsignedDataObjectProperties>" + right
    data += b"</xades:UnsignedDataObjectProperties></xades:UnsignedProperties>"
    plain.target.write_bytes(signed.replace(TAIL, data + TAIL))
    report = plain.verify(at=EXPIRES + DAY)
    assert said(report) == EXPIRED
    assert report.signatures[0].timestamps == ()
    assert "UnsignedDataObjectProperties" in verify_text(report)


def test_timestamp_on_a_signature_without_properties(plain: Office) -> None:
    """Level T without B: there is only what nobody signs, and the timestamp proves itself."""
    plain.sign(profile="xmldsig", timestamp_url=None, timestamp_trust=[])
    signed = plain.target.read_bytes()
    identifier = re.search(rb'Signature [^>]*Id="([^"]*)"', signed)
    assert identifier is not None
    declared = f'<xades:QualifyingProperties xmlns:xades="{XADES}" Target="#'.encode() + identifier[1] + b'">'
    held = b"<ds:Object>" + declared + unsigned(stamp(token(plain.tsa, octets(signed)))) + TAIL + b"</ds:Object>"
    plain.target.write_bytes(signed.replace(b"</ds:Signature>", held + b"</ds:Signature>"))
    assert said(plain.verify(at=EXPIRES + DAY)) == "VALID passed"
    assert said(plain.verify(profile="xades-b-t")) == "INVALID SIG_CONSTRAINTS_FAILURE not-the-form"
