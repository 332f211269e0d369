"""Verifying every XML Signature of a document: one parse, one canonicalisation, three-valued findings.

The numbered steps are those of DESIGN, section 2, as far as the document goes; the certificate is judged by the caller.

1. Find every Signature element. 2. Read it strictly. 3. Resolve its references over the one index of Ids.
4. Ask the format whether the signature stands, and points, where the form demands; properties (XAdES) must be signed.
5. Compare the digests. 6. Check the signature value with the certificate's key; read the timestamps over it.
7. Say what is covered and what is not. 8. Check the destination's form.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from lxml import etree

from .base import SignatureFinding, TimestampFinding, VerificationPolicy
from .c14n import C14N_10, EXCLUSIVE, CanonicalXml, Octets, exclusive_octets
from .errors import UnsupportedDocumentError
from .signature_value import check_value, hash_name
from .timestamp_token import judge_token
from .verdict import PASSED, RefusedSignatureError, SubIndication, Verdict
from .xades_form import check_form
from .xades_reading import (
    NOTHING,
    Qualifying,
    SignatureTimestamp,
    carried,
    check_signing_certificate,
    read_qualifying,
    require_signed,
)
from .xml_paths import contains, path_of, uncovered_paths
from .xml_safety import XmlDocument
from .xmldsig_algorithms import DSIG, SIGNED_PROPERTIES
from .xmldsig_reading import (
    Canonicalization,
    Reference,
    ResolvedReference,
    SignatureElement,
    baggage,
    read_signature,
)

MAX_SIGNATURES = 100
MAX_REFERENCES_IN_ALL = 1000  # each may cost another pass over the whole document
_BARE_NAME = re.compile(r"[^/\\:?#%\s]+")


PlaceRule = Callable[[XmlDocument, SignatureElement, Sequence[ResolvedReference]], None]
"""A format's rule on where a signature stands and what it must cover. Raises RefusedSignatureError."""


def anywhere(_document: XmlDocument, _signature: SignatureElement, _references: Sequence[ResolvedReference]) -> None:
    """The place rule of formats that have none."""


def verify_signatures(
    document: XmlDocument, policy: VerificationPolicy, rule: PlaceRule = anywhere
) -> list[SignatureFinding]:
    """One finding for each Signature in document order, and one that says so where there is none. Never raises."""
    elements = list(document.root.iter(f"{{{DSIG}}}Signature"))  # 1
    if not elements:
        return [SignatureFinding("/", Verdict(SubIndication.FORMAT_FAILURE, "no-signature"))]
    if len(elements) > MAX_SIGNATURES:
        facts = {"count": len(elements), "limit": MAX_SIGNATURES}
        return [SignatureFinding("/", Verdict(SubIndication.FORMAT_FAILURE, "too-many-signatures", facts))]
    judged = [_read(document, element, policy, rule) for element in elements]
    if sum(len(one.references) for one in judged) > MAX_REFERENCES_IN_ALL:
        verdict = Verdict(SubIndication.FORMAT_FAILURE, "too-many-references", {"place": path_of(document.root)})
        return [replace(one.finding, verdict=verdict) for one in judged]
    try:
        canonical = CanonicalXml(document.root, _elements_to_cut(judged))
    except UnsupportedDocumentError as error:
        return [replace(one.finding, verdict=_unsupported(error)) for one in judged]
    carriers = {element: one.carried for element, one in zip(elements, judged, strict=True)}
    return [_finish(document, one, canonical, carriers, policy) for one in judged]


@dataclass(frozen=True, eq=False)
class _Judged:
    """A signature after steps 2 to 4, with the finding so far."""

    finding: SignatureFinding
    carried: Sequence[etree._Element]
    """What the Signature carries besides what makes it one."""
    signature: SignatureElement | None = None
    references: tuple[ResolvedReference, ...] = ()
    qualifying: Qualifying = NOTHING


def _read(document: XmlDocument, element: etree._Element, policy: VerificationPolicy, rule: PlaceRule) -> _Judged:
    finding = SignatureFinding(path_of(element), PASSED, signature_id=element.get("Id"))
    try:
        signature = read_signature(element)  # 2
        finding = replace(finding, scheme=signature.scheme, weak=signature.weak)
        qualifying = read_qualifying(signature)
        if qualifying.weak:
            finding = replace(finding, weak=True)
        if finding.weak and not policy.accept_sha1:
            raise RefusedSignatureError(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "sha1-refused")
        references = tuple(_resolve(document, signature, r, policy) for r in signature.references)  # 3
        rule(document, signature, references)  # 4
        require_signed(qualifying, references)
    except RefusedSignatureError as refused:
        return _Judged(replace(finding, verdict=refused.verdict), baggage(element))
    except Exception as error:  # noqa: BLE001 - whatever a hostile document provokes, the answer is never VALID
        return _Judged(replace(finding, verdict=_unexpected(error)), baggage(element))
    return _Judged(finding, carried(signature, qualifying), signature, references, qualifying)


def _finish(
    document: XmlDocument,
    judged: _Judged,
    canonical: CanonicalXml,
    carriers: Mapping[etree._Element, Sequence[etree._Element]],
    policy: VerificationPolicy,
) -> SignatureFinding:
    signature, qualifying = judged.signature, judged.qualifying
    if signature is None:
        return judged.finding
    finding = judged.finding
    try:
        for resolved in judged.references:  # 5
            _check_digest(document, signature, resolved, canonical)
        certificate, others = _signing_certificate(signature.certificates)
        finding = replace(finding, certificate=certificate, embedded=others)
        _check_value(signature, certificate, _octets(signature.signed_info, signature.canonicalization, canonical))  # 6
        check_signing_certificate(qualifying, certificate)
        timestamps = _timestamps(signature, qualifying, canonical)
    except RefusedSignatureError as refused:
        return replace(finding, verdict=refused.verdict)
    except UnsupportedDocumentError as error:
        return replace(finding, verdict=_unsupported(error))
    except Exception as error:  # noqa: BLE001 - as above
        return replace(finding, verdict=_unexpected(error))
    finding = replace(finding, claimed_at=qualifying.signing_time, timestamps=timestamps)
    finding = _with_coverage(document, finding, judged, carriers)  # 7
    if policy.profile is not None and policy.profile.xades:  # 8
        sound = any(stamp.verdict.passed for stamp in timestamps)
        try:
            check_form(signature, qualifying, judged.references, policy.profile, timestamped=sound)
        except RefusedSignatureError as refused:
            return replace(finding, verdict=refused.verdict)
    return finding


def _resolve(
    document: XmlDocument, signature: SignatureElement, reference: Reference, policy: VerificationPolicy
) -> ResolvedReference:
    """Same-document references by Id or whole, files by the bare names that were given; nothing is ever fetched."""
    if reference.uri == "" or reference.identifier is not None:
        identifier = reference.identifier
        target = document.ids.get(identifier) if identifier is not None else None
        if identifier is not None and target is None:
            raise RefusedSignatureError(SubIndication.SIGNED_DATA_NOT_FOUND, "reference-dangling", uri=reference.uri)
        if reference.enveloped and target is not None and not contains(target, signature.element):
            raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "enveloped-outside", uri=reference.uri)
        if target is not None and contains(signature.signed_info, target):
            raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "reference-to-itself", uri=reference.uri)
        return ResolvedReference(reference, element=target)
    if not _BARE_NAME.fullmatch(reference.uri) or reference.uri in (".", ".."):
        raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "external-uri", uri=reference.uri)
    if reference.uri not in policy.files:
        raise RefusedSignatureError(SubIndication.SIGNED_DATA_NOT_FOUND, "file-not-given", uri=reference.uri)
    if reference.enveloped or reference.canonicalization is not None:
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "transform-on-file", uri=reference.uri)
    return ResolvedReference(reference, file=policy.files[reference.uri])


def _elements_to_cut(judged: Iterable[_Judged]) -> list[etree._Element]:
    """Every element whose octets will be asked for, once each."""
    wanted: dict[etree._Element, None] = {}
    for one in judged:
        if one.signature is not None:
            wanted[one.signature.element] = wanted[one.signature.signed_info] = None
            wanted.update({r.element: None for r in one.references if r.element is not None})
            if one.qualifying.timestamps:
                wanted[one.signature.value_element] = None
    return list(wanted)


def _octets(element: etree._Element, how: Canonicalization, canonical: CanonicalXml) -> Octets:
    if how.algorithm == EXCLUSIVE:
        return exclusive_octets(element, how.prefixes)
    return canonical.subtree(element, how.algorithm)


def _check_digest(
    document: XmlDocument, signature: SignatureElement, resolved: ResolvedReference, canonical: CanonicalXml
) -> None:
    reference = resolved.reference
    digest = hashlib.new(reference.hash_name)  # SHA-1 only where it was allowed
    for octets in _referenced_octets(document, signature, resolved, canonical):
        digest.update(octets)
    if not hmac.compare_digest(digest.digest(), reference.digest):
        raise RefusedSignatureError(SubIndication.HASH_FAILURE, "digest-differs", uri=reference.uri)


def _referenced_octets(
    document: XmlDocument, signature: SignatureElement, resolved: ResolvedReference, canonical: CanonicalXml
) -> Octets:
    if resolved.file is not None:
        return iter([resolved.file])
    how = resolved.reference.canonicalization or Canonicalization(C14N_10)  # the default, XMLDSig 1.1, 4.4.3.2
    without = signature.element if resolved.reference.enveloped else None
    if how.algorithm == EXCLUSIVE:
        source = document.root.getroottree() if resolved.element is None else resolved.element
        return exclusive_octets(source, how.prefixes, without=without)
    if resolved.element is None:
        return canonical.document(without=without)
    return canonical.subtree(resolved.element, how.algorithm, without=without)


def _signing_certificate(
    certificates: Sequence[x509.Certificate],
) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    """The one certificate that none of the others was issued by, and the others."""
    if not certificates:
        raise RefusedSignatureError(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "no-certificate")
    distinct = list(dict.fromkeys(certificates))
    leaves = [c for c in distinct if not any(other is not c and _issued(c, other) for other in distinct)]
    if len(leaves) != 1:
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "signer-ambiguous", count=len(leaves))
    return leaves[0], tuple(c for c in distinct if c is not leaves[0])


def _issued(issuer: x509.Certificate, subject: x509.Certificate) -> bool:
    try:
        subject.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _check_value(signature: SignatureElement, certificate: x509.Certificate, signed_info: Octets) -> None:
    digest = hashlib.new(hash_name(signature.scheme))
    for octets in signed_info:
        digest.update(octets)
    value = signature.value
    key = certificate.public_key()
    if signature.scheme.startswith("ecdsa") and isinstance(key, ec.EllipticCurvePublicKey):
        # r and s side by side (RFC 9231, 2.3.6)
        length = (key.key_size + 7) // 8
        if len(value) != 2 * length:
            raise RefusedSignatureError(SubIndication.SIG_CRYPTO_FAILURE, "value-differs", scheme=signature.scheme)
        r, s = (int.from_bytes(half, "big") for half in (value[:length], value[length:]))
        value = utils.encode_dss_signature(r, s)
    check_value(signature.scheme, certificate, digest.digest(), value)


def _timestamps(
    signature: SignatureElement, qualifying: Qualifying, canonical: CanonicalXml
) -> tuple[TimestampFinding, ...]:
    """Those over the value (EN 319 132-1, 5.3), in their order."""

    def digest_by(how: Canonicalization) -> Callable[[str], bytes]:
        def digest(hash_: str) -> bytes:
            state = hashlib.new(hash_)
            for octets in _octets(signature.value_element, how, canonical):
                state.update(octets)
            return state.digest()

        return digest

    def judged(stamp: SignatureTimestamp | RefusedSignatureError) -> TimestampFinding:
        if isinstance(stamp, RefusedSignatureError):
            return TimestampFinding(stamp.verdict)
        try:
            return judge_token(stamp.token, digest_by(stamp.canonicalization))
        except UnsupportedDocumentError as error:  # nobody signed how it is canonicalised: the signature stays right
            return TimestampFinding(_unsupported(error))
        except Exception as error:  # noqa: BLE001 - nor is it the signature that provokes it
            return TimestampFinding(_unexpected(error))

    return tuple(map(judged, qualifying.timestamps))


def _with_coverage(
    document: XmlDocument,
    finding: SignatureFinding,
    judged: _Judged,
    carriers: Mapping[etree._Element, Sequence[etree._Element]],
) -> SignatureFinding:
    """A Signature is reported by itself; what it carries would otherwise go unsaid, the more so where it is cut out."""
    covered = [document.root if r.is_whole_document else r.element for r in judged.references]
    elements = [element for element in covered if element is not None]
    parts = [document.root]
    if judged.signature is not None and any(resolved.reference.enveloped for resolved in judged.references):
        parts.append(judged.signature.element)
    uncovered = uncovered_paths(parts, elements, carriers)
    data = (resolved for resolved in judged.references if resolved.reference.kind != SIGNED_PROPERTIES)
    return replace(finding, covers=tuple(resolved.path for resolved in data), uncovered=uncovered)


def _unsupported(error: UnsupportedDocumentError) -> Verdict:
    return Verdict(SubIndication.FORMAT_FAILURE, str(error.facts["reason"]), error.facts)


def _unexpected(error: Exception) -> Verdict:
    """Fail closed, naming the kind of surprise but not its text, which may quote the document."""
    return Verdict(SubIndication.FORMAT_FAILURE, "unexpected", {"error": type(error).__name__})
