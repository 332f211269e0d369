"""The chains of certificates from one to an anchor, by key and name, in so many steps whatever a document brings.

A chain that is found is one of CAs whose keys signed the certificate before; whether it is valid is another question
(trust.py, certpath.py). Names of CAs are shared, and certificates in a document are anybody's, so that a name alone
leads nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.x509.oid import NameOID

from jitsuin.formats.der import INTEGER, SEQUENCE, Fields, context, read

_MAX_DEPTH = 8
"""Certificates in a chain, both ends included."""
_MAX_STEPS = 1000
"""What honest documents bring takes a few."""
_MAX_SIGNATURES = 100
"""Of certificates, checked in one search. With slow keys each takes milliseconds, and documents ask for many."""

_TEST_ORGANIZATION = "jpki-test"
"""As `_spaced` makes it of O=JPKI-TEST."""

_Chain = tuple[x509.Certificate, ...]


class ChainSearch:
    """The search for the chains of one certificate. It remembers who issued what, and how many steps are left."""

    def __init__(self, candidates: Sequence[x509.Certificate], is_anchor: Callable[[x509.Certificate], bool]) -> None:
        self._candidates = candidates
        self._is_anchor = is_anchor
        self._known: dict[x509.Certificate, list[x509.Certificate]] = {}
        self._steps = _MAX_STEPS
        self._signatures = _MAX_SIGNATURES
        self.usurped = False
        """Whether a certificate on the way was signed by keys of others alone that are no CAs."""

    def chains(self, *chain: x509.Certificate) -> Iterator[_Chain]:
        """Those that begin so and end in an anchor, both included: depth first, in the order of the candidates."""
        for issuer in self._issuers(chain[-1]):
            if self._steps == 0:
                return
            self._steps -= 1
            if any(_same_authority(issuer, one) for one in chain):
                continue
            if self._is_anchor(issuer):
                yield (*chain, issuer)
            elif len(chain) + 1 < _MAX_DEPTH:
                yield from self.chains(*chain, issuer)

    @property
    def denied(self) -> bool:
        """Whether a certificate that nobody issued says that a candidate's key has signed it."""
        orphans = [subject for subject, issuers in self._known.items() if not issuers]
        return any(_names_key_of(orphan, candidate) for orphan in orphans for candidate in self._candidates)

    @property
    def led_to_tests(self) -> bool:
        """Whether a certificate on the way names a CA of the test hierarchy."""
        return any(of_test_hierarchy(subject.issuer) for subject in self._known)

    def _issuers(self, subject: x509.Certificate) -> Iterator[x509.Certificate]:
        """Those that are CAs, each as soon as it is found: mostly the first leads to the anchor."""
        if (known := self._known.get(subject)) is not None:
            yield from filter(is_ca, known)
            return
        found = self._known[subject] = []
        for one in self._candidates:
            if self._issued(one, subject):
                found.append(one)
                if is_ca(one):
                    yield one
        self.usurped = self.usurped or (bool(found) and not any(map(is_ca, found)))

    def _issued(self, issuer: x509.Certificate, subject: x509.Certificate) -> bool:
        if self._signatures == 0 or not _may_have_issued(issuer, subject):
            return False
        self._signatures -= 1
        return _signed(issuer, subject)


def of_test_hierarchy(name: x509.Name) -> bool:
    """Whether a name is one of J-LIS's test hierarchy, whose cards are for developers. A name proves nothing."""
    organizations = name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return any(str(_spaced(part.value)) == _TEST_ORGANIZATION for part in organizations)


def is_test_anchor(certificate: x509.Certificate) -> bool:
    """Whether it is a self-signed CA certificate of that name, as the test cards carry; anybody can make one."""
    if not of_test_hierarchy(certificate.subject) or not is_ca(certificate):
        return False
    return _may_have_issued(certificate, certificate) and _signed(certificate, certificate)


def is_ca(certificate: x509.Certificate) -> bool:
    """Whether the certificate may sign others (RFC 5280, 4.2.1.3 and 4.2.1.9)."""
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return False
    return constraints.ca and usage.key_cert_sign


def _same_authority(one: x509.Certificate, other: x509.Certificate) -> bool:
    """Whether both are of one name and key: a chain that comes by again goes round in circles."""
    return one == other or (one.subject == other.subject and _key_bytes(one) == _key_bytes(other))


def _key_bytes(certificate: x509.Certificate) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return certificate.public_key().public_bytes(serialization.Encoding.DER, form)


def _may_have_issued(issuer: x509.Certificate, subject: x509.Certificate) -> bool:
    """Whether `issuer` is of the name, and the key of the identifier, that `subject` says."""
    try:
        wanted, offered = _key_identifiers(subject, issuer)
        if wanted is not None and offered is not None and wanted != offered:
            return False
        return _of_name(issuer.subject, subject.issuer)
    except Exception:  # noqa: BLE001 - anybody can have added it: what cannot be read has issued nothing
        return False


def _of_name(one: x509.Name, other: x509.Name) -> bool:
    """Whether names are equal but for case and spaces (RFC 5280, 7.1); certpath.py knows all the rules."""
    return one == other or _folded(one) == _folded(other)


def _folded(name: x509.Name) -> list[set[tuple[x509.ObjectIdentifier, str | bytes]]]:
    return [{(part.oid, _spaced(part.value)) for part in rdn} for rdn in name.rdns]


def _spaced(value: str | bytes) -> str | bytes:
    return " ".join(value.split()).casefold() if isinstance(value, str) else value


@lru_cache(maxsize=1024)
def _signed(issuer: x509.Certificate, subject: x509.Certificate) -> bool:
    """By the key alone: the library's own check wants the names equal to the byte.

    Kept, as the same certificates come by with every signature, timestamp and document.
    """
    try:
        return _verified(issuer, subject)
    except Exception:  # noqa: BLE001 - as above
        return False


def _verified(issuer: x509.Certificate, subject: x509.Certificate) -> bool:
    if not _names_one_algorithm(subject):
        return False
    key, how, hashed = issuer.public_key(), subject.signature_algorithm_parameters, subject.signature_hash_algorithm
    signature, signed = subject.signature, subject.tbs_certificate_bytes
    try:
        if isinstance(key, rsa.RSAPublicKey) and isinstance(how, padding.PKCS1v15 | padding.PSS) and hashed is not None:
            key.verify(signature, signed, how, hashed)
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(how, ec.ECDSA):
            key.verify(signature, signed, how)
        elif isinstance(key, dsa.DSAPublicKey) and hashed is not None:
            key.verify(signature, signed, hashed)
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, signed)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _names_one_algorithm(certificate: x509.Certificate) -> bool:
    """Whether what is signed names the algorithm that stands beside the signature (RFC 5280, 4.1.1.2)."""
    whole = Fields(read(certificate.public_bytes(serialization.Encoding.DER)).content)
    signed, beside = Fields(whole.take(SEQUENCE).content), whole.take(SEQUENCE)
    signed.optional(context(0))
    signed.take(INTEGER)
    return signed.take(SEQUENCE).encoded == beside.encoded


def _names_key_of(subject: x509.Certificate, issuer: x509.Certificate) -> bool:
    wanted, offered = _key_identifiers(subject, issuer)
    return subject != issuer and wanted is not None and wanted == offered


def _key_identifiers(subject: x509.Certificate, issuer: x509.Certificate) -> tuple[bytes | None, bytes | None]:
    try:
        wanted = subject.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        offered = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return None, None
    return wanted, offered
