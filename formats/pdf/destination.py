"""Whether a signature, sound in itself, has the form that a destination asks for (pdf-filing, section 1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyhanko.pdf_utils import generic

from ..base import Change, TimestampFinding
from ..cms_reading import SignedData
from ..profiles import Profile, SubFilter
from ..verdict import RefusedSignatureError, SubIndication

_TIME_WITH_OFFSET = re.compile(r"D:\d{14}[+-]\d\d'\d\d'?")


_ADDITIONS = frozenset(("validation-data-added", "timestamp-added"))
"""What makes a signature last."""


@dataclass(frozen=True, eq=False)
class SoundSignature:
    """What the rules of a form look at, after everything else was found right."""

    dictionary: generic.DictionaryObject
    data: SignedData
    beside: int
    """How many other signatures came in the same revision."""
    changes: Sequence[Change]
    """What came after it."""
    timestamps: Sequence[TimestampFinding] = ()
    """Those over it, and the document timestamps behind it."""


def check_form(signature: SoundSignature, profile: Profile) -> None:
    """Raises RefusedSignatureError, naming the first rule that is broken."""
    rules = _agency_form if profile.subfilter == SubFilter.PKCS7 else _pades
    broken = next(rules(signature, profile), None)
    if broken is not None:
        raise RefusedSignatureError(
            SubIndication.SIG_CONSTRAINTS_FAILURE, "not-the-form", rule=broken, profile=profile.name
        )


def _agency_form(signature: SoundSignature, profile: Profile) -> Iterator[str]:
    """The values that the Ministry of Justice publishes, and that other agencies are believed to share.

    Byte range, DER, zero padding and one signer are every signature's rules and were checked before.
    """
    yield from _dictionary_rules(signature, profile)
    if profile.signer_name and not _text(signature, "/Name").strip():
        yield "name"
    if not _TIME_WITH_OFFSET.fullmatch(_text(signature, "/M")):
        yield "time"
    if profile.schemes and signature.data.scheme not in profile.schemes:
        yield "algorithm"
    if signature.data.timestamped or any(change.code == "timestamp-added" for change in signature.changes):
        yield "timestamp"
    if signature.beside:
        yield "revision"
    if any(change.code == "validation-data-added" for change in signature.changes):
        yield "update"


def _pades(signature: SoundSignature, profile: Profile) -> Iterator[str]:
    """ETSI EN 319 142-1, table 1, as far as its levels ask for more than every signature's rules do."""
    yield from _dictionary_rules(signature, profile)
    if not _text(signature, "/M"):
        yield "time"
    if "/Cert" in signature.dictionary:
        yield "certificate-entry"
    if signature.data.signing_time is not None:
        yield "signing-time"
    if not signature.data.signing_certificate_v2:
        yield "signing-certificate"
    # Level B-T, table 1: by an attribute of the signature or by a document timestamp. Whom to trust is no form.
    if profile.timestamp_over and not any(stamp.verdict.passed for stamp in signature.timestamps):
        yield "no-timestamp"
    additions = [change.code for change in signature.changes if change.code in _ADDITIONS]
    if profile.validation_data and "validation-data-added" not in additions:
        yield "no-validation-data"
    if profile.archive_timestamp and additions[-1:] != ["timestamp-added"]:
        yield "no-archive-timestamp"


def _dictionary_rules(signature: SoundSignature, profile: Profile) -> Iterator[str]:
    if _name(signature, "/SubFilter") != f"/{profile.subfilter}":
        yield "subfilter"
    if _name(signature, "/Type") != "/Sig":
        yield "type"
    if not _name(signature, "/Filter"):
        yield "filter"


def _name(signature: SoundSignature, key: str) -> str:
    value = dict.get(signature.dictionary, key)
    return str(value) if isinstance(value, generic.NameObject) else ""


def _text(signature: SoundSignature, key: str) -> str:
    value = dict.get(signature.dictionary, key)
    return str(value) if isinstance(value, generic.TextStringObject) else ""
