"""The only place that joins a signer and a format: the twelve steps of signing, and verifying.

1. Read, detect the format, choose the destination profile. 2. Rehearse with a stand-in identity. 3. Find the key, ask
the PIN counter. 4. Ask the PIN once; one VERIFY. 5. Read the certificates. 6. Gate. 7. Prepare with the real
certificate. 8. Sign; check the value. 9. Embed. 10. Verify the output as a stranger would. 11. Write. 12. Report.
Steps 3 to 5 are the signer's: they happen when its certificate is first read, after every document has been rehearsed.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from jitsuin.formats.base import (
    Normalizes,
    SignatureFinding,
    SigningIdentity,
    TakesTimestamp,
    TimestampFinding,
    VerificationPolicy,
    unreadable,
)
from jitsuin.formats.errors import FormatError, MalformedDocumentError, UnsupportedDocumentError
from jitsuin.formats.profiles import Chain as ChainOption
from jitsuin.formats.source import Source
from jitsuin.formats.verdict import SubIndication, Verdict
from jitsuin.signer.base import (
    ChooseReader,
    PinCallback,
    ShowsIssuer,
    SignatureScheme,
    Signer,
    SignerOptions,
    TokenNotice,
    check_value,
)
from jitsuin.signer.errors import SignerError

from . import registry
from .certificate import holder_of
from .errors import (
    EXPECTED_ERRORS,
    CertificateRefusedError,
    InputChangedError,
    InputError,
    NotAttemptedError,
    OutputError,
    ProfileMismatchError,
    SelfVerificationError,
    TimestampError,
    UnknownFormatError,
)
from .proof import Brought, TimestampAnchors, judge_timestamps, load_timestamp_trust
from .results import Notice, Rehearsal, SignatureReport, SignOutcome, SignResult, TimestampReport, VerifyReport
from .revocation import ONLINE, EvidenceOptions, Revocation, cache_folder
from .storage import check_output, make_folder, open_document, read_document, write_atomically
from .timestamp import Stamp, TimestampAuthority
from .trust import TrustStore, load_trust, remember
from .validity import Judgement, RevocationMode, judge

if TYPE_CHECKING:
    from jitsuin.formats.base import FormatAdapter, Prepared
    from jitsuin.formats.profiles import Profile

Mode = Literal["require", "warn", "off"]
TimestampMode = Literal["require", "prefer"]
TrustNames = Sequence[str | Path | x509.Certificate]


@dataclass(frozen=True)
class SigningOptions:
    """How to sign. `profile` None takes the one that fits the document."""

    profile: str | None = None
    chain: Literal["full", "leaf"] | None = None
    attachments: bool = False
    references: tuple[str, ...] = ()
    """Ids of elements to sign instead of the whole document (profile `xmldsig`)."""
    files: tuple[Path, ...] = ()
    """Further files for the signature to cover (profile `xmldsig`)."""
    field: str | None = None
    """PDF: the signature field, an existing one's name or `PAGE/X1,Y1,X2,Y2/NAME` for a new one."""
    reason: str | None = None
    """PDF: why it is signed."""
    location: str | None = None
    """PDF: where it is signed."""
    normalize: bool = False
    """Rewrite an unsigned document that is not strictly well formed, before signing it."""
    trust: TrustNames = ()
    crls: Sequence[str | Path] = ()
    revocation: Mode = "warn"
    evidence: EvidenceOptions = ONLINE
    timestamp_url: str | None = None
    """The time-stamping authority (RFC 3161) for profiles with a timestamp. Named, it chooses such a profile."""
    timestamp_trust: TrustNames = ()
    """CA certificates that vouch for the authority, and for nothing else."""
    timestamp: TimestampMode = "require"
    """What to do where no timestamp is to be had: fail, or sign without it and say so."""
    overwrite: bool = False
    make_folder: bool = False
    """Make the folder of an output that does not exist yet."""
    protected: tuple[Path, ...] = ()
    """Files that no output may replace, besides those that the run reads by these options: the key's, for instance."""


def open_signer(
    uri: str,
    *,
    pin: PinCallback | None,
    allow_last_try: bool = False,
    trust: TrustNames = (),
    choose: ChooseReader | None = None,
    notify: TokenNotice | None = None,
    pkcs11_module: str | None = None,
    at: datetime | None = None,
) -> Signer:
    """A signer for a key URI such as `card:` or `file:id.p12`, to be used as a context manager.

    The PIN callback is called at most once, when a signature or the certificate is first asked for; None opens the
    token for looking only. `trust` spares the token to show a CA certificate that is an anchor. `choose`, `notify`
    and `pkcs11_module` are told at SignerOptions. Raises UnknownNameError, TrustFileError, or a SignerError of the
    backend.
    """
    factory = registry.signer_factory(uri)
    store = load_trust(trust)
    known = (*store.anchors, *store.remembered)
    return factory(uri, SignerOptions(pin, at or now(), allow_last_try, known, choose, notify, pkcs11_module))


def sign_file(
    source: str | Path,
    target: str | Path,
    *,
    signer: Signer,
    profile: str | None = None,
    trust: TrustNames = (),
    crls: Sequence[str | Path] = (),
    revocation: Mode = "warn",
    evidence: EvidenceOptions = ONLINE,
    timestamp_url: str | None = None,
    timestamp_trust: TrustNames = (),
    timestamp: TimestampMode = "require",
    overwrite: bool = False,
    chain: Literal["full", "leaf"] | None = None,
    attachments: bool = False,
    references: Sequence[str] = (),
    files: Sequence[str | Path] = (),
    field: str | None = None,
    reason: str | None = None,
    location: str | None = None,
    normalize: bool = False,
    at: datetime | None = None,
) -> SignResult:
    """Sign one document into `target`. Raises JitsuinError, FormatError or SignerError; then nothing is written.

    What the options mean is said at SigningOptions.
    """
    options = SigningOptions(
        profile=profile,
        chain=chain,
        attachments=attachments,
        references=tuple(references),
        files=tuple(map(Path, files)),
        field=field,
        reason=reason,
        location=location,
        normalize=normalize,
        trust=trust,
        crls=crls,
        revocation=revocation,
        evidence=evidence,
        timestamp_url=timestamp_url,
        timestamp_trust=timestamp_trust,
        timestamp=timestamp,
        overwrite=overwrite,
    )
    (outcome,) = sign_files([(Path(source), Path(target))], signer=signer, options=options, at=at)
    if outcome.result is None:
        raise outcome.error or AssertionError("an outcome without result or error")
    return outcome.result


def sign_files(
    jobs: Iterable[tuple[Path, Path]], *, signer: Signer, options: SigningOptions, at: datetime | None = None
) -> list[SignOutcome]:
    """Sign several documents, (source, target) each, with one PIN.

    All are rehearsed before the key is touched; one that fails stops none of the others. An error of the key or of the
    certificate before the first signature is raised; later it is the outcome of its document, and the rest are not
    attempted.
    """
    rehearsing = _Rehearsing(options, at or now())
    plans = rehearsing.all(jobs)
    if not any(isinstance(plan, _Plan) for plan in plans):
        return [plan for plan in plans if isinstance(plan, SignOutcome)]
    signing = _unlock(signer, rehearsing)
    outcomes: list[SignOutcome] = []
    key_failed = False
    for plan in plans:
        if isinstance(plan, _Plan) and key_failed:
            source = plan.rehearsal.source
            outcomes.append(SignOutcome(source, error=NotAttemptedError(path=str(source))))
            continue
        outcome = signing.sign(plan) if isinstance(plan, _Plan) else plan
        key_failed = key_failed or isinstance(outcome.error, SignerError)
        outcomes.append(outcome)
    return outcomes


def rehearse_files(
    jobs: Iterable[tuple[Path, Path]], *, options: SigningOptions, at: datetime | None = None
) -> list[Rehearsal | SignOutcome]:
    """Steps 1 and 2 alone: everything that can fail without a key. A failed document is an outcome with its error."""
    plans = _Rehearsing(options, at or now()).all(jobs)
    return [plan.rehearsal if isinstance(plan, _Plan) else plan for plan in plans]


def verify_file(
    path: str | Path,
    *,
    trust: TrustNames = (),
    crls: Sequence[str | Path] = (),
    revocation: Mode = "require",
    evidence: EvidenceOptions = ONLINE,
    timestamp_trust: TrustNames = (),
    at: datetime | None = None,
    profile: str | None = None,
    accept_sha1: bool = False,
    files: Sequence[str | Path] = (),
) -> VerifyReport:
    """Verify every signature of a document, at `at` or now. `files` are those that its references may name.

    The time that counts for a certificate is the one that a timestamp proves, if its authority is one of those that
    `timestamp_trust` vouches for; else `at`.

    A bad document is a verdict, never an exception; so is one that is not of the profile's format. Raises
    InputError where the file cannot be read, UnknownFormatError where it is of no known format, UnknownNameError for a
    profile that does not exist, TrustFileError for unusable anchors or CRLs.
    """
    path, at, mode = Path(path), at or now(), RevocationMode(revocation)
    expected = registry.profile_named(profile) if profile is not None else None
    policy = VerificationPolicy(accept_sha1, _contents(files), expected)
    judging = _Judging(load_trust(trust), load_timestamp_trust(timestamp_trust), _broker(crls, evidence, at), at, mode)
    source = open_document(path)
    try:
        adapter = _adapter_for(path, source, profile)
        format_name, findings = adapter.name, _findings(adapter, source, policy)
    except ProfileMismatchError as error:
        verdict = Verdict(SubIndication.SIG_CONSTRAINTS_FAILURE, "wrong-format", error.facts)
        format_name, findings = str(error.facts["found"]), [SignatureFinding("/", verdict)]
    proof_required = expected is not None and expected.timestamp_over is not None
    reports = [judging.judge(finding, proof_required=proof_required) for finding in findings]
    return VerifyReport(path, format_name, source.hasher("sha256").hexdigest(), at, tuple(reports))


def now() -> datetime:
    """The run's one reading of the clock, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass
class _Plan:
    """A rehearsed document. It is kept open only when it is the only one, so that a folder does not fill the memory."""

    rehearsal: Rehearsal
    adapter: FormatAdapter
    document: object | None
    notices: tuple[Notice, ...] = ()

    def hand_over(self) -> object:
        """The open document, which is then forgotten here: the tree of a large return must not outlive its use."""
        document, self.document = self.document, None
        if document is not None:
            return document
        source = open_document(self.rehearsal.source)
        if source.hasher("sha256").hexdigest() != self.rehearsal.source_sha256:
            raise InputChangedError(path=str(self.rehearsal.source))
        return _opened(self.adapter, source, normalize=bool(self.notices))[0]


class _Rehearsing:
    """Steps 1 and 2: the options resolved once, then every document prepared with a stand-in identity."""

    def __init__(self, options: SigningOptions, at: datetime) -> None:
        self.options = options
        self.at = at
        if options.profile is not None:
            registry.profile_named(options.profile)
        self.mode = RevocationMode(options.revocation)
        self.files = _contents(options.files)
        self.store = load_trust(options.trust)
        self.broker = _broker(options.crls, options.evidence, at)
        self.authority = self._authority()
        self._stand_in = _stand_in(at)

    def all(self, jobs: Iterable[tuple[Path, Path]]) -> list[_Plan | SignOutcome]:
        """A plan for every document, or what it failed with. No two may go to one target."""
        pairs = list(jobs)
        plans: list[_Plan | SignOutcome] = []
        given = (*self.options.trust, *self.options.timestamp_trust, *self.options.crls)
        named = (Path(name) for name in given if isinstance(name, str | Path))
        protected = [*(source for source, _ in pairs), *self.options.files, *named, *self.options.protected]
        taken: set[Path] = set()
        for source, target in pairs:
            if (place := target.resolve()) in taken:
                plans.append(SignOutcome(source, error=OutputError(path=str(target), reason="collision")))
                continue
            taken.add(place)
            plan = self._rehearse(source, target, protected)
            if len(pairs) > 1 and isinstance(plan, _Plan):
                plan.document = None
            plans.append(plan)
        return plans

    def _rehearse(self, source: Path, target: Path, protected: Sequence[Path]) -> _Plan | SignOutcome:
        try:
            content = open_document(source)
            check_output(target, protected, overwrite=self.options.overwrite, make_folder=self.options.make_folder)
            adapter = _adapter_for(source, content, self.options.profile)
            profile = self._profile(adapter)
            document, notices = _opened(adapter, content, normalize=self.options.normalize)
            adapter.prepare(document, self._stand_in, profile, self.at)
        except EXPECTED_ERRORS as error:
            return SignOutcome(source, error=error)
        rehearsal = Rehearsal(source, target, profile, content.hasher("sha256").hexdigest())
        return _Plan(rehearsal, adapter, document, notices)

    def _profile(self, adapter: FormatAdapter) -> Profile:
        """The destination profile, narrowed by the options. Raises ProfileMismatchError for one it has no use for."""
        options = self.options
        chosen = options.profile
        profile = registry.profile_named(chosen) if chosen else registry.profile_for(adapter.name)
        if self.authority is not None and not chosen:
            profile = registry.with_timestamp(profile)
        if self.authority is None and profile.timestamp_over:
            raise ProfileMismatchError(profile=profile.name, reason="no-timestamp-url")
        if self.authority is not None and not profile.timestamp_over:
            raise ProfileMismatchError(profile=profile.name, found="--timestamp-url")
        if self.authority is not None and options.timestamp == "require":
            self.authority.check_address()
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
            files=self.files or None,
            field=options.field,
            reason=options.reason,
            location=options.location,
        )

    def _authority(self) -> TimestampAuthority | None:
        options = self.options
        anchors = load_timestamp_trust(options.timestamp_trust)
        if options.timestamp_url is None:
            return None
        return TimestampAuthority(options.timestamp_url, anchors, self.broker, options.evidence, self.mode)


def _unlock(signer: Signer, rehearsing: _Rehearsing) -> _Signing:
    """Steps 3 to 6. Raises SignerError, or CertificateRefusedError at the gate."""
    _refuse_without_pin(signer, rehearsing)
    certificate, issuers = signer.certificate, signer.issuers
    try:
        judgement = judge(certificate, issuers, rehearsing.store, rehearsing.broker, rehearsing.at, rehearsing.mode)
    except Exception as error:  # noqa: BLE001 - the library reads late and raises many things; none of them is good
        raise CertificateRefusedError(reason="certificate-malformed", error=type(error).__name__) from None
    if not judgement.verdict.passed:
        raise CertificateRefusedError(**{"reason": judgement.verdict.reason, **judgement.verdict.facts})
    remember(judgement.chain.certificates)
    # The chain that was judged is the one to embed: it may reach further than what the token knows.
    holder = holder_of(certificate)
    identity = SigningIdentity(certificate, judgement.chain.certificates[1:], holder.name if holder else None)
    return _Signing(signer, identity, judgement, rehearsing)


def _refuse_without_pin(signer: Signer, rehearsing: _Rehearsing) -> None:
    """What the gate would refuse whatever the PIN: do not even ask for it.

    That is revocation required where nothing can tell of it, and a card whose CA certificate, which it shows freely,
    is no anchor.
    """
    issuer = signer.issuer_shown() if isinstance(signer, ShowsIssuer) else None
    if rehearsing.mode is RevocationMode.REQUIRE and rehearsing.broker.hopeless(jpki=issuer is not None):
        raise CertificateRefusedError(reason="revocation-not-checked", why="no-evidence")
    if issuer is not None and rehearsing.store.name_of(issuer) is None:
        raise CertificateRefusedError(reason="issuer-unknown")


@dataclass(frozen=True)
class _Signing:
    """Steps 7 to 12, with a key whose certificate has passed the gate."""

    signer: Signer
    identity: SigningIdentity
    judgement: Judgement
    run: _Rehearsing

    def sign(self, plan: _Plan) -> SignOutcome:
        """One document. Whatever goes wrong is its outcome, so that what was written before stays reported."""
        try:
            return SignOutcome(plan.rehearsal.source, self._sign(plan))
        except Exception as error:  # noqa: BLE001 - also what nobody foresaw
            return SignOutcome(plan.rehearsal.source, error=error)

    def _sign(self, plan: _Plan) -> SignResult:
        rehearsal, certificate = plan.rehearsal, self.identity.certificate
        document, made = plan.hand_over(), []
        while True:
            prepared = plan.adapter.prepare(document, self.identity, rehearsal.profile, self.run.at)  # 7
            scheme = SignatureScheme(prepared.scheme)
            value = self.signer.sign(prepared.to_be_signed, scheme)  # 8
            check_value(certificate.public_key(), prepared.to_be_signed, scheme, value)
            made.append(prepared.signature_id)
            if prepared.last:
                break
            out = io.BytesIO()
            prepared.embed(value, out)
            document = plan.adapter.open(Source.of(out.getvalue()))
        stamped = self._timestamp(prepared, value, rehearsal.profile)
        del document  # step 10 builds a tree of its own
        if self.run.options.make_folder:
            make_folder(rehearsal.target.parent)
        own: list[_OwnOutput] = []
        write_atomically(  # 9, 10, 11
            rehearsal.target,
            lambda file: stamped.embed(prepared, value, file),
            overwrite=self.run.options.overwrite,
            check=lambda written: own.append(self._verify_own(plan, stamped.profile, open_document(written), made)),
        )
        return SignResult(  # 12
            source=rehearsal.source,
            target=rehearsal.target,
            profile=stamped.profile,
            source_sha256=rehearsal.source_sha256,
            target_sha256=own[0].sha256,
            at=self.run.at,
            scheme=scheme.value,
            signature_ids=tuple(made),
            certificate=certificate,
            judgement=self.judgement,
            notices=(*self.judgement.notices, *plan.notices, *stamped.notices, *own[0].notices),
            timestamp=stamped.stamp.report if stamped.stamp else None,
        )

    def _timestamp(self, prepared: Prepared, value: bytes, profile: Profile) -> _Stamped:
        """Between steps 8 and 9: an authority's token over the value, where the profile has a place for one.

        Raises TimestampError, unless a signature without timestamp is better than none.
        """
        authority = self.run.authority
        if authority is None or profile.timestamp_over is None or not isinstance(prepared, TakesTimestamp):
            return _Stamped(profile)
        digest, room = prepared.timestamp_digest(value), prepared.timestamp_room
        try:
            stamp = authority.stamp(digest, room, self.run.at)
        except TimestampError as error:
            if self.run.options.timestamp == "require":
                raise
            lesser = registry.profile_named(profile.timestamp_over)
            return _Stamped(lesser, notices=(Notice("timestamp-missing", {**error.facts, "profile": lesser.name}),))
        notices = () if stamp.report.verdict.passed else (Notice("timestamp-not-vouched-for"),)
        return _Stamped(profile, stamp, notices)

    def _verify_own(self, plan: _Plan, profile: Profile, signed: Source, made: Sequence[str]) -> _OwnOutput:
        """Step 10: the signatures just made must pass; what else is found is said."""
        policy = VerificationPolicy(files=self.run.files, profile=profile)
        findings = _findings(plan.adapter, signed, policy)
        certificate = self.identity.certificate
        ours = {f.signature_id for f in findings if f.verdict.passed and f.certificate == certificate}
        if missing := set(made) - ours:
            failed = (f.verdict.reason for f in findings if f.signature_id in missing and not f.verdict.passed)
            raise SelfVerificationError(path=str(plan.rehearsal.target), reason=next(failed, "missing"))
        bad = [finding for finding in findings if not finding.verdict.passed]
        notices = [_about_earlier(finding) for finding in bad]
        notices += [Notice("signed-before")] * (len(ours) > len(made))
        return _OwnOutput(signed.hasher("sha256").hexdigest(), tuple(notices))


@dataclass(frozen=True)
class _Stamped:
    """What became of the timestamp, and the profile that the signature has with it or without."""

    profile: Profile
    stamp: Stamp | None = None
    notices: tuple[Notice, ...] = ()

    def embed(self, prepared: Prepared, value: bytes, out: BinaryIO) -> None:
        """Step 9."""
        if self.stamp is not None and isinstance(prepared, TakesTimestamp):
            prepared.embed(value, out, self.stamp.token)
        else:
            prepared.embed(value, out)


@dataclass(frozen=True)
class _OwnOutput:
    """What step 10 says of a finished output."""

    sha256: str
    notices: tuple[Notice, ...]


def _about_earlier(finding: SignatureFinding) -> Notice:
    """That somebody else's signature fails, or only is not what the destination of the new one asks for."""
    reason, facts = finding.verdict.reason, {**finding.verdict.facts, "place": finding.place}
    if reason == "not-the-form":
        return Notice("earlier-signature-form", facts)
    return Notice("earlier-signature-fails", {**facts, "reason": reason})


def _opened(adapter: FormatAdapter, source: Source, *, normalize: bool) -> tuple[object, tuple[Notice, ...]]:
    """The open document; rewritten first where that was asked for and strict reading cannot take it as it is."""
    try:
        return adapter.open(source), ()
    except (MalformedDocumentError, UnsupportedDocumentError) as error:
        if not normalize or not isinstance(adapter, Normalizes):
            raise
        document = adapter.open(adapter.normalize(source))
        return document, (Notice("normalized", error.facts),)


def _adapter_for(path: Path, source: Source, profile: str | None) -> FormatAdapter:
    """The adapter by content; a named profile must be for a format that recognises the document."""
    if profile is not None:
        adapter = registry.formats()[registry.profile_named(profile).format]
        if adapter.sniff(source, path.name):
            return adapter
        found = next((a.name for a in registry.formats().values() if a.sniff(source, path.name)), None)
        if found is None:
            raise UnknownFormatError(path=str(path))
        raise ProfileMismatchError(profile=profile, found=found)
    for adapter in registry.formats().values():
        if adapter.sniff(source, path.name):
            return adapter
    raise UnknownFormatError(path=str(path))


def _findings(adapter: FormatAdapter, source: Source, policy: VerificationPolicy) -> Sequence[SignatureFinding]:
    try:
        return adapter.verify(adapter.open(source), policy)
    except FormatError as error:
        return [unreadable(error)]


@dataclass(frozen=True)
class _Judging:
    """What certificates and timestamps are judged by, in one verification."""

    store: TrustStore
    timestamp_store: TimestampAnchors
    broker: Revocation
    at: datetime
    mode: RevocationMode

    def judge(self, finding: SignatureFinding, *, proof_required: bool) -> SignatureReport:
        """The timestamps first, as they may tell the time that counts for the certificate."""
        if finding.document_timestamp is not None:
            own, *later = self._timestamps(finding, finding.document_timestamp, *finding.timestamps)
            return SignatureReport(finding, None, tuple(later), own)
        stamps = self._timestamps(finding, *finding.timestamps)
        report = SignatureReport(finding, None, stamps, proof_required=proof_required)
        if finding.certificate is None or not finding.verdict.passed:
            return report  # a certificate whose key did not sign this says nothing about it
        try:
            judgement = judge(
                finding.certificate,
                finding.embedded,
                self.store,
                self.broker,
                self.at,
                self.mode,
                proven=report.proven,
                embedded=finding.evidence,
            )
        except Exception as error:  # noqa: BLE001 - a hostile certificate must not stop the report, and is never good
            verdict = Verdict(
                SubIndication.CHAIN_CONSTRAINTS_FAILURE, "certificate-malformed", {"error": type(error).__name__}
            )
            return replace(report, finding=replace(finding, verdict=verdict))
        remember(judgement.chain.certificates)
        return replace(report, judgement=judgement)

    def _timestamps(self, of: SignatureFinding, *findings: TimestampFinding) -> tuple[TimestampReport, ...]:
        brought = Brought(of.embedded, of.evidence)
        return judge_timestamps(findings, self.timestamp_store, self.broker, self.at, self.mode, brought)


def _broker(crls: Sequence[str | Path], options: EvidenceOptions, at: datetime) -> Revocation:
    """The broker of a run. What says to be made after now is not believed, unless a later time is to count."""
    return Revocation(crls, options, max(at, now()), registry.revocation_sources(), cache_folder())


def _contents(files: Iterable[str | Path]) -> Mapping[str, bytes]:
    contents: dict[str, bytes] = {}
    for path in map(Path, files):
        if path.name in contents:
            raise InputError(path=str(path), reason="name-twice")
        contents[path.name] = read_document(path)
    return contents


def _stand_in(at: datetime) -> SigningIdentity:
    """An identity for the rehearsal with a key of the cards' kind, which nobody holds: any odd number is a modulus.

    It is signed by a throw-away elliptic key, because such a one is made in a fraction of a millisecond.
    """
    key = rsa.RSAPublicNumbers(65537, 2**2048 - 1).public_key()
    issuer = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "rehearsal")])
    builder = x509.CertificateBuilder(name, name, key, 1, at, at + timedelta(days=1))
    return SigningIdentity(builder.sign(issuer, hashes.SHA256()))
