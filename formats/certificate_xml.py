"""Issuer-signed certificates (TEG…: pension, insurance, donations): one enveloped signature, last in the root.

The shape is that of NTA's published sample files (efiling-xml.md section 2). Carriage returns in base64 and Ids that
begin with a digit are read, as issuers write them, and never written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from lxml import etree

from .base import SignatureFinding, SigningIdentity, VerificationPolicy
from .errors import AlreadySignedError, TargetNotFoundError
from .profiles import Profile
from .source import Source
from .verdict import RefusedSignatureError, SubIndication, Verdict
from .xml_paths import path_of
from .xml_safety import XmlDocument, parse, peek_root
from .xmldsig import SIGNATURE, PreparedXml, Target, prepare_signature
from .xmldsig_reading import ResolvedReference, SignatureElement
from .xmldsig_verify import verify_signatures

_NAMESPACE = "http://xml.e-tax.nta.go.jp/XSD/kyotsu"
_FORM = re.compile(r"TEG[0-9]{3}")


class CertificateXmlAdapter:
    """Certificates that an insurer, a bank or an office signs for the taxpayer to attach."""

    name = "certificate-xml"
    fallback = False
    outlines = True

    def sniff(self, source: Source, filename: str) -> bool:  # noqa: ARG002 - the content tells
        """A TEGnnn element in the namespace that e-Tax shares among procedures."""
        namespace, local = peek_root(source) or ("", "")
        return namespace == _NAMESPACE and _FORM.fullmatch(local) is not None

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
        """The one signature that the schema has room for. Raises AlreadySignedError where it is there."""
        root = document.root
        if (earlier := root.find(SIGNATURE)) is not None:
            raise AlreadySignedError(place=path_of(earlier))
        identifier = root.get("id")
        if not identifier:
            raise TargetNotFoundError(reason="no-id", target=path_of(root))
        target = Target.by_id(identifier, root)
        return prepare_signature(document, root, [target], identity, prefix=profile.prefix, chain=profile.chain)

    def verify(self, document: XmlDocument, policy: VerificationPolicy) -> Sequence[SignatureFinding]:
        """Exactly one signature, over the root, at its end."""
        if not is_certificate(document.root):
            facts = {"root": path_of(document.root)}
            return [SignatureFinding("/", Verdict(SubIndication.SIG_CONSTRAINTS_FAILURE, "not-a-certificate", facts))]
        return verify_signatures(document, policy, stands_as_certificate)


def is_certificate(element: etree._Element) -> bool:
    """Whether the element is a TEG form."""
    name = etree.QName(element)
    return name.namespace == _NAMESPACE and _FORM.fullmatch(name.localname) is not None


def stands_as_certificate(
    _document: XmlDocument, signature: SignatureElement, references: Sequence[ResolvedReference]
) -> None:
    """The place rule: the only signature of its TEG form, its last element, with one reference to the form."""
    form = signature.element.getparent()
    if form is None or not is_certificate(form):
        raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "signature-misplaced")
    if len(form.findall(SIGNATURE)) != 1 or next(signature.element.itersiblings(etree.Element), None) is not None:
        raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "signature-not-last")
    if len(references) != 1 or references[0].element is not form:
        raise RefusedSignatureError(
            SubIndication.SIG_CONSTRAINTS_FAILURE, "wrong-element-signed", expected=path_of(form)
        )
