"""What goes wrong with PKCS#11 modules and tokens, and what whoever waits for a signature should know at once."""

from __future__ import annotations

ERRORS: dict[str, tuple[str, str]] = {
    "KeyUriError.pin-value": (
        "a key URI must not contain the PIN: other users see it in the list of processes. Use --pin-source, or pin-source=file:… in the URI",
        "鍵のURIに暗証番号を書かないでください(プロセス一覧で他の利用者に見えます)。--pin-sourceか、URIのpin-source=file:…を使ってください",
    ),
    "KeyUriError.pin-source": (
        "the key {uri}: pin-source names a file of this machine (file:/PATH); commands are not run",
        "鍵の指定{uri}: pin-sourceに指定できるのはこのコンピューターのファイル(file:/PATH)だけです。コマンドは実行しません",
    ),
    "KeyUriError.attribute": (
        "the key {uri}: “{attribute}” is no attribute of a PKCS#11 URI (RFC 7512)",
        "鍵の指定{uri}: 「{attribute}」はPKCS#11 URI(RFC 7512)の属性ではありません",
    ),
    "KeyUriError.attribute-twice": (
        "the key {uri}: “{attribute}” stands there twice",
        "鍵の指定{uri}: 「{attribute}」が2回指定されています",
    ),
    "KeyUriError.module-twice": (
        "the key {uri} names two modules: write pkcs11:MODULE or module-path=, not both",
        "鍵の指定{uri}にモジュールが2つあります。pkcs11:MODULEとmodule-path=の一方だけを指定してください",
    ),
    "KeyUriError.slot-id": (
        "the key {uri}: slot-id is a number",
        "鍵の指定{uri}: slot-idには数値を指定してください",
    ),
    "KeyUriError.type": (
        "the key {uri}: type is private, public or cert",
        "鍵の指定{uri}: typeはprivate、public、certのいずれかです",
    ),
    "Pkcs11LibraryMissingError": (
        "PKCS#11 needs the package python-pkcs11: python3 -m pip install 'jitsuin[pkcs11]' ({detail})",
        "PKCS#11を使うにはpython-pkcs11が必要です: python3 -m pip install 'jitsuin[pkcs11]'({detail})",
    ),
    "Pkcs11ModuleError.none-found": (
        "no PKCS#11 module was found at the known places. Install OpenSC or the official JPKI client, or name the module: --key pkcs11:PATH",
        "既知の場所にPKCS#11モジュールがありません。OpenSCか公式の利用者クライアントソフトを導入するか、--key pkcs11:PATHで指定してください",
    ),
    "Pkcs11ModuleError.absent": (
        "there is no PKCS#11 module {module}; `jitsuin doctor` lists those that were found",
        "PKCS#11モジュール{module}がありません。見つかったものは`jitsuin doctor`で確認できます",
    ),
    "Pkcs11ModuleError.not-loadable": (
        "the PKCS#11 module {module} cannot be loaded: {detail}. `jitsuin doctor` compares its architecture with Python's",
        "PKCS#11モジュール{module}を読み込めません: {detail}。`jitsuin doctor`でアーキテクチャーを確認してください",
    ),
    "Pkcs11ModuleError.crashed": (
        "the PKCS#11 module {module} crashed (exit status {exit}); nothing was written. Take the card off the reader, put it back and try again, or use another module",
        "PKCS#11モジュール{module}が異常終了しました(終了コード{exit})。何も保存していません。カードを置き直してやり直すか、別のモジュールを使ってください",
    ),
    "Pkcs11ModuleError.timeout": (
        "the PKCS#11 module {module} did not answer within {seconds} seconds and was ended; nothing was written. Take the card off the reader, put it back and try again; ?timeout=SECONDS in the key gives it more time",
        "PKCS#11モジュール{module}が{seconds}秒以内に応答しなかったため終了させました。何も保存していません。カードを置き直してやり直してください。待ち時間は鍵の指定に?timeout=秒数を付けて延ばせます",
    ),
    "Pkcs11CallError": (
        "the PKCS#11 token {token} failed at {function} ({rv}); nothing was written. Take the card off the reader, put it back, and try again",
        "PKCS#11トークン{token}の{function}が失敗しました({rv})。何も保存していません。カードを置き直してやり直してください",
    ),
    "NoTokenError.none": (
        "the PKCS#11 module {module} shows no token: no reader, no card, or a card that it does not know",
        "PKCS#11モジュール{module}にトークンがありません。カードリーダーとカードを確認してください",
    ),
    "NoTokenError.name": (
        "the PKCS#11 module {module} has no token like that; it has: {tokens}",
        "PKCS#11モジュール{module}に該当するトークンがありません。あるもの: {tokens}",
    ),
    "NoTokenError.unrecognised": (
        "the PKCS#11 module {module} sees a card but no token in it. Its password may be locked, another program may hold it, or it is no My Number card: `jitsuin card --key card:` tells",
        "PKCS#11モジュール{module}がカードをトークンとして認識できません。パスワードがロックされているか、他のソフトが使用中か、マイナンバーカードではありません。`jitsuin card --key card:`で確認できます",
    ),
    "NoTokenError.authentication": (
        "that token holds the key for user authentication, which never signs documents",
        "そのトークンは利用者証明用の鍵で、文書の署名には使いません",
    ),
    "SeveralTokensError": (
        "several tokens could be meant: {tokens}. Say which: pkcs11:token=…, slot-id=… or slot-description=…",
        "トークンが複数あります: {tokens}。pkcs11:token=…、slot-id=…、slot-description=…で指定してください",
    ),
    "NoKeyError": (
        "the token {token} has no private key that could be meant; it has: {keys}",
        "トークン{token}に該当する秘密鍵がありません。あるもの: {keys}",
    ),
    "SeveralKeysError": (
        "the token {token} has several keys: {keys}. Say which in the URI: object=… or id=…",
        "トークン{token}に鍵が複数あります: {keys}。URIのobject=…かid=…で指定してください",
    ),
    "NoCertificateError": (
        "the token {token} has no certificate for the key {key} (none with the same CKA_ID)",
        "トークン{token}に鍵{key}の証明書がありません(同じCKA_IDのものがありません)",
    ),
    "PinSourceError": (
        "{path}: the PIN cannot be read from there: {reason}; nothing was sent",
        "{path}から暗証番号を読めません: {reason}。何も送信していません",
    ),
    "PinRuleError.token-refused": (
        "the token does not take a PIN like this (its length, or its characters)",
        "トークンが受け付けない暗証番号です(長さまたは文字)",
    ),
    "PinBlockedError.token": (
        "the token's PIN is locked; whoever administers the token can unlock it",
        "トークンの暗証番号がロックされています。トークンの管理者に解除を依頼してください",
    ),
}

TOKEN_EVENTS: dict[str, tuple[str, str]] = {
    "in-use": (
        "Another program is using the card ({token}); waiting for it. Ctrl-C stops.",
        "他のソフトがカードを使用中です({token})。終わるのを待っています。Ctrl-Cで中止します。",
    ),
    "pin-pad": (
        "Enter the PIN at the reader's own keys ({token}).",
        "リーダーのキーで暗証番号を入力してください({token})。",
    ),
    "left-open": (
        "The card could not be powered off ({token}): until you take it off the reader, another program may be able to sign with it.",
        "カードの電源を切れませんでした({token})。リーダーから取り外すまで、他のソフトが署名できるおそれがあります。",
    ),
}
"""By `signer.base.TokenEvent`."""
