"""The error tree of the formats room: why a document cannot be signed. Verifying returns verdicts instead."""

from __future__ import annotations

from functools import partial


class FormatError(Exception):
    """Root of everything a format adapter raises. The facts are keyword arguments, kept in `facts`.

    A fact never holds text of the document beyond an element's name or an Id: documents are personal.
    """

    def __init__(self, **facts: object) -> None:
        super().__init__(", ".join(f"{name}={value!r}" for name, value in facts.items()))
        self.facts = facts

    def __reduce__(self) -> tuple[object, ...]:
        """To and from other processes, with the facts."""
        return partial(type(self), **self.facts), ()


class MalformedDocumentError(FormatError):
    """The bytes are not a well-formed document. Facts: reason (a code), detail, line."""


class UnsupportedDocumentError(FormatError):
    """Well formed, but something in it is refused or not handled. Facts: reason (a code), detail."""


class DuplicateIdError(FormatError):
    """Two elements carry one Id, so a reference could mean either. Facts: value."""


class TargetNotFoundError(FormatError):
    """The element to be signed is not there. Facts: reason (a code), target."""


class AlreadySignedError(FormatError):
    """The form allows one signature and there is one. Facts: place."""


class WouldBreakSignatureError(FormatError):
    """The new signature would stand inside what an earlier one covers. Facts: place."""


class ExternalFileError(FormatError):
    """A file that a reference names was not given, or its name is not a bare file name. Facts: name, reason."""
