"""The parts of an XML Signature as text, in canonical form to begin with."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import utils

from .base import SigningIdentity
from .c14n import C14N_10, escape_attribute
from .profiles import Chain
from .signature_value import hash_name
from .xmldsig_algorithms import DIGEST_METHODS, DSIG, SIGNATURE_METHODS


@dataclass(frozen=True)
class WrittenReference:
    """One ds:Reference as it will be written."""

    uri: str
    digest: bytes
    transforms: tuple[str, ...]
    kind: str | None = None
    """Its Type."""
    identifier: str | None = None
    """Its Id."""


class Writer:
    """Elements of XML Signature in canonical form, with one prefix or none."""

    def __init__(self, prefix: str | None) -> None:
        self._prefix = prefix

    @property
    def namespaces(self) -> Mapping[str | None, str]:
        """What the Signature element declares."""
        return {self._prefix: DSIG}

    def name(self, local: str) -> str:
        return f"{self._prefix}:{local}" if self._prefix else local

    def open_signature(self, identifier: str) -> str:
        declaration = f"xmlns:{self._prefix}" if self._prefix else "xmlns"
        return f'<{self.name("Signature")} {declaration}="{DSIG}" Id="{identifier}">'

    def element(self, local: str, content: str = "", attributes: Mapping[str, str] | None = None) -> str:
        written = "".join(f' {k}="{escape_attribute(v).decode()}"' for k, v in (attributes or {}).items())
        return f"<{self.name(local)}{written}>{content}</{self.name(local)}>"

    def method(self, local: str, uri: str) -> str:
        return self.element(local, attributes={"Algorithm": uri})


def signed_info_content(writer: Writer, scheme: str, references: Iterable[WrittenReference]) -> str:
    content = writer.method("CanonicalizationMethod", C14N_10)
    content += writer.method("SignatureMethod", SIGNATURE_METHODS[scheme])
    for reference in references:
        transforms = "".join(writer.method("Transform", algorithm) for algorithm in reference.transforms)
        listed = writer.element("Transforms", transforms) if transforms else ""
        digest = writer.method("DigestMethod", DIGEST_METHODS[hash_name(scheme)])
        digest += writer.element("DigestValue", base64.b64encode(reference.digest).decode())
        named = {"Id": reference.identifier, "Type": reference.kind, "URI": reference.uri}  # in canonical order
        attributes = {key: value for key, value in named.items() if value is not None}
        content += writer.element("Reference", listed + digest, attributes)
    return content


def key_info(writer: Writer, identity: SigningIdentity, chain: Chain) -> str:
    certificates = [identity.certificate, *(identity.issuers if chain is Chain.FULL else ())]
    written = "".join(writer.element("X509Certificate", _in_base64(one)) for one in certificates)
    return writer.element("KeyInfo", writer.element("X509Data", written))


@lru_cache(maxsize=16)  # a folder of documents has one signer
def _in_base64(certificate: x509.Certificate) -> str:
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


def encoded_value(scheme: str, signature: bytes) -> str:
    """The text of SignatureValue."""
    return base64.b64encode(xmldsig_value(scheme, signature)).decode()


def xmldsig_value(scheme: str, signature: bytes) -> bytes:
    """SignatureValue octets: RSA as it is; ECDSA r and s side by side, each of the order's length (RFC 9231, 2.3.6)."""
    if not scheme.startswith("ecdsa"):
        return signature
    r, s = utils.decode_dss_signature(signature)
    length = _ORDER_BYTES[scheme]
    return r.to_bytes(length, "big") + s.to_bytes(length, "big")


_ORDER_BYTES = {"ecdsa-sha256": 32, "ecdsa-sha384": 48, "ecdsa-sha512": 66}
