"""The commands about the card itself: what is on it."""

from __future__ import annotations

from typing import Any

import click

from .language import say
from .options import chosen_key, key_option


@click.command(
    help=say("Show a card's tries left and certificates, without PIN.", "カードの状態をパスワードなしで表示します。")
)
@key_option
@click.option("--json", "as_json", is_flag=True, help=say("Print one JSON object.", "結果をJSONで出力します。"))
def card(**options: Any) -> None:
    from jitsuin.signer.base import DescribesToken

    from . import pipeline
    from .commands import print_json
    from .report import SCHEMA_VERSION, card_json, card_text

    at = pipeline.now()
    with pipeline.open_signer(chosen_key(options), pin=None, at=at) as signer:
        if not isinstance(signer, DescribesToken):
            raise click.UsageError(say("this key has no card to show", "この鍵にはカードがありません"))
        facts = signer.describe()
    if options["as_json"]:
        print_json({"schema_version": SCHEMA_VERSION, "command": "card", **card_json(facts)})
    else:
        click.echo(card_text(facts, at))
