"""Steps 1 and 2 of signing: the options resolved once, then every document prepared with a stand-in identity.

Whatever can fail without a key fails here, before a card is touched.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from jitsuin.formats.base import Extends, SigningIdentity, ValidationData, outline_of
from jitsuin.formats.profiles import Chain as ChainOption

from . import registry
from .documents import adapter_for, contents_of, opened
from .errors import EXPECTED_ERRORS, InputChangedError, OutputError, ProfileMismatchError
from .long_term import check_claimable
from .proof import load_timestamp_trust
from .results import Notice, Rehearsal, SignOutcome
from .revocation import ONLINE, EvidenceOptions, open_broker
from .storage import check_output, open_document
from .timestamp import TimestampAuthority
from .trust import TrustNames, load_trust
from .trust_sets import TrustSet
from .validity import Mode, RevocationMode

if TYPE_CHECKING:
    from jitsuin.formats.base import FormatAdapter, Outline, Prepared
    from jitsuin.formats.profiles import Profile
    from jitsuin.formats.source import Source

_OUTLINE_BYTES = 4096
"""So much is kept of each document of a folder until it is signed; mostly it is a third of that."""
TimestampMode = Literal["require", "prefer"]


@dataclass(frozen=True)
class SigningOptions:
    """How to sign. `profile` None takes the one that fits the document."""

    profile: str | None = None
    chain: Literal["full", "leaf"] | None = None
    attachments: bool = False
    references: tuple[str, ...] = ()
    """Ids of elements to sign instead of the whole document (profiles `xmldsig` and `xades-…`)."""
    files: tuple[Path, ...] = ()
    """Further files for the signature to cover (profiles `xmldsig` and `xades-…`)."""
    field: str | None = None
    """PDF: the signature field, an existing one's name or `PAGE/X1,Y1,X2,Y2/NAME` for a new one."""
    reason: str | None = None
    """PDF: why it is signed."""
    location: str | None = None
    """PDF: where it is signed."""
    normalize: bool = False
    """Rewrite an unsigned document that is not strictly well formed, before signing it."""
    trust: TrustNames = ()
    accept_test_hierarchy: bool = False
    """Take J-LIS's test hierarchy (O=JPKI-TEST) for anchors; the result says that this is no real signature."""
    crls: Sequence[str | Path] = ()
    revocation: Mode = "warn"
    evidence: EvidenceOptions = ONLINE
    timestamp_url: str | None = None
    """The time-stamping authority (RFC 3161). Named, it makes of a profile of level B-B that of level B-T."""
    timestamp_trust: TrustNames = ()
    """CA certificates that vouch for the authority, and for nothing else."""
    timestamp: TimestampMode = "require"
    """What to do where no timestamp is to be had: fail, or sign without it and say so."""
    filing_date: date | None = None
    """The day in Japan on which the document will be filed: say if the certificate will have expired by then."""
    overwrite: bool = False
    make_folder: bool = False
    """Make the folder of an output that does not exist yet."""
    mixed: bool = False
    """There are documents of several formats: an option for one of them is none for the others."""
    protected: tuple[Path, ...] = ()
    """Files that no output may replace, besides those that the run reads by these options: the key's, for instance."""


@dataclass
class Plan:
    """A rehearsed document. What was read is kept only when it is the only one, so that a folder fills no memory."""

    rehearsal: Rehearsal
    adapter: FormatAdapter
    notices: tuple[Notice, ...] = ()
    outline: bytes | None = None
    """What need not be done again, pickled, for formats that have such; None where a document has made it large."""
    source: Source | None = None
    """Its bytes, if they are kept."""
    document: object | None = None
    """Itself, if it is kept open."""

    def let_go(self) -> None:
        """Keep nothing of the document."""
        self.source = self.document = None

    def prepare(self, identity: SigningIdentity, at: datetime) -> Prepared:
        """Step 7: the bytes that were rehearsed, with the real certificate. Raises InputChangedError and FormatError.

        What is kept of the document is then forgotten: the tree of a large return must not outlive its use.
        """
        source, document = self.source, self.document
        self.let_go()
        if document is None:
            source = source or self._read_again()
            outline: Outline | None = pickle.loads(self.outline) if self.outline else None  # noqa: S301 - our own
            prepared = outline.prepared(source, identity) if outline is not None else None
            if prepared is not None:
                return prepared
            document = opened(self.adapter, source, normalize=bool(self.notices))[0]
        return self.adapter.prepare(document, identity, self.rehearsal.profile, at)

    def _read_again(self) -> Source:
        source = open_document(self.rehearsal.source)
        if source.hasher("sha256").hexdigest() != self.rehearsal.source_sha256:
            raise InputChangedError(path=str(self.rehearsal.source))
        return source


class Rehearsing:
    """Steps 1 and 2: the options resolved once, then every document prepared with a stand-in identity."""

    def __init__(self, options: SigningOptions, at: datetime) -> None:
        self.options = options
        self.at = at
        if options.profile is not None:
            registry.profile_named(options.profile)
        self.mode = RevocationMode(options.revocation)
        self.files = contents_of(options.files)
        self.store = load_trust(options.trust, accept_test_hierarchy=options.accept_test_hierarchy)
        self.broker = open_broker(options.crls, options.evidence, at)
        self.timestamp_store = load_timestamp_trust(options.timestamp_trust)
        self.authority = self._authority()
        self._stand_in = _stand_in(at)
        self._profiles: dict[str, Profile] = {}

    def all(self, jobs: Iterable[tuple[Path, Path]]) -> list[Plan | SignOutcome]:
        """A plan for every document, or what it failed with. No two may go to one target."""
        pairs = list(jobs)
        plans: list[Plan | SignOutcome] = []
        given = (*self.options.trust, *self.options.timestamp_trust, *self.options.crls)
        named = [Path(name) for name in given if isinstance(name, str | Path)]
        named += [file for name in given if isinstance(name, TrustSet) for file in name.files()]
        protected = [*(source for source, _ in pairs), *self.options.files, *named, *self.options.protected]
        taken: set[Path] = set()
        for source, target in pairs:
            if (place := target.resolve()) in taken:
                plans.append(SignOutcome(source, error=OutputError(path=str(target), reason="collision")))
                continue
            taken.add(place)
            plan = self._rehearse(source, target, protected)
            if len(pairs) > 1 and isinstance(plan, Plan):
                plan.let_go()
            plans.append(plan)
        return plans

    def _rehearse(self, source: Path, target: Path, protected: Sequence[Path]) -> Plan | SignOutcome:
        try:
            content = open_document(source)
            check_output(target, protected, overwrite=self.options.overwrite, make_folder=self.options.make_folder)
            return self.plan(source, target, content)
        except EXPECTED_ERRORS as error:
            return SignOutcome(source, error=error)

    def plan(self, source: Path, target: Path, content: Source) -> Plan:
        """Prepare the document with the stand-in identity. Raises JitsuinError or FormatError."""
        adapter = adapter_for(source, content, self.options.profile)
        profile = self.profile(adapter)
        document, notices = opened(adapter, content, normalize=self.options.normalize)
        prepared = adapter.prepare(document, self._stand_in, profile, self.at)
        if profile.validation_data and isinstance(adapter, Extends):
            adapter.with_validation_data(document, ValidationData(), self.at)
        rehearsal = Rehearsal(source, target, profile, content.hasher("sha256").hexdigest())
        # What was rewritten on the way is not what is read again.
        outline = _packed(outline_of(adapter, prepared)) if not notices else None
        if outline is not None:
            return Plan(rehearsal, adapter, notices, outline, source=content)
        return Plan(rehearsal, adapter, notices, document=document)

    def with_options(self, **changes: Any) -> Rehearsing:
        """The same with some options changed: those that name no further file or address to be read here."""
        other = copy(self)
        other.options = replace(self.options, **changes)
        other._profiles = {}
        return other

    def profile(self, adapter: FormatAdapter) -> Profile:
        """The destination profile, narrowed by the options. Raises ProfileMismatchError for one it has no use for."""
        if adapter.name not in self._profiles:
            self._profiles[adapter.name] = self._profile(adapter)
        return self._profiles[adapter.name]

    def _profile(self, adapter: FormatAdapter) -> Profile:
        chosen = self.options.profile
        profile = registry.profile_named(chosen) if chosen else registry.profile_for(adapter.name)
        options = _fitting(self.options, profile) if self.options.mixed else self.options
        if self.authority is not None and not profile.timestamp_over:
            profile = registry.with_timestamp(profile)
        if self.authority is None and profile.timestamp_over:
            raise ProfileMismatchError(profile=profile.name, reason="no-timestamp-url")
        if self.authority is not None and not profile.timestamp_over and (chosen or not options.mixed):
            if (other := registry.timestamped(profile.format)) is not None:
                raise ProfileMismatchError(profile=profile.name, reason="no-place-for-timestamp", other=other.name)
            raise ProfileMismatchError(profile=profile.name, found="--timestamp-url")
        if self.authority is not None and options.timestamp == "require":
            self.authority.check_address()
        check_claimable(profile, options.timestamp_trust, options.timestamp)
        if options.attachments and profile.format != "etax":
            raise ProfileMismatchError(profile=profile.name, found="--attachments")
        if (options.references or options.files) and profile.format != "xmldsig":
            raise ProfileMismatchError(profile=profile.name, found="--reference" if options.references else "--file")
        for option in ("field", "reason", "location"):
            if getattr(options, option) is not None and profile.format != "pdf":
                raise ProfileMismatchError(profile=profile.name, found=f"--{option}")
        return replace(
            profile,
            chain=ChainOption(options.chain) if options.chain else profile.chain,
            attachments=options.attachments,
            references=options.references,
            files=(options.files and self.files) or None,
            field=options.field,
            reason=options.reason,
            location=options.location,
        )

    def _authority(self) -> TimestampAuthority | None:
        options = self.options
        if options.timestamp_url is None:
            return None
        return TimestampAuthority(options.timestamp_url, self.timestamp_store, self.broker, options.evidence, self.mode)


def _packed(outline: Outline | None) -> bytes | None:
    if outline is None:
        return None
    data = pickle.dumps(outline)
    return data if len(data) <= _OUTLINE_BYTES else None


def _fitting(options: SigningOptions, profile: Profile) -> SigningOptions:
    """Without the options that are for other formats than the profile's."""
    if profile.format != "etax":
        options = replace(options, attachments=False)
    if profile.format != "xmldsig":
        options = replace(options, references=(), files=())
    if profile.format != "pdf":
        options = replace(options, field=None, reason=None, location=None)
    return options


def _stand_in(at: datetime) -> SigningIdentity:
    """An identity for the rehearsal with a key of the cards' kind, which nobody holds: any odd number is a modulus.

    It is signed by a throw-away elliptic key, because such a one is made in a fraction of a millisecond.
    """
    key = rsa.RSAPublicNumbers(65537, 2**2048 - 1).public_key()
    issuer = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "rehearsal")])
    builder = x509.CertificateBuilder(name, name, key, 1, at, at + timedelta(days=1))
    return SigningIdentity(builder.sign(issuer, hashes.SHA256()))
