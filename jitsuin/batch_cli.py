"""Many documents on the command line: when a run is one, what is shown before the PIN, and how it is reported."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from .language import say
from .options import PATH

if TYPE_CHECKING:
    from datetime import datetime

    from .batch_results import BatchResult, Event, FileRecord, Progress, Summary
    from .errors import OutputError
    from .progress import Progress as Shown
    from .rehearsal import SigningOptions

_F = TypeVar("_F", bound=Callable[..., Any])
ARGUMENTS = f"{__name__}.arguments"
"""Where the context of the command line keeps what it was called with, for the command that resumes a run."""
_DECIDED = ("strict", "declined")
"""Reasons of ends that --resume would only come to again."""
_SHOWN = 20
"""Files that are named before the PIN, of those that will not be signed; all are named at the end."""


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
        with _shown(options) as shown:
            told = _told("sign", options, shown)
            summary = rehearse_batch(options["paths"], output, options=chosen, batch=batch, progress=told, at=at)
        _finish_rehearsal(summary, options)
        return
    _require_consent(options)
    documents: list[str] = []
    open_key = key_opener(options, at, documents)  # now, as it takes a PIN out of the environment

    def confirm(summary: Summary) -> bool:
        documents[:] = [say(f"{summary.ready} files", f"{summary.ready}件") + f" → {output}"]
        return _confirm(summary, options)

    with _shown(options) as shown:
        result = sign_batch(
            options["paths"],
            output,
            open_key=open_key,
            options=chosen,
            batch=batch,
            confirm=confirm,
            put_back=_put_back(options, shown),
            progress=_told("sign", options, shown),
            at=at,
        )
    unwritten = _write_report("sign", result, options, at)
    with _saying(unwritten):
        _finish_signing(result, options)


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
    with _shown(options) as shown:
        how["progress"] = _told("verify", options, shown)
        if options["journal"] is None:
            result = verify_batch(options["paths"], recursive=options["recursive"], **how)
        else:
            result = verify_journal(options["journal"], **how)
    unwritten = _write_report("verify", result, options, at)
    with _saying(unwritten):
        _finish_verifying(result, options)


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
        _show(summary, disclose=options["pin_source"] != "prompt")  # which says so itself
    if options["yes"] or named or options["pin_source"] == "prompt" or not summary.ready:
        return True
    try:
        return click.confirm(say("Sign them?", "署名しますか?"), err=True)
    except click.Abort:
        raise KeyboardInterrupt from None


def _show(summary: Summary, *, disclose: bool = True) -> None:
    from .batch_results import FileState

    lines = [say(f"To be signed: {summary.ready}", f"署名する文書: {summary.ready}件")]
    lines += [f"  {count:6} × {profile}" for profile, count in summary.profiles.items()]
    skipped = [record for record in summary.records if record.state is FileState.SKIPPED]
    failed = [record for record in summary.records if record.state is FileState.FAILED]
    for label, records in (
        (say(f"Passed over: {len(skipped)}", f"対象外: {len(skipped)}件"), skipped),
        (say(f"Cannot be signed: {len(failed)}", f"署名できない文書: {len(failed)}件"), failed),
    ):
        if records:
            lines.append(label)
            lines += [f"  {_line(record)}" for record in records[:_SHOWN]]
        if len(records) > _SHOWN:
            lines.append(say(f"  … and {len(records) - _SHOWN} more", f"  …ほか{len(records) - _SHOWN}件"))
    if summary.ready and disclose:
        lines.append(
            say(
                "Each signed file will contain the certificate: your name, address, date of birth and sex.",
                "署名済みファイルのそれぞれに証明書が含まれ、氏名・住所・生年月日・性別が相手に伝わります。",
            )
        )
    for line in lines:
        click.echo(line, err=True)


def _line(record: FileRecord) -> str:
    """A file and what became of it, in one line."""
    from .batch_results import FileState
    from .messages import error_sentence, skip_sentence
    from .report import printable

    name = printable(record.name)
    match record.state:
        case FileState.SIGNED:
            return f"{name} → {printable(str(record.target))} [{record.profile}]"
        case FileState.SKIPPED:
            return f"{name}: {skip_sentence(record.reason or '')}"
        case FileState.FAILED:
            return f"{name}: {printable(error_sentence(record.error or Exception()))}"
        case FileState.VERIFIED if record.verdict is not None:
            return f"{name}: {record.verdict.indication.word}"
    return f"{name}: {say('not attempted', '未処理')}"


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


def _shown(options: Mapping[str, Any]) -> Shown:
    """How far the run is. Where JSON Lines go to the terminal, they tell that themselves."""
    from .progress import progress

    return progress(quiet=options["quiet"] or (options["as_json"] and sys.stdout.isatty()))


def _told(command: str, options: Mapping[str, Any], shown: Shown) -> Progress:
    """Whoever is told of the files as they come: lines for people, or JSON Lines."""
    from .batch_results import FileReported, FileState
    from .messages import notice_sentence
    from .report import printable

    def lines(event: Event) -> None:
        shown(event)
        if not isinstance(event, FileReported):
            return
        record = event.record
        if record.state is FileState.FAILED:
            shown.echo(_line(record), err=True)
        elif record.state is not FileState.NOT_ATTEMPTED and not options["quiet"]:
            text = event.text or _line(record)
            shown.echo("\n".join(printable(line) for line in text.split("\n")))
            for notice in record.notices if event.text is None else ():  # the text has said it
                shown.echo(f"  ! {printable(notice_sentence(notice.code, notice.facts))}")

    def json_lines(event: Event) -> None:
        from .batch_report import file_json
        from .commands import print_json_line

        shown(event)
        if isinstance(event, FileReported):
            print_json_line(file_json(command, event))

    return json_lines if options["as_json"] else lines


def _put_back(options: Mapping[str, Any], shown: Shown) -> Callable[[Exception], bool] | None:
    """A person at the terminal who types the PIN can put the card back, too."""
    from .asking import put_back

    def asked(error: Exception) -> bool:
        with shown.paused():  # it stays away until the next file: the password will be asked, too
            return put_back(error)

    return asked if options["pin_source"] == "prompt" and sys.stdin.isatty() else None


def _finish_rehearsal(summary: Summary, options: Mapping[str, Any]) -> None:
    from .batch_report import record_json
    from .batch_results import FileState
    from .commands import print_json_line
    from .errors import ExitCode
    from .report import SCHEMA_VERSION

    if options["as_json"]:
        rows = [record_json(record) for record in summary.records]
        head = {"schema_version": SCHEMA_VERSION, "type": "summary", "command": "sign", "dry_run": True}
        print_json_line({**head, "profiles": dict(summary.profiles), "files": rows})
    else:
        _show(summary)
    if any(record.state is FileState.FAILED for record in summary.records):
        raise click.exceptions.Exit(ExitCode.SOME_FAILED)


def _finish_signing(result: BatchResult, options: Mapping[str, Any]) -> None:
    """Totals, why the run stopped, and how to go on."""
    from .batch_results import FileState
    from .errors import BatchError, ExitCode
    from .messages import notice_sentence
    from .report import printable

    again = None
    decided = isinstance(result.stopped, BatchError) and result.stopped.facts["reason"] in _DECIDED
    if (result.counts[FileState.NOT_ATTEMPTED] or result.stopped is not None) and not decided:
        again = resume_command(click.get_current_context().meta[ARGUMENTS] or ())
    code = _end_of(result) or (ExitCode.SOME_FAILED if result.counts[FileState.FAILED] else ExitCode.DONE)
    if options["as_json"]:
        from .batch_report import summary_json
        from .commands import print_json_line

        print_json_line(summary_json("sign", result, int(code), again))
    elif not options["quiet"]:
        for notice in result.notices:
            click.echo(f"! {printable(notice_sentence(notice.code, notice.facts))}")
        click.echo(_totals(result))
    _say_stopped(result, say("stopped; nothing was left half done", "中止しました。途中までのファイルは残していません"))
    if again is not None:
        click.echo(say("To go on: ", "再開するには: ") + again, err=True)
    if code:
        raise click.exceptions.Exit(code)


def _say_stopped(result: BatchResult, cancelled: str) -> None:
    """What ended a run early, if anything did: an error, or whoever pressed Ctrl-C."""
    from .messages import error_sentence
    from .report import printable

    if isinstance(result.stopped, Exception):
        click.echo(f"jitsuin: {printable(error_sentence(result.stopped))}", err=True)
    elif result.stopped is not None:
        click.echo(cancelled, err=True)


def _finish_verifying(result: BatchResult, options: Mapping[str, Any]) -> None:
    """Of many files one INVALID decides, else INDETERMINATE if nothing worse happened."""
    from jitsuin.formats.verdict import Indication

    from .batch_results import FileState
    from .errors import ExitCode

    found = {record.verdict.indication for record in result.records if record.verdict is not None}
    code: int = _end_of(result)
    if not code and Indication.TOTAL_FAILED in found:
        code = ExitCode.INVALID
    if not code and result.counts[FileState.FAILED] + result.counts[FileState.NOT_ATTEMPTED]:
        code = ExitCode.SOME_FAILED
    if not code and Indication.INDETERMINATE in found:
        code = ExitCode.INDETERMINATE
    if options["as_json"]:
        from .batch_report import summary_json
        from .commands import print_json_line

        print_json_line(summary_json("verify", result, code, None))
    elif not options["quiet"]:
        click.echo(_totals(result))
    _say_stopped(result, say("stopped; not all files were verified", "中止しました。検証していないファイルがあります"))
    if code:
        raise click.exceptions.Exit(code)


def _end_of(result: BatchResult) -> int:
    """The exit code of a run that was stopped; 0 for one that came to its end."""
    from .errors import exit_code

    match result.stopped:
        case None:
            return 0
        case KeyboardInterrupt():
            return 130
        case SystemExit(code=int(code)):
            return code
        case error:
            return int(exit_code(error))


def _totals(result: BatchResult) -> str:
    from .batch_results import FileState

    words = {
        FileState.SIGNED: say("signed", "署名"),
        FileState.VERIFIED: say("verified", "検証"),
        FileState.SKIPPED: say("passed over", "対象外"),
        FileState.FAILED: say("failed", "失敗"),
        FileState.NOT_ATTEMPTED: say("not attempted", "未処理"),
    }
    counts = [f"{words[state]} {result.counts[state]}" for state in FileState if result.counts[state]]
    verdicts: dict[str, int] = {}
    for record in result.records:
        if record.state is FileState.VERIFIED and record.verdict is not None:
            word = record.verdict.indication.word
            verdicts[word] = verdicts.get(word, 0) + 1
    return ", ".join([*counts, *(f"{word} {count}" for word, count in sorted(verdicts.items()))])


def resume_command(arguments: Sequence[str]) -> str:
    """The command that goes on with this run, for a shell to read."""
    resumed = [*arguments] if "--resume" in arguments else [*arguments, "--resume"]
    return " ".join(["jitsuin", *map(_quoted, resumed)])


def _quoted(argument: str) -> str:
    """As shlex does; what a terminal could not show, byte by byte, as bash, zsh and ksh read it."""
    if argument.isprintable():
        return shlex.quote(argument)
    plain = set(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._/-=:,+@%")
    return "$'" + "".join(chr(b) if b in plain else f"\\x{b:02x}" for b in os.fsencode(argument)) + "'"
