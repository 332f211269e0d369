"""What was found out about a document or a certificate, whatever the format: verdicts and notices."""

from __future__ import annotations

from collections.abc import Mapping

# Verdicts: what was found out about a document or a certificate.
VERDICTS: Mapping[str, tuple[str, str]] = {
    "passed": ("everything that was asked for was checked and is right", "確認した項目はすべて正常です"),
    "not-well-formed": ("the XML is not well formed: {detail}", "XMLとして正しくありません: {detail}"),
    "not-in-its-encoding": (
        "the bytes are not in the declared encoding ({detail})",
        "宣言された文字コード({detail})で読めません",
    ),
    "encoding-contradicts-mark": (
        "the declared encoding ({detail}) contradicts the byte order mark",
        "宣言された文字コード({detail})がBOMと矛盾しています",
    ),
    "dtd": ("the document has a DTD, which is refused for safety", "DTDを含む文書は安全のため扱いません"),
    "xml-version": ("XML version {detail} is not handled", "XMLバージョン{detail}には対応していません"),
    "encoding": ("the encoding {detail} is not handled", "文字コード{detail}には対応していません"),
    "scheme-not-for-profile": (
        "the destination {profile} is not known to take signatures by this key ({detail}); choose another --profile",
        "提出先{profile}がこの鍵による署名({detail})を受け付けるかどうかは不明です。別の--profileを選んでください",
    ),
    "encoding-not-reversible": (
        "the text cannot be mapped back to its bytes ({detail})",
        "文字とバイト列の対応が一意に定まりません({detail})",
    ),
    "disputed-character": (
        "programs decode {detail} differently in this encoding; save the document as UTF-8 before signing",
        "この文字コードでは{detail}の解釈がソフトにより異なります。UTF-8で保存し直してから署名してください",
    ),
    "duplicate-id": (
        "the Id “{value}” occurs twice, so it is unclear what is signed",
        "Id「{value}」が重複しており、署名対象を特定できません",
    ),
    "canonicalization": ("the document cannot be canonicalised: {detail}", "正規化できない文書です: {detail}"),
    "key": (
        "keys of this kind are not used for signatures: {detail}",
        "この種類の鍵では署名を作成できません: {detail}",
    ),
    "no-signature": ("there is no signature", "署名がありません"),
    "too-many-signatures": ("more than {limit} signatures", "署名が{limit}個を超えています"),
    "too-many-references": ("too many references in {place}", "{place}の参照が多すぎます"),
    "missing-element": ("{missing} is missing in {place}", "{place}に{missing}がありません"),
    "unexpected-element": ("an element that does not belong here: {place}", "ここに置けない要素です: {place}"),
    "stray-text": ("text between the elements of {place}", "{place}の要素間に余分な文字があります"),
    "comment-or-instruction": ("a comment or instruction inside {place}", "{place}にコメントまたは処理命令があります"),
    "reference-without-uri": ("a reference without URI: {place}", "URIのない参照です: {place}"),
    "transform-after-canonicalization": (
        "a transform after the canonicalisation: {place}",
        "正規化の後に変換があります: {place}",
    ),
    "transform-refused": ("this transform is refused: {algorithm}", "この変換は認めていません: {algorithm}"),
    "algorithm-refused": ("this algorithm is refused: {algorithm}", "このアルゴリズムは認めていません: {algorithm}"),
    "not-base64": ("not base64: {place}", "Base64として読めません: {place}"),
    "too-many-certificates": ("too many certificates in {place}", "{place}の証明書が多すぎます"),
    "certificate-unreadable": ("a certificate in {place} cannot be read", "{place}の証明書を読めません"),
    "sha1-refused": (
        "SHA-1 is used, which is no longer secure; --accept-sha1 computes it anyway",
        "安全でないSHA-1が使われています。--accept-sha1を付けると、計算だけは確認できます",
    ),
    "reference-dangling": ("nothing in the document has the Id that {uri} names", "{uri}が指すIdが文書内にありません"),
    "enveloped-outside": (
        "{uri} has the enveloped-signature transform but does not contain the signature",
        "{uri}は署名を内包していないのに、enveloped-signature変換が指定されています",
    ),
    "reference-to-itself": ("{uri} points into the signature itself", "{uri}が署名自身を指しています"),
    "external-uri": ("{uri} points outside; nothing is fetched", "{uri}は外部を指しています。外部の取得は行いません"),
    "file-not-given": (
        "the signature covers the file {uri}, which was not given (--file)",
        "署名対象のファイル{uri}が指定されていません(--file)",
    ),
    "transform-on-file": ("a transform on the file {uri} is not handled", "ファイル{uri}への変換には対応していません"),
    "digest-differs": ("what {uri} covers was changed after signing", "{uri}の対象が署名後に変更されています"),
    "no-certificate": ("the signature carries no certificate", "署名に証明書が含まれていません"),
    "signer-ambiguous": (
        "it is unclear which of the certificates is the signer's",
        "どれが署名者の証明書か特定できません",
    ),
    "key-too-short": ("the key has only {bits} bits", "鍵が{bits}ビットしかありません"),
    "value-differs": (
        "the signature value is not by the key of the certificate, or what it signs (SignedInfo, signed attributes) was changed",
        "署名値が証明書の鍵と一致しないか、署名された情報(SignedInfo、署名属性)が変更されています",
    ),
    "cms-malformed": ("the signature (CMS) is malformed: {detail}", "署名(CMS)の形式が正しくありません: {detail}"),
    "cms-not-der": (
        "the signature (CMS) is not in DER, so that programs may read it differently: {detail}",
        "署名(CMS)がDERで符号化されておらず、ソフトにより解釈が異なるおそれがあります: {detail}",
    ),
    "cms-too-large": ("the signature (CMS) is larger than {limit} bytes", "署名(CMS)が{limit}バイトを超えています"),
    "cms-trailing-bytes": (
        "something other than zero bytes follows the signature (CMS)",
        "署名(CMS)の後ろに、ゼロ以外のバイトがあります",
    ),
    "cms-not-signed-data": ("the signature is no CMS SignedData", "署名がCMSのSignedDataではありません"),
    "cms-version": (
        "a version number in the signature (CMS) is not the one that its structure calls for",
        "署名(CMS)のバージョン番号が構造と合っていません",
    ),
    "cms-signers": (
        "the signature (CMS) has {count} signers where exactly one is allowed",
        "署名(CMS)の署名者が{count}人です。ちょうど1人でなければなりません",
    ),
    "cms-encapsulated-content": (
        "the signature (CMS) carries content of its own, so it is not about the document",
        "署名(CMS)が別の内容を内蔵しており、文書に対する署名になっていません",
    ),
    "cms-content-type": (
        "the content type in the signature (CMS) is not id-data",
        "署名(CMS)のcontent-typeがid-dataではありません",
    ),
    "cms-certificate-kind": (
        "the signature (CMS) carries a certificate of a kind that is not handled",
        "署名(CMS)に、対応していない種類の証明書が含まれています",
    ),
    "cms-no-signed-attributes": ("the signature (CMS) has no signed attributes", "署名(CMS)に署名属性がありません"),
    "cms-attribute-missing": (
        "the signed attribute {attribute} is missing in the signature (CMS)",
        "署名(CMS)に署名属性{attribute}がありません",
    ),
    "cms-attribute-not-single": (
        "the attribute {attribute} of the signature (CMS) does not have exactly one value",
        "署名(CMS)の属性{attribute}の値がちょうど1つではありません",
    ),
    "cms-digest-algorithms": (
        "the signature (CMS) does not announce the digest algorithm that its signer uses",
        "署名者が使うダイジェストアルゴリズムが、署名(CMS)のdigestAlgorithmsにありません",
    ),
    "cms-algorithms-differ": (
        "the algorithms named in the signature (CMS) contradict each other",
        "署名(CMS)に書かれたアルゴリズムが互いに矛盾しています",
    ),
    "cms-rsa-pss": (
        "the signature uses RSA-PSS, which is not handled",
        "RSA-PSSによる署名には対応していません",
    ),
    "signing-certificate-differs": (
        "the signed attribute signing-certificate names another certificate than the signer's",
        "署名属性signing-certificateが、署名者の証明書とは別の証明書を指しています",
    ),
    "too-many-timestamps": (
        "more than {limit} timestamps in one signature",
        "1つの署名にタイムスタンプが{limit}個を超えています",
    ),
    "timestamp-malformed": (
        "the timestamp's content (TSTInfo) is malformed: {detail}",
        "タイムスタンプの内容(TSTInfo)の形式が正しくありません: {detail}",
    ),
    "timestamp-altered": (
        "the timestamp was altered: its signature fits neither its content nor its certificate",
        "タイムスタンプが改変されています。署名が内容または証明書と一致しません",
    ),
    "timestamp-of-something-else": (
        "the timestamp is about something else than this, or this was changed after it",
        "タイムスタンプが別のものに対するものか、その後に内容が変更されています",
    ),
    "timestamp-hash-weak": (
        "the timestamp is over a hash by {hash}, which is no longer secure",
        "タイムスタンプの対象が、安全でない{hash}によるハッシュ値です",
    ),
    "timestamp-extension": (
        "the timestamp has a critical extension that is not understood: {oid}",
        "タイムスタンプに、解釈できないクリティカル拡張があります: {oid}",
    ),
    "timestamp-purpose": (
        "the certificate of the timestamp is not one for timestamps alone (extended key usage)",
        "タイムスタンプの証明書が、タイムスタンプ専用のもの(拡張鍵用途)ではありません",
    ),
    "timestamp-authority-unknown": (
        "the timestamp's certificate does not lead to a CA that is trusted for timestamps; name one with --timestamp-trust",
        "タイムスタンプの証明書から、時刻について信頼する認証局までたどれません。--timestamp-trustで指定してください",
    ),
    "timestamp-authority-period": (
        "the timestamp is not from the time for which its authority's certificates are valid",
        "タイムスタンプの時刻が、時刻認証局の証明書の有効期間外です",
    ),
    "timestamp-authority-not-checked": (
        "whether the certificate of the timestamp's authority has been revoked was not checked ({why})",
        "時刻認証局の証明書の失効は確認していません({why})",
    ),
    "timestamp-authority-revoked": (
        "a certificate of the timestamp's authority was revoked on {revoked_at}: {crl_reason}",
        "時刻認証局の証明書は{revoked_at}に失効しています: {crl_reason}",
    ),
    "timestamp-authority-expired": (
        "a certificate of the timestamp's authority expired on {until}, and no later timestamp proves that this one is older",
        "時刻認証局の証明書は{until}に有効期限が切れており、それより前のものであることを示す後のタイムスタンプがありません",
    ),
    "unexpected": (
        "the document caused an unexpected error ({error}) and is treated as invalid",
        "検証中に想定外のエラー({error})が起きたため不正として扱います",
    ),
    "no-procedure": (
        "there is no procedure element such as RKO0010 in DATA",
        "DATAの中に手続要素(RKO0010など)がありません",
    ),
    "beside-procedure": (
        "{target} stands beside the procedure element, where only signatures may",
        "手続要素の隣に署名以外の要素{target}があります",
    ),
    "no-id": ("{target} has no id, so it cannot be referred to", "{target}にidがなく、参照できません"),
    "id-not-a-name": (
        "the id of {target} is no XML name, so it cannot be referred to",
        "{target}のidがXMLの名前として正しくないため、参照できません",
    ),
    "no-such-id": ("no element has the Id “{target}”", "Id「{target}」の要素がありません"),
    "no-attachments": (
        "there is no attachment (SOZ…) to sign under TENPU",
        "TENPUに署名対象の添付書類(SOZ…)がありません",
    ),
    "return-not-signed": (
        "only attachments are signed, the return itself is not",
        "添付書類だけが署名され、申告書本体に署名がありません",
    ),
    "signature-not-last": (
        "the signature does not stand last in its element, or not alone",
        "署名が要素の末尾にないか、複数あります",
    ),
    "signature-misplaced": (
        "the signature stands where the form has no place for it",
        "様式上、署名を置けない位置にあります",
    ),
    "wrong-element-signed": (
        "the signature covers something other than {expected}, where this form demands exactly that",
        "署名の対象が、この様式で求められる{expected}ではありません",
    ),
    "not-a-certificate": ("{root} is no TEG form", "{root}はTEG様式ではありません"),
    "curve-refused": ("keys on the curve {curve} are refused", "曲線{curve}の鍵は認めていません"),
    "ca-key-weak": ("the key of a CA certificate is too weak ({key})", "認証局の証明書の鍵が弱すぎます({key})"),
    "certificate-hash-weak": (
        "a certificate in the chain is signed with {hash}",
        "証明書が安全でない{hash}で署名されています",
    ),
    "ca-revoked": (
        "a CA certificate in the chain was revoked on {revoked_at}: {crl_reason}",
        "認証局の証明書が{revoked_at}に失効しています: {crl_reason}",
    ),
    "wrong-format": (
        "this is not the form that was asked for: {profile} was expected, {found} was found",
        "指定された様式ではありません(指定: {profile}、実際: {found})",
    ),
    "certificate-malformed": (
        "the certificate is malformed ({error})",
        "証明書の形式が正しくありません({error})",
    ),
    "wrong-kind": (
        "the certificate is not for signing documents ({kind})",
        "文書の署名に使える証明書ではありません({kind})",
    ),
    "issuer-unknown": (
        "the certificate does not lead to a trusted CA; name one with --trust, or see `jitsuin trust list`",
        "信頼する認証局までたどれません。--trustで指定するか、`jitsuin trust list`を確認してください",
    ),
    "test-hierarchy": (
        "the certificate is from J-LIS's test hierarchy (O=JPKI-TEST) and signs nothing real; for tests, --accept-test-hierarchy takes it",
        "J-LISの試験用認証局(O=JPKI-TEST)の証明書で、実際の署名には使えません。試験の場合は--accept-test-hierarchyを付けてください",
    ),
    "issuer-denies": (
        "the certificate names a CA that is known here but is not signed by it: it is forged, or was damaged on its way. A card is best taken off the reader, put back and tried again",
        "証明書に記された認証局は既知ですが、その認証局の署名ではありません。偽造か、読み取り時の破損です。カードの場合は置き直して、もう一度やり直してください",
    ),
    "issuer-no-ca": (
        "the certificate, or one above it, is signed with the key of one that is no CA",
        "認証局ではない証明書の鍵で署名されています",
    ),
    "name-constraints": (
        "a CA above the certificate may not issue certificates for its names (name constraints)",
        "上位の認証局は、この名前の証明書を発行できません(名前制約)",
    ),
    "certificate-policies": (
        "a CA above the certificate demands a certificate policy that is not kept down to it",
        "上位の認証局が求める証明書ポリシーが、この証明書まで引き継がれていません",
    ),
    "path-length": (
        "a CA above the certificate may not have so many CAs beneath it (path length)",
        "上位の認証局の下に、許された段数を超えて認証局があります(パス長制約)",
    ),
    "path-refused": (
        "the certificates from the CA down to this one are no valid certification path ({error})",
        "認証局からこの証明書までが、正しい認証パスになっていません({error})",
    ),
    "critical-extension": (
        "a critical extension is not understood: {oid}",
        "解釈できないクリティカル拡張があります: {oid}",
    ),
    "signer-not-yet-valid": ("the certificate is valid only from {since}", "証明書は{since}から有効です"),
    "signer-expired": (
        "the certificate expired on {until}, and nothing proves that the signature is older",
        "証明書は{until}に有効期限が切れており、それより前に署名されたことを示す証拠がありません",
    ),
    "ca-not-yet-valid": ("the CA certificate is valid only from {since}", "認証局の証明書は{since}から有効です"),
    "ca-expired": ("the CA certificate expired on {until}", "認証局の証明書は{until}に期限切れです"),
    "revoked": (
        "the certificate was revoked on {revoked_at}: {crl_reason}",
        "証明書は{revoked_at}に失効しています: {crl_reason}",
    ),
    "on-hold": ("the certificate has been on hold since {revoked_at}", "証明書は{revoked_at}から一時停止中です"),
    "revocation-not-checked": (
        "whether the certificate has been revoked was not checked ({why})",
        "証明書の失効は確認していません({why})",
    ),
}

NOTICES: Mapping[str, tuple[str, str]] = {
    "revocation-not-checked": (
        "revocation was not checked ({why}): ordinary holders cannot ask JPKI; the official client's 有効性確認 can",
        "失効確認はしていません({why})。一般の利用者はJPKIへ照会できないため、公式クライアントの「有効性確認」をご利用ください",
    ),
    "test-hierarchy": (
        "test hierarchy (O=JPKI-TEST): not a real signature. Anybody can make such a CA, so it proves nothing about who signed",
        "試験用認証局(O=JPKI-TEST)による署名で、実際の署名ではありません。同名の認証局は誰でも作れるため、署名者の証明にはなりません",
    ),
    "certificate-young": (
        "the certificate is less than 24 hours old: online services may not know it yet",
        "証明書の発行から24時間以内です。オンラインサービスにまだ反映されていないことがあります",
    ),
    "renewal-window": (
        "the certificate expires on {until}; it can be renewed now",
        "証明書は{until}に期限を迎えます。更新手続きができます",
    ),
    "expires-before-filing": (
        "the certificate expires on {until}, before the filing date {filing_date} is over: file earlier, or renew it and sign again",
        "証明書は{until}に期限を迎え、提出日({filing_date})には無効になります。早めに提出するか、更新後に署名し直してください",
    ),
    "filing-date-past": (
        "the filing date {filing_date} is past; today is {today} in Japan",
        "提出日({filing_date})は過去の日付です(日本の今日は{today})",
    ),
    "characters-substituted": (
        "a character of the name or address is written differently in the certificate than on the register",
        "氏名または住所の一部の文字が、証明書では代替文字になっています",
    ),
    "normalized": (
        "the document was rewritten before signing (--normalize), because strict reading could not take it as it was: {reason}",
        "厳密に読み取れない文書だったため、署名の前に書き直しました(--normalize): {reason}",
    ),
    "timestamp-missing": (
        "there is no timestamp, so this is {profile} and not what was asked for: {error}",
        "タイムスタンプがないため、指定の様式ではなく{profile}です: {error}",
    ),
    "timestamp-not-vouched-for": (
        "nothing was named that vouches for the time-stamping authority (--timestamp-trust); the receiver has to trust it",
        "時刻認証局を信頼する根拠(--timestamp-trust)が指定されていません。受付側が信頼するかどうかによります",
    ),
    "signed-before": (
        "this document had been signed with the same certificate before",
        "この文書は、同じ証明書で既に署名されていました",
    ),
    "earlier-signature-form": (
        "the signature {place}, which was there before, is sound, but not in the form of {profile}: {rule}",
        "以前からある署名{place}は正しいものの、{profile}の様式に合っていません: {rule}",
    ),
    "earlier-signature-fails": (
        "the signature {place}, which was there before, does not verify: {reason}",
        "以前からある署名{place}は検証に失敗しています: {reason}",
    ),
}

REVOCATION_WORDS: Mapping[str, tuple[str, str]] = {
    "unspecified": ("no reason given", "理由の記載なし"),
    "keyCompromise": ("the key was reported as compromised", "鍵の危殆化の届出"),
    "cACompromise": ("the CA's key was compromised", "認証局の鍵の危殆化"),
    "affiliationChanged": ("the holder moved or changed name", "住所・氏名などの変更"),
    "superseded": ("renewed or reissued", "更新または再発行"),
    "cessationOfOperation": ("at the holder's request, or no longer needed", "本人の申請など利用の終了"),
    "privilegeWithdrawn": ("a privilege was withdrawn", "権限の取り消し"),
    "aACompromise": ("the attribute authority's key was compromised", "属性認証局の鍵の危殆化"),
    "removeFromCRL": ("taken off the list again", "失効リストからの削除"),
    "certificateHold": ("on hold: card reported lost or stolen", "紛失・盗難の届出による一時停止"),
    "no-evidence": ("there is no CRL and no responder that covers it", "対象のCRLもOCSPレスポンダーもない"),
    "stale": ("the CRL is out of date", "CRLの有効期間が過ぎている"),
    "some-reasons": (
        "the CRL lists revocations for some reasons only, and the certificate is not on it",
        "一部の失効事由だけを対象とするCRLであり、記載はない",
    ),
    "after-expiry": (
        "the CRL is from after the certificate's expiry and need not list it any more",
        "CRLが証明書の有効期限より後に発行されている",
    ),
    "indirect": (
        "the CRL is an indirect one, for several issuers (--allow-indirect-crl)",
        "間接CRLのため対象外(--allow-indirect-crl)",
    ),
    "indirect-issuer": (
        "who signed the indirect CRL does not lead to the same anchor, or may itself be revoked",
        "間接CRLの発行者を同じ信頼の起点まで確認できない",
    ),
    "off": ("switched off", "確認しない設定"),
    "offline": ("it would have to be fetched (--offline)", "取得が必要(--offline)"),
    "no-crl": ("what was fetched is no CRL", "取得したものがCRLではない"),
    "source-failed": ("a source of evidence failed", "失効情報の提供元でエラーが発生"),
    "fetch-scheme": ("its address cannot be used", "URLを使用できない"),
    "fetch-private": (
        "its address is not public (--allow-private-network)",
        "公開されていないアドレス(--allow-private-network)",
    ),
    "fetch-unreachable": ("its address cannot be reached", "接続できない"),
    "fetch-timeout": ("its server did not answer in time", "サーバーが時間内に応答しない"),
    "fetch-too-large": ("its server sent too much", "サーバーの応答が大きすぎる"),
    "fetch-status": ("its server refused", "サーバーが拒否"),
    "fetch-redirects": ("its server sends elsewhere, again and again", "転送が多すぎる"),
    "fetch-encoding": ("its server compressed what was not to be", "サーバーの応答の形式が不正"),
    "ocsp-try-later": ("the responder asks to try later", "OCSPレスポンダーが後で再試行するよう応答"),
    "ocsp-unauthorized": ("the responder does not answer us", "OCSPレスポンダーが応答を許可していない"),
    "ocsp-error": ("the responder reports an error", "OCSPレスポンダーのエラー"),
    "ocsp-garbage": ("what came is no OCSP response", "OCSP応答として読めない"),
    "ocsp-other-certificate": ("the response is about another certificate", "別の証明書についてのOCSP応答"),
    "ocsp-nonce": ("the response is to another request", "別の要求に対するOCSP応答"),
    "ocsp-future": ("the response is from the future", "OCSP応答の時刻が未来"),
    "ocsp-stale": ("the response is out of date", "OCSP応答の有効期間が過ぎている"),
    "ocsp-unknown": ("the responder does not know it", "OCSPレスポンダーが把握していない"),
    "ocsp-weak": ("the response is signed with a weak hash", "OCSP応答の署名が脆弱"),
    "ocsp-signer": ("the response is not signed by the CA or its responder", "OCSP応答の署名者が不正"),
    "ocsp-signer-expired": ("the responder's certificate had expired", "OCSPレスポンダーの証明書が期限切れ"),
    "ocsp-signer-unchecked": (
        "the responder's certificate would have to be checked, too",
        "OCSPレスポンダーの証明書の失効を確認できない",
    ),
    "no-chain": ("its issuer is unknown", "発行者が不明"),
}
