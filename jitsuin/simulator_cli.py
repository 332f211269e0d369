"""The command that puts the simulated card into a virtual reader, for other programs to see."""

from __future__ import annotations

from pathlib import Path

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
    "--interface",
    type=click.Choice(["contact", "contactless", "contactless-pupi"]),
    default="contact",
    show_default=True,
    help=say("How it meets the reader; shows in the ATR.", "接続方式。ATRに現れます。"),
)
def serve(
    reader_port: int, folder: Path | None, persona: str | None, apdu_ms: float, sign_ms: float, interface: str
) -> None:
    from jitsuin.signer.simulator import SIGNATURE_PASSWORD, Interface, Quirks, find_card, vpcd

    from . import pipeline
    from .report import printable

    def inserted() -> None:
        click.echo(
            say(
                f"The card in {printable(str(found.folder))} is inserted at reader port {reader_port}. "
                f"Its password is {SIGNATURE_PASSWORD}; Ctrl-C takes it out.",
                f"カード({printable(str(found.folder))})をポート{reader_port}のリーダーに入れました。"
                f"パスワードは{SIGNATURE_PASSWORD}です。Ctrl-Cで取り出します。",
            )
        )

    found = find_card(folder, persona, pipeline.now())
    delays = vpcd.Delays(apdu_ms / 1000, sign_ms / 1000)
    try:
        with found.inserted(Quirks(Interface(interface))) as card:
            vpcd.serve(card, reader_port, delays, inserted)
    except KeyboardInterrupt:
        pass  # the normal way to take it out
