"""What the page of a folder's run says besides its files: outcomes, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping

OUTCOMES: Mapping[str, tuple[str, str]] = {
    "invalid": ("INVALID", "INVALID(無効)"),
    "failed": ("FAILED", "失敗"),
    "indeterminate": ("INDETERMINATE", "INDETERMINATE(判定不能)"),
    "not-attempted": ("NOT ATTEMPTED", "未処理"),
    "skipped": ("SKIPPED", "対象外"),
    "signed": ("SIGNED", "署名済み"),
    "valid": ("VALID", "VALID(有効)"),
}

MEANINGS: Mapping[str, tuple[str, str]] = {
    "invalid": ("a signature is wrong, or forbidden changes were made", "署名に誤りがあるか、許されない変更があります"),
    "failed": (
        "there is no result; the reason stands beside each file",
        "結果がありません。理由は各ファイルに記載しています",
    ),
    "indeterminate": ("what is needed to decide was not there", "判定に必要な情報が得られませんでした"),
    "not-attempted": (
        "the run ended before their turn; nothing was written",
        "順番の前に処理が終わりました。何も書き込んでいません",
    ),
    "skipped": ("left as they are", "そのままにしました"),
    "signed": ("signed, written, and verified after writing", "署名して保存し、保存した内容を検証しました"),
    "valid": ("every signature passed", "すべての署名が検証に合格しました"),
}

NAMES_LEFT_OUT = (
    "Names of files and folders and the signers' personal data are left out: whoever has the files finds them by their SHA-256.",
    "ファイルやフォルダーの名前と署名者の個人情報は表示していません。ファイルを持っている人はSHA-256で照合できます。",
)
DISCLOSURE = (
    "Each signed file contains the certificate, and with it the holder's name, address, date of birth and sex.",
    "署名済みの各ファイルには証明書が含まれ、所有者の氏名・住所・生年月日・性別が相手に伝わります。",
)
ON_PAPER = (
    "Lists that are closed are not printed.",
    "閉じている一覧は印刷されません。",
)
INTERRUPTED = ("it was interrupted", "操作により中断されました")
BEFORE_ITS_TURN = ("the run ended before its turn", "順番の前に処理が終わりました")
THE_FILE = ("the file", "このファイル")
ITS_OUTPUT = ("the output", "出力ファイル")
