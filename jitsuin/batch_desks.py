"""What a worker process does with one file: rehearse, sign, check what an earlier run signed, verify.

Tasks and results are plain data. Whatever goes wrong with a file is its result.
"""

from __future__ import annotations

import gc
import os
import pickle
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from jitsuin.formats.base import SigningIdentity, VerificationPolicy

from . import registry
from .documents import findings_of
from .errors import InputChangedError, InputError, OutputError, UnsentError
from .pipeline import Signing
from .rehearsal import Plan, Rehearsing, SigningOptions
from .results import Notice, Rehearsal
from .storage import open_document

if TYPE_CHECKING:
    from jitsuin.formats.base import FormatAdapter, SignatureFinding
    from jitsuin.formats.source import Source
    from jitsuin.formats.verdict import Verdict
    from jitsuin.signer.base import SignatureScheme, Signer

    from .trust import TrustNames
    from .validity import Judgement
    from .workers import Parent

_CHUNK = 1 << 20
_GARBAGE_BYTES = 8 << 20
Identity = tuple[int, int]
"""Device and inode: which file it is, whatever it contains."""


@dataclass(frozen=True)
class Rehearse:
    """Steps 1 and 2 for one file."""

    source: Path
    target: Path
    profile: str | None
    skip_signed: bool
    root: Path | None
    """The folder in which it was found: nothing below that may have become a link."""


@dataclass(frozen=True)
class Rehearsed:
    """A file that can be signed as far as can be told without a key, or that is signed already."""

    format: str
    profile: str
    source_sha256: str
    identity: Identity
    notices: tuple[Notice, ...] = ()
    already_signed: bool = False
    outline: bytes | None = None
    """That of the plan: of no use to the parent, which keeps it."""


@dataclass(frozen=True)
class _Credentials:
    """The certificate and what the gate said of it, as plain data: certificates in DER, the signing one first."""

    certificates: tuple[bytes, ...]
    name: str | None
    judgement: Judgement
    """Without its chain's certificates and notices."""


@dataclass(frozen=True)
class Sign:
    """Steps 7 to 11 for one file that was rehearsed."""

    source: Path
    target: Path
    profile: str | None
    rehearsed: Rehearsed
    credentials: bytes
    """As `credentials_of` made them: for all files the same."""


@dataclass(frozen=True)
class Signed:
    """A file that was signed, verified and written."""

    profile: str
    target_sha256: str
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class Check:
    """Whether what an earlier run signed still is so."""

    source: Path
    target: Path
    source_sha256: str | None
    """None asks for the output alone."""
    target_sha256: str


@dataclass(frozen=True)
class Checked:
    """The output is the one that the journal knows, and its signatures are right."""

    format: str
    verdict: Verdict


@dataclass(frozen=True)
class Verify:
    """One file to verify."""

    source: Path
    root: Path | None
    """As of Rehearse."""
    sha256: str | None = None
    """That of the output that a journal tells of."""


@dataclass(frozen=True)
class Verified:
    """A verification, in the two forms in which it is told."""

    format: str
    verdict: Verdict
    sha256: str
    notices: tuple[Notice, ...]
    """What has to be said with the verdict, wherever only that is shown."""
    text: str
    detail: dict[str, object]


class SigningDesk:
    """Rehearses, signs, and checks what was signed."""

    def __init__(self, options: SigningOptions, at: datetime, *, pdf: bool = True) -> None:
        """`options` as `packed`. `pdf`: such are to come, and what they take is loaded at once."""
        _load(pdf=pdf)
        options = replace(options, trust=_unpacked(options.trust), timestamp_trust=_unpacked(options.timestamp_trust))
        self._all = Rehearsing(options, at)
        self._credentials = b""
        self._tidy = _Tidy()
        self._known: tuple[SigningIdentity, Judgement] | None = None

    def work(self, task: object, parent: Parent) -> object:
        match task:
            case Rehearse():
                result = _result(lambda: self._rehearse(task))
            case Sign():
                result = _result(lambda: self._sign(task, parent))
            case Check():
                result = _result(lambda: check(task))
            case _:
                raise AssertionError(task)
        self._tidy.after(task.source)
        return result

    def _rehearse(self, task: Rehearse) -> Rehearsed:
        identity = identity_of(task.source, below=task.root)
        content = open_document(task.source)
        rehearsing = self._for(task.profile)
        if task.skip_signed and (found := _signed_already(task.source, content)):
            sha256 = content.hasher("sha256").hexdigest()
            return Rehearsed(found.name, "", sha256, identity, already_signed=True)
        plan = rehearsing.plan(task.source, task.target, content)
        rehearsal = plan.rehearsal
        return Rehearsed(
            plan.adapter.name,
            rehearsal.profile.name,
            rehearsal.source_sha256,
            identity,
            plan.notices,
            outline=plan.outline,
        )

    def _sign(self, task: Sign, parent: Parent) -> Signed:
        rehearsed = task.rehearsed
        if identity_of(task.source) != rehearsed.identity:
            raise InputChangedError(path=str(task.source))
        rehearsing = self._for(task.profile)
        adapter = registry.formats()[rehearsed.format]
        rehearsal = Rehearsal(task.source, task.target, rehearsing.profile(adapter), rehearsed.source_sha256)
        plan = Plan(rehearsal, adapter, rehearsed.notices, rehearsed.outline)
        identity, judgement = self._known_by(task.credentials)
        signing = Signing(cast("Signer", _DistantKey(identity, parent)), identity, judgement, rehearsing, parent.place)
        outcome = signing.sign(plan)
        if outcome.result is None:
            raise outcome.error or AssertionError("an outcome without result or error")
        return Signed(outcome.result.profile.name, outcome.result.target_sha256, outcome.result.notices)

    def _for(self, profile: str | None) -> Rehearsing:
        return self._all if profile is None else self._all.with_options(profile=profile)

    def _known_by(self, data: bytes) -> tuple[SigningIdentity, Judgement]:
        """Read once, as they are the same for every file."""
        if self._known is None or data != self._credentials:
            credentials: _Credentials = pickle.loads(data)  # noqa: S301 - our own
            certificate, *issuers = map(x509.load_der_x509_certificate, credentials.certificates)
            chain = replace(credentials.judgement.chain, certificates=(certificate, *issuers))
            identity = SigningIdentity(certificate, tuple(issuers), credentials.name)
            self._known = identity, replace(credentials.judgement, chain=chain)
            self._credentials = data
        return self._known


class _DistantKey:
    """The key as a worker has it: the parent's, through the pipe."""

    def __init__(self, identity: SigningIdentity, parent: Parent) -> None:
        self.certificate = identity.certificate
        self.issuers = identity.issuers
        self._parent = parent

    def sign(self, to_be_signed: bytes, scheme: SignatureScheme) -> bytes:
        return self._parent.sign(to_be_signed, scheme.value)


class VerifyingDesk:
    """Verifies."""

    def __init__(self, options: Mapping[str, Any], *, redact: bool, verbose: bool, pdf: bool = True) -> None:
        """`options` are those of Verifying, certificates `packed`. `pdf` as above."""
        from . import check_report
        from .verification import Verifying

        _load(pdf=pdf)
        self._told = check_report
        certificates = {name: _unpacked(options.get(name, ())) for name in ("trust", "timestamp_trust")}
        self._verifying = Verifying(**{**options, **certificates})
        self._redact = redact
        self._verbose = verbose
        self._tidy = _Tidy()

    def work(self, task: object, parent: Parent) -> object:  # noqa: ARG002 - verifying asks nobody
        match task:
            case Verify():
                result = _result(lambda: self._verify(task))
            case Check():
                result = _result(lambda: check(task))
            case _:
                raise AssertionError(task)
        self._tidy.after(task.source)
        return result

    def _verify(self, task: Verify) -> Verified:
        identity_of(task.source, below=task.root)
        report = self._verifying.verify(task.source)
        if task.sha256 not in (None, report.sha256):
            raise OutputError(path=str(task.source), reason="output-changed")
        text = self._told.verification_text(report, redact=self._redact, verbose=self._verbose)
        detail = self._told.verification_json(report, redact=self._redact)
        return Verified(report.format, report.verdict, report.sha256, report.unreal, text, detail)


def credentials_of(signing: Signing) -> bytes:
    """The certificate, and what the gate said of it, for workers."""
    identity, judgement = signing.identity, signing.judgement
    certificates = (identity.certificate, *identity.issuers)
    bare = replace(judgement, chain=replace(judgement.chain, certificates=()), notices=())
    in_der = tuple(one.public_bytes(Encoding.DER) for one in certificates)
    return pickle.dumps(_Credentials(in_der, identity.name, bare))


class _Tidy:
    """Looks for garbage after so many bytes of documents: Python goes by the number of objects, and a reader of a PDF,
    which is a cycle of few, holds all of its document.
    """

    def __init__(self) -> None:
        self._bytes = 0

    def after(self, document: Path) -> None:
        """The document is done with, and nothing of it is held any more."""
        with suppress(OSError):
            self._bytes += document.stat().st_size
        if self._bytes > _GARBAGE_BYTES:
            gc.collect()
            self._bytes = 0


def packed(names: TrustNames) -> TrustNames:
    """Certificates in DER, as they cannot be sent to other processes otherwise."""
    ready = (one.public_bytes(Encoding.DER) if isinstance(one, x509.Certificate) else one for one in names)
    return cast("TrustNames", tuple(ready))


def _unpacked(names: TrustNames) -> TrustNames:
    return [x509.load_der_x509_certificate(one) if isinstance(one, bytes) else one for one in names]


def _load(*, pdf: bool) -> None:
    """What every file needs, before workers are forked, so that they share it."""
    registry.formats()
    registry.profiles()
    if pdf:
        from jitsuin.formats.pdf.loading import load_all

        load_all()


def check(task: Check) -> Checked:
    """Raises InputChangedError for another input, OutputError (`output-missing`, `output-changed`) for the output."""
    if task.source_sha256 is not None and sha256_of(task.source) != task.source_sha256:
        raise InputChangedError(path=str(task.source))
    try:
        output = open_document(task.target)
    except InputError as error:
        reason = "output-missing" if error.facts["reason"] == "absent" else "output-changed"
        raise OutputError(path=str(task.target), reason=reason) from None
    if output.hasher("sha256").hexdigest() != task.target_sha256:
        raise OutputError(path=str(task.target), reason="output-changed")
    adapter = next((one for one in registry.formats().values() if one.sniff(output, task.target.name)), None)
    if adapter is None:
        raise OutputError(path=str(task.target), reason="output-changed")
    findings = findings_of(adapter, output, VerificationPolicy())
    passed = next((finding for finding in findings if finding.verdict.passed), None)
    if passed is None:
        raise OutputError(path=str(task.target), reason="output-changed")
    return Checked(adapter.name, passed.verdict)


def sha256_of(path: Path) -> str:
    """Of a file's content, in hexadecimal. Raises InputError."""
    return open_document(path).hasher("sha256").hexdigest()


def identity_of(path: Path, *, below: Path | None = None) -> Identity:
    """Which file it is. Raises InputError where it is not there.

    Raises InputChangedError where it, or a folder on the way from `below`, has become a link.
    """
    try:
        status = path.stat()
        if below is not None and _leads_through_link(path, below):
            raise InputChangedError(path=str(path))
    except FileNotFoundError:
        raise InputError(path=str(path), reason="absent") from None
    except OSError as error:
        raise InputError(path=str(path), reason="os", detail=error.strerror) from None
    return status.st_dev, status.st_ino


def _leads_through_link(path: Path, below: Path) -> bool:
    """Whether the path, or a folder on the way to it from `below`, is a link."""
    place = os.fspath(below)
    for part in path.relative_to(below).parts:
        place = os.path.join(place, part)  # noqa: PTH118 - for every file: pathlib takes ten times as long
        if os.path.islink(place):  # noqa: PTH114
            return True
    return False


def _signed_already(path: Path, content: Source) -> FormatAdapter | None:
    """The adapter, where the document as a whole bears somebody's signature; a look at its bytes spares most the rest.

    Attachments of a return that their issuers have signed do not make the return a signed one.
    """
    if not _mentions_signature(content):
        return None
    adapter = next((one for one in registry.formats().values() if one.sniff(content, path.name)), None)
    if adapter is None:
        return None
    findings = findings_of(adapter, content, VerificationPolicy())
    return adapter if any(_is_signature_of_all(adapter, finding) for finding in findings) else None


def _is_signature_of_all(adapter: FormatAdapter, finding: SignatureFinding) -> bool:
    if finding.document_timestamp is not None or (finding.signature_id is None and finding.certificate is None):
        return False
    return adapter.name == "pdf" or finding.place.count("/") <= 2  # of XML: the root, or a child of it


def _mentions_signature(content: Source) -> bool:
    words = (b"ByteRange", b"Signature", "Signature".encode("utf-16-be"))
    before = b""
    with content.stream() as stream:
        while chunk := stream.read(_CHUNK):
            data = before + chunk
            if any(word in data for word in words):
                return True
            before = data[-32:]
    return False


def _result(do: Callable[[], Any]) -> Any:
    """What was done, or the error: as it is where it can be sent, else by its name."""
    try:
        return do()
    except Exception as error:  # noqa: BLE001 - also what nobody foresaw is this file's result
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301 - our own, just made
        except Exception:  # noqa: BLE001 - an error of a library, with what cannot leave its process
            return UnsentError(kind=type(error).__name__)
        return error
