"""What certificate revocation lists say about a certificate: complete, partitioned and indirect ones, and deltas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from .revocation_status import RevocationAnswer, RevocationStatus
from .trust import is_ca

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes

    from .indirect import CrlIssuers


_T = TypeVar("_T", bound=x509.ExtensionType)


@dataclass(frozen=True, eq=False)
class Crl:
    """One list and where it came from."""

    crl: x509.CertificateRevocationList
    source: str


def read_crl(data: bytes) -> x509.CertificateRevocationList:
    """A list in DER or PEM. Raises ValueError."""
    try:
        crl = x509.load_pem_x509_crl(data) if data.startswith(b"-----BEGIN") else x509.load_der_x509_crl(data)
        _ = crl.issuer, list(crl.extensions), crl.next_update_utc  # read late by the library, and malformed ones raise
    except Exception:  # noqa: BLE001 - more than one kind of error
        raise ValueError("not a CRL") from None
    return crl


def check_crls(
    leaf: x509.Certificate,
    issuer: x509.Certificate,
    lists: Iterable[Crl],
    at: datetime,
    now: datetime,
    others: CrlIssuers | None = None,
) -> RevocationAnswer:
    """Look the certificate up in every list of its issuer's key that covers its distribution point (RFC 5280, 6.3.3).

    Indirect lists, which speak of several issuers' certificates, are refused unless `others` says who may sign them.

    A revocation stands in stale lists too, and in those for some reasons alone; "good" needs one for all reasons, whose
    nextUpdate is not before `at`. One that says to be made after `now` is not believed. A delta speaks together with a
    complete list that it builds upon.
    """
    lists = list(lists)
    speaking = [item for item in lists if _speaks_of(item.crl, leaf, issuer, now, others)]
    complete = [item for item in speaking if not _is_delta(item.crl)]
    deltas = [item for item in speaking if _is_delta(item.crl)]
    answers = [_said(item, leaf, at) for item in complete]
    answers += [_said_with(delta, item, leaf, at) for delta in deltas for item in complete if _fit(delta, item)]
    indirect = [item for item in lists if _is_indirect(item.crl) and _names(leaf, item.crl)] if not speaking else []
    if indirect:
        why = "indirect" if others is None else "indirect-issuer"
        return RevocationAnswer(RevocationStatus.NOT_CHECKED, why, indirect[0].source)
    return best(answers)


def best(answers: Sequence[RevocationAnswer]) -> RevocationAnswer:
    """The newest that says good or otherwise; where none does, the newest reason why not.

    Of two that are as new the worse counts. A revocation that is not a hold is for good, whatever a newer list says.
    """
    if not answers:
        return RevocationAnswer(RevocationStatus.NOT_CHECKED, "no-evidence")
    gravity = (RevocationStatus.GOOD, RevocationStatus.ON_HOLD, RevocationStatus.REVOKED)
    spoken = [answer for answer in answers if answer.status is not RevocationStatus.NOT_CHECKED]
    for answer in spoken:
        if answer.status is RevocationStatus.REVOKED:
            return answer
    if spoken:
        return max(spoken, key=lambda answer: (answer.produced, gravity.index(answer.status)))
    return max(answers, key=lambda answer: (answer.produced is not None, answer.produced))


def _said(item: Crl, leaf: x509.Certificate, at: datetime) -> RevocationAnswer:
    entry = _entry(item.crl, leaf)
    return replace(_answer(entry, item, leaf, at), evidence=(item.crl,))


def _said_with(delta: Crl, complete: Crl, leaf: x509.Certificate, at: datetime) -> RevocationAnswer:
    """The delta's word where it has one, else the complete list's, as fresh as the delta."""
    entry = _entry(delta.crl, leaf)
    if entry is None:
        entry = _entry(complete.crl, leaf)
    elif _reason(entry) is x509.ReasonFlags.remove_from_crl:
        entry = None
    return replace(_answer(entry, delta, leaf, at), evidence=(delta.crl, complete.crl))


def _answer(entry: x509.RevokedCertificate | None, item: Crl, leaf: x509.Certificate, at: datetime) -> RevocationAnswer:
    produced, end = item.crl.last_update_utc, item.crl.next_update_utc
    if entry is not None and entry.revocation_date_utc <= at:
        reason = _reason(entry)
        hold = reason is x509.ReasonFlags.certificate_hold
        status = RevocationStatus.ON_HOLD if hold else RevocationStatus.REVOKED
        return RevocationAnswer(status, "", item.source, produced, entry.revocation_date_utc, reason.value)
    if _for_some_reasons(item.crl, leaf):
        return RevocationAnswer(RevocationStatus.NOT_CHECKED, "some-reasons", item.source, produced)
    if end is None or end < at:
        return RevocationAnswer(RevocationStatus.NOT_CHECKED, "stale", item.source, produced)
    if produced > leaf.not_valid_after_utc:
        # CAs drop expired certificates from their CRLs: not being listed then says nothing.
        return RevocationAnswer(RevocationStatus.NOT_CHECKED, "after-expiry", item.source, produced)
    return RevocationAnswer(RevocationStatus.GOOD, source=item.source, produced=produced)


def _fit(delta: Crl, complete: Crl) -> bool:
    """Whether the delta builds upon the list (RFC 5280, 5.2.4): of its issuer and scope, not from before its base."""
    base = _extension(delta.crl, x509.DeltaCRLIndicator)
    number, delta_number = _extension(complete.crl, x509.CRLNumber), _extension(delta.crl, x509.CRLNumber)
    same = delta.crl.issuer == complete.crl.issuer and all(
        _extension(delta.crl, kind) == _extension(complete.crl, kind)
        for kind in (x509.IssuingDistributionPoint, x509.AuthorityKeyIdentifier)
    )
    if base is None or number is None or delta_number is None or not same:
        return False
    return base.crl_number <= number.crl_number <= delta_number.crl_number


def _speaks_of(
    crl: x509.CertificateRevocationList,
    leaf: x509.Certificate,
    issuer: x509.Certificate,
    now: datetime,
    others: CrlIssuers | None,
) -> bool:
    """Whether the list is for this certificate: for its distribution point, signed by whom it should be, and made."""
    if crl.last_update_utc > now or not _understood(crl):
        return False
    if _is_indirect(crl) and others is None:
        return False
    if not _names(leaf, crl) or not _in_scope(crl, leaf):
        return False
    hashed = crl.signature_hash_algorithm
    if hashed is not None and hashed.name in ("md5", "sha1"):
        return False
    # The lines last, as that takes long: anybody can bring a long list.
    return _signed_by_issuer(crl, leaf, issuer, others) and (not _is_indirect(crl) or _entries_understood(crl))


def _signed_by_issuer(
    crl: x509.CertificateRevocationList,
    leaf: x509.Certificate,
    issuer: x509.Certificate,
    others: CrlIssuers | None,
) -> bool:
    if crl.issuer == leaf.issuer:
        return _signs_crls(issuer) and _signed(crl, issuer)
    return others is not None and any(_signed(crl, one) and others.trusted(one) for one in others.named(crl.issuer))


def _names(leaf: x509.Certificate, crl: x509.CertificateRevocationList) -> bool:
    """Whether the list is of the certificate's issuer, or an indirect one of who the certificate says (cRLIssuer)."""
    return crl.issuer == leaf.issuer or (_is_indirect(crl) and bool(_points_of(crl, leaf)))


def _signed(crl: x509.CertificateRevocationList, signer: x509.Certificate) -> bool:
    try:
        return crl.is_signature_valid(cast("CertificateIssuerPublicKeyTypes", signer.public_key()))
    except (TypeError, ValueError, InvalidSignature):  # a key that cannot sign certificates raises TypeError
        return False


def _in_scope(crl: x509.CertificateRevocationList, leaf: x509.Certificate) -> bool:
    """What the issuing distribution point says (RFC 5280, 5.2.5); without one the list is for all certificates."""
    scope = _extension(crl, x509.IssuingDistributionPoint)
    if scope is None:
        return True
    if scope.only_contains_attribute_certs:
        return False
    if scope.only_contains_user_certs if is_ca(leaf) else scope.only_contains_ca_certs:
        return False
    return not _is_partition(scope) or bool(_points_named(crl, scope, leaf))


def _is_partition(scope: x509.IssuingDistributionPoint) -> bool:
    return scope.full_name is not None or scope.relative_name is not None


def _points_named(
    crl: x509.CertificateRevocationList, scope: x509.IssuingDistributionPoint, leaf: x509.Certificate
) -> list[x509.DistributionPoint]:
    """The certificate's distribution points that the list says to be."""
    own = _place(scope.full_name, scope.relative_name, crl.issuer)

    # A point without a name of its own is known by its CRL issuer's (RFC 5280, 6.3.3 (b)(2)(i)).
    def names(one: x509.DistributionPoint) -> set[x509.GeneralName]:
        return _place(one.full_name or one.crl_issuer, one.relative_name, crl.issuer)

    return [one for one in _points_of(crl, leaf) if own & names(one)]


def _for_some_reasons(crl: x509.CertificateRevocationList, leaf: x509.Certificate) -> bool:
    """Whether by its own account or the certificate's the list does not speak of all reasons (RFC 5280, 6.3.3 (d))."""
    scope = _extension(crl, x509.IssuingDistributionPoint)
    if scope is None:
        return False
    points = _points_named(crl, scope, leaf) if _is_partition(scope) else []
    return scope.only_some_reasons is not None or (bool(points) and all(one.reasons for one in points))


def _place(
    names: list[x509.GeneralName] | None, relative: x509.RelativeDistinguishedName | None, issuer: x509.Name
) -> set[x509.GeneralName]:
    """What a distribution point is called, which may be told from the CRL issuer's name on."""
    if relative is not None:
        return {x509.DirectoryName(x509.Name([*issuer.rdns, relative]))}
    return set(names or ())


def _is_indirect(crl: x509.CertificateRevocationList) -> bool:
    scope = _extension(crl, x509.IssuingDistributionPoint)
    return scope is not None and scope.indirect_crl


def _points_of(crl: x509.CertificateRevocationList, leaf: x509.Certificate) -> list[x509.DistributionPoint]:
    """The certificate's distribution points whose list is of this list's issuer (RFC 5280, 6.3.3 (b)(1))."""
    issuer = x509.DirectoryName(crl.issuer)
    own = crl.issuer == leaf.issuer
    return [one for one in _points(leaf) if (issuer in one.crl_issuer if one.crl_issuer else own)]


def _entry(crl: x509.CertificateRevocationList, leaf: x509.Certificate) -> x509.RevokedCertificate | None:
    """The certificate's line. One of an indirect list says whose it is, or is of whom the one before was (5.3.3)."""
    if not _is_indirect(crl):
        return crl.get_revoked_certificate_by_serial_number(leaf.serial_number)
    issuers = [crl.issuer]
    for entry in crl:
        issuers = _certificate_issuer(entry) or issuers
        if entry.serial_number == leaf.serial_number and leaf.issuer in issuers:
            return entry
    return None


def _certificate_issuer(entry: x509.RevokedCertificate) -> list[x509.Name]:
    """Whom the line says that the certificate is of, or nothing. Raises ValueError for what is no name of a CA."""
    try:
        names = entry.extensions.get_extension_for_class(x509.CertificateIssuer).value
    except x509.ExtensionNotFound:
        return []
    if found := names.get_values_for_type(x509.DirectoryName):
        return found
    raise ValueError("no directory name")


def _entries_understood(crl: x509.CertificateRevocationList) -> bool:
    """Whether every line can be read: after one that cannot, it is unknown whose the next ones are."""
    known = x509.CertificateIssuer | x509.CRLReason | x509.InvalidityDate
    try:
        for entry in crl:
            _certificate_issuer(entry)
            if any(e.critical and not isinstance(e.value, known) for e in entry.extensions):
                return False
    except Exception:  # noqa: BLE001 - the library has several kinds of error for what it cannot read
        return False
    return True


def _understood(crl: x509.CertificateRevocationList) -> bool:
    """Whether it holds no critical extension that is unknown here (RFC 5280, 5.2)."""
    known = x509.IssuingDistributionPoint | x509.DeltaCRLIndicator
    return all(isinstance(e.value, known) for e in crl.extensions if e.critical)


def _is_delta(crl: x509.CertificateRevocationList) -> bool:
    return _extension(crl, x509.DeltaCRLIndicator) is not None


def _signs_crls(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _points(leaf: x509.Certificate) -> list[x509.DistributionPoint]:
    try:
        return list(leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value)
    except x509.ExtensionNotFound:
        return []


def crl_addresses(leaf: x509.Certificate) -> list[str]:
    """Where the certificate says that its list can be had by HTTP; for JPKI's, whose points are names, nowhere."""
    names = {name for point in _points(leaf) for name in point.full_name or ()}
    uris = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    return sorted(uri for uri in uris if uri.lower().startswith(("http://", "https://")))


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return x509.ReasonFlags.unspecified


def _extension(crl: x509.CertificateRevocationList, kind: type[_T]) -> _T | None:
    try:
        return crl.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
