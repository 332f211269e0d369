"""The only place that joins a signer and a format: the twelve steps of signing.

1. Read, detect the format, choose the destination profile. 2. Rehearse with a stand-in identity. 3. Find the key, ask
the PIN counter. 4. Ask the PIN once; one VERIFY. 5. Read the certificates. 6. Gate. 7. Prepare with the real
certificate. 8. Sign; check the value. 9. Embed. 10. Verify the output as a stranger would. 11. Write. 12. Report.
Steps 3 to 5 are the signer's: they happen when its certificate is first read, after every document has been rehearsed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from jitsuin.formats.base import (
    Extendable,
    Extends,
    SignatureFinding,
    SigningIdentity,
    TakesTimestamp,
    VerificationPolicy,
)
from jitsuin.formats.source import Source
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

from . import clock, registry
from .certificate import holder_of
from .chains import of_test_hierarchy
from .documents import findings_of
from .errors import (
    CertificateRefusedError,
    NotAttemptedError,
    ProfileMismatchError,
    SelfVerificationError,
    TimestampError,
)
from .filing import filing_notices
from .long_term import Preserving, check_hopeful, check_known, judging_for
from .rehearsal import Plan, Rehearsing, SigningOptions, TimestampMode
from .results import Notice, Rehearsal, SignOutcome, SignResult
from .revocation import ONLINE, EvidenceOptions
from .storage import make_folder, open_document, write_atomically
from .timestamp import Stamp
from .trust import TrustNames, load_trust, remember
from .validity import Judgement, Mode, RevocationMode, judge

if TYPE_CHECKING:
    from jitsuin.formats.base import Prepared
    from jitsuin.formats.profiles import Profile


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
    return factory(uri, SignerOptions(pin, at or clock.now(), allow_last_try, known, choose, notify, pkcs11_module))


def sign_file(
    source: str | Path,
    target: str | Path,
    *,
    signer: Signer,
    profile: str | None = None,
    trust: TrustNames = (),
    accept_test_hierarchy: bool = False,
    crls: Sequence[str | Path] = (),
    revocation: Mode = "warn",
    evidence: EvidenceOptions = ONLINE,
    timestamp_url: str | None = None,
    timestamp_trust: TrustNames = (),
    timestamp: TimestampMode = "require",
    filing_date: date | None = None,
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
        accept_test_hierarchy=accept_test_hierarchy,
        crls=crls,
        revocation=revocation,
        evidence=evidence,
        timestamp_url=timestamp_url,
        timestamp_trust=timestamp_trust,
        timestamp=timestamp,
        filing_date=filing_date,
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
    rehearsing = Rehearsing(options, at or clock.now())
    plans = rehearsing.all(jobs)
    if not any(isinstance(plan, Plan) for plan in plans):
        return [plan for plan in plans if isinstance(plan, SignOutcome)]
    profiles = {plan.rehearsal.profile.name: plan.rehearsal.profile for plan in plans if isinstance(plan, Plan)}
    signing = unlock(signer, rehearsing, profiles.values())
    outcomes: list[SignOutcome] = []
    key_failed = False
    for plan in plans:
        if isinstance(plan, Plan) and key_failed:
            source = plan.rehearsal.source
            outcomes.append(SignOutcome(source, error=NotAttemptedError(path=str(source))))
            continue
        outcome = signing.sign(plan) if isinstance(plan, Plan) else plan
        key_failed = key_failed or isinstance(outcome.error, SignerError)
        outcomes.append(outcome)
    return outcomes


def rehearse_files(
    jobs: Iterable[tuple[Path, Path]], *, options: SigningOptions, at: datetime | None = None
) -> list[Rehearsal | SignOutcome]:
    """Steps 1 and 2 alone: everything that can fail without a key. A failed document is an outcome with its error."""
    plans = Rehearsing(options, at or clock.now()).all(jobs)
    return [plan.rehearsal if isinstance(plan, Plan) else plan for plan in plans]


def unlock(signer: Signer, rehearsing: Rehearsing, profiles: Iterable[Profile]) -> Signing:
    """Steps 3 to 6. Raises SignerError, or at the gate CertificateRefusedError or LongTermError."""
    _refuse_without_pin(signer, rehearsing, profiles)
    certificate, issuers = signer.certificate, signer.issuers
    try:
        judgement = judge(certificate, issuers, rehearsing.store, rehearsing.broker, rehearsing.at, rehearsing.mode)
    except Exception as error:  # noqa: BLE001 - the library reads late and raises many things; none of them is good
        raise CertificateRefusedError(reason="certificate-malformed", error=type(error).__name__) from None
    if not judgement.verdict.passed:
        raise CertificateRefusedError(**{"reason": judgement.verdict.reason, **judgement.verdict.facts})
    for profile in profiles:
        check_known(profile, judgement.chain.certificates, rehearsing.broker, rehearsing.at)
    if (day := rehearsing.options.filing_date) is not None:
        notices = (*judgement.notices, *filing_notices(certificate, day, rehearsing.at))
        judgement = replace(judgement, notices=notices)
    remember(judgement.chain.certificates)
    # The chain that was judged is the one to embed: it may reach further than what the token knows.
    holder = holder_of(certificate)
    identity = SigningIdentity(certificate, judgement.chain.certificates[1:], holder.name if holder else None)
    return Signing(signer, identity, judgement, rehearsing)


def _refuse_without_pin(signer: Signer, rehearsing: Rehearsing, profiles: Iterable[Profile]) -> None:
    """What the gate would refuse whatever the PIN: do not even ask for it.

    That is revocation required, or evidence of it, where nothing can tell of it; and a card whose CA certificate, which
    it shows freely, is no anchor.
    """
    issuer = signer.issuer_shown() if isinstance(signer, ShowsIssuer) else None
    for profile in profiles:
        check_hopeful(profile, rehearsing.broker, jpki=issuer is not None)
    if rehearsing.mode is RevocationMode.REQUIRE and rehearsing.broker.hopeless(jpki=issuer is not None):
        raise CertificateRefusedError(reason="revocation-not-checked", why="no-evidence")
    if issuer is not None and rehearsing.store.name_of(issuer) is None:
        test = of_test_hierarchy(issuer.subject) and not rehearsing.store.accept_test
        raise CertificateRefusedError(reason="test-hierarchy" if test else "issuer-unknown")


@dataclass(frozen=True)
class Signing:
    """Steps 7 to 12, with a key whose certificate has passed the gate."""

    signer: Signer
    identity: SigningIdentity
    judgement: Judgement
    run: Rehearsing
    placing: Callable[[str], None] | None = None
    """Told the SHA-256 of an output that has been verified, before it is put in place; may refuse by raising."""

    def sign(self, plan: Plan) -> SignOutcome:
        """One document. Whatever goes wrong is its outcome, so that what was written before stays reported."""
        try:
            return SignOutcome(plan.rehearsal.source, self._sign(plan))
        except Exception as error:  # noqa: BLE001 - also what nobody foresaw
            return SignOutcome(plan.rehearsal.source, error=error)

    def _sign(self, plan: Plan) -> SignResult:
        rehearsal, certificate = plan.rehearsal, self.identity.certificate
        prepared, made = plan.prepare(self.identity, self.run.at), []  # 7
        while True:
            scheme = SignatureScheme(prepared.scheme)
            value = self.signer.sign(prepared.to_be_signed, scheme)  # 8
            check_value(certificate.public_key(), prepared.to_be_signed, scheme, value)
            made.append(prepared.signature_id)
            if prepared.last:
                break
            prepared = self._prepare_next(plan, prepared, value)
        stamped = self._timestamp(prepared, value, rehearsal.profile)
        lasting = self._preserved(plan, prepared, value, stamped)
        if self.run.options.make_folder:
            make_folder(rehearsal.target.parent)
        own: list[_OwnOutput] = []

        def check(written: Path) -> None:
            own.append(self._verify_own(plan, stamped.profile, open_document(written), made))
            if self.placing is not None:
                self.placing(own[0].sha256)

        write_atomically(  # 9, 10, 11
            rehearsal.target,
            lambda file: lasting.source.copy_to(file) if lasting else stamped.embed(prepared, value, file),
            overwrite=self.run.options.overwrite,
            check=check,
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
            notices=(
                *self.judgement.notices,
                *plan.notices,
                *stamped.notices,
                *(lasting.notices if lasting else ()),
                *own[0].notices,
            ),
            timestamp=stamped.stamp.report if stamped.stamp else None,
        )

    def _prepare_next(self, plan: Plan, prepared: Prepared, value: bytes) -> Prepared:
        """Step 7 once more, after an inner signature."""
        out = io.BytesIO()
        prepared.embed(value, out)
        document = plan.adapter.open(Source.of(out.getvalue()))
        return plan.adapter.prepare(document, self.identity, plan.rehearsal.profile, self.run.at)

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

    def _preserved(self, plan: Plan, prepared: Prepared, value: bytes, stamped: _Stamped) -> _Lasting | None:
        """Before step 9, for profiles that claim it: evidence, and a timestamp over all. Nothing has been written yet.

        Raises LongTermError for what is lacking, TimestampError, FormatError.
        """
        profile, authority, stamp = stamped.profile, self.run.authority, stamped.stamp
        if not profile.validation_data or authority is None or stamp is None:
            return None
        if not isinstance(prepared, Extendable) or not isinstance(plan.adapter, Extends):
            raise ProfileMismatchError(profile=profile.name, found=plan.adapter.name)
        anchors, now = self.run.timestamp_store, clock.now()
        judging = judging_for(self.run.store, anchors, self.run.broker, self.run.at, now)
        preserving = Preserving(plan.adapter, judging, profile, plan.rehearsal.target)
        signed = prepared.signed(value, stamp.token)
        signed, notices = preserving.with_evidence(signed, (prepared.signature_id,))
        if profile.archive_timestamp:
            signed, _ = preserving.stamped(signed, authority)
        return _Lasting(signed, notices)

    def _verify_own(self, plan: Plan, profile: Profile, signed: Source, made: Sequence[str]) -> _OwnOutput:
        """Step 10: the signatures just made must pass; what else is found is said."""
        policy = VerificationPolicy(files=self.run.files, profile=profile)
        findings = findings_of(plan.adapter, signed, policy)
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
class _Lasting:
    """A signed document with what makes it last, and what should be known about that."""

    source: Source
    notices: tuple[Notice, ...]


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
