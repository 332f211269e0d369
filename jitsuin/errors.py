"""What can go wrong in the pipeline, and the exit code of every error of the program: one table, in one place."""

from __future__ import annotations

from enum import IntEnum
from functools import partial

from jitsuin.formats import errors as formats
from jitsuin.signer import errors as signer


class JitsuinError(Exception):
    """Root of what the pipeline itself raises. The facts are keyword arguments, kept in `facts`."""

    def __init__(self, **facts: object) -> None:
        super().__init__(", ".join(f"{name}={value!r}" for name, value in facts.items()))
        self.facts = facts

    def __reduce__(self) -> tuple[object, ...]:
        """To and from other processes, with the facts."""
        return partial(type(self), **self.facts), ()


class InputError(JitsuinError):
    """The document cannot be read. Facts: path, reason."""


class UnknownFormatError(JitsuinError):
    """No adapter recognises the document. Facts: path."""


class UnknownNameError(JitsuinError):
    """A profile, key scheme or trust name that does not exist. Facts: what, name, known."""


class ProfileMismatchError(JitsuinError):
    """The profile is for another format, or an option is not for this profile. Facts: profile, found."""


class OutputError(JitsuinError):
    """The output cannot be written. Facts: path, reason (`exists`, `is-input`, `collision`, `os`, …), detail."""


class TrustFileError(JitsuinError):
    """A file given as an anchor or CRL cannot be used. Facts: path, reason."""


class TrustSetError(TrustFileError):
    """A named set of anchors cannot be used because of one of its files. Facts: set, path, reason."""


def trust_file_error(error: InputError) -> TrustFileError:
    """The same, of a file that was given as an anchor or CRL."""
    reason = error.facts["reason"]
    return TrustFileError(**{**error.facts, "reason": "unreadable" if reason == "os" else reason})


class ConfigurationError(JitsuinError):
    """The configuration file cannot be used. Facts: path, reason, detail."""


class CertificateRefusedError(JitsuinError):
    """The signing certificate did not pass the gate; nothing was signed. Facts: reason and those of the verdict."""


class SelfVerificationError(JitsuinError):
    """The signed document did not verify, so it was not written. Facts: path, reason."""


class InputChangedError(JitsuinError):
    """The document is not the one that was rehearsed. Facts: path."""


class FetchError(JitsuinError):
    """Nothing was fetched from the address. Facts: url, reason (`fetch.fetch` has them all), status of `status`."""


class TimestampError(JitsuinError):
    """No timestamp was had. Facts: url, reason and what it needs (`timestamp.TimestampAuthority` has them all)."""


class LongTermError(JitsuinError):
    """A level for the long term cannot be claimed; nothing was written.

    Facts: profile, and as `lacking` a `long_term.Lack` for each thing that is.
    """


class ExtensionRefusedError(JitsuinError):
    """The document cannot be extended. Facts: path, reason (`unsigned`, `already`, `not-extensible`), profile."""


class InvalidSignatureError(JitsuinError):
    """The document to be extended has a signature that is INVALID. Facts: path, place, reason and its facts."""


class NotAttemptedError(JitsuinError):
    """The key failed at an earlier document of the run. Facts: path."""


class WorkerDiedError(JitsuinError):
    """The process that had the file in hand died: out of memory, or a fault in a library. Facts: path."""


class UnsentError(JitsuinError):
    """An error that nobody foresaw, in a worker process. Facts: kind (its name)."""


class BatchError(JitsuinError):
    """The run as a whole cannot be. Facts: reason (`strict`, `declined`, `another-key`), count of `strict`."""


class JournaledError(JitsuinError):
    """An earlier run failed with this file. Facts: detail (the error's name, as the journal has it)."""


class ExitCode(IntEnum):
    """What the program's exit status means (docs/exit-codes.md is made from this)."""

    DONE = 0
    INVALID = 1
    USAGE = 2
    INDETERMINATE = 3
    BAD_INPUT = 4
    TOKEN = 5
    PIN_WRONG = 6
    PIN_BLOCKED = 7
    OUTPUT = 8
    SOME_FAILED = 9
    CERTIFICATE_REFUSED = 10
    NETWORK = 11
    INTERNAL = 70


EXIT_CODE_MEANINGS = {
    ExitCode.DONE: "done, or VALID",
    ExitCode.INVALID: "INVALID",
    ExitCode.USAGE: "usage: an option, a name or the configuration is wrong",
    ExitCode.INDETERMINATE: "INDETERMINATE: could not be checked",
    ExitCode.BAD_INPUT: "malformed or unsupported input",
    ExitCode.TOKEN: "card, token, reader or key file",
    ExitCode.PIN_WRONG: "PIN wrong, impossible or not entered",
    ExitCode.PIN_BLOCKED: "PIN blocked, or the last try refused",
    ExitCode.OUTPUT: "the output cannot be written",
    ExitCode.SOME_FAILED: "some of several files failed",
    ExitCode.CERTIFICATE_REFUSED: "the signing certificate was refused: expired, revoked, wrong kind, unknown issuer",
    ExitCode.NETWORK: "network, time-stamping authority, or lack of evidence for the long term",
    ExitCode.INTERNAL: "internal error",
}

_EXIT_CODES: tuple[tuple[type[Exception], ExitCode], ...] = (
    (signer.PinBlockedError, ExitCode.PIN_BLOCKED),
    (signer.LastTryRefusedError, ExitCode.PIN_BLOCKED),
    (signer.TriesUnknownError, ExitCode.TOKEN),
    (signer.PinError, ExitCode.PIN_WRONG),
    (signer.KeyUriError, ExitCode.USAGE),
    (signer.FaultSpecError, ExitCode.USAGE),
    (signer.SignerError, ExitCode.TOKEN),
    (formats.FormatError, ExitCode.BAD_INPUT),
    (InputError, ExitCode.BAD_INPUT),
    (InputChangedError, ExitCode.BAD_INPUT),
    (NotAttemptedError, ExitCode.TOKEN),
    (WorkerDiedError, ExitCode.INTERNAL),
    (UnsentError, ExitCode.INTERNAL),
    (BatchError, ExitCode.SOME_FAILED),
    (JournaledError, ExitCode.SOME_FAILED),
    (UnknownFormatError, ExitCode.BAD_INPUT),
    (ProfileMismatchError, ExitCode.USAGE),
    (UnknownNameError, ExitCode.USAGE),
    (ConfigurationError, ExitCode.USAGE),
    (TrustFileError, ExitCode.USAGE),
    (OutputError, ExitCode.OUTPUT),
    (FetchError, ExitCode.NETWORK),
    (TimestampError, ExitCode.NETWORK),
    (CertificateRefusedError, ExitCode.CERTIFICATE_REFUSED),
    (LongTermError, ExitCode.NETWORK),
    (ExtensionRefusedError, ExitCode.BAD_INPUT),
    (InvalidSignatureError, ExitCode.INVALID),
)

EXPECTED_ERRORS = (JitsuinError, signer.SignerError, formats.FormatError)
"""The roots of the three rooms: everything that has a sentence of its own."""


def exit_code(error: BaseException) -> ExitCode:
    """The exit code of an error; INTERNAL for whatever is not in the table."""
    if isinstance(error, OSError):  # standard output on a full disk, for instance
        return ExitCode.OUTPUT
    return next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), ExitCode.INTERNAL)
