"""Trust anchors, and the chain from a certificate to one of them.

The built-in anchors are pins: fingerprints of the JPKI signature CAs, which share one subject name, so that they are
told apart by key and never by name. Their certificates come from the card, the document or `jitsuin trust import`, are
accepted only when pinned, and are remembered. Chains are built here, by key; what the CAs in one demand of those
beneath them is weighed in certpath.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path

import platformdirs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtensionOID

from jitsuin.formats.verdict import PASSED, SubIndication, Verdict

from .chains import ChainSearch, is_test_anchor, of_test_hierarchy
from .chains import is_ca as is_ca
from .errors import InputError, OutputError, TrustFileError, TrustSetError, trust_file_error
from .storage import read_document, write_atomically
from .trust_sets import TrustSet

TrustNames = Sequence[str | Path | x509.Certificate | TrustSet]
"""Certificates, files that hold some, sets of those, and the name `simulator`."""

_MAX_HINTS = 100
_MAX_CHAINS = 16
"""To judge, where one after the other is refused."""
_MINIMUM_RSA_BITS = 2048
_MINIMUM_CURVE_BITS = 256
_UNDERSTOOD = frozenset(
    {
        x509.KeyUsage.oid,
        x509.BasicConstraints.oid,
        x509.CertificatePolicies.oid,
        x509.ExtendedKeyUsage.oid,
        x509.SubjectAlternativeName.oid,
        x509.NameConstraints.oid,
        x509.PolicyConstraints.oid,
        x509.InhibitAnyPolicy.oid,
        ExtensionOID.POLICY_MAPPINGS,
    }
)
_CARRIED = frozenset({x509.NameConstraints.oid, x509.PolicyConstraints.oid})
"""What still says something in a chain of two: of an anchor, and of the certificate itself."""


@dataclass(frozen=True)
class Pin:
    """A CA known by its fingerprint (`jpki.md` 3.1). Validity is told to people; the certificate itself decides."""

    name: str
    sha256: str
    key_identifier: str
    not_before: datetime
    not_after: datetime
    download: str
    """Where J-LIS publishes the certificate."""


JPKI_PINS = (
    Pin(
        "JPKI signature CA 01 (2015)",
        "19645405a1fe14377434bd55957628ac4038557c542403a2243f21c706fc9355",
        "0d034cbb34d0714f45e45a1cafd8fd143fab54a7",
        datetime(2015, 10, 20, 2, 40, 28, tzinfo=UTC),
        datetime(2025, 10, 19, 14, 59, 59, tzinfo=UTC),
        "jpki.go.jp/ca/pdf/signca01.cer",
    ),
    Pin(
        "JPKI signature CA 02 (2019)",
        "79679c33e4cc9319440f1ad120a597ff1844e2ef217063adb176966fd5e6fbeb",
        "4de017de4b7f473dcd867a62d38b134ace83558a",
        datetime(2019, 9, 14, 23, 41, 56, tzinfo=UTC),
        datetime(2029, 9, 14, 14, 59, 59, tzinfo=UTC),
        "jpki.go.jp/ca/pdf/signca02.cer",
    ),
    Pin(
        "JPKI signature CA 03 (2023)",
        "d227f6cde11d35c5252178f106f843d24651944975413b539fa2fb68dbfa365f",
        "d21ea55895617e93adbf966b941ab4edf653f08f",
        datetime(2023, 7, 16, 0, 50, 27, tzinfo=UTC),
        datetime(2033, 7, 15, 14, 59, 59, tzinfo=UTC),
        "jpki.go.jp/ca/pdf/signca03.cer",
    ),
)


@dataclass(frozen=True)
class TrustStore:
    """What is trusted in one run: the pins always, and the anchors that were named."""

    anchors: tuple[x509.Certificate, ...] = ()
    remembered: tuple[x509.Certificate, ...] = ()
    """Pinned CA certificates seen before: candidates for chains of documents that carry only the leaf."""
    accept_test: bool = False
    """Take CAs of J-LIS's test hierarchy (O=JPKI-TEST) for anchors, from wherever they come."""

    def name_of(self, certificate: x509.Certificate) -> str | None:
        """The anchor's name if the certificate is one, else None."""
        pin = pin_for(certificate)
        if pin is not None:
            return pin.name
        test = of_test_hierarchy(certificate.subject)
        if self.accept_test and is_test_anchor(certificate) if test else certificate in self.anchors:
            since, until = certificate.not_valid_before_utc.year, certificate.not_valid_after_utc.year
            return f"[{since}–{until}] {certificate.subject.rfc4514_string()}"
        return None


@dataclass(frozen=True)
class Chain:
    """From the certificate to the anchor, both included; empty where none was found."""

    certificates: tuple[x509.Certificate, ...]
    anchor: str | None
    verdict: Verdict

    @property
    def of_test_hierarchy(self) -> bool:
        """Whether a CA of the test hierarchy is in it or stands above it, so that what it proves is nothing real."""
        return any(of_test_hierarchy(certificate.issuer) for certificate in self.certificates)


def pin_for(certificate: x509.Certificate) -> Pin | None:
    """The pin that the certificate matches by SHA-256 of its DER, or None."""
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    return next((pin for pin in JPKI_PINS if pin.sha256 == fingerprint), None)


def load_trust(names: TrustNames, *, accept_test_hierarchy: bool = False) -> TrustStore:
    """Anchors by file (PEM or DER), by set, by the name `simulator`, or as certificates. Raises TrustFileError."""
    anchors: list[x509.Certificate] = []
    for name in names:
        if isinstance(name, x509.Certificate):
            anchors.append(name)
        elif isinstance(name, TrustSet):
            anchors.extend(read_set(name))
        elif str(name) == "simulator":
            from jitsuin.signer.simulator import anchors as simulated

            anchors.extend(simulated())
        else:
            anchors.extend(_named_certificates(str(name)))
    anchors.extend(own_anchors())
    return TrustStore(tuple(anchors), tuple(remembered()), accept_test_hierarchy)


def _named_certificates(name: str) -> list[x509.Certificate]:
    """Those of a file; where there is none, the name may have been meant as that of a set."""
    try:
        return read_certificates(Path(name))
    except TrustFileError as error:
        if error.facts["reason"] == "absent" and name.replace("-", "_").isidentifier():
            raise TrustFileError(path=name, reason="no-file-nor-set") from None
        raise


def read_set(named: TrustSet) -> list[x509.Certificate]:
    """The certificates of a set. Raises TrustFileError, which names the set, also where there are none."""
    try:
        found = [one for path in named.files() for one in read_certificates(path)]
    except TrustSetError:
        raise
    except TrustFileError as error:
        raise TrustSetError(set=named.name, **error.facts) from None
    if not found:
        raise TrustSetError(set=named.name, path=", ".join(map(str, named.places)), reason="no-certificate")
    return found


def read_certificates(path: Path) -> list[x509.Certificate]:
    """The certificates in a PEM or DER file. Raises TrustFileError."""
    try:
        data = read_document(path)
    except InputError as error:
        raise trust_file_error(error) from None
    try:
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_certificates(data)
        return [x509.load_der_x509_certificate(data)]
    except ValueError:
        raise TrustFileError(path=str(path), reason="no-certificate") from None


def build_chain(leaf: x509.Certificate, hints: Iterable[x509.Certificate], store: TrustStore, at: datetime) -> Chain:
    """The first chain from the leaf to an anchor that is valid `at`; where there is none, the first that is not."""
    # What the document brought comes last: its certificates are not signed, and anybody can have added one.
    candidates = list(dict.fromkeys([*store.anchors, *store.remembered, *islice(hints, _MAX_HINTS)]))
    search = ChainSearch(candidates, lambda issuer: store.name_of(issuer) is not None)
    refused: Chain | None = None
    led_to_tests = False
    for certificates in islice(search.chains(leaf), _MAX_CHAINS):
        chain = Chain(certificates, store.name_of(certificates[-1]), _judged(certificates, at))
        if chain.of_test_hierarchy and not store.accept_test:
            led_to_tests = True
            continue  # whoever stands above it
        if chain.verdict.passed:
            return chain
        refused = refused or chain
    if refused is not None:
        return refused
    if search.usurped:
        return Chain((), None, Verdict(SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "issuer-no-ca"))
    if search.denied:
        return Chain((), None, Verdict(SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "issuer-denies"))
    if (led_to_tests or search.led_to_tests) and not store.accept_test:
        return Chain((), None, Verdict(SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "test-hierarchy"))
    return Chain((), None, Verdict(SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "issuer-unknown"))


def remember(certificates: Iterable[x509.Certificate]) -> None:
    """Keep pinned CA certificates for documents that do not carry them. A folder that cannot be written is no error."""
    folder = _folder()
    for certificate in certificates:
        pin = pin_for(certificate)
        if pin is None or certificate in _stored(folder):
            continue
        try:
            store_certificate(certificate, folder)
        except (OSError, OutputError):
            return


def remembered() -> list[x509.Certificate]:
    """The pinned CA certificates in the user's data folder."""
    return _stored(_folder())


def own_anchors() -> list[x509.Certificate]:
    """The CA certificates that the user imported with --force: trusted in every run."""
    return _stored(_folder() / "own")


def import_anchors(path: Path, *, force: bool = False) -> list[str]:
    """Keep the CA certificates of a file; gives their names. Raises TrustFileError for one not pinned nor forced."""
    certificates = read_certificates(path)
    if any(of_test_hierarchy(certificate.subject) for certificate in certificates):
        raise TrustFileError(path=str(path), reason="test-hierarchy")
    if not force and any(pin_for(certificate) is None for certificate in certificates):
        raise TrustFileError(path=str(path), reason="not-pinned")
    if not all(is_ca(certificate) for certificate in certificates):
        raise TrustFileError(path=str(path), reason="not-a-ca")
    for certificate in certificates:
        store_certificate(certificate, _folder() if pin_for(certificate) else _folder() / "own")
    pins = (pin_for(certificate) for certificate in certificates)
    return [pin.name if pin else c.subject.rfc4514_string() for pin, c in zip(pins, certificates, strict=True)]


def store_certificate(certificate: x509.Certificate, folder: Path) -> None:
    """Put a certificate into a folder, named by its fingerprint. Raises OutputError or OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{certificate.fingerprint(hashes.SHA256()).hex()}.cer"
    der = certificate.public_bytes(serialization.Encoding.DER)
    write_atomically(path, lambda out: out.write(der), overwrite=True)


def _stored(folder: Path) -> list[x509.Certificate]:
    """The certificates of a folder; files that are none, or not what their name says, are passed over."""
    found: list[x509.Certificate] = []
    for path in sorted(folder.glob("*.cer")):
        try:
            certificate = x509.load_der_x509_certificate(path.read_bytes())
        except (OSError, ValueError):
            continue
        if path.stem == certificate.fingerprint(hashes.SHA256()).hex():
            found.append(certificate)
    return found


def _folder() -> Path:
    return platformdirs.user_data_path("jitsuin") / "anchors"


def key_identifier(certificate: x509.Certificate) -> str:
    """The subjectKeyIdentifier in hexadecimal; empty where there is none."""
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex()
    except x509.ExtensionNotFound:
        return ""


def _is_strong(key: object) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= _MINIMUM_RSA_BITS
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.key_size >= _MINIMUM_CURVE_BITS
    return isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey)


def _judged(chain: Sequence[x509.Certificate], at: datetime) -> Verdict:
    """Our own rules first, as their reasons say more; then those of RFC 5280 that go from one to the next."""
    verdict = _constraints(chain, at)
    if not verdict.passed or not _carries(chain):
        return verdict
    from .certpath import check_path

    return check_path(chain, at)


def _carries(chain: Sequence[x509.Certificate]) -> bool:
    """Whether anything is to be carried along: not where the anchor itself issued the certificate, as JPKI's do."""
    names_equal = all(below.issuer == above.subject for below, above in pairwise(chain))
    carrying = any(extension.oid in _CARRIED for one in chain for extension in one.extensions)
    return len(chain) > 2 or carrying or not names_equal


def _constraints(chain: Sequence[x509.Certificate], at: datetime) -> Verdict:
    for certificate in chain:
        unknown = [e.oid.dotted_string for e in certificate.extensions if e.critical and e.oid not in _UNDERSTOOD]
        if unknown:
            return Verdict(SubIndication.CHAIN_CONSTRAINTS_FAILURE, "critical-extension", {"oid": unknown[0]})
    for certificate in chain[1:]:
        if not _is_strong(key := certificate.public_key()):
            kind = f"{type(key).__name__}, {getattr(key, 'key_size', '?')} bits"
            return Verdict(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "ca-key-weak", {"key": kind})
    for certificate in chain[:-1]:  # who signed the anchor does not matter: it is known by itself
        algorithm = certificate.signature_hash_algorithm
        if algorithm is not None and algorithm.name in ("md5", "sha1"):
            return Verdict(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "certificate-hash-weak", {"hash": algorithm.name})
    for certificate in chain:
        which = "signer" if certificate is chain[0] else "ca"
        if at < certificate.not_valid_before_utc:
            facts = {"since": certificate.not_valid_before_utc}
            return Verdict(SubIndication.NOT_YET_VALID, f"{which}-not-yet-valid", facts)
        if at > certificate.not_valid_after_utc:
            facts = {"until": certificate.not_valid_after_utc}
            return Verdict(SubIndication.OUT_OF_BOUNDS_NO_POE, f"{which}-expired", facts)
    return PASSED
