"""What is told about making signatures last: what is lacking, why a document is not extended, what was added."""

from __future__ import annotations

from collections.abc import Mapping

ERRORS: Mapping[str, tuple[str, str]] = {
    "ProfileMismatchError.no-timestamp-trust": (
        "the profile {profile} needs a time that is trusted: name the CA of the time-stamping authority, --timestamp-trust FILE",
        "プロファイル{profile}には信頼できるタイムスタンプが必要です。時刻認証局を発行した認証局の証明書を--timestamp-trustで指定してください",
    ),
    "LongTermError": (
        "{profile} cannot be claimed, and nothing was written: {lacking}. --crl and --ocsp-url name other sources",
        "{profile}に必要なものが不足しているため、書き込みませんでした: {lacking}。失効情報は--crlや--ocsp-urlでも指定できます",
    ),
    "ExtensionRefusedError.unsigned": (
        "{path} bears no signature that could be extended",
        "{path}には延長の対象となる署名がありません",
    ),
    "ExtensionRefusedError.already": (
        "{path} has all that {profile} asks for; nothing was written",
        "{path}は既に{profile}の要件を満たしています。書き込みは行いませんでした",
    ),
    "ExtensionRefusedError": ("{path} is not extended ({reason})", "{path}を延長できません({reason})"),
    "InvalidSignatureError": (
        "{path}: the signature {place} is INVALID, and nothing is added to it",
        "{path}: 署名{place}がINVALIDのため、延長しません",
    ),
}

LACKS: Mapping[str, tuple[str, str]] = {
    "signer": ("the signer's certificate ({why})", "署名者の証明書({why})"),
    "ca": ("the CA certificate {name} ({why})", "認証局の証明書 {name}({why})"),
    "timestamp-authority": ("the time-stamping authority {name} ({why})", "時刻認証局 {name}({why})"),
    "timestamp-ca": (
        "the CA of the time-stamping authority {name} ({why})",
        "時刻認証局を発行した認証局 {name}({why})",
    ),
    "timestamp": ("a trusted timestamp ({why})", "信頼できるタイムスタンプ({why})"),
}
"""What is lacking, by its role."""

NO_TIMESTAMP: tuple[str, str] = ("there is none", "なし")

ADDED: Mapping[str, tuple[str, str]] = {
    "timestamp": ("a timestamp over the document", "文書全体へのタイムスタンプ"),
    "validation-data": ("certificates and evidence of revocation", "証明書と失効情報"),
    "archive-timestamp": ("an archive timestamp over all of it", "長期保存用タイムスタンプ"),
}
"""What `extend` has added."""

NOTICES: Mapping[str, tuple[str, str]] = {
    "evidence-before-signature": (
        "the evidence about the signer's certificate is of {produced}, before the signature was made: `jitsuin extend "
        "--to pades-b-lt` adds newer evidence once it is published",
        "署名者の証明書の失効情報は署名より前({produced})のものです。新しい失効情報の公開後に"
        "`jitsuin extend --to pades-b-lt`で追加できます",
    ),
}
