"""What the commands share: output names, times, tables, and the rows that `trust list` and `demo` show."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import click
from cryptography.hazmat.primitives import hashes

from .demo import DemoRow
from .language import say
from .messages import JST, moment, verdict_sentence
from .report import printable
from .trust import JPKI_PINS, own_anchors, remembered


def signing_jobs(paths: Sequence[Path], output: Path | None, folder: Path | None) -> list[tuple[Path, Path]]:
    """Source and target of each document: `x.xtx` becomes `x.signed.xtx`, beside it or in the folder."""
    if output is not None and (folder is not None or len(paths) != 1):
        raise click.UsageError(
            say("-o is for one input and excludes --output-dir", "-oは入力が1つのときだけ使え、--output-dirとは併用できません")
        )
    if output is not None:
        return [(paths[0], output)]
    return [(path, (folder or path.parent) / f"{path.stem}.signed{path.suffix}") for path in paths]


def moment_given(text: str | None) -> datetime | None:
    """A time of `--at`: ISO 8601; without an offset it is Japan's."""
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(say(f"--at: not ISO 8601: {text}", f"--at: ISO 8601の日時ではありません: {text}")) from None
    return value if value.tzinfo else value.replace(tzinfo=JST)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table as wide as the terminal; as wide as it needs to be when the output is no terminal. Nothing is cut off."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 500)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*(printable(cell) for cell in row))
    console.print(table)


def anchor_rows() -> list[dict[str, str]]:
    """Every pinned CA, seen or not, and the anchors that the user imported with --force."""
    seen = {certificate.fingerprint(hashes.SHA256()).hex() for certificate in remembered()}
    rows = [
        {
            "name": pin.name,
            "sha256": pin.sha256,
            "not_after": moment(pin.not_after),
            "state": "seen" if pin.sha256 in seen else "not seen",
        }
        for pin in JPKI_PINS
    ]
    for certificate in own_anchors():
        rows.append(
            {
                "name": certificate.subject.rfc4514_string(),
                "sha256": certificate.fingerprint(hashes.SHA256()).hex(),
                "not_after": moment(certificate.not_valid_after_utc),
                "state": "own",
            }
        )
    return rows


def print_demo(rows: Sequence[DemoRow], folder: Path) -> None:
    """The demonstration's table and where things lie."""
    headings = (say("Document", "文書"), say("Profile", "プロファイル"), say("Signatures", "署名"), say("Verdict", "判定"), "")
    print_table(
        headings,
        [
            [
                row.path.name,
                row.profile,
                str(row.signatures),
                row.verdict.indication.word,
                "" if row.verdict.passed else verdict_sentence(row.verdict.reason, row.verdict.facts),
            ]
            for row in rows
        ],
    )
    click.echo(
        say(
            f"Everything lies in {folder}: a simulated card in card/ (password JITSUIN123) and the files above.\n"
            "The people are invented, and nobody trusts this card: its CA counts only where --trust simulator is given.",
            f"{folder}に模擬カード(card/、パスワードJITSUIN123)と上記のファイルを作成しました。\n"
            "人物はすべて架空で、このカードは--trust simulatorを付けたときだけ信頼されます。",
        )
    )
