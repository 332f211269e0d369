"""Verifying every signature of a PDF strictly: what it covers to the byte, its CMS, and what came after it.

The numbered steps are those of DESIGN, section 2, as far as the document goes; the certificate is judged by the caller.

1. Find every signature field with a value, in the newest revision and in those whose fields did not all survive.
2. Divide the file into its revisions. 3. Read each signature dictionary where it stands. 4. Check its byte range: the
gap is /Contents, the end is a revision's end. 5. Read the CMS. 6. Compare the digest, check the value; read
the timestamps over it. 7. Judge every later revision: what it changed, in words; behind the newest signature there may
be validation data, and no byte behind the last revision. 8. Check the destination's form.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfReadError

from ..base import Change, SignatureFinding, TimestampFinding, VerificationPolicy, unreadable
from ..cms_reading import SignedData, check_signed_data, read_signed_data
from ..errors import FormatError
from ..timestamp_token import judge_token
from ..verdict import PASSED, RefusedSignatureError, SubIndication, Verdict
from . import byte_range
from .byte_range import Coverage, read_coverage
from .certification import check_certification
from .changes import changes_in
from .destination import SoundSignature, check_form
from .evidence import DocumentEvidence, read_evidence
from .objects import PlacedObject, read_placed
from .reading import PdfDocument
from .revisions import Revision
from .signature_fields import SignedField, signed_fields
from .waiting_references import filled_references

MAX_SIGNATURES = 100
MAX_TIMESTAMPS = 20
CADES, PKCS7, TIMESTAMP = "/ETSI.CAdES.detached", "/adbe.pkcs7.detached", "/ETSI.RFC3161"
_PURPOSES = frozenset(("signature-added", "timestamp-added", "validation-data-added"))
"""Why there may be a revision at all after a signature."""
_ABSENT = (type(None), generic.NullObject)


def verify(document: PdfDocument, policy: VerificationPolicy) -> list[SignatureFinding]:
    """One finding for each signature, the oldest first, and one that says so where there is none. Never raises."""
    try:
        return _Verification(document, policy).findings()
    except RefusedSignatureError as refused:
        return [SignatureFinding("/", refused.verdict)]
    except FormatError as error:
        return [unreadable(error)]
    except Exception as error:  # noqa: BLE001 - whatever a hostile document provokes, the answer is never VALID
        return [SignatureFinding("/", _unexpected(error))]


@dataclass(frozen=True, eq=False)
class _Signature:
    """A signature field with a value, after step 1."""

    field: SignedField
    shared: bool
    """Another field has the same signature dictionary for its value."""
    removed_by: int | None = None
    """The revision in which the field or its value is gone."""


class _Verification:
    def __init__(self, document: PdfDocument, policy: VerificationPolicy) -> None:
        self._document = document
        self._reader = document.reader
        self._policy = policy
        self._revisions: tuple[Revision, ...] = ()
        self._changes: dict[int, tuple[Change, ...]] = {}
        self._filled: dict[int, tuple[Change, ...]] = {}
        self._made_in: Counter[int] = Counter()
        """How many signatures each cross-reference section brought."""
        self._evidence = DocumentEvidence()
        self._stamps: list[tuple[int, TimestampFinding]] = []
        """Sound document timestamps, the newest first, and the number of the revision that each covers."""

    def findings(self) -> list[SignatureFinding]:
        self._revisions = self._document.revisions  # 2
        signatures = self._find()  # 1
        if not signatures:
            return [SignatureFinding("/", Verdict(SubIndication.FORMAT_FAILURE, "no-signature"))]
        if len(signatures) > MAX_SIGNATURES:
            facts = {"count": len(signatures), "limit": MAX_SIGNATURES}
            return [SignatureFinding("/", Verdict(SubIndication.FORMAT_FAILURE, "too-many-signatures", facts))]
        signatures.sort(key=lambda one: self._introduced(one.field))
        self._made_in.update(self._introduced(one.field) for one in signatures)
        self._evidence = read_evidence(self._document)
        # The newest first, because a document timestamp is about all that came before it.
        findings = [self._judge(one) for one in reversed(signatures)][::-1]
        try:
            check_certification(self._document, [one.field.signature for one in signatures])
        except RefusedSignatureError as refused:
            findings.append(SignatureFinding("/", refused.verdict))
        return findings

    # 1. Finding

    def _find(self) -> list[_Signature]:
        found = signed_fields(self._reader)
        uses = Counter(field.signature for field in found)
        signatures = [_Signature(field, uses[field.signature] > 1) for field in found]
        known = {(field.name, field.signature) for field in found}
        for older, newer in zip(self._revisions[-2::-1], self._revisions[:0:-1], strict=True):
            if self._had_no_form(older) or self._removes_nothing(newer):
                continue
            for field in signed_fields(self._reader.get_historical_resolver(older.section)):
                field = SignedField(field.name, generic.Reference(field.signature.idnum, field.signature.generation))
                if (field.name, field.signature) not in known:
                    known.add((field.name, field.signature))
                    signatures.append(_Signature(field, shared=False, removed_by=newer.number))
        return signatures

    def _had_no_form(self, older: Revision) -> bool:
        """Then there was no signature to be removed. Cheap, and what most files are before they are signed."""
        try:
            root = self._reader.get_historical_resolver(older.section).root
        except (FormatError, PdfReadError, ValueError):
            return False
        return "/AcroForm" not in root

    def _removes_nothing(self, newer: Revision) -> bool:
        """What is permitted removes nothing. What cannot be judged, perhaps long before any signature, may."""
        try:
            return all(change.permitted for change in self._changes_in(newer))
        except (RefusedSignatureError, FormatError, PdfReadError, ValueError):
            return False

    def _introduced(self, field: SignedField) -> int:
        """The cross-reference section that says where the signature dictionary stands."""
        try:
            return int(self._reader.xrefs.get_last_change(field.signature))
        except KeyError:
            return self._revisions[-1].section

    def _changes_in(self, newer: Revision) -> tuple[Change, ...]:
        if newer.number not in self._changes:
            older = self._revisions[newer.number - 2]
            self._changes[newer.number] = changes_in(self._document, older, newer)
        return self._changes[newer.number]

    def _filled_in(self, newer: Revision) -> tuple[Change, ...]:
        """Looked for once, however many signatures there are: it takes all former bytes."""
        if newer.number not in self._filled:
            older = self._revisions[newer.number - 2]
            self._filled[newer.number] = tuple(filled_references(self._document, older, newer))
        return self._filled[newer.number]

    # Judging

    def _judge(self, one: _Signature) -> SignatureFinding:
        brought = self._evidence
        finding = SignatureFinding(
            one.field.name,
            PASSED,
            signature_id=one.field.name,
            embedded=brought.certificates,
            evidence=brought.revocation,
        )
        try:
            signature = self._dictionary(one)  # 3
            kind = _kind(signature.value)
            coverage = read_coverage(self._document, signature, self._revisions)  # 4
            self._check_place(one, coverage)
            covers, uncovered = self._reach(coverage)
            finding = replace(finding, claimed_at=_stated_time(signature.value), covers=covers, uncovered=uncovered)
            if kind == TIMESTAMP:
                return self._judge_document_timestamp(finding, signature, coverage)
            data = read_signed_data(_contents(signature), accept_sha1=self._policy.accept_sha1)  # 5
            finding = replace(finding, scheme=data.scheme, weak=data.weak)
            finding = replace(finding, claimed_at=finding.claimed_at or data.signing_time)
            if kind == CADES and not data.signing_certificate:  # EN 319 142-1, table 1; EN 319 122-1, 5.2.2
                raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "signing-certificate-missing")
            check_signed_data(data, byte_range.digest(self._document.source, data.hash_name, coverage))  # 6
            certificates = tuple(dict.fromkeys((*data.embedded, *brought.certificates)))
            finding = replace(finding, certificate=data.certificate, embedded=certificates)
            finding = replace(finding, timestamps=self._timestamps(data, coverage.revision))
            finding = replace(finding, changes=self._changes_after(coverage.revision))  # 7
            _check_changes(finding.changes)
            self._check_form(one, signature, data, finding)  # 8
        except RefusedSignatureError as refused:
            return replace(finding, verdict=refused.verdict)
        except FormatError as error:
            return replace(finding, verdict=unreadable(error).verdict)
        except Exception as error:  # noqa: BLE001 - as above
            return replace(finding, verdict=_unexpected(error))
        return finding

    def _judge_document_timestamp(
        self, finding: SignatureFinding, signature: PlacedObject, coverage: Coverage
    ) -> SignatureFinding:
        """Steps 5 to 7 for a document timestamp (ISO 32000-2, 12.8.5; EN 319 142-1, 5.4.3)."""

        def digest(hash_name: str) -> bytes:
            return byte_range.digest(self._document.source, hash_name, coverage)

        stamp = judge_token(_contents(signature), digest, finding.place)
        finding = replace(finding, document_timestamp=stamp, verdict=stamp.verdict)
        if stamp.verdict.passed:
            finding = replace(finding, changes=self._changes_after(coverage.revision))
            _check_changes(finding.changes)
            finding = replace(finding, timestamps=self._later_stamps(coverage.revision))
            self._stamps.append((coverage.revision.number, stamp))
        return finding

    def _timestamps(self, data: SignedData, covered: Revision) -> tuple[TimestampFinding, ...]:
        """The tokens over the signature value, and the document timestamps behind it."""
        if len(data.timestamps) > MAX_TIMESTAMPS:
            raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "too-many-timestamps", limit=MAX_TIMESTAMPS)
        own = [judge_token(token, lambda name: hashlib.new(name, data.signature).digest()) for token in data.timestamps]
        return (*own, *self._later_stamps(covered))

    def _later_stamps(self, covered: Revision) -> tuple[TimestampFinding, ...]:
        return tuple(stamp for number, stamp in reversed(self._stamps) if number > covered.number)

    def _dictionary(self, one: _Signature) -> PlacedObject:
        """The signature dictionary as it stands in the file, outside object streams."""
        if one.removed_by is not None:
            facts = {"revision": one.removed_by, "field": one.field.name}
            raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "signature-removed", **facts)
        if one.shared:
            raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "signature-shared", field=one.field.name)
        place = self._reader.xrefs.get_historical_ref(one.field.signature, self._revisions[-1].section)
        if not isinstance(place, int):
            raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "signature-not-in-the-open")
        signature = read_placed(self._reader, one.field.signature, place)
        if type(signature.value) is not generic.DictionaryObject:
            raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-entry-malformed", entry="/V")
        if isinstance(dict.get(signature.value, "/Contents"), _ABSENT):
            raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-entry-missing", entry="/Contents")
        return signature

    def _check_place(self, one: _Signature, coverage: Coverage) -> None:
        """A signature covers the revision that it came with, not an earlier one and none that came later."""
        number = coverage.revision.number
        before = self._revisions[number - 2].section if number > 1 else -1
        if not before < self._introduced(one.field) <= coverage.revision.section:
            raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "byte-range-not-a-revision")

    def _reach(self, coverage: Coverage) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What is covered and what is not; for the whole file and nothing."""
        if coverage.end == self._document.source.size:
            return ("/",), ()
        count = len(self._revisions)
        later = tuple(f"revision {one.number}/{count}" for one in self._revisions[coverage.revision.number :])
        return (f"revision {coverage.revision.number}/{count}",), later

    def _check_form(
        self, one: _Signature, signature: PlacedObject, data: SignedData, finding: SignatureFinding
    ) -> None:
        if self._policy.profile is None or not isinstance(signature.value, generic.DictionaryObject):
            return
        beside = self._made_in[self._introduced(one.field)] - 1
        sound = SoundSignature(signature.value, data, beside, finding.changes, finding.timestamps)
        check_form(sound, self._policy.profile)

    def _changes_after(self, covered: Revision) -> tuple[Change, ...]:
        """Everything that came after a revision, up to the last byte of the file."""
        changes: list[Change] = []
        for revision in self._revisions[covered.number :]:
            news = self._changes_in(revision)
            changes += news
            changes += self._filled_in(revision)
            if all(change.permitted for change in news) and not any(change.code in _PURPOSES for change in news):
                changes.append(Change("revision-without-purpose", False, {"revision": revision.number}))
        last = self._revisions[-1]
        if last.end != self._document.source.size:
            changes.append(Change("bytes-appended", False, {"revision": last.number, "offset": last.end}))
        return tuple(changes)


def _kind(signature: generic.PdfObject) -> str:
    """The /SubFilter, which says how /Contents is to be read; a document timestamp by its /Type, too."""
    assert isinstance(signature, generic.DictionaryObject)  # noqa: S101 - for the type checker: `_dictionary` saw to it
    kind, encoding = dict.get(signature, "/Type"), dict.get(signature, "/SubFilter")
    if isinstance(encoding, _ABSENT):
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-entry-missing", entry="/SubFilter")
    if not isinstance(encoding, generic.NameObject):
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-entry-malformed", entry="/SubFilter")
    if kind is not None and kind != ("/DocTimeStamp" if encoding == TIMESTAMP else "/Sig"):
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-entry-malformed", entry="/Type")
    if encoding not in (TIMESTAMP, CADES, PKCS7):
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "subfilter-refused", subfilter=str(encoding)[:40])
    return str(encoding)


def _contents(signature: PlacedObject) -> bytes:
    value = signature.value["/Contents"]  # type: ignore[index]
    return bytes(value.original_bytes)


def _stated_time(signature: generic.PdfObject) -> datetime | None:
    """/M, where it is a date with its offset."""
    try:
        value = generic.parse_pdf_date(signature["/M"])  # type: ignore[index]
    except (KeyError, PdfReadError, ValueError):
        return None
    return value if value.tzinfo else None


def _check_changes(changes: Sequence[Change]) -> None:
    for change in changes:
        if not change.permitted:
            facts = {"change": change.code, **change.facts}
            raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "changed-after-signing", **facts)


def _unexpected(error: Exception) -> Verdict:
    return Verdict(SubIndication.FORMAT_FAILURE, "unexpected", {"error": type(error).__name__})
