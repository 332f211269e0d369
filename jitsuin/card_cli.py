"""The commands about the card itself: what is on it."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

import click

from .language import say
from .options import chosen_key, key_option, pin_options, trust_option

if TYPE_CHECKING:
    from datetime import datetime

    from .card_status import CardStatus


@click.command(
    help=say(
        "Show what is on a card, how many tries are left and what to do next. Asks for no PIN without --unlock.",
        "カードの内容、残り回数、次にすることを表示します。--unlockを付けない限りパスワードは不要です。",
    )
)
@key_option
@click.option(
    "--unlock",
    is_flag=True,
    help=say(
        "Ask for the password and show the signature certificate.",
        "パスワードを入力して署名用電子証明書を表示します。",
    ),
)
@pin_options
@trust_option
@click.option("--redact", is_flag=True, help=say("Leave out personal data.", "個人情報を表示しません。"))
@click.option("--json", "as_json", is_flag=True, help=say("Print one JSON object.", "結果をJSONで出力します。"))
def card(**options: Any) -> None:
    from . import pipeline
    from .card_report import card_json, card_text
    from .commands import print_json
    from .report import SCHEMA_VERSION

    status = _status(options, pipeline.now())
    if options["as_json"]:
        shown = card_json(status, redact=options["redact"])
        print_json({"schema_version": SCHEMA_VERSION, "command": "card", **shown})
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        click.echo(card_text(status, redact=options["redact"], width=width))


def _status(options: dict[str, Any], at: datetime) -> CardStatus:
    """Look at the card; with --unlock, in the same session, also behind the password."""
    from jitsuin.signer.base import DescribesToken

    from . import pipeline
    from .asking import reader_choice, tell_waiting
    from .card_status import card_status
    from .pin_source import pin_callback
    from .trust import load_trust

    with pipeline.open_signer(
        chosen_key(options),
        pin=pin_callback(options["pin_source"], documents=()) if options["unlock"] else None,
        allow_last_try=options["allow_last_try"],
        trust=options["trust"],
        choose=reader_choice(),
        waiting=tell_waiting,
        at=at,
    ) as signer:
        if not isinstance(signer, DescribesToken):
            raise click.UsageError(say("this key has no card to show", "この鍵にはカードがありません"))
        facts, store = signer.describe(), load_trust(options["trust"])
        if not options["unlock"]:
            return card_status(facts, store, at)
        return card_status(facts, store, at, signer.certificate, signer.issuers)
