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
    from . import clock
    from .commands import print_json
    from .report import SCHEMA_VERSION

    text, values = _look(options, clock.now())
    if options["as_json"]:
        print_json({"schema_version": SCHEMA_VERSION, "command": "card", **values})
    else:
        click.echo(text)


def _look(options: dict[str, Any], at: datetime) -> tuple[str, dict[str, object]]:
    """Look at the card or module; with --unlock, in the same session, also behind the password. As text and as JSON."""
    from jitsuin.signer.base import DescribesModule, DescribesToken

    from . import pipeline
    from .asking import reader_choice, tell
    from .card_report import card_json, card_text
    from .card_status import card_status, signature_certificate
    from .pin_source import pin_callback
    from .token_report import module_json, module_text
    from .trust import load_trust

    redact: bool = options["redact"]
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    with pipeline.open_signer(
        chosen_key(options),
        pin=pin_callback(options["pin_source"], documents=()) if options["unlock"] else None,
        allow_last_try=options["allow_last_try"],
        trust=options["trust"],
        choose=reader_choice(),
        notify=tell,
        pkcs11_module=options["pkcs11_module"],
        at=at,
    ) as signer:
        store = load_trust(options["trust"])
        if isinstance(signer, DescribesModule):
            facts = signer.describe_module()
            own = signature_certificate(signer.certificate, signer.issuers, store, at) if options["unlock"] else None
            return module_text(facts, own, redact=redact, width=width), module_json(facts, own, redact=redact)
        if not isinstance(signer, DescribesToken):
            raise click.UsageError(say("this key has no card to show", "この鍵にはカードがありません"))
        told = signer.describe()
        opened = (signer.certificate, signer.issuers) if options["unlock"] else ()
        status = card_status(told, store, at, *opened)
        return card_text(status, redact=redact, width=width), card_json(status, redact=redact)
