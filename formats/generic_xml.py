"""Any XML document, by W3C XML Signature or XAdES: enveloped over all of it, or over chosen elements and files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from .base import SignatureFinding, SigningIdentity, VerificationPolicy
from .errors import TargetNotFoundError
from .profiles import Profile
from .source import Source
from .xades import prepare_xades
from .xml_safety import XmlDocument, begins_as_xml, parse
from .xmldsig import PreparedXml, Target, prepare_signature
from .xmldsig_verify import verify_signatures


class GenericXmlAdapter:
    """XML without rules of its own. What a signature leaves uncovered is named, for the caller to judge."""

    name = "xmldsig"
    fallback = True
    outlines = True

    def sniff(self, source: Source, filename: str) -> bool:  # noqa: ARG002 - the content tells
        """Anything that begins as XML does."""
        return begins_as_xml(source.head)

    def open(self, source: Source) -> XmlDocument:
        """Parse safely; raises FormatError."""
        return parse(source.read())

    def prepare(
        self,
        document: XmlDocument,
        identity: SigningIdentity,
        profile: Profile,
        at: datetime,
    ) -> PreparedXml:
        """A signature as the root's last child, over `profile.references` (the whole document if empty) and files."""
        targets = [_by_id(document, identifier) for identifier in profile.references]
        targets = targets or [Target.whole_document()]
        targets += [Target.of_file(name, content) for name, content in (profile.files or {}).items()]
        if profile.xades:
            return prepare_xades(document, document.root, targets, identity, profile, at)
        return prepare_signature(document, document.root, targets, identity, prefix=profile.prefix, chain=profile.chain)

    def verify(self, document: XmlDocument, policy: VerificationPolicy) -> Sequence[SignatureFinding]:
        """Every signature wherever it stands, with what it covers and what it leaves uncovered."""
        return verify_signatures(document, policy)


def _by_id(document: XmlDocument, identifier: str) -> Target:
    element = document.ids.get(identifier)
    if element is None:
        raise TargetNotFoundError(reason="no-such-id", target=identifier)
    return Target.by_id(identifier, element)
