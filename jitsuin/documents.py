"""From a file to an open document: which format it is of, by content, and what its adapter finds in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jitsuin.formats.base import Normalizes, SignatureFinding, VerificationPolicy, unreadable
from jitsuin.formats.errors import FormatError, MalformedDocumentError, UnsupportedDocumentError

from . import registry
from .errors import InputError, ProfileMismatchError, UnknownFormatError
from .results import Notice
from .storage import read_document

if TYPE_CHECKING:
    from jitsuin.formats.base import FormatAdapter
    from jitsuin.formats.source import Source


def opened(adapter: FormatAdapter, source: Source, *, normalize: bool) -> tuple[object, tuple[Notice, ...]]:
    """The open document; rewritten first where that was asked for and strict reading cannot take it as it is."""
    try:
        return adapter.open(source), ()
    except (MalformedDocumentError, UnsupportedDocumentError) as error:
        if not normalize or not isinstance(adapter, Normalizes):
            raise
        document = adapter.open(adapter.normalize(source))
        return document, (Notice("normalized", error.facts),)


def adapter_for(path: Path, source: Source, profile: str | None) -> FormatAdapter:
    """The adapter by content; a named profile must be for a format that recognises the document."""
    if not source.size:
        raise UnknownFormatError(path=str(path), reason="empty-file")
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


def findings_of(adapter: FormatAdapter, source: Source, policy: VerificationPolicy) -> Sequence[SignatureFinding]:
    try:
        return adapter.verify(adapter.open(source), policy)
    except FormatError as error:
        return [unreadable(error)]


def contents_of(files: Iterable[str | Path]) -> Mapping[str, bytes]:
    contents: dict[str, bytes] = {}
    for path in map(Path, files):
        if path.name in contents:
            raise InputError(path=str(path), reason="name-twice")
        contents[path.name] = read_document(path)
    return contents
