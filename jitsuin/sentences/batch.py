"""What is told about many documents at once: why a file is left out, and what ends a run."""

from __future__ import annotations

from collections.abc import Mapping

SKIPS: Mapping[str, tuple[str, str]] = {
    "already-signed": (
        "signed already; --sign-signed adds a signature",
        "署名済みです(--sign-signedで署名を追加できます)",
    ),
    "signed-before": ("signed by an earlier run, and still as it was", "前回の実行で署名済みで、変更もありません"),
    "symlink": ("a link, which is not followed", "シンボリックリンクのため対象外です"),
    "not-a-file": ("not a regular file", "通常のファイルではないため対象外です"),
}
"""By reason of a file that was passed over."""

ERRORS: Mapping[str, tuple[str, str]] = {
    "InputError.empty": (
        "{path}: no files in this folder; --recursive looks into its folders, too",
        "{path}: フォルダーにファイルがありません。下位フォルダーも対象にするには--recursiveを付けてください",
    ),
    "InputError.empty-below": (
        "{path}: no files in this folder, nor in the folders below",
        "{path}: フォルダーにも下位フォルダーにもファイルがありません",
    ),
    "InputError.not-a-folder": (
        "{path} is a file, and has to be a folder; name another one",
        "{path}はファイルです。フォルダーを指定してください",
    ),
    "InputError.no-match": ("{path}: matches no file", "{path}: 一致するファイルがありません"),
    "InputError.journal": (
        "{path}: line {line} is none of a journal. Put it right or aside; without it nothing is known of earlier runs",
        "{path}: {line}行目がジャーナルの形式ではありません。修正するか別の場所へ移してください(移すと前回までの記録は失われます)",
    ),
    "InputError.no-journal": (
        "{path}: no journal of a signing run is here",
        "{path}: 署名の実行記録(ジャーナル)がありません",
    ),
    "InputChangedError.signed-before": (
        "{path} is not the file any more that an earlier run signed; it was left alone. To sign it as it is now, take the old output away and choose another output folder",
        "{path}は前回署名したときの内容から変更されているため、処理していません。現在の内容に署名するには、別の保存先フォルダーを指定してください",
    ),
    "OutputError.in-use": (
        "{path}: another run is writing to this folder. Wait until it has finished",
        "{path}: 別の実行がこのフォルダーに書き込み中です。終了するまでお待ちください",
    ),
    "OutputError.unfinished": (
        "{path}: an earlier run was cut short here. Go on with --resume, or choose another folder",
        "{path}: 前回の実行が途中で終わっています。--resumeで再開するか、別のフォルダーを指定してください",
    ),
    "OutputError.leaves-folder": (
        "{path}: its folder is a link that leads out of the output folder",
        "{path}: 保存先フォルダーの外を指すリンクの中には書き込みません",
    ),
    "OutputError.output-missing": (
        "{path} was signed and is gone. Put it back, or choose another output folder",
        "{path}は署名済みですが、見つかりません。元に戻すか、別の保存先フォルダーを指定してください",
    ),
    "OutputError.output-changed": (
        "{path} is not the file any more that was signed. Take it away, and choose another output folder",
        "{path}は署名したときの内容から変更されています。別の場所へ移し、別の保存先フォルダーを指定してください",
    ),
    "OutputError.not-in-journal": (
        "{path} is not in the journal: it was not written by these runs",
        "{path}はジャーナルにありません(この署名の実行で作成されたものではありません)",
    ),
    "JournaledError": (
        "was not signed, as the journal says ({detail}); `jitsuin sign` with --resume tries it again",
        "ジャーナルの記録では署名に失敗しています({detail})。`jitsuin sign`に--resumeを付けると、もう一度署名します",
    ),
    "WorkerDiedError.nursery": (
        "the processes that do the work were ended from outside. Go on with --resume",
        "処理を行うプロセスが外部から終了されました。--resumeで再開してください",
    ),
    "WorkerDiedError": (
        "the process that worked on {path} died: out of memory, or a fault in a library. The others went on; try it alone",
        "{path}を処理していたプロセスが異常終了しました(メモリー不足またはライブラリの不具合)。他のファイルは続行しました。単独でお試しください",
    ),
    "UnsentError": (
        "unforeseen error ({kind}); this is a fault of jitsuin, please report it",
        "想定外のエラー({kind})です。jitsuinの不具合ですので、お知らせください",
    ),
    "ConfigurationError.not-rules": (
        "{path}: {detail} is a list of rules, each with the two texts `pattern` and `profile`",
        "{path}: {detail}には、patternとprofile(いずれも文字列)の組を並べてください",
    ),
    "ConfigurationError.no-such-profile": (
        "{path}: {detail} in [[batch.rules]] is no profile. See `jitsuin profiles`",
        "{path}: [[batch.rules]]の{detail}というプロファイルはありません。`jitsuin profiles`をご覧ください",
    ),
    "BatchError.strict": (
        "nothing was signed, as {count} of the files cannot be (--strict)",
        "署名できないファイルが{count}件あるため、1件も署名していません(--strict)",
    ),
    "BatchError.declined": ("nothing was signed, as you said no", "中止しました。1件も署名していません"),
    "BatchError.another-key": (
        "this is another card than the one that the run began with. Go on with that one",
        "最初のカードと異なるカードです。最初のカードで再開してください",
    ),
}
