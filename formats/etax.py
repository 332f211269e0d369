"""The e-Tax return (.xtx): signatures beside the procedure element in DATA, and on the attachments under TENPU.

Where a signature stands is NTA's schema; that it refers to `#<procedure id>` is inferred and confirmed by nobody
(efiling-xml.md 1.2). Versions, namespaces and ids are taken from the document, never from a table here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from lxml import etree

from .base import SignatureFinding, SigningIdentity, VerificationPolicy
from .certificate_xml import is_certificate, stands_as_certificate
from .errors import FormatError, TargetNotFoundError
from .profiles import Profile
from .source import Source
from .verdict import RefusedSignatureError, SubIndication, Verdict
from .xml_paths import path_of
from .xml_safety import XmlDocument, parse, peek_root
from .xml_splice import cut_out
from .xmldsig import SIGNATURE, PreparedXml, Target, prepare_signature
from .xmldsig_reading import ResolvedReference, SignatureElement
from .xmldsig_verify import verify_signatures

_NAMESPACE = "http://xml.e-tax.nta.go.jp/XSD/"
_ATTACHMENT = re.compile(rf"\{{{re.escape(_NAMESPACE)}somu\}}SOZ[0-9]{{3}}")


@dataclass(frozen=True, eq=False)
class _Return:
    """The parts of a return that matter to signatures."""

    data: etree._Element
    procedure: etree._Element

    @property
    def attachments(self) -> Iterator[etree._Element]:
        """The documents under TENPU that tax accountants sign by themselves (SOZ042, SOZ052, SOZ074)."""
        for tenpu in self.procedure.iterfind("{*}CONTENTS/{*}TENPU"):
            yield from (child for child in tenpu.iterchildren(etree.Element) if _ATTACHMENT.fullmatch(str(child.tag)))


class EtaxAdapter:
    """e-Tax returns. Attachments are signed before the return, because the return's signature covers them."""

    name = "etax"
    fallback = False
    outlines = True

    def sniff(self, source: Source, filename: str) -> bool:  # noqa: ARG002 - the content tells
        """A DATA element in a namespace of e-Tax."""
        namespace, local = peek_root(source) or ("", "")
        return local == "DATA" and namespace.startswith(_NAMESPACE)

    def open(self, source: Source) -> XmlDocument:
        """Parse safely; raises FormatError."""
        return parse(source.read())

    def prepare(
        self,
        document: XmlDocument,
        identity: SigningIdentity,
        profile: Profile,
        at: datetime,  # noqa: ARG002
    ) -> PreparedXml:
        """The next signature: with `profile.attachments`, first each attachment that bears none, then the return."""
        filed = _read_return(document.root)
        if profile.attachments:
            if next(filed.attachments, None) is None:
                raise TargetNotFoundError(reason="no-attachments", target="TENPU")
            for attachment in filed.attachments:
                if attachment.find(SIGNATURE) is None:
                    target = Target.by_id(_id_of(attachment), attachment)
                    prepared = prepare_signature(
                        document, attachment, [target], identity, prefix=profile.prefix, chain=profile.chain
                    )
                    return replace(prepared, last=False, outline=None)
        target = Target.by_id(_id_of(filed.procedure), filed.procedure)
        return prepare_signature(document, filed.data, [target], identity, prefix=profile.prefix, chain=profile.chain)

    def verify(self, document: XmlDocument, policy: VerificationPolicy) -> Sequence[SignatureFinding]:
        """Every signature in its place; a return whose procedure element nobody signed is INVALID all the same."""
        try:
            filed = _read_return(document.root)
        except FormatError as error:
            reason = str(error.facts["reason"])
            return [SignatureFinding("/", Verdict(SubIndication.SIG_CONSTRAINTS_FAILURE, reason, error.facts))]
        findings = [
            _judged_alone(document, finding, policy)
            for finding in verify_signatures(document, policy, _stands_in_return)
        ]
        if findings[0].verdict.reason != "no-signature" and filed.data.find(SIGNATURE) is None:
            verdict = Verdict(SubIndication.SIG_CONSTRAINTS_FAILURE, "return-not-signed")
            findings.append(SignatureFinding(path_of(filed.data), verdict, uncovered=(path_of(filed.procedure),)))
        return findings


def _read_return(data: etree._Element) -> _Return:
    """DATA must hold one procedure element, then signatures only: anything more could be taken for the return."""
    children = list(data.iterchildren(etree.Element))
    if not children or children[0].tag == SIGNATURE:
        raise TargetNotFoundError(reason="no-procedure", target="DATA")
    for child in children[1:]:
        if child.tag != SIGNATURE:
            raise TargetNotFoundError(reason="beside-procedure", target=path_of(child))
    _id_of(children[0])
    return _Return(data, children[0])


def _id_of(element: etree._Element) -> str:
    identifier = element.get("id")
    if not identifier:
        raise TargetNotFoundError(reason="no-id", target=path_of(element))
    return identifier


def _stands_in_return(
    document: XmlDocument, signature: SignatureElement, references: Sequence[ResolvedReference]
) -> None:
    """The place rule: beside the procedure element and over it, or last in an attachment and over that."""
    parent = signature.element.getparent()
    filed = _read_return(document.root)
    if parent is filed.data:
        expected = filed.procedure
    elif parent is not None and any(parent is attachment for attachment in filed.attachments):
        if any(following.tag != SIGNATURE for following in signature.element.itersiblings(etree.Element)):
            raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "signature-not-last")
        expected = parent
    elif parent is not None and is_certificate(parent):
        stands_as_certificate(document, signature, references)
        return
    else:
        raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "signature-misplaced")
    if len(references) != 1 or references[0].element is not expected:
        raise RefusedSignatureError(
            SubIndication.SIG_CONSTRAINTS_FAILURE, "wrong-element-signed", expected=path_of(expected)
        )


def _judged_alone(document: XmlDocument, finding: SignatureFinding, policy: VerificationPolicy) -> SignatureFinding:
    """A certificate embedded under TENPU was signed as a document of its own: if it fails in place, cut it out and try.

    Inclusive canonicalisation pulls the namespaces of DATA into it (efiling-xml.md section 7, question 9).
    """
    if finding.verdict.sub_indication is not SubIndication.HASH_FAILURE:
        return finding
    for signature in document.root.iter(SIGNATURE):
        parent = signature.getparent()
        if parent is not None and is_certificate(parent) and path_of(signature) == finding.place:
            try:
                alone = parse(cut_out(document, parent))
            except FormatError:
                return finding
            (again, *_) = verify_signatures(alone, policy, stands_as_certificate)
            if again.verdict.passed:
                root = path_of(parent)
                return replace(again, place=finding.place, covers=(root,), uncovered=("/DATA",))
    return finding
