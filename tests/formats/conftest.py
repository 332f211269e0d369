"""What the format tests share: keys without cards, a desk that signs and verifies, and a bench of judges.

The judges share no code with Jitsuin; a document counts as accepted when all of them and our own verifier say so.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from jitsuin.formats.base import (
    FormatAdapter,
    Prepared,
    SignatureFinding,
    SigningIdentity,
    VerificationPolicy,
    unreadable,
)
from jitsuin.formats.certificate_xml import CertificateXmlAdapter
from jitsuin.formats.errors import FormatError
from jitsuin.formats.etax import EtaxAdapter
from jitsuin.formats.generic_xml import GenericXmlAdapter
from jitsuin.formats.profiles import PROFILES
from jitsuin.formats.verdict import Verdict, worst
from jitsuin.signer.simulator.personas import PERSONAS
from jitsuin.signer.simulator.pki import ca_certificate, private_key, signature_certificate
from judges import DSIG, Jdk, JudgeResult, Xmlsec1

AT = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
HASHES = {"sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
ADAPTERS: Mapping[str, FormatAdapter] = {
    adapter.name: adapter for adapter in (EtaxAdapter(), CertificateXmlAdapter(), GenericXmlAdapter())
}

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Party:
    """A key in software with its certificate, and the certificates above it."""

    key: Key
    certificate: x509.Certificate
    issuers: tuple[x509.Certificate, ...] = ()

    @property
    def identity(self) -> SigningIdentity:
        return SigningIdentity(self.certificate, self.issuers)

    @property
    def chain(self) -> list[x509.Certificate]:
        return [self.certificate, *self.issuers]

    @property
    def pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def pkcs12(self) -> bytes:
        return pkcs12.serialize_key_and_certificates(
            b"party", self.key, self.certificate, self.issuers, BestAvailableEncryption(b"secret")
        )

    def sign(self, to_be_signed: bytes, scheme: str) -> bytes:
        """As a signer would: ECDSA values in DER."""
        algorithm = HASHES[scheme.rpartition("-")[2]]()
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(to_be_signed, padding.PKCS1v15(), algorithm)
        return self.key.sign(to_be_signed, ec.ECDSA(algorithm))


@cache
def holder(persona: str) -> Party:
    """The key and certificate of a simulated card's holder, without the card."""
    certificate = signature_certificate(PERSONAS[persona], AT)
    assert certificate is not None
    return Party(private_key(persona), certificate, (ca_certificate(PERSONAS[persona].ca),))


@cache
def curve(name: str) -> Party:
    """A self-signed certificate of the curve."""
    return issue(ec.generate_private_key({"p256": ec.SECP256R1(), "p521": ec.SECP521R1()}[name]))


def issue(key: Key, issuer: Party | None = None) -> Party:
    """A certificate for the key; without an issuer it signs itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{type(key).__name__} {key.key_size}")])
    builder = x509.CertificateBuilder(
        issuer.certificate.subject if issuer else name,
        name,
        key.public_key(),
        x509.random_serial_number(),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )
    certificate = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    return Party(key, certificate, tuple(issuer.chain) if issuer else ())


class Desk:
    """Signs and verifies through the adapters, as the pipeline does."""

    at = AT

    def prepare(self, data: bytes, who: Party, profile: str, **changes: object) -> Prepared:
        """The next signature to be made. `changes` are fields of the profile."""
        chosen = replace(PROFILES[profile], **changes)
        adapter = ADAPTERS[chosen.format]
        return adapter.prepare(adapter.open(data), who.identity, chosen, AT)

    def sign(self, data: bytes, who: Party, profile: str, **changes: object) -> bytes:
        """The signed document, its inner signatures first."""
        while True:
            prepared = self.prepare(data, who, profile, **changes)
            out = io.BytesIO()
            prepared.embed(who.sign(prepared.to_be_signed, prepared.scheme), out)
            data = out.getvalue()
            if prepared.last:
                return data

    def findings(self, data: bytes, format_name: str, **policy: object) -> Sequence[SignatureFinding]:
        """What the adapter finds; a document that cannot be opened gives one finding, too."""
        adapter = ADAPTERS[format_name]
        try:
            document = adapter.open(data)
        except FormatError as error:
            return [unreadable(error)]
        return adapter.verify(document, VerificationPolicy(**policy))

    def verdict(self, data: bytes, format_name: str, **policy: object) -> Verdict:
        """The worst verdict."""
        return worst(finding.verdict for finding in self.findings(data, format_name, **policy))


@pytest.fixture(scope="session")
def desk() -> Desk:
    return Desk()


@pytest.fixture(scope="session")
def party() -> Callable[[str], Party]:
    """The holder of a simulated card (`valid`, `second`, `p384`, …), or a self-signed `p256` or `p521`."""
    return lambda name: holder(name) if name in PERSONAS else curve(name)


@pytest.fixture(scope="session")
def certify() -> Callable[..., Party]:
    """A certificate for any key: `certify(key, issuer)`."""
    return issue


@pytest.fixture(scope="session")
def people(party: Callable[[str], Party]) -> list[Party]:
    """Five signers, of both kinds of key."""
    return [party(name) for name in ("valid", "second", "p384", "phone", "p256")]


@dataclass(frozen=True)
class Bench:
    """Our verifier and the judges, asked together."""

    desk: Desk
    jdk: Jdk
    xmlsec1: Xmlsec1
    folder: Path
    accepted: list[str] = field(default_factory=list)

    def accept(
        self, signed: bytes, format_name: str, *, count: int = 1, files: Mapping[str, bytes] | None = None
    ) -> Sequence[SignatureFinding]:
        """Everybody finds `count` signatures in the document, and all of them right; else the test fails."""
        findings = self.desk.findings(signed, format_name, files=files or {})
        assert [finding.verdict.passed for finding in findings] == [True] * count, findings
        by_jdk = self.jdk.verify(signed, folder=self._folder(files))
        assert by_jdk.ok, by_jdk.detail
        assert len(by_jdk.signatures) == count
        ours = [finding.certificate.fingerprint(hashes.SHA256()).hex() for finding in findings if finding.certificate]
        assert ours == [facts.certificate_sha256 for facts in by_jdk.signatures]
        # lxml, which lists the signatures for xmlsec1, knows this encoding by another name. It is no part of what is signed.
        renamed = signed.replace(b'encoding="Windows-31J"', b'encoding="CP932"', 1)
        by_xmlsec1 = self.xmlsec1.verify(renamed, folder=self._folder(files))
        # xmlsec1 does not decode percent-encoded fragments, and says so; then the JDK stands alone.
        assert by_xmlsec1.ok or by_xmlsec1.verdict == "cannot", by_xmlsec1.detail
        return findings

    def refuse(self, altered: bytes, format_name: str, **policy: object) -> Verdict:
        """Our verdict on a document that at least one judge refuses as well: it must not be VALID."""
        others = self.others(altered)
        assert not all(result.ok for result in others), "both judges find nothing wrong with it"
        verdict = self.desk.verdict(altered, format_name, **policy)
        assert not verdict.passed, verdict
        return verdict

    def others(self, document: bytes, files: Mapping[str, bytes] | None = None) -> tuple[JudgeResult, JudgeResult]:
        folder = self._folder(files)
        return self.jdk.verify(document, folder=folder), self.xmlsec1.verify(document, folder=folder)

    def _folder(self, files: Mapping[str, bytes] | None) -> Path | None:
        if not files:
            return None
        for name, content in files.items():
            (self.folder / name).write_bytes(content)
        return self.folder


@pytest.fixture
def bench(desk: Desk, jdk: Jdk, xmlsec1: Xmlsec1, tmp_path: Path) -> Bench:
    return Bench(desk, jdk, xmlsec1, tmp_path)


@pytest.fixture(scope="session")
def without_signature() -> Callable[..., bytes]:
    """Take the n-th Signature (in order of its end) out of the bytes again; a Signature holds no other one here."""

    def remove(signed: bytes, codec: str = "utf-8", prefix: str | None = "dsig", number: int = -1) -> bytes:
        name = f"{prefix}:Signature" if prefix else "Signature"
        declaration = f"xmlns:{prefix}" if prefix else "xmlns"
        opening = f'<{name} {declaration}="{DSIG}" Id="'.encode(codec)
        closing = f"</{name}>".encode(codec)
        start = [match.start() for match in re.finditer(re.escape(opening), signed)][number]
        end = signed.index(closing, start) + len(closing)
        return signed[:start] + signed[end:]

    return remove
