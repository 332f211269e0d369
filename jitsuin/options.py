"""The options that several commands share, and what their values mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .language import say

if TYPE_CHECKING:
    from .revocation import EvidenceOptions
    from .trust_sets import TrustSet

_F = TypeVar("_F", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)


def trusted(names: Sequence[str]) -> tuple[str | TrustSet, ...]:
    """The names that are those of sets in the configuration file, as these. A file of that name is `./NAME`."""
    if not names:
        return ()
    from .trust_sets import RESERVED

    if all(name in RESERVED or Path(name).name != name or "." in name for name in names):
        return tuple(names)
    from .config import configured_trust_sets
    from .errors import ConfigurationError
    from .messages import error_sentence

    try:
        sets = configured_trust_sets()
    except ConfigurationError as error:
        raise click.UsageError(error_sentence(error)) from None
    return tuple(sets.get(name, name) for name in names)


trust_option = click.option(
    "--trust",
    multiple=True,
    metavar="FILE|NAME",
    callback=lambda _context, _parameter, names: trusted(names),
    help=say(
        "CA certificate to trust, a set of the configuration, or `simulator`.",
        "信頼する認証局の証明書、設定ファイルのセット名、または`simulator`。",
    ),
)


def trust_options(command: _F) -> _F:
    for option in (
        click.option(
            "--revocation",
            envvar="JITSUIN_REVOCATION",
            type=click.Choice(["require", "warn", "off"]),
            help=say(
                "If revocation cannot be checked (default: sign warn, verify require).",
                "失効未確認時の扱い(署名warn、検証require)。",
            ),
        ),
        click.option(
            "--crl",
            "crls",
            multiple=True,
            type=PATH,
            help=say("CRL file, or folder of *.crl.", "CRLファイル、または*.crlのフォルダー。"),
        ),
        click.option(
            "--ocsp-url",
            metavar="URL",
            help=say("Ask this OCSP responder, not the certificate's.", "証明書の記載でなくこのOCSPに照会します。"),
        ),
        click.option(
            "--offline",
            is_flag=True,
            help=say("Open no connection.", "通信を行いません。"),
        ),
        click.option(
            "--allow-private-network",
            is_flag=True,
            help=say("Also fetch from addresses that are not public.", "非公開アドレスからの取得も許可します。"),
        ),
        click.option(
            "--allow-indirect-crl",
            is_flag=True,
            help=say(
                "Believe CRLs of another issuer that certificates name.",
                "証明書が指定する別の発行者のCRL(間接CRL)も使います。",
            ),
        ),
        click.option(
            "--accept-test-hierarchy",
            is_flag=True,
            help=say(
                "Take J-LIS's test cards (O=JPKI-TEST); not real signatures.",
                "J-LISの試験用カード(O=JPKI-TEST)も受け入れます(実際の署名ではない)。",
            ),
        ),
        trust_option,
    ):
        command = option(command)
    return command


timestamp_trust_option = click.option(
    "--timestamp-trust",
    multiple=True,
    type=PATH,
    help=say("CA certificate to trust for timestamps.", "タイムスタンプについて信頼する認証局の証明書。"),
)


def timestamp_options(command: _F) -> _F:
    command = timestamp_trust_option(command)
    command = click.option(
        "--timestamp",
        type=click.Choice(["require", "prefer"]),
        default="require",
        show_default=True,
        help=say(
            "If there is no timestamp: fail, or sign without.", "タイムスタンプ取得失敗時: 中止、または無しで署名。"
        ),
    )(command)
    return click.option(
        "--timestamp-url",
        metavar="URL",
        help=say("Time-stamping authority (levels B-T and up).", "時刻認証局のURL(B-Tレベル以上)。"),
    )(command)


def evidence_options(options: dict[str, Any]) -> EvidenceOptions:
    """What `trust_options` say about fetching."""
    from .revocation import EvidenceOptions

    return EvidenceOptions(
        options["ocsp_url"], options["offline"], options["allow_private_network"], options["allow_indirect_crl"]
    )


def pin_options(command: _F) -> _F:
    command = click.option(
        "--allow-last-try",
        is_flag=True,
        help=say("Go on with one try left: wrong locks the card.", "残り1回でも続けます(誤るとロック)。"),
    )(command)
    return click.option(
        "--pin-source",
        default="prompt",
        show_default=True,
        metavar="SOURCE",
        help=say("prompt, env:VAR, stdin or fd:N; never an argument.", "prompt、env:VAR、stdin、fd:N(引数は不可)。"),
    )(command)


def output_options(command: _F) -> _F:
    command = click.option("--quiet", is_flag=True, help=say("Print errors only.", "エラーだけを表示します。"))(command)
    return click.option(
        "--json", "as_json", is_flag=True, help=say("Print one JSON object.", "結果をJSONで出力します。")
    )(command)


def text_option(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Text that can stand in a document: an argument in another encoding than the terminal's is none."""
    if value is not None and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise click.BadParameter(
            say("not text in this terminal's encoding", "端末の文字コードで読めない文字があります")
        )
    return value


def _day(_context: click.Context, _parameter: click.Parameter, text: str | None) -> date | None:
    """A day as ISO 8601 has it, and in no other of its forms."""
    if text is None:
        return None
    with suppress(ValueError):
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day, and no moment
        if day.isoformat() == text:
            return day
    raise click.BadParameter(say(f"not a date (YYYY-MM-DD): {text}", f"日付(YYYY-MM-DD)ではありません: {text}"))


filing_date_option = click.option(
    "--filing-date",
    metavar="DATE",
    callback=_day,
    help=say(
        "Warn if the certificate expires before this day.", "この提出日より前に証明書の期限が切れる場合に警告します。"
    ),
)


def key_option(command: _F) -> _F:
    command = click.option(
        "--pkcs11-module",
        metavar="PATH",
        envvar="JITSUIN_PKCS11_MODULE",
        help=say(
            "Module for a pkcs11: key that names none (default: those at the known places).",
            "モジュール指定のないpkcs11:の鍵に使うモジュール(既定: 既知の場所を探索)。",
        ),
    )(command)
    return click.option(
        "--key",
        metavar="URI",
        envvar="JITSUIN_KEY",
        default="card:",
        show_default=True,
        help=say(
            "Key: card:[READER], pkcs11:[MODULE], file:ID.p12 or simulator:[DIR][?card=NAME].",
            "鍵: card:[READER]、pkcs11:[MODULE]、file:ID.p12、simulator:[DIR][?card=NAME]。",
        ),
    )(command)


def chosen_key(options: dict[str, Any]) -> str:
    """The key URI. A configuration may say nothing here."""
    return str(options["key"])
