"""What the commands share: output names, times, tables, and how a command ends: text or JSON, and its exit code."""

from __future__ import annotations

import io
import json
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jitsuin.formats.verdict import Indication

from .check_report import verification_json, verification_text
from .demo import DemoRow
from .errors import ExitCode, exit_code
from .language import say
from .messages import JST, verdict_sentence
from .options import chosen_key
from .report import (
    SCHEMA_VERSION,
    error_json,
    error_text,
    printable,
    profile_json,
    sign_json,
    sign_text,
)
from .results import Rehearsal, SignOutcome, VerifyReport
from .trust_sets import TrustSet
from .validity import RevocationMode

if TYPE_CHECKING:
    from jitsuin.signer.base import Signer


def signing_jobs(paths: Sequence[Path], output: Path | None, folder: Path | None) -> list[tuple[Path, Path]]:
    """Source and target of each document: `x.xtx` becomes `x.signed.xtx`, beside it or in the folder."""
    if output is not None and (folder is not None or len(paths) != 1):
        raise click.UsageError(
            say(
                "-o is for one input and excludes --output-dir",
                "-oは入力が1つのときだけ使え、--output-dirとは併用できません",
            )
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
        raise click.UsageError(
            say(f"--at: not ISO 8601: {text}", f"--at: ISO 8601の日時ではありません: {text}")
        ) from None
    value = value if value.tzinfo else value.replace(tzinfo=JST)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise click.UsageError(say(f"--at: out of range: {text}", f"--at: 範囲外の日時です: {text}")) from None


def key_files(uri: str | None) -> tuple[Path, ...]:
    """The file that a key URI names, for it not to be overwritten."""
    scheme, _, path = (uri or "").partition(":")
    with suppress(RuntimeError):  # no such user, as opening the key will tell
        return (Path(path).expanduser(),) if scheme == "file" else ()
    return ()


def key_opener(options: dict[str, Any], at: datetime, documents: Sequence[object]) -> Callable[[], Signer]:
    """Opens the key of `--key`; asked for its PIN, a person is told of the documents, which may be found out later."""
    from . import pipeline
    from .asking import reader_choice, tell
    from .pin_source import pin_callback

    pin = pin_callback(options["pin_source"], documents)

    def opened() -> Signer:
        return pipeline.open_signer(
            chosen_key(options),
            pin=pin,
            allow_last_try=options["allow_last_try"],
            trust=options["trust"],
            choose=reader_choice(),
            notify=tell,
            pkcs11_module=options["pkcs11_module"],
            at=at,
        )

    return opened


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table as wide as the terminal; as wide as it needs to be when the output is no terminal. Nothing is cut off.

    A terminal narrower than 80 columns breaks the lines itself: fitted into it, columns would vanish.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    text = io.StringIO()
    width = max(80, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 500
    console = Console(file=text, highlight=False, width=width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*(printable(cell) for cell in row))
    console.print(table)
    click.echo("\n".join(line.rstrip() for line in text.getvalue().splitlines()).strip("\n"))


def print_demo(rows: Sequence[DemoRow], folder: Path) -> None:
    """The demonstration's table, why something is refused, and where things lie."""
    headings = (say("Document", "文書"), say("Profile", "プロファイル"), say("Signed", "署名"), say("Verdict", "判定"))
    print_table(headings, [[r.path.name, r.profile, str(r.signatures), r.verdict.indication.word] for r in rows])
    for row in rows:
        if not row.verdict.passed:
            click.echo(f"\n{printable(row.path.name)}: {verdict_sentence(row.verdict.reason, row.verdict.facts)}")
    click.echo()
    click.echo(
        say(
            f"Everything lies in {folder}: a simulated card in card/ (password JITSUIN123) and the files above.\n"
            "The people are invented. Nobody trusts this card: its CA counts only where --trust simulator is given.",
            f"{folder}に模擬カード(card/、パスワードJITSUIN123)と上記のファイルを作成しました。\n"
            "人物はすべて架空で、このカードは--trust simulatorを付けたときだけ信頼されます。",
        )
    )


def finish_rehearsal(plans: Sequence[Rehearsal | SignOutcome], options: Mapping[str, Any]) -> None:
    """The end of `sign --dry-run`."""
    rows: list[dict[str, object]] = []
    errors: list[Exception] = []
    for plan in plans:
        if isinstance(plan, Rehearsal):
            rows.append({"source": str(plan.source), "target": str(plan.target), "profile": profile_json(plan.profile)})
            words = say("can be signed as", "署名できます:")
            _echo(f"{plan.source}: {words} {plan.profile.name} → {plan.target}", options)
        elif plan.error is not None:
            rows.append(sign_json(plan))
            errors.append(plan.error)
            click.echo(sign_text(plan), err=True)
    if options["as_json"]:
        print_json({"schema_version": SCHEMA_VERSION, "command": "sign", "dry_run": True, "files": rows})
    _exit([exit_code(error) for error in errors], len(plans))


def finish_signing(outcomes: Sequence[SignOutcome], options: Mapping[str, Any]) -> None:
    """The end of `sign`: results to standard output, errors to standard error."""
    for outcome in outcomes:
        if outcome.error is not None:
            click.echo(sign_text(outcome), err=True)
        else:
            _echo(sign_text(outcome), options)
    if options["as_json"]:
        files = [sign_json(outcome) for outcome in outcomes]
        print_json({"schema_version": SCHEMA_VERSION, "command": "sign", "files": files})
    _exit([exit_code(outcome.error) for outcome in outcomes if outcome.error is not None], len(outcomes))


def check_verification_report(options: Mapping[str, Any]) -> None:
    """Before `verify`: whether its `--report` can be written. Raises OutputError."""
    from .html_report import check_report

    if options["report"] is not None:
        trusted = [f for name in options["trust"] for f in (name.files() if isinstance(name, TrustSet) else [name])]
        given = (*trusted, *options["timestamp_trust"], *options["crls"])
        check_report(options["report"], [*options["paths"], *options["files"], *map(Path, given)])


def write_verification_report(
    results: Sequence[VerifyReport | tuple[Path, Exception]],
    options: Mapping[str, Any],
    *,
    made: datetime,
    at: datetime,
) -> None:
    """The page of `verify --report`, before anything is printed. Raises OutputError."""
    from .html_report import Conditions, write_report

    if options["report"] is not None:
        mode = RevocationMode(options["revocation"] or "require")
        conditions = Conditions(made, at, mode, tuple(options_given(options)), redact=options["redact"])
        write_report(options["report"], results, conditions)


def options_given(options: Mapping[str, Any]) -> Iterator[str]:
    """The options that bear on the outcome, from wherever they came."""
    for option, name in _BEARING.items():
        value = options.get(name)
        for one in value if isinstance(value, tuple) else (value,):
            if one is True:
                yield option
            elif one:
                yield f"{option} {shlex.quote(str(one))}"


_BEARING = {
    "--trust": "trust",
    "--accept-test-hierarchy": "accept_test_hierarchy",
    "--timestamp-trust": "timestamp_trust",
    "--crl": "crls",
    "--ocsp-url": "ocsp_url",
    "--revocation": "revocation",
    "--offline": "offline",
    "--allow-private-network": "allow_private_network",
    "--allow-indirect-crl": "allow_indirect_crl",
    "--profile": "profile",
    "--at": "at_text",
    "--file": "files",
    "--accept-sha1": "accept_sha1",
    "--redact": "redact",
}


def finish_verifying(results: Sequence[VerifyReport | tuple[Path, Exception]], options: Mapping[str, Any]) -> None:
    """The end of `verify`. Of several files one INVALID decides, else INDETERMINATE if nothing worse happened."""
    rows: list[dict[str, object]] = []
    codes: list[ExitCode] = []
    for result in results:
        if isinstance(result, tuple):
            path, error = result
            codes.append(exit_code(error))
            rows.append({"path": str(path), "error": error_json(error)})
            click.echo(error_text(path, error), err=True)
            continue
        codes.append(_VERDICT_CODES[result.verdict.indication])
        rows.append(verification_json(result, redact=options["redact"]))
        _echo(verification_text(result, redact=options["redact"], verbose=options["verbose"]), options)
    if options["as_json"]:
        print_json({"schema_version": SCHEMA_VERSION, "command": "verify", "files": rows})
    bad = [code for code in codes if code is not ExitCode.DONE]
    if ExitCode.INVALID in bad:
        raise click.exceptions.Exit(ExitCode.INVALID)
    if bad and set(bad) == {ExitCode.INDETERMINATE}:
        raise click.exceptions.Exit(ExitCode.INDETERMINATE)
    _exit(bad, len(results))


_VERDICT_CODES = {
    Indication.TOTAL_PASSED: ExitCode.DONE,
    Indication.TOTAL_FAILED: ExitCode.INVALID,
    Indication.INDETERMINATE: ExitCode.INDETERMINATE,
}


def print_json(value: Mapping[str, object]) -> None:
    """One JSON object on standard output."""
    click.echo(_escaped(json.dumps(value, ensure_ascii=False, indent=2)))


def print_json_line(value: Mapping[str, object]) -> None:
    """One line of JSON Lines on standard output, at once."""
    click.echo(_escaped(json.dumps(value, ensure_ascii=False)))


def _escaped(text: str) -> str:
    # A file name that is no text, and what could drive a terminal, are escaped; JSON reads the same.
    return "".join(c if c.isprintable() or c in "\n\u3000" else json.dumps(c)[1:-1] for c in text)


def _exit(codes: Sequence[ExitCode], files: int) -> None:
    """The exit code of the one file, or SOME_FAILED when some of several failed."""
    if codes:
        raise click.exceptions.Exit(codes[0] if files == 1 else ExitCode.SOME_FAILED)


def _echo(text: str, options: Mapping[str, Any]) -> None:
    if not options["quiet"] and not options["as_json"]:
        click.echo("\n".join(printable(line) for line in text.split("\n")))
