"""What a batch tells on the command line: what will be signed, every file in its turn, and what came of them all."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from .language import say

if TYPE_CHECKING:
    from .batch_results import BatchResult, Event, FileRecord, Progress, Summary
    from .progress import Progress as Shown

ARGUMENTS = f"{__name__}.arguments"
"""Where the context of the command line keeps what it was called with, for the command that resumes a run."""
_DECIDED = ("strict", "declined")
"""Reasons of ends that --resume would only come to again."""
_SHOWN = 20
"""Files that are named before the PIN, of those that will not be signed; all are named at the end."""


def display(options: Mapping[str, Any]) -> Shown:
    """How far the run is. Where JSON Lines go to the terminal, they tell that themselves."""
    from .progress import progress

    return progress(quiet=options["quiet"] or (options["as_json"] and sys.stdout.isatty()))


def teller(command: str, options: Mapping[str, Any], shown: Shown) -> Progress:
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


def show_summary(summary: Summary, *, disclose: bool = True) -> None:
    """What would be signed and what not; with `disclose` also what every signed file will say about the holder."""
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


def finish_rehearsal(summary: Summary, options: Mapping[str, Any]) -> None:
    """What `--dry-run` found, with its exit code."""
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
        show_summary(summary)
    if any(record.state is FileState.FAILED for record in summary.records):
        raise click.exceptions.Exit(ExitCode.SOME_FAILED)


def finish_signing(result: BatchResult, options: Mapping[str, Any]) -> None:
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


def finish_verifying(result: BatchResult, options: Mapping[str, Any]) -> None:
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


def _say_stopped(result: BatchResult, cancelled: str) -> None:
    """What ended a run early, if anything did: an error, or whoever pressed Ctrl-C."""
    from .messages import error_sentence
    from .report import printable

    if isinstance(result.stopped, Exception):
        click.echo(f"jitsuin: {printable(error_sentence(result.stopped))}", err=True)
    elif result.stopped is not None:
        click.echo(cancelled, err=True)


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
