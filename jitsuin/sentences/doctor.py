"""What `jitsuin doctor` found, and what to do about it, by subject and code."""

from __future__ import annotations

from collections.abc import Mapping

SUBJECTS: Mapping[str, tuple[str, str]] = {
    "program": ("jitsuin", "jitsuin"),
    "platform": ("system", "システム"),
    "pyscard": ("pyscard", "pyscard"),
    "pcsc-service": ("PC/SC service", "PC/SCサービス"),
    "reader": ("card reader", "カードリーダー"),
    "card": ("card", "カード"),
    "other-programs": ("other programs", "他のソフト"),
    "pkcs11-module": ("PKCS#11 module", "PKCS#11モジュール"),
    "python-pkcs11": ("python-pkcs11", "python-pkcs11"),
    "fonts": ("Japanese fonts", "日本語フォント"),
    "clock": ("clock", "時計"),
    "configuration": ("configuration", "設定ファイル"),
    "language": ("language", "言語"),
    "anchors": ("CA certificates", "認証局の証明書"),
}

STATES: Mapping[str, tuple[str, str]] = {
    "ok": ("ok", "正常"),
    "missing": ("missing", "不足"),
    "attention": ("attention", "注意"),
}

FINDINGS: Mapping[str, tuple[str, str]] = {
    "program.version": ("{version}, Python {python}", "{version}、Python {python}"),
    "platform.name": ("{system}, {machine}", "{system}、{machine}"),
    "pyscard.version": ("{version}", "{version}"),
    "pyscard.absent": ("not installed", "インストールされていません"),
    "pyscard.absent-ready-made": ("not installed", "インストールされていません"),
    "pyscard.absent-elsewhere": ("not installed", "インストールされていません"),
    "pyscard.not-loadable": ("installed, but cannot be loaded: {detail}", "読み込めません: {detail}"),
    "pcsc-service.running": ("running", "動作しています"),
    "pcsc-service.not-running": ("cannot be reached ({hresult})", "接続できません({hresult})"),
    "pcsc-service.not-running-here": ("cannot be reached ({hresult})", "接続できません({hresult})"),
    "pcsc-service.denied": (
        "running, but refuses this user ({hresult})",
        "このユーザーの利用を拒否しています({hresult})",
    ),
    "pcsc-service.not-tried": ("not looked at: pyscard is needed for that", "pyscardがないため確認していません"),
    "pcsc-service.not-tried-here": ("not looked at: pyscard is needed for that", "pyscardがないため確認していません"),
    "reader.found": ("{reader}", "{reader}"),
    "reader.none": ("none is connected", "接続されていません"),
    "card.my-number-card": (
        "{reader}: My Number card ({kind}); tries left: signature password {signature_tries_left}, authentication PIN {authentication_tries_left}",
        "{reader}: マイナンバーカード({kind})。残り回数: 署名用パスワード{signature_tries_left}、利用者証明用暗証番号{authentication_tries_left}",
    ),
    "card.none": ("no card is in the reader", "リーダーにカードがありません"),
    "card.other-card": ("{reader}: not a My Number card ({sw})", "{reader}: マイナンバーカードではありません({sw})"),
    "card.in-use": ("{reader}: another program holds the card", "{reader}: 他のソフトがカードを占有しています"),
    "card.unresponsive": ("{reader}: the card does not answer", "{reader}: カードが応答しません"),
    "card.failed": ("{reader}: the look at the card failed ({error})", "{reader}: カードを確認できません({error})"),
    "card.phone": ("{reader}: a phone's token ({kind})", "{reader}: スマートフォンの電子証明書({kind})"),
    "card.no-signature-certificate": (
        "{reader}: My Number card ({kind}) without a signature certificate",
        "{reader}: マイナンバーカード({kind})、署名用電子証明書なし",
    ),
    "card.tries-unknown": (
        "{reader}: My Number card ({kind}) that does not tell its tries left",
        "{reader}: マイナンバーカード({kind})、残り回数を確認できません",
    ),
    "card.locked": (
        "{reader}: My Number card ({kind}), signature password locked",
        "{reader}: マイナンバーカード({kind})、署名用パスワードがロックされています",
    ),
    "card.last-try": (
        "{reader}: My Number card ({kind}), one try left for the signature password",
        "{reader}: マイナンバーカード({kind})、署名用パスワードは残り1回です",
    ),
    "other-programs.none": ("none seen that uses cards", "カードを使うソフトは見つかりません"),
    "other-programs.idle": (
        "may use cards, but none is connected now: {programs}",
        "カードを使うことがあります(現在は接続なし): {programs}",
    ),
    "other-programs.in-use": (
        "one is connected to a card, perhaps: {programs}",
        "他のソフトがカードに接続しています。考えられるもの: {programs}",
    ),
    "other-programs.in-use-unnamed": ("one is connected to a card", "他のソフトがカードに接続しています"),
    "pkcs11-module.found": ("{module} ({architectures})", "{module}({architectures})"),
    "pkcs11-module.architecture": (
        "{module} is for {architectures}, this Python for {python}",
        "{module}は{architectures}用、このPythonは{python}用です",
    ),
    "pkcs11-module.unreadable": ("{module}: not a readable library", "{module}: ライブラリとして読めません"),
    "pkcs11-module.none": ("none found; card: needs none", "見つかりません(card:には不要です)"),
    "python-pkcs11.version": ("{version}", "{version}"),
    "python-pkcs11.none": ("not installed; card: does not need it", "インストールされていません(card:には不要です)"),
    "fonts.found": ("{count} files", "{count}ファイル"),
    "fonts.none": ("none found", "見つかりません"),
    "fonts.none-here": ("none found", "見つかりません"),
    "clock.plausible": ("{local}; in Japan {jst}", "{local}(日本時間 {jst})"),
    "clock.slow": ("{local} is before this program existed", "{local}は、このソフトの公開前の日時です"),
    "clock.fast": ("{local} is after the end of all known CAs", "{local}は、既知の認証局がすべて終了した後の日時です"),
    "configuration.read": ("{path}", "{path}"),
    "configuration.none": ("none, and none is needed: {path}", "ありません(不要です): {path}"),
    "configuration.refused": ("{message}", "{message}"),
    "language.encoding": ("{language}, {encoding}", "{language}、{encoding}"),
    "language.not-japanese": (
        "{language}, {encoding}, which cannot show Japanese",
        "{language}、{encoding}(日本語を表示できません)",
    ),
    "anchors.remembered": (
        "{count} of {total} remembered; the others come with the card or document",
        "{total}件中{count}件を取得済み(残りはカード等から取得)",
    ),
    "anchors.unreadable": ("{message}", "{message}"),
}

ADVICE: Mapping[str, tuple[str, str]] = {
    "pyscard.absent": (
        "What it is built with: {packages}. Then: {command}",
        "ビルドに必要なもの: {packages} その後: {command}",
    ),
    "pyscard.absent-ready-made": ("{command}", "{command}"),
    "pyscard.absent-elsewhere": (
        "Install a C compiler, swig and the headers of PCSC-Lite and Python with your package manager. Then: {command}",
        "Cコンパイラー、swig、PCSC-LiteとPythonのヘッダーをパッケージ管理ソフトで導入してください。その後: {command}",
    ),
    "pyscard.not-loadable": (
        "Install it again, for this Python: {command}",
        "このPython用に入れ直してください: {command}",
    ),
    "pcsc-service.not-running": ("{command}", "{command}"),
    "pcsc-service.not-running-here": (
        "Start the smart card service of this system (pcscd). On macOS, plug the reader in again or restart.",
        "スマートカードサービス(pcscd)を起動してください。macOSではリーダーを接続し直すか再起動してください",
    ),
    "pcsc-service.denied": (
        "Log in at the machine itself, or have its administrator allow org.debian.pcsc-lite.* in polkit.",
        "このコンピューターに直接ログインするか、polkitでorg.debian.pcsc-lite.*を許可してください",
    ),
    "pcsc-service.not-tried": (
        "First pyscard. If the service is missing then: {command}",
        "先にpyscardを導入してください。その後サービスがなければ: {command}",
    ),
    "pcsc-service.not-tried-here": ("First pyscard, see above.", "先にpyscardを導入してください"),
    "reader.none": (
        "Plug the reader in, and run this again. If it stays unseen, install its driver.",
        "リーダーを接続して再実行してください。表示されない場合は、リーダーのドライバーを導入してください",
    ),
    "card.none": (
        "Insert the card or lay it on the reader, and run this again.",
        "カードを挿入するかリーダーに置いて、再実行してください",
    ),
    "card.other-card": (
        "Use a My Number card. If it is one, make a report with --bundle.",
        "マイナンバーカードを使ってください。マイナンバーカードの場合は、--bundleの報告ファイルをお送りください",
    ),
    "card.in-use": (
        "Close the program that uses the card, or wait until it has finished.",
        "カードを使用中のソフトを終了するか、処理が終わるまでお待ちください",
    ),
    "card.unresponsive": (
        "Insert the card the other way round, or lay it on the reader again.",
        "カードの向きを確かめて、入れ直すか置き直してください",
    ),
    "card.failed": (
        "Take the card out, put it back and run this again. If it stays so, make a report with --bundle.",
        "カードを入れ直して再実行してください。改善しない場合は、--bundleの報告ファイルをお送りください",
    ),
    "card.phone": (
        "No other program can sign with a phone's token. Use the plastic card.",
        "他のソフトから署名には使えません。マイナンバーカードを使ってください",
    ),
    "card.no-signature-certificate": (
        "Apply for a signature certificate at the municipal office.",
        "市区町村の窓口で署名用電子証明書の発行を受けてください",
    ),
    "card.tries-unknown": (
        "No password will be sent to this card. Put it in again; if it stays so, make a report with --bundle.",
        "このカードにはパスワードを送信しません。入れ直しても同じ場合は、--bundleの報告ファイルをお送りください",
    ),
    "card.locked": (
        "Only the municipal office can unlock it.",
        "市区町村の窓口で初期化を受けてください",
    ),
    "card.last-try": (
        "A wrong password would lock the card, so signing needs --allow-last-try.",
        "誤るとロックされるため、署名には--allow-last-tryが必要です",
    ),
    "other-programs.in-use": (
        "If signing is refused because the card is held: close them, or wait. Nothing is ended by this program.",
        "使用中として署名できない場合は、終了するか処理が終わるまでお待ちください(jitsuinが終了させることはありません)",
    ),
    "other-programs.in-use-unnamed": (
        "If signing is refused because the card is held: close browsers, the JPKI client and other card programs.",
        "使用中として署名できない場合は、ブラウザーや利用者クライアントソフトなどを終了してください",
    ),
    "pkcs11-module.architecture": (
        "This Python cannot load it: install the module for {python}, or a Python for {architectures}.",
        "このPythonからは読み込めません。{python}用のモジュールか、{architectures}用のPythonを導入してください",
    ),
    "pkcs11-module.unreadable": (
        "Install the program that it belongs to again.",
        "このモジュールを含むソフトを入れ直してください",
    ),
    "fonts.none": (
        "Only visible signatures need one: {command}",
        "署名を紙面に表示するときだけ必要です: {command}",
    ),
    "fonts.none-here": (
        "Only visible signatures need one: install any Japanese font.",
        "署名を紙面に表示するときだけ必要です。日本語フォントを導入してください",
    ),
    "clock.slow": ("Set the clock: certificates are judged by it.", "時計を合わせてください。証明書の判定に使います"),
    "clock.fast": ("Set the clock: certificates are judged by it.", "時計を合わせてください。証明書の判定に使います"),
    "configuration.refused": (
        "Mend or remove the file: until then no other command runs.",
        "修正するか削除してください。それまで他のコマンドは動作しません",
    ),
    "language.not-japanese": (
        "Names and addresses are Japanese: set a UTF-8 locale, or PYTHONUTF8=1.",
        "UTF-8のロケールか、PYTHONUTF8=1を設定してください",
    ),
    "anchors.unreadable": (
        "Remove the file that is named; it is read anew from the card.",
        "表示されたファイルを削除してください。カードから読み直します",
    ),
}

BUNDLE = (
    "The report is in {path}\n"
    "It holds the checks above and, for each card that was looked at, what was said\n"
    "to it and how it answered. Not in it: passwords and PINs, certificates and\n"
    "whose they are, serial numbers, your user name, home folder and host name.\n"
    "It is text: please look into it before you send it.",
    "報告ファイル: {path}\n"
    "上記の確認結果と、確認したカードとのやり取りの記録です。\n"
    "パスワード・暗証番号、証明書とその名義人、シリアル番号、ユーザー名、\n"
    "ホームフォルダー、ホスト名は含まれません。\n"
    "テキストファイルですので、送る前に内容をご確認ください。",
)
