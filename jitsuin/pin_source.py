"""Where the PIN comes from on the command line: hidden prompt, environment, standard input or a descriptor."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from jitsuin.signer.base import PinCallback, PinRequest, SecretKind
from jitsuin.signer.errors import PinCancelledError, PinRuleError

from .language import language, say

if TYPE_CHECKING:
    from typing import TextIO


def pin_callback(source: str, documents: Sequence[object]) -> PinCallback:
    """The callback for `--pin-source`, for signing the documents; without any, for looking at the certificate.

    Raises click.UsageError at once for a source that does not exist.
    """
    _leave_no_core()
    kind, _, name = source.partition(":")
    if kind == "prompt" and not name:
        return lambda request: _prompt(request, documents)
    if kind == "env" and name:
        if name not in os.environ:
            raise click.UsageError(say(f"--pin-source: {name} is not set", f"--pin-source: {name}が設定されていません"))
        # At once, so that no process that we start inherits it: a PKCS#11 module runs in one of its own.
        secret = os.environ.pop(name)
        return lambda _request: secret
    if kind == "stdin" and not name:
        return lambda _request: _line(sys.stdin)
    if kind == "fd" and name.isdecimal():
        return lambda _request: _descriptor(int(name))
    raise click.UsageError(
        say(
            "--pin-source is prompt, env:VAR, stdin or fd:N", "--pin-sourceはprompt、env:VAR、stdin、fd:Nのいずれかです"
        )
    )


_LABELS = {
    SecretKind.SIGNATURE_PASSWORD: ("Password", "パスワード"),
    SecretKind.TOKEN_PIN: ("PIN", "暗証番号"),
    SecretKind.PASSPHRASE: ("Passphrase", "パスフレーズ"),
}


def _leave_no_core() -> None:
    """Should the process crash from here on, its memory with the secret must not become a file."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def _prompt(request: PinRequest, documents: Sequence[object]) -> str:
    """Say what will be signed and disclosed, if anything, then ask without echo; nothing without a terminal."""
    if not sys.stdin.isatty():
        raise PinCancelledError
    from .report import printable

    lines = [say("Token: ", "トークン: ") + request.token]
    lines += [say("To be signed: ", "署名する文書: ") + str(document) for document in documents]
    if request.kind is SecretKind.SIGNATURE_PASSWORD:
        lines += [
            say(
                "The signed file will contain the certificate: your name, address, date of birth and sex.",
                "署名済みファイルには証明書が含まれ、氏名・住所・生年月日・性別が相手に伝わります。",
            )
            if documents
            else say(
                "Nothing is signed: the password only opens the signature certificate, to show it here.",
                "署名はしません。署名用電子証明書の内容を表示するためにパスワードを使います。",
            ),
            say("Tries left: ", "残り回数: ") + _tries(request),
            say(
                "Signature password: 6 to 16 of A–Z and 0–9; small letters are taken as capitals.",
                "署名用パスワード: 英大文字と数字の6〜16文字(小文字は大文字として扱います)。",
            ),
        ]
    elif request.tries_left is not None or request.tries_low:
        lines.append(say("Tries left: ", "残り回数: ") + _tries(request))
    for line in lines:
        click.echo(printable(line), err=True)
    label = _LABELS[request.kind][language() == "ja"]
    try:
        secret: str = click.prompt(label, hide_input=True, err=True, default="", show_default=False)
    except click.Abort:
        raise KeyboardInterrupt from None
    if request.kind is SecretKind.SIGNATURE_PASSWORD and secret != secret.upper():
        click.echo(say("Small letters were taken as capitals.", "小文字を大文字に変換しました。"), err=True)
    return secret


def _tries(request: PinRequest) -> str:
    if request.tries_left is not None:
        return str(request.tries_left)
    if request.tries_low:
        return say(
            "fewer than there were: a wrong one has been entered before",
            "減っています(以前に誤入力あり)",
        )
    return say("not told", "確認できません")


def _line(stream: TextIO) -> str:
    with suppress(UnicodeDecodeError):
        line = stream.readline()
        if not line:
            raise PinCancelledError
        return line.rstrip("\r\n")
    # Only here, as the decoder's error quotes what was read and would stay attached to one raised while it is handled.
    raise PinRuleError(reason="encoding")


def _descriptor(number: int) -> str:
    try:
        with os.fdopen(number, encoding="utf-8") as stream:
            return _line(stream)
    except OSError:
        raise PinCancelledError from None
