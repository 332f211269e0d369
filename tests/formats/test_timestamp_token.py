"""Timestamps of openssl are read as openssl reads them; what is altered, malformed or not asked for is refused."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import algos, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from authority import sign
from jitsuin.formats.der import DerError
from jitsuin.formats.timestamp_protocol import read_response, timestamp_request
from jitsuin.formats.timestamp_token import judge_token, read_token
from jitsuin.formats.verdict import RefusedSignatureError, SubIndication

if TYPE_CHECKING:
    from authority import Authority, Credential
    from judges import OpenSsl
    from responders import Tsa

AT = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
CONTENT = "署名値".encode() * 50


def digest(name: str = "sha256", content: bytes = CONTENT) -> bytes:
    return hashlib.new(name, content).digest()


def request(name: str = "sha256", **fields: Any) -> bytes:
    """By asn1crypto; ours asks for SHA-256 only."""
    imprint = {"hash_algorithm": {"algorithm": name}, "hashed_message": digest(name)}
    asked = {"version": 1, "message_imprint": imprint, "cert_req": True, **fields}
    return bytes(tsp.TimeStampReq(asked).dump())


def token_of(response: bytes) -> bytes:
    token = read_response(response).token
    assert token is not None
    return token


@pytest.fixture
def token(tsa: Tsa) -> bytes:
    tsa.at = AT
    return token_of(tsa.answer(timestamp_request(digest(), 5)))


def refusal(encoded: bytes) -> tuple[SubIndication | None, str]:
    """Why a token is not even read."""
    with pytest.raises(RefusedSignatureError) as caught:
        read_token(encoded)
    finding = judge_token(encoded, digest)
    assert finding.verdict == caught.value.verdict
    assert (finding.at, finding.certificate, finding.latest) == (None, None, None)
    return caught.value.verdict.sub_indication, caught.value.verdict.reason


@pytest.fixture
def openssl_says(openssl: OpenSsl, authority: Authority, tmp_path: Path) -> Callable[..., bool]:
    """Whether openssl takes the token for one of `authority` over the content."""

    def verify(encoded: bytes, content: bytes = CONTENT, name: str = "sha256") -> bool:
        (tmp_path / "token").write_bytes(encoded)
        (tmp_path / "ca.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
        what = ["-digest", digest(name, content).hex(), "-in", tmp_path / "token", "-token_in"]
        done = openssl.run("ts", "-verify", *what, "-CAfile", tmp_path / "ca.pem", "-attime", str(int(AT.timestamp())))
        return done.returncode == 0 and b"Verification: OK" in done.stdout

    return verify


# Read as it was written


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
def test_openssl_stamps(name: str, tsa: Tsa, openssl_says) -> None:
    tsa.at = AT
    encoded = token_of(tsa.answer(request(name, nonce=2**63 + 5)))
    assert openssl_says(encoded, name=name)
    read = read_token(encoded)
    assert AT <= read.at < AT + timedelta(minutes=1), "the clock runs on while openssl starts"
    assert (read.accuracy, read.nonce) == (timedelta(seconds=1), 2**63 + 5)
    assert (read.hash_name, read.imprint) == (name, digest(name))
    assert (read.policy, read.serial) == ("1.3.6.1.4.1.32473.1.1", 1)
    finding = judge_token(encoded, lambda asked: digest(asked), "Stamp1")
    assert finding.verdict.passed
    assert (finding.place, finding.at, finding.latest) == ("Stamp1", read.at, read.at + timedelta(seconds=1))
    assert finding.certificate == tsa.credential.certificate
    assert finding.embedded == tsa.credential.issuers


def test_without_what_is_optional(tsa: Tsa) -> None:
    read = read_token(token_of(tsa.answer(request())))
    assert read.nonce is None
    assert abs(read.at - datetime.now(UTC)) < timedelta(minutes=5)


def test_over_something_else(token, openssl_says) -> None:
    """Whose and of when it is, is known all the same: its own signature is right."""
    assert openssl_says(token)
    assert not openssl_says(token, CONTENT + b".")
    finding = judge_token(token, lambda name: digest(name, CONTENT + b"."))
    assert (finding.verdict.sub_indication, finding.verdict.reason) == (
        SubIndication.HASH_FAILURE,
        "timestamp-of-something-else",
    )
    assert finding.at == read_token(token).at


def test_altered(token: bytes, openssl_says) -> None:
    for altered in (
        token.replace(b"\x18\x0f20260601", b"\x18\x0f20250601", 1),
        token.replace(digest(), digest(content=b"")),
        token[:-1] + bytes([token[-1] ^ 1]),
    ):
        assert len(altered) == len(token)
        assert altered != token
        assert refusal(altered) == (SubIndication.SIG_CRYPTO_FAILURE, "timestamp-altered")
        assert not openssl_says(altered)


def test_a_document_signature_is_no_timestamp(party) -> None:
    from jitsuin.formats.cms import cms_form
    from jitsuin.formats.profiles import Chain

    who = party("valid")
    form = cms_form(who.identity, Chain.FULL, signing_time=None)
    signed = form.content_info(digest(), who.sign(form.signed_attributes(digest()), form.scheme))
    assert refusal(signed) == (SubIndication.SIG_CONSTRAINTS_FAILURE, "cms-content-type")


def test_a_token_is_no_document_signature(token: bytes) -> None:
    from jitsuin.formats.cms_reading import read_signed_data

    with pytest.raises(RefusedSignatureError) as caught:
        read_signed_data(token, accept_sha1=True)
    assert caught.value.verdict.reason == "cms-content-type"


def test_without_its_certificate(tsa: Tsa) -> None:
    encoded = token_of(tsa.answer(request(cert_req=False)))
    assert refusal(encoded) == (SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "no-certificate")


# Tokens of our own making, which openssl takes where they are right


def der(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    octets = len(content).to_bytes(1 + (len(content) > 255))
    size = octets if len(content) < 128 else bytes([0x80 | len(octets)]) + octets
    return bytes([tag]) + size + content


def oid(dotted: str) -> bytes:
    return bytes(core.ObjectIdentifier(dotted).dump())


def algorithm(name: str) -> bytes:
    return bytes(algos.DigestAlgorithm({"algorithm": name}).dump())


def attribute(kind: str, value: bytes) -> bytes:
    return der(0x30, oid(kind), der(0x31, value))


@dataclass
class Parts:
    """The fields of a TSTInfo in DER; empty ones are left out."""

    version: bytes = b"\x02\x01\x01"
    policy: bytes = field(default_factory=lambda: oid("1.3.6.1.4.1.32473.1.1"))
    imprint: bytes = field(default_factory=lambda: der(0x30, algorithm("sha256"), der(4, digest())))
    serial: bytes = b"\x02\x01\x07"
    time: bytes = b"20260601030000Z"
    accuracy: bytes = b"\x30\x03\x02\x01\x01"
    rest: bytes = b""

    @property
    def encoded(self) -> bytes:
        time = der(0x18, self.time)
        return der(0x30, self.version, self.policy, self.imprint, self.serial, time, self.accuracy, self.rest)


class Forger:
    """Has the key of an authority, and signs whatever it is given as a TSTInfo."""

    def __init__(self, signer: Credential) -> None:
        self._signer = signer
        self.certificate = signer.certificate.public_bytes(Encoding.DER)
        self.ess = {ESS_V2: self.named_v2()}

    def named_v1(self, certificate: bytes | None = None) -> bytes:
        hashed = hashlib.sha1(certificate or self.certificate).digest()  # noqa: S324 - by definition
        return der(0x30, der(0x30, der(0x30, der(4, hashed))))

    def named_v2(self) -> bytes:
        return der(0x30, der(0x30, der(0x30, der(4, hashlib.sha256(self.certificate).digest()))))

    def token(self, content: bytes | Parts) -> bytes:
        content = content.encoded if isinstance(content, Parts) else content
        attributes = [
            attribute("1.2.840.113549.1.9.3", oid(TST_INFO)),
            attribute("1.2.840.113549.1.9.4", der(4, hashlib.sha256(content).digest())),
            *(attribute(kind, value) for kind, value in self.ess.items()),
        ]
        signed = b"".join(sorted(attributes))
        issuer = asn1_x509.Certificate.load(self.certificate)
        identifier = der(0x30, issuer.issuer.dump(), core.Integer(issuer.serial_number).dump())
        value = sign(self._signer.key, der(0x31, signed))
        ecdsa = der(0x30, oid("1.2.840.10045.4.3.2"))
        information = der(
            0x30, b"\x02\x01\x01", identifier, algorithm("sha256"), der(0xA0, signed), ecdsa, der(4, value)
        )
        inside = der(0x30, oid(TST_INFO), der(0xA0, der(4, content)))
        data = [b"\x02\x01\x03", der(0x31, algorithm("sha256")), inside, der(0xA0, self.certificate)]
        return der(0x30, oid("1.2.840.113549.1.7.2"), der(0xA0, der(0x30, *data, der(0x31, information))))


TST_INFO = "1.2.840.113549.1.9.16.1.4"
ESS_V1, ESS_V2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"


@pytest.fixture
def forger(authority: Authority) -> Forger:
    return Forger(authority.tsa())


def test_the_control(forger: Forger, openssl_says) -> None:
    encoded = forger.token(Parts())
    assert openssl_says(encoded)
    read = read_token(encoded)
    assert (read.at, read.accuracy, read.serial, read.nonce) == (AT, timedelta(seconds=1), 7, None)


def test_ess_attribute_is_demanded(forger: Forger, authority: Authority, openssl_says) -> None:
    """SHA-1 in the older one is how RFC 3161 has it."""
    right, forger.ess = forger.ess, {}
    assert refusal(forger.token(Parts())) == (SubIndication.SIG_CONSTRAINTS_FAILURE, "signing-certificate-missing")
    assert not openssl_says(forger.token(Parts()))
    other = authority.tsa("Another").certificate.public_bytes(Encoding.DER)
    forger.ess = {ESS_V1: forger.named_v1(other)}
    assert refusal(forger.token(Parts())) == (SubIndication.SIG_CONSTRAINTS_FAILURE, "signing-certificate-differs")
    assert not openssl_says(forger.token(Parts()))
    forger.ess = {ESS_V1: forger.named_v1()}
    assert judge_token(forger.token(Parts()), digest).verdict.passed
    assert openssl_says(forger.token(Parts()))
    forger.ess |= right
    assert judge_token(forger.token(Parts()), digest).verdict.passed


def test_weak_hashes_are_refused(forger: Forger) -> None:
    sha1 = der(0x30, algorithm("sha1"), der(4, hashlib.sha1(CONTENT).digest()))  # noqa: S324 - to be refused
    assert refusal(forger.token(Parts(imprint=sha1))) == (
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
        "timestamp-hash-weak",
    )
    md5 = der(0x30, algorithm("md5"), der(4, bytes(16)))
    assert refusal(forger.token(Parts(imprint=md5)))[1] == "algorithm-refused"


@pytest.mark.parametrize("critical", [b"\x01\x01\xff", b"\x01\x01\x00", b""])
def test_extensions(forger: Forger, critical: bytes) -> None:
    extension = der(0x30, oid("1.3.6.1.4.1.32473.2"), critical, der(4, b"\x05\x00"))
    encoded = forger.token(Parts(rest=der(0xA1, extension)))
    if critical.endswith(b"\xff"):
        assert refusal(encoded) == (SubIndication.SIG_CONSTRAINTS_FAILURE, "timestamp-extension")
    else:
        assert judge_token(encoded, digest).verdict.passed


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (b"20260601030000Z", AT),
        (b"20260601030000.5Z", AT + timedelta(milliseconds=500)),
        (b"20260601030000.123456789Z", AT + timedelta(microseconds=123456)),
        (b"20260601030000.Z", None),
        (b"202606010300Z", None),
        (b"20260601030000", None),
        (b"20260601030000+0900", None),
        (b"20260601030060Z", None),
        (b"20261301030000Z", None),
        ("２".encode() + b"0260601030000Z", None),
        (b"99991231235959Z", None),  # with its accuracy it is behind the last year
    ],
)
def test_times(time: bytes, expected: datetime | None, forger: Forger) -> None:
    encoded = forger.token(Parts(time=time))
    if expected is None:
        assert refusal(encoded) == (SubIndication.FORMAT_FAILURE, "timestamp-malformed")
    else:
        assert read_token(encoded).at == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (b"\x02\x01\x02\x80\x02\x01\xf4\x81\x01\x01", timedelta(seconds=2, milliseconds=500, microseconds=1)),
        (b"\x80\x02\x03\xe7", timedelta(milliseconds=999)),
        (b"", timedelta()),
        (b"\x80\x02\x03\xe8", None),  # 1000 ms
        (b"\x02\x01\xff", None),  # -1 s
        (b"\x02\x02\x00\x01", None),  # in a long form
        (b"\x02\x08" + b"\x7f" * 8, None),
        (b"\x02\x41" + b"\x7f" * 65, None),
        (b"\x81\x01\x01\x80\x01\x01", None),  # in the wrong order
    ],
)
def test_accuracy(fields: bytes, expected: timedelta | None, forger: Forger) -> None:
    encoded = forger.token(Parts(accuracy=der(0x30, fields)))
    if expected is None:
        assert refusal(encoded) == (SubIndication.FORMAT_FAILURE, "timestamp-malformed")
    else:
        assert read_token(encoded).accuracy == expected


def test_malformed(forger: Forger) -> None:
    right = Parts().encoded
    short = der(0x30, algorithm("sha256"), der(4, bytes(31)))
    wrong = [b"", b"\x05\x00", b"\x30\x00", b"\x30\x80\0\0", right + b"\0", right[:-1]]
    wrong += [Parts(version=b"\x02\x01\x02").encoded, Parts(imprint=short).encoded, Parts(rest=b"\x05\x00").encoded]
    wrong += [Parts(rest=b"\x02\x01\x05" * 2).encoded, Parts(serial=b"").encoded, Parts(time=b"").encoded]
    for content in wrong:
        assert refusal(forger.token(content)) == (SubIndication.FORMAT_FAILURE, "timestamp-malformed"), content


def test_in_indefinite_length(token: bytes) -> None:
    """As some libraries write it. It cannot stand in a PDF, whose signatures are DER."""
    assert token[:2] == b"\x30\x82"
    assert refusal(b"\x30\x80" + token[4:] + b"\0\0") == (SubIndication.FORMAT_FAILURE, "cms-not-der")


def test_every_tenth_truncation(token: bytes) -> None:
    for length in range(0, len(token), 10):
        assert refusal(token[:length])[0] is SubIndication.FORMAT_FAILURE


def test_damage_is_refused_unless_it_changes_nothing(token: bytes, openssl_says) -> None:
    """What is taken after all, openssl takes as well: other certificates and unsigned parts can be anything."""
    chance = random.Random(20260601)  # noqa: S311 - damage, not keys
    right = read_token(token)
    accepted = []
    for number in range(1500):
        place = number * len(token) // 1500
        mutant = token[:place] + bytes([token[place] ^ 1 << chance.randrange(8)]) + token[place + 1 :]
        try:
            read = read_token(mutant)
        except RefusedSignatureError:
            continue
        assert (read.at, read.imprint, read.certificate) == (right.at, right.imprint, right.certificate)
        accepted.append(mutant)
    assert len(accepted) < 700  # most of the others lie in the root's certificate, which is not signed with it
    assert all(openssl_says(mutant) for mutant in accepted[::50])


# What is said to the authority, and what it answers


def test_request_as_openssl_reads_it(openssl: OpenSsl, tmp_path: Path) -> None:
    for nonce in (0, 1, 127, 128, 2**64 - 1):
        (tmp_path / "query").write_bytes(timestamp_request(digest(), nonce))
        said = openssl.run("ts", "-query", "-in", tmp_path / "query", "-text").stdout.decode()
        assert "Hash Algorithm: sha256" in said
        assert "Certificate required: yes" in said
        asked = tsp.TimeStampReq.load((tmp_path / "query").read_bytes(), strict=True)
        assert asked["nonce"].native == nonce
        assert asked["message_imprint"]["hashed_message"].native == digest()


@pytest.mark.parametrize(
    ("bits", "failure"),
    [
        (b"\x03\x02\x07\x80", "badAlg"),
        (b"\x03\x03\x01\x00\x02", "timeNotAvailable"),
        (b"\x03\x03\x04\x24\x10", "badRequest, badDataFormat, 11"),
        (b"", "rejection"),
    ],
)
def test_refusals(bits: bytes, failure: str) -> None:
    texts = der(0x30, der(0x0C, "後で".encode()), der(0x0C, b"later\x1b[2J"))
    response = read_response(der(0x30, der(0x30, b"\x02\x01\x02", texts, bits)))
    assert (response.granted, response.failure, response.token) == (False, failure, None)
    assert response.text == "後で later\x1b[2J", "made safe where it is shown"


def test_a_refusal_of_openssl(tsa: Tsa) -> None:
    response = read_response(tsa.answer(request("sha1")))
    assert (response.granted, response.failure, response.token) == (False, "badAlg", None)


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_junk_is_no_answer(junk: bytes) -> None:
    for encoded in (junk, b"\x30" + bytes([len(junk)]) + junk, b"\x30\x03\x02\x01\x00" + junk):
        try:
            read_response(encoded)
        except DerError:
            continue
    with pytest.raises(RefusedSignatureError):
        read_token(junk)
