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
from typing import TYPE_CHECKING, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from jitsuin.formats.base import Normalizes, SignatureFinding, SigningIdentity, VerificationPolicy, unreadable
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
    UnknownFormatError,
)
from .results import Notice, Rehearsal, SignatureReport, SignOutcome, SignResult, VerifyReport
from .revocation import Evidence, load_crls
from .storage import check_output, make_folder, open_document, read_document, write_atomically
from .trust import TrustStore, load_trust, remember
from .validity import Judgement, RevocationMode, judge

if TYPE_CHECKING:
    from jitsuin.formats.base import FormatAdapter
    from jitsuin.formats.profiles import Profile

Mode = Literal["require", "warn", "off"]
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
    at: datetime | None = None,
    profile: str | None = None,
    accept_sha1: bool = False,
    files: Sequence[str | Path] = (),
) -> VerifyReport:
    """Verify every signature of a document, at `at` or now. `files` are those that its references may name.

    A bad document is a verdict, never an exception; so is one that is not of the profile's format. Raises
    InputError where the file cannot be read, UnknownFormatError where it is of no known format, UnknownNameError for a
    profile that does not exist, TrustFileError for unusable anchors or CRLs.
    """
    path, at, mode = Path(path), at or now(), RevocationMode(revocation)
    expected = registry.profile_named(profile) if profile is not None else None
    policy = VerificationPolicy(accept_sha1, _contents(files), expected)
    store, evidence = load_trust(trust), load_crls(crls)
    source = open_document(path)
    try:
        adapter = _adapter_for(path, source, profile)
        format_name, findings = adapter.name, _findings(adapter, source, policy)
    except ProfileMismatchError as error:
        verdict = Verdict(SubIndication.SIG_CONSTRAINTS_FAILURE, "wrong-format", error.facts)
        format_name, findings = str(error.facts["found"]), [SignatureFinding("/", verdict)]
    reports = [_judged(finding, store, evidence, at, mode) for finding in findings]
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
        self.evidence = load_crls(options.crls)
        self._stand_in = _stand_in(at)

    def all(self, jobs: Iterable[tuple[Path, Path]]) -> list[_Plan | SignOutcome]:
        """A plan for every document, or what it failed with. No two may go to one target."""
        pairs = list(jobs)
        plans: list[_Plan | SignOutcome] = []
        named = (Path(name) for name in (*self.options.trust, *self.options.crls) if isinstance(name, str | Path))
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


def _unlock(signer: Signer, rehearsing: _Rehearsing) -> _Signing:
    """Steps 3 to 6. Raises SignerError, or CertificateRefusedError at the gate."""
    _refuse_without_pin(signer, rehearsing)
    certificate, issuers = signer.certificate, signer.issuers
    judgement = judge(certificate, issuers, rehearsing.store, rehearsing.evidence, rehearsing.at, rehearsing.mode)
    if not judgement.verdict.passed:
        raise CertificateRefusedError(**{"reason": judgement.verdict.reason, **judgement.verdict.facts})
    remember(judgement.chain.certificates)
    # The chain that was judged is the one to embed: it may reach further than what the token knows.
    holder = holder_of(certificate)
    identity = SigningIdentity(certificate, judgement.chain.certificates[1:], holder.name if holder else None)
    return _Signing(signer, identity, judgement, rehearsing)


def _refuse_without_pin(signer: Signer, rehearsing: _Rehearsing) -> None:
    """What the gate would refuse whatever the PIN: do not even ask for it.

    That is revocation required without any evidence, and a card whose CA certificate, which it shows freely, is no
    anchor.
    """
    if rehearsing.mode is RevocationMode.REQUIRE and not rehearsing.evidence:
        raise CertificateRefusedError(reason="revocation-not-checked", why="no-evidence")
    issuer = signer.issuer_shown() if isinstance(signer, ShowsIssuer) else None
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
        del document  # step 10 builds a tree of its own
        if self.run.options.make_folder:
            make_folder(rehearsal.target.parent)
        own: list[_OwnOutput] = []
        write_atomically(  # 9, 10, 11
            rehearsal.target,
            lambda file: prepared.embed(value, file),
            overwrite=self.run.options.overwrite,
            check=lambda written: own.append(self._verify_own(plan, open_document(written), made)),
        )
        return SignResult(  # 12
            source=rehearsal.source,
            target=rehearsal.target,
            profile=rehearsal.profile,
            source_sha256=rehearsal.source_sha256,
            target_sha256=own[0].sha256,
            at=self.run.at,
            scheme=scheme.value,
            signature_ids=tuple(made),
            certificate=certificate,
            judgement=self.judgement,
            notices=(*self.judgement.notices, *plan.notices, *own[0].notices),
        )

    def _verify_own(self, plan: _Plan, signed: Source, made: Sequence[str]) -> _OwnOutput:
        """Step 10: the signatures just made must pass; what else is found is said."""
        policy = VerificationPolicy(files=self.run.files, profile=plan.rehearsal.profile)
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


def _judged(
    finding: SignatureFinding, store: TrustStore, evidence: Sequence[Evidence], at: datetime, mode: RevocationMode
) -> SignatureReport:
    if finding.certificate is None or not finding.verdict.passed:
        return SignatureReport(finding, None)  # a certificate whose key did not sign this says nothing about it
    try:
        judgement = judge(finding.certificate, finding.embedded, store, evidence, at, mode)
    except Exception as error:  # noqa: BLE001 - a hostile certificate must not stop the report, and is never good
        verdict = Verdict(
            SubIndication.CHAIN_CONSTRAINTS_FAILURE, "certificate-malformed", {"error": type(error).__name__}
        )
        return SignatureReport(replace(finding, verdict=verdict), None)
    remember(judgement.chain.certificates)
    return SignatureReport(finding, judgement)


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
