"""Many documents on the command line: when a run is one, and what is asked and checked before it begins."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from .batch_telling import display, finish_rehearsal, finish_signing, finish_verifying, show_summary, teller
from .language import say
from .options import PATH

if TYPE_CHECKING:
    from datetime import datetime

    from .batch_results import BatchResult, Summary
    from .errors import OutputError
    from .progress import Progress as Shown
    from .rehearsal import SigningOptions

_F = TypeVar("_F", bound=Callable[..., Any])


def many_options(command: _F) -> _F:
    """What signing and verifying of folders share."""
    command = click.option(
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help=say("Processes that work at a time (default: by processors).", "並列処理数(既定: プロセッサー数による)。"),
    )(command)
    return click.option(
        "--recursive",
        is_flag=True,
        help=say("Look into the folders of a folder, too.", "下位フォルダーも対象にします。"),
    )(command)


def batch_options(command: _F) -> _F:
    """What only signing has."""
    for option in (
        click.option(
            "--skip-signed/--sign-signed",
            default=True,
            help=say("Leave out what is signed already (default), or not.", "署名済み文書の除外(既定)・再署名。"),
        ),
        click.option(
            "--strict",
            is_flag=True,
            help=say("Folder: sign all files or none.", "1件でも署名できないときは、何も署名しません。"),
        ),
        click.option(
            "--yes",
            is_flag=True,
            help=say("Folder: sign what was found without asking.", "確認せずに、見つかった文書へ署名します。"),
        ),
        click.option(
            "--resume",
            is_flag=True,
            help=say("Go on with a run that was cut short.", "中断した実行を再開します。"),
        ),
        click.option(
            "--redact",
            is_flag=True,
            help=say("Leave names of files out of the report.", "レポートにファイル名を載せません。"),
        ),
        click.option(
            "--report",
            type=PATH,
            metavar="FILE",
            help=say("Folder: also write a new HTML file for people.", "結果をHTMLファイルにも出力します(新規のみ)。"),
        ),
    ):
        command = option(command)
    return many_options(command)


def is_batch(options: Mapping[str, Any]) -> bool:
    """Whether `sign` is about many: a folder or pattern, or several files into one folder; or is to be resumed."""
    from .folder import is_many

    paths: Sequence[Path] = options["paths"]
    several = len(paths) > 1 and options["output_dir"] is not None
    return several or options["resume"] or any(map(is_many, paths))


def verifies_many(options: Mapping[str, Any]) -> bool:
    """Whether `verify` is about a folder, a pattern or a journal; several files that are named are not."""
    from .folder import is_many

    return options["journal"] is not None or any(map(is_many, options["paths"]))


def sign_many(options: dict[str, Any], chosen: SigningOptions, at: datetime) -> None:
    """`sign` of a batch."""
    from .batch import BatchOptions, rehearse_batch, sign_batch
    from .commands import key_opener
    from .config import batch_rules

    output = _output_folder(options)
    batch = BatchOptions(
        recursive=options["recursive"],
        resume=options["resume"],
        strict=options["strict"],
        skip_signed=options["skip_signed"],
        rules=batch_rules(),
        jobs=options["jobs"],
    )
    _check_report(options)
    if options["dry_run"]:
        with display(options) as shown:
            told = teller("sign", options, shown)
            summary = rehearse_batch(options["paths"], output, options=chosen, batch=batch, progress=told, at=at)
        finish_rehearsal(summary, options)
        return
    _require_consent(options)
    documents: list[str] = []
    open_key = key_opener(options, at, documents)  # now, as it takes a PIN out of the environment

    def confirm(summary: Summary) -> bool:
        documents[:] = [say(f"{summary.ready} files", f"{summary.ready}件") + f" → {output}"]
        return _confirm(summary, options)

    with display(options) as shown:
        result = sign_batch(
            options["paths"],
            output,
            open_key=open_key,
            options=chosen,
            batch=batch,
            confirm=confirm,
            put_back=_put_back(options, shown),
            progress=teller("sign", options, shown),
            at=at,
        )
    unwritten = _write_report("sign", result, options, at)
    with _saying(unwritten):
        finish_signing(result, options)


def verify_many(options: dict[str, Any], at: datetime) -> None:
    """`verify` of a batch."""
    from .batch_verification import verify_batch, verify_journal
    from .options import evidence_options

    how: dict[str, Any] = {
        "trust": options["trust"],
        "crls": options["crls"],
        "revocation": options["revocation"] or "require",
        "evidence": evidence_options(options),
        "timestamp_trust": options["timestamp_trust"],
        "accept_test_hierarchy": options["accept_test_hierarchy"],
        "profile": options["profile"],
        "accept_sha1": options["accept_sha1"],
        "files": options["files"],
        "jobs": options["jobs"],
        "redact": options["redact"],
        "verbose": options["verbose"],
        "at": at,
    }
    if options["journal"] is not None and options["paths"]:
        raise click.UsageError(say("--journal takes no other PATH", "--journalと他のPATHは併用できません"))
    _check_report(options)
    with display(options) as shown:
        how["progress"] = teller("verify", options, shown)
        if options["journal"] is None:
            result = verify_batch(options["paths"], recursive=options["recursive"], **how)
        else:
            result = verify_journal(options["journal"], **how)
    unwritten = _write_report("verify", result, options, at)
    with _saying(unwritten):
        finish_verifying(result, options)


def _output_folder(options: Mapping[str, Any]) -> Path:
    if options["output_dir"] is None or options["output"] is not None:
        raise click.UsageError(
            say(
                "a folder, a pattern or --resume needs --output-dir, and excludes -o",
                "フォルダー、パターン、--resumeには--output-dirが必要です(-oは併用できません)",
            )
        )
    folder: Path = options["output_dir"]
    return folder


def _require_consent(options: Mapping[str, Any]) -> None:
    """Refuse before any work where nobody could be asked whether to sign what a folder or pattern happens to hold."""
    from .folder import is_many

    asked = options["yes"] or options["pin_source"] == "prompt" or sys.stdin.isatty()
    if not asked and any(map(is_many, options["paths"])):
        raise click.UsageError(
            say(
                "without a terminal, --yes says that all that is found is to be signed",
                "端末がない場合は、見つかった文書すべてに署名してよければ--yesを付けてください",
            )
        )


def _confirm(summary: Summary, options: Mapping[str, Any]) -> bool:
    """Say what will be signed. The PIN prompt that follows is the consent; where there is none, a question."""
    from .folder import is_many

    named = not any(map(is_many, options["paths"]))
    if not (options["quiet"] and (options["yes"] or named)):
        show_summary(summary, disclose=options["pin_source"] != "prompt")  # which says so itself
    if options["yes"] or named or options["pin_source"] == "prompt" or not summary.ready:
        return True
    try:
        return click.confirm(say("Sign them?", "署名しますか?"), err=True)
    except click.Abort:
        raise KeyboardInterrupt from None


def _check_report(options: Mapping[str, Any]) -> None:
    """Refuse before any work a report that could not be written, or that the next run would take for a document."""
    if (report := options["report"]) is None:
        return
    from .batch_page import check_batch_page

    folders = [path for path in (*options["paths"], options.get("output_dir"), options.get("journal")) if path]
    if any(folder.resolve() in report.resolve().parents for folder in folders):
        raise click.UsageError(
            say(
                "--report lies in a folder of the documents; name a place outside",
                "--reportには、文書のフォルダーと保存先フォルダーの外を指定してください",
            )
        )
    given = (*options["trust"], *options["timestamp_trust"], *options["crls"])
    check_batch_page(report, [*folders, *options["files"], *map(Path, given)], again=options.get("resume", False))


def _write_report(
    command: Literal["sign", "verify"], result: BatchResult, options: Mapping[str, Any], at: datetime
) -> OutputError | None:
    """The page of `--report`; why it could not be written, for the end of the run to say."""
    if options["report"] is None:
        return None
    from . import clock
    from .batch_page import RunConditions, write_batch_page
    from .commands import options_given
    from .errors import OutputError
    from .validity import RevocationMode

    mode = RevocationMode(options["revocation"] or {"sign": "warn", "verify": "require"}[command])
    given = tuple(options_given(options))
    conditions = RunConditions(command, clock.now(), at, mode, given, redact=options["redact"])
    try:
        write_batch_page(options["report"], result, conditions, again=options.get("resume", False))
    except OutputError as error:
        return error
    return None


@contextmanager
def _saying(unwritten: OutputError | None) -> Iterator[None]:
    """That the report could not be written: after everything else, whatever else decides the exit code."""
    from .messages import error_sentence
    from .report import printable

    try:
        yield
    except click.exceptions.Exit:
        if unwritten is not None:
            click.echo(f"jitsuin: {printable(error_sentence(unwritten))}", err=True)
        raise
    if unwritten is not None:
        raise unwritten


def _put_back(options: Mapping[str, Any], shown: Shown) -> Callable[[Exception], bool] | None:
    """A person at the terminal who types the PIN can put the card back, too."""
    from .asking import put_back

    def asked(error: Exception) -> bool:
        with shown.paused():  # it stays away until the next file: the password will be asked, too
            return put_back(error)

    return asked if options["pin_source"] == "prompt" and sys.stdin.isatty() else None
