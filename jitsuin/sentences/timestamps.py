"""What is told about timestamps that were not had: errors of the authority, and of the options that ask it."""

from __future__ import annotations

from collections.abc import Mapping

ERRORS: Mapping[str, tuple[str, str]] = {
    "TimestampError.refused": (
        "the time-stamping authority {url} refused: {failure} {text}",
        "時刻認証局{url}に拒否されました: {failure} {text}",
    ),
    "TimestampError.garbage": (
        "the time-stamping authority {url} answered something that is no timestamp ({detail}); check the address",
        "時刻認証局{url}の応答がタイムスタンプではありません({detail})。URLを確認してください",
    ),
    "TimestampError.invalid": (
        "the timestamp of {url} is refused: {verdict}",
        "時刻認証局{url}のタイムスタンプを使用できません: {verdict}",
    ),
    "TimestampError.untrusted": (
        "the timestamp of {url} is not trusted: {verdict}",
        "時刻認証局{url}のタイムスタンプを信頼できません: {verdict}",
    ),
    "TimestampError.wrong-imprint": (
        "the timestamp of {url} is about something else than this signature",
        "時刻認証局{url}のタイムスタンプが、この署名に対するものではありません",
    ),
    "TimestampError.wrong-nonce": (
        "the timestamp of {url} is not the answer to this request (nonce): an old one, or another's",
        "時刻認証局{url}のタイムスタンプが、今回の要求への応答ではありません(nonce不一致)",
    ),
    "TimestampError.no-certificate": (
        "the timestamp of {url} came without its certificate, which was asked for",
        "時刻認証局{url}のタイムスタンプに、要求した証明書が含まれていません",
    ),
    "TimestampError.no-room": (
        "the timestamp of {url} has {size} bytes, more than the {limit} that were kept free for it",
        "時刻認証局{url}のタイムスタンプは{size}バイトあり、確保した{limit}バイトに収まりません",
    ),
    "TimestampError.offline": (
        "a timestamp has to be fetched from {url}, which --offline forbids",
        "タイムスタンプの取得({url})には通信が必要ですが、--offlineが指定されています",
    ),
    "TimestampError.scheme": (
        "{url}: not an address of a time-stamping authority (http or https, without a password in it)",
        "{url}: 時刻認証局のURLとして使用できません(httpまたはhttpsで、パスワードを含まないもの)",
    ),
    "TimestampError.private": (
        "the time-stamping authority {url} is not at a public address; --allow-private-network asks it all the same",
        "時刻認証局{url}は公開されていないアドレスです。--allow-private-networkを付けると接続します",
    ),
    "TimestampError.unreachable": (
        "the time-stamping authority {url} cannot be reached; check the address and the network, or try again later",
        "時刻認証局{url}に接続できません。URLとネットワークを確認するか、後でやり直してください",
    ),
    "TimestampError.timeout": (
        "the time-stamping authority {url} gave no complete answer in time; try again later",
        "時刻認証局{url}から時間内に応答がありません。後でやり直してください",
    ),
    "TimestampError.too-large": (
        "the answer of the time-stamping authority {url} is too large",
        "時刻認証局{url}の応答が大きすぎます",
    ),
    "TimestampError.status": (
        "the time-stamping authority {url} refused (HTTP status {status})",
        "時刻認証局{url}に拒否されました(HTTPステータス{status})",
    ),
    "TimestampError.redirects": (
        "the time-stamping authority {url} sends elsewhere; name the address that it sends to",
        "時刻認証局{url}が転送を返しました。転送先のURLを指定してください",
    ),
    "TimestampError.encoding": (
        "the answer of the time-stamping authority {url} is compressed, which was not asked for",
        "時刻認証局{url}の応答が圧縮されています(要求していません)",
    ),
    "TimestampError": (
        "no timestamp from {url} ({reason})",
        "時刻認証局{url}のタイムスタンプを取得できません({reason})",
    ),
    "ProfileMismatchError.no-timestamp-url": (
        "the profile {profile} needs a time-stamping authority: --timestamp-url URL",
        "プロファイル{profile}には時刻認証局の指定(--timestamp-url URL)が必要です",
    ),
}
