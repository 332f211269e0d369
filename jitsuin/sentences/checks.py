"""What the page of `verify --report` says about checks: their names and outcomes, and how documents were verified."""

from __future__ import annotations

from collections.abc import Mapping

SUBJECTS: Mapping[str, tuple[str, str]] = {
    "form": ("form and structure", "形式・構造"),
    "algorithm": ("algorithms and key", "アルゴリズム・鍵"),
    "digests": ("content unchanged (digests)", "内容の同一性(ハッシュ値)"),
    "value": ("signature value", "署名値"),
    "changes": ("changes after signing", "署名後の変更"),
    "certificate": ("certificate", "証明書"),
    "chain": ("chain to a trusted CA", "信頼する認証局までの経路"),
    "period": ("validity period", "有効期間"),
    "revocation": ("revocation", "失効確認"),
    "timestamp": ("timestamp", "タイムスタンプ"),
    "notice": ("notice", "お知らせ"),
}

OUTCOMES: Mapping[str, tuple[str, str]] = {
    "passed": ("passed", "合格"),
    "failed": ("failed", "不合格"),
    "undecided": ("undecided", "判定不能"),
    "not-checked": ("not checked", "未確認"),
    "not-judged": ("not judged", "判定せず"),
    "note": ("note", "注意"),
}

# What --revocation meant for the verdicts.
REVOCATION_MODES: Mapping[str, tuple[str, str]] = {
    "require": (
        "a signature whose certificate could not be checked for revocation is not VALID",
        "証明書の失効を確認できない署名は「有効」としません",
    ),
    "warn": (
        "a signature may be VALID although revocation could not be checked; its checks say so",
        "失効を確認できなくても「有効」と判定することがあります(各項目に明記)",
    ),
    "off": (
        "revocation was not looked at; a signature may be VALID all the same",
        "失効は確認していません。それでも「有効」と判定することがあります",
    ),
}

CERTIFICATE_NOT_JUDGED = (
    "whose certificate it is, its chain, period and revocation mean nothing, as the signature itself fails",
    "署名自体に問題があるため、証明書の名義、認証局までの経路、有効期間、失効は判定していません",
)
CHAIN_NOT_JUDGED = (
    "because of the period, not all of what the CAs demand was looked at",
    "有効期間外のため、認証局の課す条件をすべては判定していません",
)
LEGEND = (
    "INDETERMINATE means: what is needed to decide was not there. It is neither VALID nor INVALID. A document is as good as its worst signature.",
    "INDETERMINATE(判定不能)は、判定に必要な情報が得られなかったことを示し、有効とも無効とも言えません。文書の判定は、その署名のうち最も悪い判定です。",
)
REDACTED = (
    "The signers' personal data are left out; names of files and of fields are as they are.",
    "署名者の個人情報は表示していません。ファイル名と署名欄の名前はそのまま表示しています。",
)
ACCEPTANCE = (
    "Whether a receiver accepts these documents is for the receiver to decide: nothing here says that it does.",
    "提出先がこれらの文書を受理するかどうかは、提出先が判断します。本レポートは受理を保証するものではありません。",
)
NO_PROOF = (
    "This page is no proof by itself, as anybody can alter it: the documents, which the SHA-256 values identify, can be verified again.",
    "本レポート自体は改変できるため、証拠にはなりません。SHA-256の値が一致する文書であれば、いつでも検証し直せます。",
)
