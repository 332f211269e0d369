"""What a PKCS#11 module shows, as text for people and as JSON for programs: tokens, flags, objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from jitsuin.signer.pkcs11_token import TokenFlag

from .card_report import Section, lined_up, signature_json, signature_section
from .language import say
from .messages import moment

if TYPE_CHECKING:
    from jitsuin.signer.pkcs11_token import ModuleFacts, Pkcs11Object, Pkcs11Token

    from .card_status import SignatureCertificate

MECHANISMS: Final = {
    0x0001: "RSA_PKCS",
    0x0040: "SHA256_RSA_PKCS",
    0x1041: "ECDSA",
    0x1044: "ECDSA_SHA256",
    0x1045: "ECDSA_SHA384",
    0x1046: "ECDSA_SHA512",
}
"""Those that documents are signed by, without their CKM_."""

_KINDS: Final = {
    "certificate": ("certificate", "証明書"),
    "private-key": ("private key", "秘密鍵"),
    "public-key": ("public key", "公開鍵"),
}


def module_text(
    facts: ModuleFacts, signature: SignatureCertificate | None, *, redact: bool = False, width: int | None = None
) -> str:
    """For a person; with the signature certificate, if the token was unlocked."""
    made = "{manufacturer}, {description} {version}".format(**facts.library)
    rows = [(say("file", "ファイル"), facts.module), (say("library", "ライブラリ"), made)]
    sections: list[Section] = [
        (say("PKCS#11 module", "PKCS#11モジュール"), rows),
        *([] if signature is None else [signature_section(signature, redact=redact)]),
        *(_token_section(token, facts.objects.get(token.slot_id, ()), redact=redact) for token in facts.tokens),
        *([] if facts.tokens else [(say("No token", "トークンなし"), [])]),
    ]
    return lined_up(sections, width)


def _token_section(token: Pkcs11Token, objects: Sequence[Pkcs11Object], *, redact: bool) -> Section:
    heading = say("A card that the module does not recognise", "モジュールが認識できないカード")
    if token.label == "":
        heading = say("A token that was never set up", "初期化されていないトークン")
    elif token.label is not None:
        heading = say(f"Token “{token.label}”", f"トークン「{token.label}」")
    return heading, list(_token_rows(token, objects, redact=redact))


def _token_rows(token: Pkcs11Token, objects: Sequence[Pkcs11Object], *, redact: bool) -> Iterator[tuple[str, str]]:
    yield say("slot", "スロット"), f"{token.slot_id}, {token.reader}"
    if token.label is None:
        yield (
            say("remark", "備考"),
            say(
                "its PIN may be locked, another program may hold it, or it is no My Number card",
                "暗証番号がロックされているか、他のソフトが使用中か、マイナンバーカードではありません",
            ),
        )
        return
    serial = "" if redact else say(f", serial number {token.serial}", f"、製造番号 {token.serial}")
    yield say("made by", "製造者"), f"{token.manufacturer}, {token.model}{serial}"
    if token.for_authentication:
        yield (
            say("use", "用途"),
            say("user authentication; never signs documents", "利用者証明用(文書の署名には使いません)"),
        )
    yield say("PIN", "暗証番号"), _pin(token.flags)
    yield say("signs by", "署名方式"), ", ".join(mechanisms(token)) or say("nothing that we use", "対応する方式なし")
    objects = [one for one in objects if one.kind in _KINDS]
    if not objects:
        yield say("objects", "オブジェクト"), say("none without its PIN", "暗証番号なしで見えるものはありません")
    for one in objects:
        yield say(*_KINDS[one.kind]), _object(one, redact=redact)


def _pin(flags: TokenFlag) -> str:
    if not flags & TokenFlag.USER_PIN_INITIALIZED:
        return say("not set up", "未設定")
    if flags & TokenFlag.USER_PIN_LOCKED:
        return say("LOCKED", "ロック済み")
    if flags & TokenFlag.USER_PIN_FINAL_TRY:
        return say("1 try left: a wrong one locks it", "残り1回(誤るとロックされます)")
    text = say("no wrong one since the last right one", "誤入力なし")
    if flags & TokenFlag.USER_PIN_COUNT_LOW:
        text = say("a wrong one has been entered before", "以前に誤入力あり")
    if flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH:
        text += say("; entered at the reader's own keys", "(リーダーのキーで入力)")
    return text


def _object(one: Pkcs11Object, *, redact: bool) -> str:
    end = ""
    if one.certificate is not None:
        until = moment(one.certificate.not_valid_after_utc)
        end = say(f", valid until {until}", f"、{until}まで有効")
    label = "" if redact or not one.label else f"{one.label}, "
    return f"{label}id {one.id.hex() or '-'}{end}"


def mechanisms(token: Pkcs11Token) -> list[str]:
    """The names of the token's mechanisms that documents can be signed by."""
    return [name for number, name in MECHANISMS.items() if number in token.mechanisms]


def module_json(
    facts: ModuleFacts, signature: SignatureCertificate | None, *, redact: bool = False
) -> dict[str, object]:
    """As JSON values."""
    return {
        "module": facts.module,
        "library": dict(facts.library),
        "tokens": [_token_json(token, facts.objects.get(token.slot_id, ()), redact=redact) for token in facts.tokens],
        **signature_json(signature, redact=redact),
    }


def _token_json(token: Pkcs11Token, objects: Sequence[Pkcs11Object], *, redact: bool) -> dict[str, object]:
    return {
        "slot_id": token.slot_id,
        "reader": token.reader,
        "label": token.label,
        "manufacturer": token.manufacturer,
        "model": token.model,
        "serial": None if redact else token.serial,
        "removable": token.removable,
        "for_authentication": token.for_authentication,
        "flags": [flag.name for flag in TokenFlag if flag in token.flags],
        "mechanisms": mechanisms(token),
        "objects": [
            {
                "kind": one.kind,
                "label": None if redact else one.label,
                "id": one.id.hex(),
                "key_type": one.key_type,
                "not_after": None if one.certificate is None else one.certificate.not_valid_after_utc.isoformat(),
            }
            for one in objects
        ],
    }
