"""The options that several commands share, and what their values mean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .language import say

if TYPE_CHECKING:
    from .revocation import EvidenceOptions

_F = TypeVar("_F", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)


trust_option = click.option(
    "--trust",
    multiple=True,
    metavar="FILE|NAME",
    help=say("CA certificate to trust, or `simulator`.", "信頼する認証局の証明書、または`simulator`。"),
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
        help=say("Time-stamping authority (profiles pades-b-t, -lt, -lta).", "時刻認証局のURL(pades-b-t、-lt、-lta)。"),
    )(command)


def evidence_options(options: dict[str, Any]) -> EvidenceOptions:
    """What `trust_options` say about fetching."""
    from .revocation import EvidenceOptions

    return EvidenceOptions(options["ocsp_url"], options["offline"], options["allow_private_network"])


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
