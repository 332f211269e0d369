"""What `jitsuin card` says: kinds of token, validity in words, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping

TOKEN_KINDS: Mapping[str, tuple[str, str]] = {
    "plastic-card": ("My Number card", "マイナンバーカード"),
    "juki-card": ("old Juki card (before My Number)", "住民基本台帳カード(旧)"),
    "android-phone": ("My Number card in an Android phone", "Androidスマートフォンのマイナンバーカード"),
    "iphone": ("My Number card in an iPhone", "iPhoneのマイナンバーカード"),
    "unknown": ("token of an unknown kind", "種類の分からないトークン"),
}

CERTIFICATE_KINDS: Mapping[str, tuple[str, str]] = {
    "jpki-signature": ("JPKI signature certificate", "署名用電子証明書"),
    "jpki-test-signature": ("JPKI test certificate", "署名用電子証明書(テスト用)"),
    "jpki-authentication": ("JPKI user-authentication certificate", "利用者証明用電子証明書"),
    "other": ("not a JPKI certificate", "公的個人認証サービス以外の証明書"),
}

# Validity. The days are Japan's; {span} is a time in words.
LIFETIMES: Mapping[str, tuple[str, str]] = {
    "valid": (
        "{span} left (until {last_day}), renewal from {renewal_day} on",
        "残り{span}({last_day}まで)、更新手続きは{renewal_day}から",
    ),
    "renewable": (
        "{span} left (until {last_day}), renewal window open since {renewal_day}",
        "残り{span}({last_day}まで)、更新手続きは{renewal_day}から可能",
    ),
    "last-day": (
        "ends today ({last_day}), renewal window open since {renewal_day}",
        "本日({last_day})まで、更新手続きは{renewal_day}から可能",
    ),
    "expired": ("expired {span} ago (valid until {last_day})", "{span}前に期限切れ({last_day}まで有効)"),
    "expired-today": ("expired today ({last_day})", "本日({last_day})期限切れ"),
    "not-yet-valid": ("not valid before {begin}", "{begin}から有効(現在は有効期間前)"),
}

ENDINGS: Mapping[str, tuple[str, str]] = {
    "on-fifth-birthday": (
        "the last day is the holder's fifth birthday after the issue, as usual",
        "有効期間の末日は、発行から5回目の誕生日です(通常の期限)",
    ),
    "before-fifth-birthday": (
        "it ends before the holder's fifth birthday after the issue, as where the card itself ends earlier (for foreign residents with the period of stay)",
        "発行から5回目の誕生日より前に終わります(カード自体の期限が先に来る場合など。外国籍の方は在留期間の満了日)",
    ),
}

REVOCATION_HERE: tuple[str, str] = (
    "not checked here. A move or a change of name, birth date or sex on the register invalidates the certificate at once; the official client's 有効性確認 tells",
    "ここでは確認していません。住所・氏名・生年月日・性別が変わると、期限前でも失効します。公式クライアントの「有効性確認」で確かめられます",
)

# What to do next. `jitsuin.card_status` chooses by the facts, the most pressing first.
ADVICE: Mapping[str, tuple[str, str]] = {
    "password-blocked": (
        "The signature password is locked, so this card cannot sign. The municipal office can unlock it, or the terminal of a convenience store together with the phone app.",
        "署名用パスワードがロックされているため署名できません。市区町村の窓口、またはスマートフォンのアプリとコンビニ端末で初期化できます。",
    ),
    "last-try": (
        "One try is left for the signature password: a wrong one locks it. Add --allow-last-try only if you are sure of it; else have it reset at the municipal office.",
        "署名用パスワードは残り1回です。誤るとロックされます。確実に覚えている場合だけ--allow-last-tryを付けてください。不確かなら市区町村の窓口で初期化を受けてください。",
    ),
    "tries-not-told": (
        "The card does not tell how many tries are left, so the password would not be sent. Close other programs that use the card, take it out and put it back.",
        "残り回数を確認できないため、パスワードは送信されません。カードを使う他のソフトを終了し、カードを入れ直してください。",
    ),
    "no-signature-certificate": (
        "There is no signature certificate on it, so this card cannot sign. It is issued at the municipal office (normally from the age of 15).",
        "署名用電子証明書がないため署名できません。市区町村の窓口で発行を受けてください(通常15歳以上)。",
    ),
    "iphone": (
        "No other program can sign with an iPhone's certificates. Use the plastic card.",
        "iPhoneの電子証明書は他のソフトから署名に使えません。プラスチックのカードを使ってください。",
    ),
    "juki-card": (
        "The certificates of a Juki card are no longer accepted. Apply for a My Number card at the municipal office.",
        "住民基本台帳カードの電子証明書は使えません。市区町村の窓口でマイナンバーカードを申請してください。",
    ),
    "issuer-unknown": (
        "The CA of the signature certificate is none that is known here, so signing and verifying refuse it. A test CA is named with --trust (the simulated card's: --trust simulator).",
        "署名用電子証明書の認証局が既知のものではないため、署名も検証も拒否されます。テスト用の認証局は--trustで指定します(模擬カードは--trust simulator)。",
    ),
    "issuer-expired": (
        "The CA above the signature certificate has expired, and the certificate with it. Have it renewed at the municipal office.",
        "署名用の認証局の証明書が期限切れのため、署名用電子証明書も使えません。市区町村の窓口で更新してください。",
    ),
    "certificate-refused": (
        "Signing with this certificate would be refused: {reason}.",
        "この証明書による署名は拒否されます: {reason}。",
    ),
    "signature-expired": (
        "The signature certificate has expired, so this card cannot sign. Have it renewed at the municipal office.",
        "署名用電子証明書の期限が切れているため署名できません。市区町村の窓口で更新してください。",
    ),
    "signature-not-yet-valid": (
        "The signature certificate is not valid yet: sign from {begin} on. If that is past, the clock of this computer is wrong.",
        "署名用電子証明書はまだ有効ではありません。{begin}以降に署名してください。その日時を過ぎている場合は、パソコンの時計を確認してください。",
    ),
    "signature-renewable": (
        "The signature certificate can be renewed now at the municipal office; it ends on {last_day}.",
        "署名用電子証明書は{last_day}までです。市区町村の窓口で更新できます。",
    ),
    "signature-young": (
        "The signature certificate is less than 24 hours old: online services may not know it yet. If one refuses it, try again tomorrow.",
        "署名用電子証明書は発行から24時間以内です。オンラインサービスで使えないときは、翌日以降にやり直してください。",
    ),
    "characters-substituted": (
        "Characters that the certificate cannot hold were replaced (name: {name}, address: {address}). They may differ from what you write in a form.",
        "証明書で使えない文字が代替文字になっています(氏名: {name}文字、住所: {address}文字)。申請書の表記と異なることがあります。",
    ),
    "authentication-expired": (
        "The user-authentication certificate has expired. The signature certificate usually ends on the same day: have both renewed at the municipal office.",
        "利用者証明用電子証明書の期限が切れています。通常は署名用電子証明書も同じ日までです。市区町村の窓口で両方を更新してください。",
    ),
    "authentication-renewable": (
        "The user-authentication certificate ends on {last_day}, and usually the signature certificate with it. Both can be renewed now at the municipal office.",
        "利用者証明用電子証明書は{last_day}までで、通常は署名用も同じ日までです。市区町村の窓口で両方を更新できます。",
    ),
    "authentication-pin-blocked": (
        "The user-authentication PIN (4 digits) is locked; signing does not need it. The municipal office can unlock it.",
        "利用者証明用の暗証番号(4桁)がロックされています(署名には不要)。市区町村の窓口で初期化できます。",
    ),
    "unlock-to-see": (
        "`jitsuin card --unlock` shows the signature certificate: whose it is and how long it is good for. It asks for the password and signs nothing.",
        "署名用電子証明書の内容と期限は`jitsuin card --unlock`で確認できます(パスワードが必要です。署名はしません)。",
    ),
    "ready": (
        "Ready to sign: `jitsuin sign FILE` with the same --key.",
        "署名できます: 同じ--keyで`jitsuin sign FILE`を実行してください。",
    ),
}
