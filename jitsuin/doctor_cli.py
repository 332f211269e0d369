"""The command that says what is installed, what is missing and what to do about it."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .language import say
from .options import PATH

if TYPE_CHECKING:
    from .doctor import Check


@click.command(
    help=say(
        "Say what is installed, what is missing and what to do about it. Ends with 0 whatever was found.",
        "導入済みのもの、不足しているものと対処方法を表示します。結果にかかわらず終了コードは0です。",
    )
)
@click.option(
    "--bundle",
    metavar="FILE",
    type=PATH,
    help=say(
        "Write a file to attach to a report; nothing personal is in it.",
        "不具合の報告に添付するファイルを作成します(個人情報なし)。",
    ),
)
@click.option("--json", "as_json", is_flag=True, help=say("Print one JSON object.", "結果をJSONで出力します。"))
@click.pass_context
def doctor(context: click.Context, bundle: Path | None, as_json: bool) -> None:
    from . import clock
    from .bundle import check_bundle, write_bundle
    from .commands import print_json, print_table
    from .doctor import State, diagnose
    from .messages import bundle_notice, check_advice, check_finding
    from .report import SCHEMA_VERSION, printable
    from .sentences.doctor import STATES, SUBJECTS

    _make_writable(as_json=as_json)
    if bundle is not None:
        check_bundle(bundle)
    diagnosis = diagnose(clock.now(), context.obj)
    if bundle is not None:
        write_bundle(bundle, diagnosis)
    if as_json:
        checks = [_check_json(check) for check in diagnosis.checks]
        written = None if bundle is None else str(bundle)
        print_json({"schema_version": SCHEMA_VERSION, "command": "doctor", "checks": checks, "bundle": written})
        return
    rows: list[tuple[str, str, str]] = []
    for check in diagnosis.checks:
        state, subject = say(*STATES[check.state]), say(*SUBJECTS[check.subject])
        rows.append((state, subject, check_finding(check.key, check.facts)))
        if check.state is not State.OK:
            rows.append(("", "", say("→ ", "→") + check_advice(check.key, check.facts)))
    print_table((say("State", "状態"), say("What", "項目"), say("Found", "結果")), rows)
    if bundle is not None:
        click.echo()
        for line in bundle_notice(str(bundle)).splitlines():
            click.echo(printable(line))


def _make_writable(*, as_json: bool) -> None:
    """A terminal that cannot show everything is one of the things that are told, so it must not stop the telling."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace" if as_json else "replace")


def _check_json(check: Check) -> dict[str, Any]:
    from .messages import check_advice, check_finding

    return {
        "subject": check.subject,
        "state": check.state.value,
        "code": check.code,
        "facts": dict(check.facts),
        "found": check_finding(check.key, check.facts),
        "advice": None if check.state == "ok" else check_advice(check.key, check.facts),
    }
