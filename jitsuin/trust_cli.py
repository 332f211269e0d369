"""The commands about trust anchors: what is known and what is missing, and how to make one known."""

from __future__ import annotations

from pathlib import Path

import click

from .language import say
from .options import PATH


@click.group(
    help=say("Trust anchors: list them, or import a CA certificate.", "信頼の起点(認証局)を一覧・取り込みします。")
)
def trust() -> None:
    """Nothing of its own; see its commands."""


@trust.command("list", help=say("List the anchors: what is known and what is missing.", "信頼の起点を一覧表示します。"))
@click.option("--json", "as_json", is_flag=True, help=say("Print one JSON object.", "結果をJSONで出力します。"))
def trust_list(as_json: bool) -> None:
    from .commands import print_json, print_table
    from .config import configured_trust_sets
    from .report import SCHEMA_VERSION, printable
    from .trust_list import PUBLISHED, anchor_rows, set_rows

    rows, sets = anchor_rows(), list(set_rows(configured_trust_sets().values()))
    if as_json:
        print_json({"schema_version": SCHEMA_VERSION, "command": "trust list", "anchors": rows, "sets": sets})
        return
    headings = (say("Anchor", "起点"), say("Valid until", "有効期限"), say("Certificate", "証明書"), "SHA-256")
    states = {
        "seen": say("remembered", "取得済み"),
        "not seen": say("not yet seen; comes with the card", "未取得(カードから取得)"),
        "own": say("imported with --force", "--forceで取り込み"),
    }
    print_table(
        headings,
        [
            [str(r["name"]), str(r["not_after"])[:10], states[str(r["state"])], f"{r['sha256']}"[:16] + "…"]
            for r in rows
        ],
    )
    missing = [row for row in rows if row["download"]]
    if missing:
        click.echo(
            say(
                f"\nMissing ones are published by J-LIS ({PUBLISHED}). `jitsuin trust import FILE` takes a\n"
                "downloaded one, if its fingerprint is the known one:",
                f"\n未取得の証明書はJ-LISが公開しています({PUBLISHED})。ダウンロードしたファイルは\n"
                "`jitsuin trust import FILE`で取り込めます(フィンガープリントが一致する場合のみ):",
            )
        )
        for row in missing:
            click.echo(f"  {row['name']}: {row['download']}")
    for named in sets:
        click.echo(f"\n--trust {named['name']}: " + printable(str(named["error"] or ", ".join(_names(named)))))


def _names(named: dict[str, object]) -> list[str]:
    anchors = named["anchors"]
    return [f"{one['name']} ({one['not_after'][:10]})" for one in anchors] if isinstance(anchors, list) else []


@trust.command(
    "import",
    help=say(
        "Remember a CA certificate whose fingerprint is known.",
        "フィンガープリントが既知の認証局証明書を取り込みます。",
    ),
)
@click.argument("file", type=PATH)
@click.option(
    "--force",
    is_flag=True,
    help=say("Trust an unknown CA on your own authority.", "未知の認証局を自分の責任で信頼します。"),
)
def trust_import(file: Path, force: bool) -> None:
    from .report import printable
    from .trust import import_anchors

    for name in import_anchors(file, force=force):
        click.echo(printable(name))
