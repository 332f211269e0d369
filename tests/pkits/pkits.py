"""NIST's Public Key Interoperability Test Suite (PKITS 1.0.1, files of 2011): its tests, and a document for each.

tests.csv holds what NIST's document says of every test: number, name, expected result, certificates from the one below
the trust anchor to the signer's. The certificates, CRLs and private keys come from the package cryptography-vectors.
"""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import cryptography_vectors
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from handmade import with_table
from jitsuin.formats.base import SigningIdentity
from jitsuin.formats.generic_xml import GenericXmlAdapter
from jitsuin.formats.pdf.adapter import PdfAdapter
from jitsuin.formats.profiles import PROFILES
from jitsuin.formats.source import Source

AT = datetime(2026, 3, 2, tzinfo=UTC)
"""The suite's certificates are valid from 2010 to 2030, but for those whose period is what is tested."""
DATA = Path(cryptography_vectors.__file__).with_name("x509") / "PKITS_data"
CRLS = DATA / "crls"
CERTIFICATES = DATA / "certs"


@dataclass(frozen=True)
class Case:
    """One test, with the initial values of RFC 5280 that NIST calls default: any policy will do."""

    number: str
    name: str
    valid: bool
    files: tuple[str, ...]

    @property
    def section(self) -> str:
        """Such as 4.1."""
        return self.number.rpartition(".")[0]


@dataclass(frozen=True)
class PolicyCase:
    """A test once more, with other initial values: the policies wanted, and RFC 5280's three switches."""

    number: str
    valid: bool
    policies: tuple[int, ...] = ()
    """NIST-test-policy-N; none is any policy."""
    explicit: bool = False
    no_mapping: bool = False
    no_any: bool = False

    def __str__(self) -> str:
        wanted = "+".join(map(str, self.policies)) or "any"
        switches = [name for name in ("explicit", "no_mapping", "no_any") if getattr(self, name)]
        return "-".join([self.number, wanted, *switches])


@cache
def cases() -> dict[str, Case]:
    """All 224, by number."""
    with Path(__file__).with_name("tests.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    return {
        line["number"]: Case(
            line["number"], line["name"], line["expected"] == "valid", tuple(line["certificates"].split())
        )
        for line in lines
    }


POLICY_CASES = (
    PolicyCase("4.8.1", True, (), explicit=True),
    PolicyCase("4.8.1", True, (1,), explicit=True),
    PolicyCase("4.8.1", False, (2,), explicit=True),
    PolicyCase("4.8.1", True, (1, 2), explicit=True),
    PolicyCase("4.8.2", False, (), explicit=True),
    PolicyCase("4.8.3", False, (), explicit=True),
    PolicyCase("4.8.3", False, (1, 2), explicit=True),
    PolicyCase("4.8.6", True, (1,)),
    PolicyCase("4.8.6", False, (2,)),
    PolicyCase("4.8.10", True, (1,)),
    PolicyCase("4.8.10", True, (2,)),
    PolicyCase("4.8.11", True, (1,)),
    PolicyCase("4.8.13", True, (1,)),
    PolicyCase("4.8.13", True, (2,)),
    PolicyCase("4.8.13", True, (3,)),
    PolicyCase("4.8.14", True, (1,)),
    PolicyCase("4.8.14", False, (2,)),
    PolicyCase("4.8.18", True, (1,)),
    PolicyCase("4.8.18", True, (2,)),
    PolicyCase("4.8.20", True, (1,), explicit=True),
    PolicyCase("4.10.1", True, (1,)),
    PolicyCase("4.10.1", False, (2,)),
    PolicyCase("4.10.1", False, (), no_mapping=True),
    PolicyCase("4.10.2", False, (), no_mapping=True),
    PolicyCase("4.10.3", False, (1,)),
    PolicyCase("4.10.3", True, (2,)),
    PolicyCase("4.10.5", True, (1,)),
    PolicyCase("4.10.5", False, (6,)),
    PolicyCase("4.10.6", True, (1,)),
    PolicyCase("4.10.6", False, (6,)),
    PolicyCase("4.10.12", True, (1,)),
    PolicyCase("4.10.12", True, (2,)),
    PolicyCase("4.12.3", False, (), no_any=True),
)
"""The suite's further parts of these tests. `jitsuin` has no option for such values."""


@cache
def der(stem: str) -> bytes:
    """A certificate of the suite."""
    return (CERTIFICATES / f"{stem}.crt").read_bytes()


@cache
def certificate(stem: str) -> x509.Certificate:
    """The same, read. Raises ValueError for the two that cryptography does not read."""
    return x509.load_der_x509_certificate(der(stem))


@cache
def anchor() -> x509.Certificate:
    """The root of all."""
    return certificate("TrustAnchorRootCertificate")


def signed_pdf(files: Sequence[str]) -> bytes:
    """Signed with the private key of the last of these certificates; it carries all.

    Raises UnsupportedDocumentError for a key that signs no documents here, ValueError for a certificate that cannot be
    read.
    """
    key, _, _ = pkcs12.load_key_and_certificates((DATA / "pkcs12" / f"{files[-1]}.p12").read_bytes(), b"password")
    issuers = [certificate(one) for one in reversed(files[:-1])]
    adapter, identity = PdfAdapter(), SigningIdentity(certificate(files[-1]), tuple(issuers))
    document = adapter.open(Source.of(with_table()))
    prepared = adapter.prepare(document, identity, PROFILES["pades-b-b"], AT)
    assert isinstance(key, rsa.RSAPrivateKey)
    out = io.BytesIO()
    prepared.embed(key.sign(prepared.to_be_signed, padding.PKCS1v15(), hashes.SHA256()), out)
    return out.getvalue()


def unreadable_xml(files: Sequence[str]) -> bytes:
    """One that carries the last certificate, which cannot be read; so that another key has signed."""
    adapter, key = GenericXmlAdapter(), ec.generate_private_key(ec.SECP256R1())
    document = adapter.open(Source.of(b"<a>PKITS</a>"))
    prepared = adapter.prepare(document, SigningIdentity(anchor()), PROFILES["xmldsig"], AT)
    out = io.BytesIO()
    prepared.embed(key.sign(prepared.to_be_signed, ec.ECDSA(hashes.SHA256())), out)
    ours, theirs = (base64.b64encode(one) for one in (anchor().public_bytes(Encoding.DER), der(files[-1])))
    one_line = re.sub(rb"(?<=[\w/+=])\n(?=[\w/+=])", b"", out.getvalue())
    assert ours in one_line
    return one_line.replace(ours, theirs)
