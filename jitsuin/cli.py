"""The command line: options in, text or one JSON object out, an exit code for every end. Nothing is decided here.

Only click is imported at the start; a command imports what it needs when it runs, so that `--help` is quick.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .batch_cli import batch_options, is_batch, many_options, sign_many, verifies_many, verify_many
from .batch_telling import ARGUMENTS
from .card_cli import card
from .doctor_cli import doctor
from .extend_cli import extend
from .language import say
from .options import (
    PATH,
    evidence_options,
    filing_date_option,
    key_option,
    output_options,
    text_option,
    timestamp_options,
    timestamp_trust_option,
    trust_options,
)
from .simulator_cli import simulator
from .trust_cli import trust

if TYPE_CHECKING:
    from types import FrameType

    from .results import VerifyReport

_CANCELLED = 130  # as shells report an end by Ctrl-C
_CLOSED_PIPE = 141  # by SIGPIPE
_TERMINATED = 143  # and by SIGTERM


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=say(
        "Sign Japanese e-filing documents with the My Number card's signature key, and verify them.",
        "マイナンバーカードの署名用電子証明書で電子申請文書に署名し、署名を検証します。",
    ),
)
@click.version_option(package_name="jitsuin", message="jitsuin %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    from .config import Option, load_configuration

    def long_options(command: click.Command) -> dict[str, Option]:
        options = (parameter for parameter in command.params if isinstance(parameter, click.Option))
        return {max(o.opts, key=len).removeprefix("--"): Option(o.name or "", o.multiple) for o in options}

    def defaults() -> dict[str, dict[str, object]]:
        return load_configuration({name: long_options(command) for name, command in cli.commands.items()})

    context.meta[ARGUMENTS] = context.obj
    context.obj = defaults
    if context.invoked_subcommand != "doctor":  # which reports on a bad file instead of failing over it
        context.default_map = defaults()


@cli.command(help=say("Sign documents, all with one PIN.", "文書に署名します(パスワードの入力は1回)。"))
@click.argument("paths", nargs=-1, required=True, type=PATH, metavar="PATH...")
@key_option
@click.option(
    "--profile",
    metavar="NAME",
    help=say("Destination profile (default: by content).", "提出先プロファイル(既定: 内容で判定)。"),
)
@click.option("-o", "--output", type=PATH, help=say("Output file, for one input.", "出力ファイル(入力が1つのとき)。"))
@click.option(
    "--output-dir", type=PATH, help=say("Folder for the signed files.", "署名済みファイルの保存先フォルダー。")
)
@click.option(
    "--overwrite",
    is_flag=True,
    help=say("Replace an existing output, never the input.", "既存の出力を置き換えます(入力は除きます)。"),
)
@click.option(
    "--dry-run",
    is_flag=True,
    help=say("Rehearse without a key; write nothing.", "鍵を使わずに確認だけ行います(書き込みなし)。"),
)
@click.option(
    "--attachments",
    is_flag=True,
    help=say("Sign attachments (SOZ…) inside the return first.", "申告書内の添付書類(SOZ…)にも署名します。"),
)
@click.option(
    "--reference",
    "references",
    multiple=True,
    metavar="ID",
    help=say("Sign the element with this Id (xmldsig, xades).", "このIdの要素に署名します(xmldsig、xades)。"),
)
@click.option(
    "--file",
    "files",
    multiple=True,
    type=PATH,
    help=say("Cover this file too (xmldsig, xades).", "このファイルも署名対象に含めます(xmldsig、xades)。"),
)
@click.option(
    "--field",
    metavar="SPEC",
    help=say("PDF: signature field, NAME or PAGE/X1,Y1,X2,Y2/NAME.", "PDF: 署名欄。NAMEまたはPAGE/X1,Y1,X2,Y2/NAME。"),
)
@click.option("--reason", metavar="TEXT", callback=text_option, help=say("PDF: why you sign.", "PDF: 署名の理由。"))
@click.option("--location", metavar="TEXT", callback=text_option, help=say("PDF: where you sign.", "PDF: 署名の場所。"))
@click.option(
    "--normalize",
    is_flag=True,
    help=say("Rewrite an unsigned PDF that is not strictly readable.", "厳密に読めない未署名PDFを書き直します。"),
)
@click.option(
    "--chain",
    type=click.Choice(["full", "leaf"]),
    help=say("Embed the CA certificates too, or not.", "認証局の証明書も埋め込むかどうか。"),
)
@click.option(
    "--pin-source",
    default="prompt",
    show_default=True,
    metavar="SOURCE",
    help=say("prompt, env:VAR, stdin or fd:N; never an argument.", "prompt、env:VAR、stdin、fd:N(引数は不可)。"),
)
@click.option(
    "--allow-last-try",
    is_flag=True,
    help=say("Go on with one try left: wrong locks the card.", "残り1回でも続けます(誤るとロック)。"),
)
@filing_date_option
@batch_options
@timestamp_options
@trust_options
@output_options
def sign(**options: Any) -> None:
    from . import clock, pipeline
    from .commands import finish_rehearsal, finish_signing, key_files, key_opener, signing_jobs
    from .rehearsal import SigningOptions

    chosen = SigningOptions(
        profile=options["profile"],
        chain=options["chain"],
        attachments=options["attachments"],
        references=options["references"],
        files=options["files"],
        field=options["field"],
        reason=options["reason"],
        location=options["location"],
        normalize=options["normalize"],
        trust=options["trust"],
        accept_test_hierarchy=options["accept_test_hierarchy"],
        crls=options["crls"],
        revocation=options["revocation"] or "warn",
        evidence=evidence_options(options),
        timestamp_url=options["timestamp_url"],
        timestamp_trust=options["timestamp_trust"],
        timestamp=options["timestamp"],
        filing_date=options["filing_date"],
        overwrite=options["overwrite"],
        make_folder=options["output_dir"] is not None,
        protected=key_files(options["key"]),
    )
    at = clock.now()
    if is_batch(options):
        sign_many(options, chosen, at)
        return
    if options["report"] is not None:
        raise click.UsageError(say("--report is for folders", "--reportはフォルダーへの署名で使えます"))
    jobs = signing_jobs(options["paths"], options["output"], options["output_dir"])
    if options["dry_run"]:
        finish_rehearsal(pipeline.rehearse_files(jobs, options=chosen, at=at), options)
        return
    with key_opener(options, at, [source for source, _ in jobs])() as signer:
        outcomes = pipeline.sign_files(jobs, signer=signer, options=chosen, at=at)
    finish_signing(outcomes, options)


@cli.command(help=say("Verify every signature of documents.", "文書のすべての署名を検証します。"))
@click.argument("paths", nargs=-1, type=PATH, metavar="PATH...")
@click.option(
    "--journal",
    type=PATH,
    metavar="DIR",
    help=say("Check a folder of signed files by its journal.", "署名済みフォルダーをジャーナルと照合します。"),
)
@click.option(
    "--profile", metavar="NAME", help=say("Judge as this destination's form.", "この提出先の様式として検証します。")
)
@click.option(
    "--at",
    "at_text",
    metavar="TIME",
    help=say("Judge certificates at this time (ISO 8601).", "この時点で証明書を判定します(ISO 8601)。"),
)
@click.option(
    "--file",
    "files",
    multiple=True,
    type=PATH,
    help=say("File that a signature may refer to.", "署名が参照するファイル。"),
)
@click.option(
    "--accept-sha1",
    is_flag=True,
    help=say("Compute SHA-1 signatures; marked weak.", "SHA-1の署名も計算します(脆弱と表示)。"),
)
@click.option(
    "-v", "--verbose", is_flag=True, help=say("Show every check with its evidence.", "確認項目ごとの根拠も表示します。")
)
@click.option("--redact", is_flag=True, help=say("Leave out personal data.", "個人情報を表示しません。"))
@click.option(
    "--report",
    type=PATH,
    metavar="FILE",
    help=say("Also write a new HTML file for people.", "結果をHTMLファイルにも出力します(新規のみ)。"),
)
@many_options
@timestamp_trust_option
@trust_options
@output_options
@click.pass_context
def verify(context: click.Context, /, **options: Any) -> None:
    from . import clock
    from .commands import check_verification_report, finish_verifying, moment_given, write_verification_report
    from .errors import ExitCode, exit_code
    from .verification import verify_file

    made = clock.now()
    at = moment_given(options["at_text"]) or made
    if verifies_many(options):
        verify_many(options, at)
        return
    if not options["paths"]:
        raise click.MissingParameter(ctx=context, param=context.command.params[0])
    check_verification_report(options)
    results: list[VerifyReport | tuple[Path, Exception]] = []
    for path in options["paths"]:
        try:
            report = verify_file(
                path,
                trust=options["trust"],
                accept_test_hierarchy=options["accept_test_hierarchy"],
                crls=options["crls"],
                revocation=options["revocation"] or "require",
                evidence=evidence_options(options),
                timestamp_trust=options["timestamp_trust"],
                at=at,
                profile=options["profile"],
                accept_sha1=options["accept_sha1"],
                files=options["files"],
            )
            results.append(report)
        except _expected() as error:
            if exit_code(error) is ExitCode.USAGE:
                raise  # an anchor, CRL or profile that is none concerns every document
            results.append((path, error))
        except Exception as error:  # noqa: BLE001 - one document must not silence the reports of the others
            results.append((path, error))
    write_verification_report(results, options, made=made, at=at)
    finish_verifying(results, options)


cli.add_command(card)
cli.add_command(doctor)
cli.add_command(extend)
cli.add_command(simulator)
cli.add_command(trust)


@cli.command(
    help=say("List destination profiles and how sure we are of each.", "提出先プロファイルとその確度を一覧表示します。")
)
@click.option("--json", "as_json", is_flag=True, help=say("Print one JSON object.", "結果をJSONで出力します。"))
def profiles(as_json: bool) -> None:
    from . import registry
    from .commands import print_json, print_table
    from .report import SCHEMA_VERSION, profile_json

    rows = [profile_json(profile) for profile in registry.profiles().values()]
    if as_json:
        print_json({"schema_version": SCHEMA_VERSION, "command": "profiles", "profiles": rows})
        return
    headings = (say("Profile", "プロファイル"), say("For", "用途"), say("How sure", "確度"))
    print_table(headings, [[str(row[k]) for k in ("name", "title", "status")] for row in rows])
    for row in rows:
        click.echo(f"\n{row['name']}: {row['note']}")


@cli.command(
    help=say(
        "Sign and verify the samples with a simulated card, in DIR.",
        "DIRで模擬カードを使い、見本に署名して検証します。",
    )
)
@click.argument("folder", metavar="[DIR]", default="jitsuin-demo", type=PATH)
def demo(folder: Path) -> None:
    from . import clock
    from .commands import print_demo
    from .demo import run_demo

    print_demo(run_demo(folder, clock.now()), folder)


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point: one place where every error becomes a sentence and an exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    _at_a_signal(_end, "SIGTERM", "SIGHUP")
    try:
        status = cli.main(args=arguments, prog_name="jitsuin", standalone_mode=False, obj=[*arguments])
    except click.ClickException as error:
        error.show()
        status = error.exit_code
        _print_failure(
            arguments, status, {"kind": type(error).__name__, "message": error.format_message(), "facts": {}}
        )
    except (click.Abort, KeyboardInterrupt):
        status = _say_cancelled()
    except SystemExit as end:
        status = end.code if end.code == _TERMINATED else _CLOSED_PIPE  # click's way when the reader has gone away
    except Exception as error:  # noqa: BLE001 - the edge: an unexpected error gets a sentence, too
        # Until Python 3.12 a signal that comes while a class is made, as in an import, is the cause of a RuntimeError.
        match error.__cause__:
            case KeyboardInterrupt():
                status = _say_cancelled()
            case SystemExit(code=code) if code == _TERMINATED:
                status = code
            case _:
                status = _report_error(arguments, error)
    # The work is done: a signal that comes as late as this changes nothing of it.
    _at_a_signal(signal.SIG_IGN, "SIGINT", "SIGTERM", "SIGHUP")
    sys.exit(status if isinstance(status, int) else 0)


def _at_a_signal(action: Callable[[int, FrameType | None], object] | signal.Handlers, *names: str) -> None:
    for name in names:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), action)


def _say_cancelled() -> int:
    click.echo(say("stopped; nothing was left half done", "中止しました。途中までのファイルは残していません"), err=True)
    return _CANCELLED


def _end(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM and SIGHUP unwind the stack like Ctrl-C, so that the card is left and no temporary file stays."""
    sys.exit(_TERMINATED)


def _report_error(arguments: Sequence[str], error: Exception) -> int:
    from .errors import exit_code
    from .messages import error_sentence
    from .report import error_json, printable

    code = exit_code(error)
    click.echo(f"jitsuin: {printable(error_sentence(error))}", err=True)
    _print_failure(arguments, int(code), error_json(error))
    return int(code)


def _print_failure(arguments: Sequence[str], code: int, error: dict[str, object]) -> None:
    """The JSON object of a command that failed as a whole."""
    if "--json" not in arguments:
        return
    from .commands import print_json
    from .report import SCHEMA_VERSION

    print_json({"schema_version": SCHEMA_VERSION, "exit_code": code, "error": error})


def _expected() -> tuple[type[Exception], ...]:
    from .errors import EXPECTED_ERRORS

    return EXPECTED_ERRORS
