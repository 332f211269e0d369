"""What stops a run or a document: errors, by the name of their class and their reason."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping

from .verdicts import VERDICTS

# What the operating system says in English only, by its own words.
SYSTEM_WORDS: Mapping[str, str] = {
    os.strerror(code): japanese
    for code, japanese in (
        (errno.EACCES, "アクセス権がありません"),
        (errno.EPERM, "許可されていない操作です"),
        (errno.ENOENT, "ファイルまたはフォルダーがありません"),
        (errno.ENOTDIR, "フォルダーではありません"),
        (errno.EISDIR, "フォルダーです"),
        (errno.EEXIST, "既にあります"),
        (errno.ENOSPC, "ディスクの空き容量が足りません"),
        (errno.EROFS, "読み取り専用です"),
        (errno.EIO, "入出力エラーです"),
        (errno.ENAMETOOLONG, "名前が長すぎます"),
        (errno.ELOOP, "シンボリックリンクが循環しています"),
        (errno.EMFILE, "開いているファイルが多すぎます"),
    )
}

# Errors, the most particular key first.
ERRORS: Mapping[str, tuple[str, str]] = {
    "InputError.absent": ("{path}: no such file", "{path}: ファイルがありません"),
    "InputError.not-a-file": ("{path}: not a regular file", "{path}: 通常のファイルではありません"),
    "InputError.name-twice": (
        "{path}: another file of this name is given; references know files by name only",
        "{path}: 同じ名前のファイルが重複しています。参照はファイル名だけで区別されます",
    ),
    "InputError.too-large": ("{path}: larger than 512 MiB", "{path}: 512 MiBを超えています"),
    "InputError": ("{path}: cannot be read: {detail}", "{path}: 読めません: {detail}"),
    "UnknownFormatError.empty-file": (
        "the file is empty; fetch or save it again",
        "空のファイルです。入手し直すか、保存し直してください",
    ),
    "UnknownFormatError": (
        "no known format; `jitsuin profiles` lists what can be signed",
        "対応していない形式です。`jitsuin profiles`で対応形式を確認してください",
    ),
    "UnknownNameError": (
        "there is no {what} “{name}”; known: {known}",
        "{what}「{name}」はありません。使えるもの: {known}",
    ),
    "ProfileMismatchError": (
        "the profile {profile} does not go with {found}; `jitsuin profiles` says what each is for",
        "プロファイル{profile}と{found}は組み合わせられません。`jitsuin profiles`で用途を確認してください",
    ),
    "OutputError.exists": (
        "{path} exists; --overwrite replaces it",
        "{path}は既にあります。置き換えるには--overwriteを付けてください",
    ),
    "OutputError.bundle-exists": (
        "{path} exists, and no file is replaced by a report; name a new one",
        "{path}は既にあります。報告ファイルで置き換えることはしません。別の名前を指定してください",
    ),
    "OutputError.is-input": (
        "{path} is the input itself, which is never overwritten",
        "{path}は入力ファイル自身です。入力は上書きしません",
    ),
    "OutputError.no-folder": ("{path}: its folder does not exist", "{path}: 保存先のフォルダーがありません"),
    "OutputError.not-a-file": ("{path} is not a regular file", "{path}は通常のファイルではありません"),
    "OutputError.not-empty": (
        "{path} contains other files; name a new or empty folder",
        "{path}には他のファイルがあります。新しいフォルダーか空のフォルダーを指定してください",
    ),
    "OutputError.collision": ("{path} would be written twice", "{path}への出力が重複しています"),
    "OutputError": ("{path}: cannot be written: {detail}", "{path}: 書き込めません: {detail}"),
    "TrustFileError.no-certificate": ("{path}: no certificate in it", "{path}: 証明書が含まれていません"),
    "TrustFileError.absent": ("{path}: no such file", "{path}: ファイルがありません"),
    "TrustFileError.no-file-nor-set": (
        "{path}: there is no such file, and no set of this name in the configuration; `jitsuin trust list` shows the sets",
        "{path}: ファイルも、この名前の信頼セットもありません。信頼セットは`jitsuin trust list`で確認できます",
    ),
    "TrustFileError.not-a-file": ("{path}: not a regular file", "{path}: 通常のファイルではありません"),
    "TrustFileError.too-large": ("{path}: larger than 512 MiB", "{path}: 512 MiBを超えています"),
    "TrustFileError.unreadable": ("{path}: cannot be read ({detail})", "{path}: 読めません({detail})"),
    "TrustFileError.not-a-ca": (
        "{path}: not a certificate of a CA, so it cannot be an anchor",
        "{path}: 認証局の証明書ではないため、信頼の起点にできません",
    ),
    "TrustFileError.no-crl": ("{path}: not a CRL", "{path}: CRLではありません"),
    "TrustFileError.test-hierarchy": (
        "{path}: a CA of J-LIS's test hierarchy (O=JPKI-TEST) is never remembered; --accept-test-hierarchy takes it for one run",
        "{path}: J-LISの試験用認証局(O=JPKI-TEST)は登録できません。--accept-test-hierarchyを付けた実行でのみ使えます",
    ),
    "TrustFileError.not-pinned": (
        "{path}: not one of the known CA certificates; --force accepts it on your own authority",
        "{path}: 既知の認証局証明書ではありません。自分の責任で受け入れるには--forceを付けてください",
    ),
    "TrustSetError.no-certificate": (
        "trust set “{set}”: {path}: no certificate in it",
        "信頼セット「{set}」: {path}: 証明書が含まれていません",
    ),
    "TrustSetError.absent": (
        "trust set “{set}”: {path}: no such file",
        "信頼セット「{set}」: {path}: ファイルがありません",
    ),
    "TrustSetError.unreadable": (
        "trust set “{set}”: {path}: cannot be read",
        "信頼セット「{set}」: {path}: 読めません",
    ),
    "ConfigurationError.no-trust-sets": (
        "{path}: [trust.sets] has to be a table of names, each with a list of certificate files and folders",
        "{path}: [trust.sets]には、名前ごとに証明書のファイルとフォルダーのリストを書いてください",
    ),
    "ConfigurationError.no-trust-set": (
        "{path}: {detail} has to be a list of certificate files and folders, and not an empty one",
        "{path}: {detail}には、証明書のファイルとフォルダーのリスト(1つ以上)を指定してください",
    ),
    "ConfigurationError.trust-set-name": (
        "{path}: {detail}: the name of a trust set is made of letters, digits, “-” and “_”, so that it looks like no file",
        "{path}: {detail}: 信頼セットの名前に使えるのは英数字と「-」「_」です(ファイル名との混同を避けるため)",
    ),
    "ConfigurationError.reserved-trust-set": (
        "{path}: {detail}: this name means something else already; choose another one",
        "{path}: {detail}: この名前は別の意味で使われています。別の名前にしてください",
    ),
    "ConfigurationError.cannot be read": ("{path}: cannot be read ({detail})", "{path}: 読めません({detail})"),
    "ConfigurationError.not TOML": ("{path}: not TOML: {detail}", "{path}: TOMLとして正しくありません: {detail}"),
    "ConfigurationError.unknown table": (
        "{path}: there is no command [{detail}]",
        "{path}: [{detail}]というコマンドはありません",
    ),
    "ConfigurationError.unknown option": (
        "{path}: there is no option {detail}",
        "{path}: {detail}というオプションはありません",
    ),
    "ConfigurationError.a secret has no place here": (
        "{path}: {detail}: passwords are never kept in a file",
        "{path}: {detail}: パスワードをファイルに保存することはできません",
    ),
    "ConfigurationError.absent": (
        "{path}: no such file, which JITSUIN_CONFIG names",
        "{path}: JITSUIN_CONFIGで指定されたファイルがありません",
    ),
    "ConfigurationError.unreadable": ("{path}: cannot be read: {detail}", "{path}: 読めません: {detail}"),
    "ConfigurationError.not-toml": ("{path}: not TOML: {detail}", "{path}: TOMLとして読めません: {detail}"),
    "ConfigurationError.unknown-table": (
        "{path}: there is no command “{detail}”",
        "{path}: コマンド「{detail}」はありません",
    ),
    "ConfigurationError.unknown-option": (
        "{path}: there is no option “{detail}”",
        "{path}: オプション「{detail}」はありません",
    ),
    "ConfigurationError.not-text": (
        "{path}: {detail} takes text, true or false, or a list of texts",
        "{path}: {detail}には文字列、true/false、文字列のリストを指定してください",
    ),
    "ConfigurationError.secret": (
        "{path}: {detail}: a secret is never kept in this file; remove it",
        "{path}: {detail}: 秘密情報は設定ファイルに書けません。削除してください",
    ),
    "ConfigurationError.command-line-only": (
        "{path}: {detail}: only on the command line, each time anew",
        "{path}: {detail}: このオプションはコマンドラインでのみ、そのつど指定できます",
    ),
    "CertificateRefusedError": ("the signing certificate is refused", "署名用証明書を使用できません"),
    "SelfVerificationError": (
        "the signed document did not verify ({reason}) and was not written; please report this",
        "作成した署名を検証できなかったため({reason})、保存しませんでした。開発元へお知らせください",
    ),
    "NotAttemptedError": (
        "not attempted, because the key failed before",
        "鍵のエラーで処理が中断したため、署名していません",
    ),
    "InputChangedError": (
        "{path} changed while it was being signed; nothing was written",
        "{path}が処理中に変更されたため、保存しませんでした",
    ),
    "MalformedDocumentError": ("the document is malformed", "文書の形式が正しくありません"),
    "UnsupportedDocumentError": ("the document is not supported", "対応していない文書です"),
    "DuplicateIdError": VERDICTS["duplicate-id"],
    "TargetNotFoundError": ("there is nothing to sign", "署名の対象がありません"),
    "AlreadySignedError": (
        "there is a signature already ({place}), and the form has room for one only",
        "既に署名があります({place})。この様式に置ける署名は1つだけです",
    ),
    "WouldBreakSignatureError": (
        "a signature here would break the earlier one at {place}; sign an element beside it (--reference), or sign earlier",
        "ここに署名すると既存の署名({place})が壊れます。--referenceで別の要素を指定するか、先に署名してください",
    ),
    "ExternalFileError": (
        "{name}: only bare ASCII file names without blanks can be referred to",
        "{name}: 参照できるのは空白のないASCIIのファイル名だけです",
    ),
    "KeyUriError.unknown-persona": (
        "{uri}: there is no such simulated card; known: {known}",
        "{uri}: その模擬カードはありません。使えるもの: {known}",
    ),
    "KeyUriError.no-such-user": (
        "the key {uri} begins at the home folder of a user who does not exist",
        "鍵の指定{uri}が指すホームフォルダーの利用者は存在しません",
    ),
    "KeyUriError.path": ("the key {uri} names no file", "鍵の指定{uri}にファイル名がありません"),
    "KeyUriError.host": (
        "the key {uri} is on another computer; only local files are read",
        "鍵の指定{uri}は別のコンピューターを指しています。読めるのは手元のファイルだけです",
    ),
    "KeyUriError.seconds": (
        "the key {uri}: only ?timeout=SECONDS and &wait=SECONDS may follow, each from 0 to 3600",
        "鍵の指定{uri}に付けられるのは?timeout=秒数と&wait=秒数だけです(0〜3600)",
    ),
    "KeyUriError.query": (
        "the key {uri}: only ?card=NAME may follow",
        "鍵の指定{uri}に付けられるのは?card=NAMEだけです",
    ),
    "KeyUriError": ("the key {uri} is not understood ({reason})", "鍵の指定{uri}を解釈できません({reason})"),
    "FaultSpecError.kind": (
        "the fault {spec}: there is no such kind; known: {known}",
        "障害の指定{spec}: その種類はありません。使えるもの: {known}",
    ),
    "FaultSpecError.value": (
        "the fault {spec}: remove and mute take seconds from 0 to 3600, sw takes four hexadecimal digits, the others no value",
        "障害の指定{spec}: removeとmuteには0〜3600の秒数、swには16進4桁を指定します。その他に値は付けられません",
    ),
    "FaultSpecError.moment": (
        "the fault {spec}: the moment counts from 1 one of {known}",
        "障害の指定{spec}: 時点は次のいずれかを1から数えます: {known}",
    ),
    "FaultSpecError": (
        "the fault {spec} is not understood; write KIND[=VALUE]@[after-]MOMENT:N, such as remove=2@sign:1",
        "障害の指定{spec}を解釈できません。KIND[=VALUE]@[after-]MOMENT:Nの形で指定してください(例: remove=2@sign:1)",
    ),
    "UnsupportedKeyError": (
        "keys of this kind are not signed with: {key}, {bits} bits",
        "この種類の鍵では署名しません: {key} {bits}ビット",
    ),
    "SignatureValueError": (
        "the key gave back something that is not its signature; nothing was written. Take the card out, put it back and try again",
        "鍵から返された値が正しい署名ではないため、保存しませんでした。カードを入れ直してください",
    ),
    "DigestInfoError": (
        "the input for the card is not a DigestInfo; nothing was sent",
        "カードへの入力がDigestInfoではないため、送信しませんでした",
    ),
    "NotMyNumberCardError": (
        "this is not a My Number card, or it lies badly on the reader (status word {sw}). Put the right card on it, and try again",
        "マイナンバーカードではないか、正しく置かれていません(ステータスワード{sw})。カードを確かめて置き直し、やり直してください",
    ),
    "NoSignatureCertificateError": (
        "the card has no signature certificate; it is issued at the municipal office",
        "カードに署名用電子証明書がありません。市区町村の窓口で発行を受けてください",
    ),
    "StatusWordError": (
        "the card refused {command} (status word {sw}). Take it off the reader, put it back, and start again; if it stays so, report it with `jitsuin doctor --bundle`",
        "カードが{command}を拒否しました(ステータスワード{sw})。カードを置き直して、もう一度やり直してください。繰り返すときは`jitsuin doctor --bundle`で報告してください",
    ),
    "CardStateLostError": (
        "the card was reset, or another program used it; this document was not signed. Start again",
        "カードがリセットされたか、他のソフトが使用したため、この文書には署名していません。もう一度やり直してください",
    ),
    "CardDataError.signature-length": (
        "the card gave back something that is not as long as its signatures; nothing was written. Take it off the reader, put it back, and start again",
        "カードから返された値の長さが署名と合わないため、保存しませんでした。カードを置き直して、もう一度やり直してください",
    ),
    "CardDataError.long": (
        "the card gave back more than it was asked for. Take it off the reader, put it back, and start again",
        "カードから返されたデータが長すぎます。カードを置き直して、もう一度やり直してください",
    ),
    "CardDataError": (
        "the card's file {file} was not read as it should be ({reason}). Take it off the reader, put it back, and start again; if it stays so, report it with `jitsuin doctor --bundle`",
        "カードのファイル{file}を正しく読めませんでした({reason})。カードを置き直して、もう一度やり直してください。繰り返すときは`jitsuin doctor --bundle`で報告してください",
    ),
    "KeyFileError.not-pkcs12": ("{path}: not a PKCS#12 file", "{path}: PKCS#12ファイルではありません"),
    "KeyFileError.no-key": ("{path}: no private key in it", "{path}: 秘密鍵が含まれていません"),
    "KeyFileError.no-certificate": ("{path}: no certificate in it", "{path}: 証明書が含まれていません"),
    "KeyFileError.certificate-of-another-key": (
        "{path}: its certificate belongs to another key",
        "{path}: 証明書が秘密鍵と対応していません",
    ),
    "KeyFileError.unsupported-encryption": (
        "{path}: encrypted in a way that is not supported; export it again with AES",
        "{path}: 対応していない暗号方式です。AESで書き出し直してください",
    ),
    "KeyFileError.other-persona": (
        "{path} holds another simulated card ({persona}); name another folder",
        "{path}には別の模擬カード({persona})があります。別のフォルダーを指定してください",
    ),
    "KeyFileError.not-a-card-folder": (
        "{path} contains other files; a simulated card needs a folder of its own",
        "{path}には他のファイルがあります。模擬カードには専用のフォルダーを指定してください",
    ),
    "KeyFileError.damaged": ("{path}: the simulated card is damaged", "{path}: 模擬カードのデータが壊れています"),
    "KeyFileError.closed": ("{path}: already closed", "{path}: 既に閉じられています"),
    "KeyFileError.unknown-persona": (
        "{path}: there is no such simulated card; known: {known}",
        "{path}: その模擬カードはありません。使えるもの: {known}",
    ),
    "KeyFileError.no-card": ("{path}: there is no simulated card", "{path}: 模擬カードがありません"),
    "KeyFileError.replaced": (
        "{path}: another simulated card was issued here meanwhile; start again",
        "{path}: 途中で別の模擬カードが発行されました。もう一度やり直してください",
    ),
    "KeyFileError.unreadable": ("{path}: cannot be read: {detail}", "{path}: 読めません: {detail}"),
    "KeyFileError.too-large": (
        "{path}: too large for an APDU trace; name a bundle of `jitsuin doctor --bundle`",
        "{path}: APDUの記録としては大きすぎます。`jitsuin doctor --bundle`で作成したファイルを指定してください",
    ),
    "KeyFileError.not-a-trace": (
        "{path}: not an APDU trace of jitsuin; name a bundle of `jitsuin doctor --bundle`",
        "{path}: jitsuinのAPDU記録ではありません。`jitsuin doctor --bundle`で作成したファイルを指定してください",
    ),
    "KeyFileError.no-trace": (
        "{path}: no card was there when this bundle was made, so there is nothing to play. Make it again with the card in the reader",
        "{path}: カードがない状態で作成されたため、再生できる記録がありません。カードをリーダーに入れて作り直してください",
    ),
    "KeyFileError.trace-version": (
        "{path}: an APDU trace of version {version}, which this jitsuin does not know; install the newest one",
        "{path}: このjitsuinが対応していないバージョン({version})のAPDU記録です。最新版をインストールしてください",
    ),
    "KeyFileError.bad-trace": (
        "{path}: line {line} of the APDU trace is damaged; have the file sent again",
        "{path}: APDU記録の{line}行目が壊れています。ファイルを受け取り直してください",
    ),
    "KeyFileError": ("{path}: {reason}", "{path}: {reason}"),
    "FetchError.offline": ("{url}: not asked, because of --offline", "{url}: --offlineのため接続していません"),
    "FetchError.scheme": (
        "{url}: not an address that can be used (http or https, without a password in it)",
        "{url}: 使用できないURLです(httpまたはhttpsで、パスワードを含まないもの)",
    ),
    "FetchError.private": (
        "{url}: not a public address; --allow-private-network fetches from it all the same",
        "{url}: 公開されていないアドレスです。--allow-private-networkを付けると接続します",
    ),
    "FetchError.unreachable": (
        "{url}: cannot be reached; check the address and the network",
        "{url}: 接続できません。URLとネットワークを確認してください",
    ),
    "FetchError.timeout": (
        "{url}: no complete answer in time; try again later",
        "{url}: 時間内に応答がありません。後でやり直してください",
    ),
    "FetchError.too-large": ("{url}: the answer is too large", "{url}: 応答が大きすぎます"),
    "FetchError.status": ("{url}: refused (HTTP status {status})", "{url}: 拒否されました(HTTPステータス{status})"),
    "FetchError.redirects": ("{url}: the server sends elsewhere too often", "{url}: 転送が多すぎます"),
    "FetchError.encoding": (
        "{url}: the answer is compressed, which was not asked for",
        "{url}: 応答が圧縮されています(要求していません)",
    ),
    "PcscLibraryMissingError": (
        "card readers need the package pyscard: python3 -m pip install 'jitsuin[card]'. `jitsuin doctor` says what it needs",
        "カードリーダーを使うにはpyscardが必要です: python3 -m pip install 'jitsuin[card]'。必要なものは`jitsuin doctor`で確認できます",
    ),
    "PcscServiceError": (
        "the smart card service (PC/SC) is not running or cannot be reached. Start it (Linux: pcscd; Windows: the service Smart Card), or see `jitsuin doctor`",
        "スマートカードサービス(PC/SC)に接続できません。サービスを起動してください(Linux: pcscd、Windows: Smart Card)。`jitsuin doctor`で確認できます",
    ),
    "NoReaderError.name": (
        "no card reader is called “{wanted}”; connected: {readers}",
        "「{wanted}」という名前のカードリーダーはありません。接続中: {readers}",
    ),
    "NoReaderError": (
        "no card reader is connected. Plug it in and try again; `jitsuin doctor` shows what the system sees",
        "カードリーダーが接続されていません。接続してやり直してください。`jitsuin doctor`で確認できます",
    ),
    "NoCardError": (
        "there is no card in the reader ({readers}). Insert it or lay it on the reader, and try again",
        "カードリーダーにカードがありません({readers})。カードを置くか挿入してやり直してください",
    ),
    "SeveralCardsError": (
        "several readers hold a card: {readers}. Say which: --key card:READER, any part of its name",
        "複数のリーダーにカードがあります: {readers}。--key card:READER(名前の一部)で指定してください",
    ),
    "CardUnresponsiveError": (
        "the card does not answer ({token}). Insert it the other way round, or lay it on the reader again, and try again",
        "カードが応答しません({token})。向きを確かめて入れ直すか置き直して、やり直してください",
    ),
    "PhoneTokenError": (
        "this is a phone's token ({kind}), with which no other program can sign. Use the plastic card",
        "スマートフォンの電子証明書({kind})は他のソフトから署名に使えません。マイナンバーカードを使ってください",
    ),
    "TokenInUseError": (
        "another program holds the card ({token}). Close it, or wait until it has finished, and try again",
        "他のソフトがカードを使用しています({token})。終了するか処理が終わるのを待ってから、やり直してください",
    ),
    "VirtualReaderError.silent": (
        "the reader at port {port} does not take the card: another one is in it, or it is no virtual reader. The next slot listens at the next port",
        "ポート{port}のリーダーがカードを受け付けません。別のカードが入っているか、仮想リーダーではありません。次のスロットは次の番号のポートです",
    ),
    "VirtualReaderError": (
        "no virtual reader listens at port {port} of this machine. Install the Debian packages pcscd and vsmartcard-vpcd, start pcscd, and try again",
        "ポート{port}で待ち受ける仮想リーダーがありません。Debianパッケージのpcscdとvsmartcard-vpcdを導入し、pcscdを起動してやり直してください",
    ),
    "CardRemovedError": (
        "the card was taken away ({token}). Leave it on the reader until the end, and start again",
        "カードが取り外されました({token})。終わるまでカードを動かさずに、もう一度やり直してください",
    ),
    "CardResetError": (
        "another program reset the card ({token}). Close other programs that use cards, and start again",
        "他のソフトがカードをリセットしました({token})。カードを使う他のソフトを終了して、もう一度やり直してください",
    ),
    "CardTimeoutError": (
        "the card did not answer within {seconds} seconds ({token}). Take it off the reader, put it back, and start again",
        "カードが{seconds}秒以内に応答しませんでした({token})。カードをいったん外して置き直し、もう一度やり直してください",
    ),
    "TransportError": (
        "the card or reader does not answer ({token}); put the card in again, and start again",
        "カードまたはリーダーが応答しません({token})。カードを入れ直して、もう一度やり直してください",
    ),
    "PinRuleError.empty": (
        "no password was entered; nothing was sent",
        "パスワードが入力されていません。何も送信していません",
    ),
    "PinRuleError.encoding": (
        "what was given as the password is not text in UTF-8; nothing was sent and no try was spent",
        "パスワードとして渡されたものがUTF-8の文字列ではありません。何も送信しておらず、回数も減っていません",
    ),
    "PinRuleError": (
        "the signature password has 6 to 16 characters, A–Z and 0–9; nothing was sent and no try was spent",
        "署名用パスワードは英大文字と数字の6〜16文字です。カードには送信しておらず、回数も減っていません",
    ),
    "PinIncorrectError.not-counted": ("the password is wrong", "パスワードが違います"),
    "PinIncorrectError": (
        "the password is wrong; tries left: {tries_left}",
        "パスワードが違います。残り回数: {tries_left}",
    ),
    "PinCancelledError": (
        "no password was given; nothing was sent. Without a terminal, use --pin-source",
        "パスワードが入力されなかったため中止しました。何も送信していません。端末がない場合は--pin-sourceを指定してください",
    ),
    "PinBlockedError": (
        "the signature password is locked; only the municipal office can unlock it",
        "署名用パスワードがロックされています。市区町村の窓口で初期化を受けてください",
    ),
    "LastTryRefusedError": (
        "one try is left: a wrong password would lock the card. --allow-last-try goes on all the same",
        "残り1回です。誤るとカードがロックされます。続けるには--allow-last-tryを付けてください",
    ),
    "TriesUnknownError": (
        "the card does not tell how many tries are left (status word {sw}), so the password was not sent",
        "残り回数を確認できないため(ステータスワード{sw})、パスワードを送信しませんでした",
    ),
}

UNFORESEEN = (
    "unforeseen error ({kind}); this is a fault of jitsuin, please report it",
    "想定外のエラー({kind})です。jitsuinの不具合ですので、お知らせください",
)
