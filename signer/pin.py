"""PINs: the card's rules, checked before anything is sent, and a holder whose bytes can be wiped.

A Python `str` cannot be wiped: the one that the callback returned, and its upper-cased copy, live until they are
collected. After these rules the secret travels only in bytearrays.
"""

from __future__ import annotations

import re
from contextlib import suppress
from types import TracebackType
from typing import NoReturn, Self

from .errors import PinRuleError

SIGNATURE_PASSWORD_LENGTH = range(6, 17)


class Secret:
    """A PIN or passphrase that is wiped when its `with` block ends. It never shows itself, not even its length."""

    __slots__ = ("_buffer",)

    def __init__(self, text: str) -> None:
        self._buffer = bytearray(text, "utf-8")

    @property
    def buffer(self) -> bytearray:
        """The secret itself, not a copy: empty once wiped."""
        return self._buffer

    def wipe(self) -> None:
        """Overwrite with zeros, then empty."""
        self._buffer[:] = bytes(len(self._buffer))
        self._buffer.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wipe()

    def __repr__(self) -> str:
        return "<Secret>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not copied or stored")


def normalise_signature_password(text: str) -> str:
    """The password as the card knows it: a–z become A–Z, since the card compares bytes. Show that to whoever types it.

    Nothing else is changed: full-width letters are refused, not folded, because a guess here costs a try.
    Raises PinRuleError with reason `empty`, `characters` (not A–Z, 0–9) or `length` (not 6 to 16).
    """
    broken = _broken_rule(text)
    if broken is not None:
        del text  # a traceback keeps its functions' variables, and who collects crash reports may print them
        raise PinRuleError(reason=broken)
    return text.upper()


def signature_password(text: str) -> Secret:
    """The card's 署名用パスワード, ready to present. Raises PinRuleError as `normalise_signature_password` does."""
    try:
        return Secret(normalise_signature_password(text))
    finally:
        del text  # as above


def _broken_rule(text: str) -> str | None:
    if not text:
        return "empty"
    if not re.fullmatch("[A-Za-z0-9]+", text):
        return "characters"
    return None if len(text) in SIGNATURE_PASSWORD_LENGTH else "length"


def passphrase(text: str) -> Secret:
    """The passphrase of a key file, in UTF-8 and otherwise unchanged: these have no rules of ours.

    Raises PinRuleError with reason `encoding` for what is no text, as a variable may hold it.
    """
    with suppress(UnicodeEncodeError):
        return Secret(text)
    del text
    # Only here, as the encoder's error quotes the text and would stay attached to one raised while it is handled.
    raise PinRuleError(reason="encoding")
