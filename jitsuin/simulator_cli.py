"""The command that puts the simulated card into a virtual reader, for other programs to see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .language import say
from .options import PATH

if TYPE_CHECKING:
    from jitsuin.signer.simulator.contacts import Card


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
@click.option(
    "--replay",
    type=PATH,
    metavar="FILE",
    help=say(
        "Play back a bundle of doctor instead of a card.",
        "カードの代わりに、doctor --bundleの記録を再生します。",
    ),
)
@click.option(
    "--trace",
    type=PATH,
    metavar="FILE",
    help=say("Write the APDUs, scrubbed, into a new file.", "APDUの記録(秘密を除く)を新しいファイルに書きます。"),
)
def serve(**options: Any) -> None:
    from jitsuin.signer.simulator import vpcd
    from jitsuin.signer.simulator.faults import Fault, FaultyCard
    from jitsuin.signer.simulator.layers import SlowCard

    faults = [Fault.parse(spec) for spec in options["faults"]]
    try:
        with _card(options) as (bare, announcement), ExitStack() as ending:
            card: Card = SlowCard(FaultyCard(bare, faults), options["apdu_ms"] / 1000, options["sign_ms"] / 1000)
            if options["trace"] is not None:
                card = ending.enter_context(_traced(card, options["trace"]))
            vpcd.serve(card, options["reader_port"], lambda: click.echo(announcement))
    except KeyboardInterrupt:
        pass  # the normal way to take it out


@contextmanager
def _traced(card: Card, path: Path) -> Iterator[Card]:
    """The card, and a new file into which goes line by line what it is asked and answers."""
    from jitsuin.signer.simulator.layers import TracedCard

    from .errors import OutputError

    try:
        file = path.open("x", encoding="utf-8", buffering=1)
    except FileExistsError:
        raise OutputError(path=str(path), reason="bundle-exists") from None
    except OSError as error:
        raise OutputError(path=str(path), reason="os", detail=error.strerror) from None
    with file:
        yield TracedCard(card, file.write)


@contextmanager
def _card(options: dict[str, Any]) -> Iterator[tuple[Card, str]]:
    """The card to serve, and what to say once it is inserted."""
    from jitsuin.signer.simulator import SIGNATURE_PASSWORD, Interface, Quirks, find_card
    from jitsuin.signer.simulator.replay import ReplayedCard

    from . import clock
    from .report import printable

    port = options["reader_port"]
    if options["replay"] is not None:
        if options["folder"] is not None or options["persona"] is not None:
            raise click.UsageError(
                say("--replay excludes --card and --persona", "--replayは--card、--personaと併用できません")
            )
        place = printable(str(options["replay"]))
        yield (
            ReplayedCard.load(options["replay"]),
            say(
                f"The recorded card of {place} is inserted at reader port {port}; Ctrl-C takes it out.",
                f"記録されたカード({place})をポート{port}のリーダーに入れました。Ctrl-Cで取り出します。",
            ),
        )
        return
    found = find_card(options["folder"], options["persona"], clock.now())
    place = printable(str(found.folder))
    with found.inserted(Quirks(Interface(options["interface"]))) as applet:
        yield (
            applet,
            say(
                f"The card in {place} is inserted at reader port {port}. "
                f"Its password is {SIGNATURE_PASSWORD}; Ctrl-C takes it out.",
                f"カード({place})をポート{port}のリーダーに入れました。"
                f"パスワードは{SIGNATURE_PASSWORD}です。Ctrl-Cで取り出します。",
            ),
        )
