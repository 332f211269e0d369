"""The contract of a format adapter: open, prepare, embed, verify.

Between `prepare` and `Prepared.embed` nothing of the adapter is needed: the pipeline may stop there, or carry
`to_be_signed` to another process or machine. Adapters are registered in the entry-point group `jitsuin.formats`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, Protocol, runtime_checkable

from .verdict import SubIndication, Verdict

if TYPE_CHECKING:
    from cryptography import x509

    from .errors import FormatError
    from .profiles import Profile
    from .source import Source


@dataclass(frozen=True)
class SigningIdentity:
    """Who signs: the certificate, and the CA certificates above it, nearest first."""

    certificate: x509.Certificate
    issuers: tuple[x509.Certificate, ...] = ()
    name: str | None = None
    """The holder's name, for forms that state it beside the certificate."""

    @cached_property
    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate."""
        from cryptography.hazmat.primitives import hashes

        return self.certificate.fingerprint(hashes.SHA256())


class Prepared(Protocol):
    """A document ready for its signature value. Frozen, and made of plain data, so that it can be pickled."""

    @property
    def to_be_signed(self) -> bytes:
        """The exact bytes that the scheme hashes and signs; for XMLDSig the canonical SignedInfo."""

    @property
    def scheme(self) -> str:
        """The signature scheme by name, such as `rsa-sha256`."""

    @property
    def signature_id(self) -> str:
        """What the finding for this signature will bear as its `signature_id`."""

    @property
    def last(self) -> bool:
        """False when this was one of the document's inner signatures: open what `embed` wrote and prepare again."""

    def embed(self, signature: bytes, out: BinaryIO) -> None:
        """Write the signed document. RSA: the value as it is; ECDSA: a DER Ecdsa-Sig-Value."""


class Outline(Protocol):
    """What of preparing a document asks nothing of the signer: small plain data without the document, to be kept.

    A prepared document has one as its `outline`, or None there; `outline_of` gives it.
    """

    def prepared(self, source: Source, identity: SigningIdentity) -> Prepared | None:
        """What `prepare` would give for the same bytes; None where it has to be asked, as for a key of another kind."""


def outline_of(adapter: FormatAdapter, prepared: Prepared) -> Outline | None:
    """The outline of what an adapter prepared, if the adapter's own class says `outlines = True`.

    Inherited it does not count: a class that has another `open` or `prepare` would not be asked when it is used.
    """
    return prepared.outline if vars(type(adapter)).get("outlines") else None  # type: ignore[attr-defined]


@runtime_checkable
class TakesTimestamp(Prepared, Protocol):
    """A prepared document with room for a timestamp token (RFC 3161) over its signature value."""

    @property
    def timestamp_room(self) -> int:
        """How many bytes a token may have; 0 where the profile has no place for one."""

    def timestamp_digest(self, signature: bytes) -> bytes:
        """SHA-256 of what the token is to be about."""

    def embed(self, signature: bytes, out: BinaryIO, timestamp: bytes | None = None) -> None:
        """Write the signed document, with the token or without one. Raises ValueError for one that is too large."""


@runtime_checkable
class Extendable(TakesTimestamp, Protocol):
    """A prepared document that can be extended once it is signed, before anything is written."""

    def signed(self, signature: bytes, timestamp: bytes | None = None) -> Source:
        """What `embed` writes."""


@dataclass(frozen=True)
class ValidationData:
    """What it takes to judge a document's certificates: all in DER."""

    certificates: tuple[bytes, ...] = ()
    ocsp_responses: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()


class PreparedStamp(Protocol):
    """A document ready for a timestamp token (RFC 3161) over all of it."""

    @property
    def signature_id(self) -> str:
        """What the finding for this timestamp will bear as its `signature_id`."""

    @property
    def timestamp_room(self) -> int:
        """How many bytes the token may have."""

    def timestamp_digest(self) -> bytes:
        """SHA-256 of what the token is to be about."""

    def stamped(self, token: bytes) -> Source:
        """The document with the token. Raises ValueError for one that is too large."""


@dataclass(frozen=True)
class VerificationPolicy:
    """What verification may accept, as far as the document itself is concerned."""

    accept_sha1: bool = False
    """Compute SHA-1 digests and signatures instead of refusing them; the finding is then marked weak."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The only files that references may name, by bare file name."""
    profile: Profile | None = None
    """The destination whose form the signatures must have; None judges by the format's own rules."""


@dataclass(frozen=True)
class Change:
    """Something that was done to a document after a signature was made."""

    code: str
    """What was done, such as `signature-added`."""
    permitted: bool
    facts: Mapping[str, object] = field(default_factory=dict)
    """Where: object numbers and names of the format, never text of the document."""


@dataclass(frozen=True)
class TimestampFinding:
    """What was found out about a timestamp: the verdict on the token, and whether it is about what it stands for.

    What it says counts only where its authority's certificate is trusted, which is judged by the caller.
    """

    verdict: Verdict
    place: str = ""
    """The field of a document timestamp; empty for a token inside the signature."""
    at: datetime | None = None
    """genTime; None, like all that follows, where the token's own signature is not right."""
    accuracy: timedelta = timedelta()
    policy: str | None = None
    """Under which the authority issued it, in dotted numbers."""
    serial: int | None = None
    certificate: x509.Certificate | None = None
    """The authority's."""
    embedded: tuple[x509.Certificate, ...] = ()
    """The other certificates that came with it: hints for building the chain, no more."""

    @property
    def latest(self) -> datetime | None:
        """What was stamped existed by then: the time with all of its accuracy."""
        return None if self.at is None else self.at + self.accuracy


@dataclass(frozen=True)
class SignatureFinding:
    """What was found out about one signature (or about one that is missing where the form demands it).

    The verdict is about the document and the signature value only; the certificate is judged by the caller.
    """

    place: str
    """Where the signature is: for XML the path of its element by local names, for PDF the name of its field."""
    verdict: Verdict
    signature_id: str | None = None
    scheme: str | None = None
    covers: tuple[str, ...] = ()
    """Paths of what the signature covers; `/` is the whole document, other names are files."""
    uncovered: tuple[str, ...] = ()
    """Paths of the outermost elements that this signature does not cover, other signatures left out."""
    changes: tuple[Change, ...] = ()
    """What came after the signature, in the order of the document's revisions."""
    claimed_at: datetime | None = None
    """When the signer says to have signed; nothing proves it."""
    timestamps: tuple[TimestampFinding, ...] = ()
    """Those over the signature, and the sound document timestamps that came after it, oldest first."""
    document_timestamp: TimestampFinding | None = None
    """There where this is nobody's signature but a document timestamp, an authority's word about the time."""
    weak: bool = False
    """SHA-1 was used and had been allowed."""
    certificate: x509.Certificate | None = None
    embedded: tuple[x509.Certificate, ...] = ()
    """The other certificates that came with the signature or document: hints for building chains, no more."""
    evidence: tuple[bytes, ...] = ()
    """CRLs and OCSP responses (DER) that came with the document: worth what their own signatures make of them."""


def unreadable(error: FormatError) -> SignatureFinding:
    """The finding for a document that `open` refused: verifying answers with a verdict, not with an exception."""
    reason = str(error.facts.get("reason", "duplicate-id"))
    return SignatureFinding("/", Verdict(SubIndication.FORMAT_FAILURE, reason, error.facts))


class FormatAdapter(Protocol):
    """A document format. `document` is whatever `open` returns: parsed once, used by `prepare` and `verify`."""

    name: str
    fallback: bool
    """Whether it takes nearly anything, and is asked only after the more particular adapters."""

    def sniff(self, source: Source, filename: str) -> bool:
        """Whether this is the format. Given the whole document, because what stands before the root can be long.

        The name of the file is a hint, never a proof.
        """

    def open(self, source: Source) -> object:
        """Parse safely. Raises MalformedDocumentError, UnsupportedDocumentError or DuplicateIdError."""

    def prepare(self, document: object, identity: SigningIdentity, profile: Profile, at: datetime) -> Prepared:
        """Everything up to the bytes to be signed. Raises FormatError."""

    def verify(self, document: object, policy: VerificationPolicy) -> Sequence[SignatureFinding]:
        """One finding for every signature, and at least one. Never raises on a bad document."""


@runtime_checkable
class Normalizes(Protocol):
    """An adapter whose documents can be rewritten, content kept, into a shape that it reads."""

    def normalize(self, source: Source) -> Source:
        """The rewritten document. Raises FormatError, also where there is a signature that rewriting would break."""


@runtime_checkable
class Extends(FormatAdapter, Protocol):
    """An adapter whose signed documents can be given evidence and timestamps later; what is there stays as it is."""

    def with_validation_data(self, document: object, data: ValidationData, at: datetime) -> Source:
        """The document with what of the data it has not got yet. Raises FormatError."""

    def prepare_timestamp(self, document: object, at: datetime) -> PreparedStamp:
        """Everything up to the token. Raises FormatError."""
