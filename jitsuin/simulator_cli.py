"""The command that puts the simulated card into a virtual reader, for other programs to see."""

from __future__ import annotations

from typing import Any

import click

from .language import say
from .options import PATH


@click.group(help=say("The simulated card, for other programs.", "他のソフトから使える模擬カード。"))
def simulator() -> None:
    """Nothing of its own; see its command."""


@simulator.command(
    help=say(
        "Put the simulated card into a virtual reader (pcscd with vpcd), until Ctrl-C.",
        "模擬カードを仮想リーダー(pcscdとvpcd)に入れます。Ctrl-Cで取り出します。",
    )
)
@click.option(
    "--reader-port",
    default=35963,
    show_default=True,
    type=click.IntRange(1, 65535),
    help=say("Port of the reader's slot.", "リーダーのスロットのポート。"),
)
@click.option(
    "--card",
    "folder",
    metavar="DIR",
    type=PATH,
    help=say("The card's folder (default: as for simulator:).", "カードのフォルダー(既定はsimulator:と同じ)。"),
)
@click.option("--persona", metavar="NAME", help=say("Whose card, if it is new.", "新しいカードの名義人。"))
@click.option(
    "--apdu-ms",
    default=0.0,
    type=click.FloatRange(0),
    help=say("Milliseconds for each APDU.", "APDUごとの所要時間(ミリ秒)。"),
)
@click.option(
    "--sign-ms",
    default=0.0,
    type=click.FloatRange(0),
    help=say("Milliseconds more for each signature.", "署名ごとの追加時間(ミリ秒)。"),
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="SPEC",
    help=say(
        "What goes wrong, such as remove@sign:1 (docs/simulator.md).",
        "起こす障害。例: remove@sign:1(docs/simulator.md)。",
    ),
)
@click.option(
    "--interface",
    type=click.Choice(["contact", "contactless", "contactless-pupi"]),
    default="contact",
    show_default=True,
    help=say("How it meets the reader; shows in the ATR.", "接続方式。ATRに現れます。"),
)
def serve(**options: Any) -> None:
    from jitsuin.signer.simulator import SIGNATURE_PASSWORD, Interface, Quirks, find_card, vpcd
    from jitsuin.signer.simulator.faults import Fault, FaultyCard

    from . import pipeline
    from .report import printable

    faults = [Fault.parse(spec) for spec in options["faults"]]
    found = find_card(options["folder"], options["persona"], pipeline.now())
    place, port = printable(str(found.folder)), options["reader_port"]

    def inserted() -> None:
        click.echo(
            say(
                f"The card in {place} is inserted at reader port {port}. "
                f"Its password is {SIGNATURE_PASSWORD}; Ctrl-C takes it out.",
                f"カード({place})をポート{port}のリーダーに入れました。"
                f"パスワードは{SIGNATURE_PASSWORD}です。Ctrl-Cで取り出します。",
            )
        )

    delays = vpcd.Delays(options["apdu_ms"] / 1000, options["sign_ms"] / 1000)
    try:
        with found.inserted(Quirks(Interface(options["interface"]))) as card:
            vpcd.serve(FaultyCard(card, faults), port, delays, inserted)
    except KeyboardInterrupt:
        pass  # the normal way to take it out
