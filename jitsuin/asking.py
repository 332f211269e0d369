"""What a person at the terminal is asked and told about readers, besides the PIN."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from jitsuin.signer.base import ChooseReader, TokenEvent

from .language import say


def reader_choice() -> ChooseReader | None:
    """The question which of several cards to use; None where nobody is there to answer."""
    return _choose if sys.stdin.isatty() else None


def tell(event: TokenEvent, token: str) -> None:
    """Say what the person at the terminal should know or do now."""
    from .messages import token_event_sentence
    from .report import printable

    click.echo(printable(token_event_sentence(event.value, token)), err=True)


def put_back(error: Exception) -> bool:
    """Whether a person has put the card back after this error, and wants to enter the password once more."""
    from .messages import error_sentence
    from .report import printable

    click.echo(printable(error_sentence(error)), err=True)
    label = say(
        "Put the card back and go on? The password will be asked again",
        "カードを置き直して続けますか(パスワードをもう一度入力します)",
    )
    try:
        return click.confirm(label, default=False, err=True)
    except click.Abort:
        raise KeyboardInterrupt from None


def _choose(readers: Sequence[str]) -> str:
    from .report import printable

    for number, reader in enumerate(readers, 1):
        click.echo(f"{number}  {printable(reader)}", err=True)
    label = say("Several cards are there. Which one", "カードが複数あります。使う番号")
    try:
        number = click.prompt(label, type=click.IntRange(1, len(readers)), err=True)
    except click.Abort:
        raise KeyboardInterrupt from None
    return readers[number - 1]
