"""The command that makes the signatures of documents last: timestamps and evidence, added later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .language import say
from .options import PATH, evidence_options, output_options, timestamp_trust_option, trust_options


@click.command(
    help=say(
        "Add what makes the signatures of a PDF last: a timestamp, evidence, an archive timestamp.",
        "署名済みPDFに、タイムスタンプ・検証情報・長期保存用タイムスタンプを追加します。",
    )
)
@click.argument("file", type=PATH)
@click.option(
    "-o",
    "--output",
    type=PATH,
    help=say("Output file (default: x.extended.pdf).", "出力ファイル(既定: x.extended.pdf)。"),
)
@click.option(
    "--overwrite",
    is_flag=True,
    help=say("Replace an existing output, never the input.", "既存の出力を置き換えます(入力は除きます)。"),
)
@click.option(
    "--to",
    type=click.Choice(["pades-b-t", "pades-b-lt", "pades-b-lta"]),
    default="pades-b-lta",
    show_default=True,
    help=say("Level that every signature is to reach.", "すべての署名を到達させるレベル。"),
)
@click.option(
    "--timestamp-url",
    metavar="URL",
    help=say("Time-stamping authority (RFC 3161).", "時刻認証局のURL(RFC 3161)。"),
)
@timestamp_trust_option
@trust_options
@output_options
def extend(file: Path, output: Path | None, **options: Any) -> None:
    from .commands import print_json
    from .extension import extend_file
    from .extension_report import extend_json, extend_text

    result = extend_file(
        file,
        output or file.with_name(f"{file.stem}.extended{file.suffix}"),
        to=options["to"],
        timestamp_url=options["timestamp_url"],
        timestamp_trust=options["timestamp_trust"],
        trust=options["trust"],
        crls=options["crls"],
        revocation=options["revocation"] or "warn",
        evidence=evidence_options(options),
        overwrite=options["overwrite"],
    )
    if options["as_json"]:
        print_json(extend_json(result))
    elif not options["quiet"]:
        click.echo(extend_text(result))
