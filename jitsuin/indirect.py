"""Who may sign an indirect CRL, which speaks of other issuers' certificates (RFC 5280, 6.3.3): a CRL issuer.

The certificate in question names it (cRLIssuer). Its own certificate has to lead to the same anchor at the same time,
to be for CRLs (cRLSign), and not to be revoked itself, by evidence that it has not signed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from cryptography import x509

from .errors import TrustFileError
from .revocation_status import RevocationAnswer, RevocationStatus
from .trust import TrustStore, build_chain, read_certificates
from .trust_sets import certificate_files

Ask = Callable[[x509.Certificate, x509.Certificate, datetime], RevocationAnswer]
"""What is known about the revocation of a certificate (first) of an issuer at that time."""


class _OneAnchor(TrustStore):
    """The anchor of the certificate in question, and no other, however trusted."""

    def name_of(self, certificate: x509.Certificate) -> str | None:
        """Its name if the certificate is that anchor, else None."""
        return certificate.subject.rfc4514_string() if certificate in self.anchors else None


class CrlIssuers:
    """The CRL issuers that may speak of certificates of one path."""

    def __init__(
        self, candidates: Iterable[x509.Certificate], anchor: x509.Certificate, at: datetime, ask: Ask
    ) -> None:
        self._candidates = tuple(dict.fromkeys(candidates))
        self._store = _OneAnchor((anchor,), accept_test=True)  # the path to the anchor has been judged for that
        self._at = at
        self._ask = ask
        self._weighed: dict[x509.Certificate, bool] = {}

    def named(self, name: x509.Name) -> Sequence[x509.Certificate]:
        """The certificates of this name; what they are worth is `trusted`."""
        return [one for one in self._candidates if one.subject == name]

    def trusted(self, certificate: x509.Certificate) -> bool:
        """Whether it is a CRL issuer whose lists count."""
        if certificate not in self._weighed:
            self._weighed[certificate] = False  # while its own revocation is looked up, its lists do not count
            self._weighed[certificate] = _for_crls(certificate) and self._holds(certificate)
        return self._weighed[certificate]

    def _holds(self, certificate: x509.Certificate) -> bool:
        if certificate in self._store.anchors:
            return True
        chain = build_chain(certificate, self._candidates, self._store, self._at)
        if not chain.verdict.passed:
            return False
        answers = (self._ask(subject, issuer, self._at) for subject, issuer in pairwise(chain.certificates))
        return all(answer.status is RevocationStatus.GOOD for answer in answers)


def certificates_beside(places: Iterable[object]) -> list[x509.Certificate]:
    """The certificates in the folders of CRLs. What is none is passed over, as their keys prove themselves or not."""
    folders = [Path(place) for place in places if isinstance(place, str | Path) and Path(place).is_dir()]
    found: list[x509.Certificate] = []
    for file in (file for folder in folders for file in certificate_files(folder)):
        with suppress(TrustFileError):
            found += read_certificates(file)
    return [one for one in found if _readable(one)]


def _readable(certificate: x509.Certificate) -> bool:
    try:
        return bool(certificate.subject.rdns) and bool(certificate.extensions)
    except (ValueError, x509.DuplicateExtension):
        return False


def _for_crls(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return False
