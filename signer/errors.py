"""The error tree of the signer room. Errors carry facts; the sentence for a person is made at the edge.

The facts are keyword arguments, kept as attributes. Nothing personal and no secret is ever one of them.
"""

from __future__ import annotations

from functools import partial


class SignerError(Exception):
    """Root of everything a signer backend raises."""

    def __init__(self, **facts: object) -> None:
        super().__init__(", ".join(f"{name}={value!r}" for name, value in facts.items()))
        self.facts = facts

    def __reduce__(self) -> tuple[object, ...]:
        """To and from other processes, with the facts."""
        return partial(type(self), **self.facts), ()

    def __getattr__(self, name: str) -> object:
        try:
            return self.__dict__["facts"][name]
        except KeyError:
            raise AttributeError(name) from None


class KeyUriError(SignerError):
    """The key URI cannot be understood. Facts: uri, reason."""


class FaultSpecError(SignerError):
    """A fault for the simulated card cannot be understood. Facts: spec, reason, known where there is a list."""


class UnsupportedKeyError(SignerError):
    """The key is of a kind or size that is not signed with. Facts: key, bits."""


class SignatureValueError(SignerError):
    """What came back from the key is not a signature by the certificate's key. Facts: length."""


class DigestInfoError(SignerError):
    """The input for the card's signature command is not what it must be given; nothing was sent. Facts: length."""


# The token


class TokenError(SignerError):
    """The card, token, reader or key file cannot be used."""


class PcscLibraryMissingError(TokenError):
    """The package pyscard is not installed, or cannot be loaded. Facts: detail."""


class PcscServiceError(TokenError):
    """The PC/SC service cannot be reached. Facts: hresult."""


class NoReaderError(TokenError):
    """No card reader is connected, or none has the name that was asked for. Facts: wanted (or None), readers."""


class NoCardError(TokenError):
    """No card is in the reader, or in any. Facts: readers."""


class SeveralCardsError(TokenError):
    """Several readers hold a My Number card, and nobody said which to take. Facts: readers."""


class CardUnresponsiveError(TokenError):
    """There is a card, but it does not answer to power: upside down, dirty, or none for this reader. Facts: token."""


class TransportError(TokenError):
    """The card or reader does not answer: unpowered, closed, or broken. Facts: token, reason, hresult where known."""


class CardRemovedError(TransportError):
    """The card or its reader was taken away. Facts: token."""


class CardResetError(TransportError):
    """Another program reset the card in mid-session, so it is no longer what we left it. Facts: token."""


class CardTimeoutError(TransportError):
    """The card did not answer a command in time. Facts: token, seconds."""


class TokenInUseError(TokenError):
    """Another program holds the card. Facts: token."""


class NotMyNumberCardError(TokenError):
    """The JPKI application is absent. Facts: sw."""


class PhoneTokenError(TokenError):
    """The token is in a phone that lets no other program sign. Facts: token, kind (as EF 0006 says)."""


class NoSignatureCertificateError(TokenError):
    """A My Number card, but without a signature certificate (a child's card, or not applied for). Facts: token."""


class StatusWordError(TokenError):
    """The card answered a command with an error. Facts: command, sw."""


class CardStateLostError(TokenError):
    """The card forgot the PIN in mid-session (reset, or another program selected its own application). Facts: sw."""


class CardDataError(TokenError):
    """A file on the card does not hold what it should. Facts: file, reason."""


# PKCS#11


class Pkcs11LibraryMissingError(TokenError):
    """The package python-pkcs11 is not installed, or cannot be loaded. Facts: detail."""


class Pkcs11ModuleError(TokenError):
    """The PKCS#11 module cannot be used.

    Facts: module, reason: `none-found` (places), `absent`, `not-loadable` (detail), `crashed` (exit: the signal's or
    exit status's number), `timeout` (seconds).
    """


class Pkcs11CallError(TokenError):
    """A function of the PKCS#11 module failed. Facts: token, function, rv (the CKR_ name as python-pkcs11 has it)."""


class NoTokenError(TokenError):
    """The module shows no token that could be meant.

    Facts: module, tokens (those that are there), reason: `none`, `name` (the URI names another), `unrecognised` (there
    is a card but no token: a blocked PIN can be why), `authentication` (only the key that never signs documents).
    """


class SeveralTokensError(TokenError):
    """Several tokens could be meant, and nobody said which. Facts: module, tokens."""


class NoKeyError(TokenError):
    """The token has no private key that could be meant. Facts: token, keys (those that are there)."""


class SeveralKeysError(TokenError):
    """Several keys of the token could be meant, and the URI does not say which. Facts: token, keys."""


class NoCertificateError(TokenError):
    """The token has no certificate with the key's CKA_ID. Facts: token, key, reason (`none`, `unreadable`)."""


class PinSourceError(TokenError):
    """The file that a key URI names for the PIN cannot be read. Facts: path, reason."""


class VirtualReaderError(TokenError):
    """The simulated card finds no virtual reader. Facts: port, reason (`absent`, or `silent`: no answer)."""


class KeyFileError(TokenError):
    """The key file or simulated card cannot be read or used. Facts: path, reason."""


# The secret


class PinError(SignerError):
    """Root of everything about PINs and passphrases."""


class PinRuleError(PinError):
    """The PIN cannot be right, and was not sent. Facts: reason (`empty`, `length`, `characters`, `encoding`).

    With `token-refused`, a PKCS#11 token refused it by its own rules, as it says without counting.
    """


class PinIncorrectError(PinError):
    """The PIN was presented once and refused. Facts: tries_left (None where not counted or not told)."""


class PinCancelledError(PinError):
    """The person gave up instead of entering the PIN; nothing was sent."""


class PinBlockedError(PinError):
    """The PIN is locked; only the municipal office can unlock it. Facts: sw (None where the counter said so)."""


class LastTryRefusedError(PinError):
    """One try is left and it was not allowed to be used; nothing was sent. Facts: tries_left."""


class TriesUnknownError(PinError):
    """The card did not tell how many tries are left; nothing was sent. Facts: sw."""
