"""The sentences themselves, English and Japanese side by side. Data only; `messages` chooses and fills in.

Keys are a reason code, the name of an error class, or both joined by a dot, the most particular first.
"""

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
    "pdf-header-missing": (
        "there is no PDF header: this is not a PDF, or its beginning is lost",
        "PDFのヘッダーがありません。PDFではないか、先頭が失われています",
    ),
    "pdf-bytes-before-header": (
        "{count} bytes stand before the PDF header",
        "PDFヘッダーの前に余分な{count}バイトがあります",
    ),
    "pdf-end-missing": (
        "the end marker (%%EOF) is missing: the file of {size} bytes seems to be cut off",
        "終端の目印(%%EOF)がありません。ファイル({size}バイト)が途中で切れているようです",
    ),
    "pdf-startxref-missing": ("startxref is missing at the end", "末尾にstartxrefがありません"),
    "pdf-startxref-malformed": (
        "startxref at byte {offset} is malformed, or no end marker (%%EOF) follows it",
        "{offset}バイト目のstartxrefが正しくないか、直後に終端の目印(%%EOF)がありません",
    ),
    "pdf-startxref-wrong": (
        "there is no cross-reference section at byte {offset}, where startxref or /Prev says it is",
        "startxrefまたは/Prevの示す{offset}バイト目に相互参照がありません",
    ),
    "pdf-startxref-loop": (
        "the cross-reference sections lead round in a circle at byte {offset}",
        "相互参照が{offset}バイト目で循環しています",
    ),
    "pdf-xref-entry": (
        "the cross-reference table is malformed at byte {offset}",
        "相互参照表の{offset}バイト目の形式が正しくありません",
    ),
    "pdf-xref-duplicate": (
        "one cross-reference section has two entries for object {object}",
        "1つの相互参照の中に、オブジェクト{object}の項目が重複しています",
    ),
    "pdf-xref-stream": (
        "the cross-reference stream (object {object}, byte {offset}) is malformed",
        "相互参照ストリーム(オブジェクト{object}、{offset}バイト目)の形式が正しくありません",
    ),
    "pdf-xref-size": (
        "the cross-reference table goes up to object {object}, but the trailer says /Size {size}",
        "相互参照表にはオブジェクト{object}までありますが、トレーラーの/Sizeは{size}です",
    ),
    "pdf-xref-shrinks": (
        "a later revision declares fewer objects (/Size {size}) than an earlier one ({before})",
        "後の改訂の/Size({size})が、前の改訂({before})より小さくなっています",
    ),
    "pdf-xref-hybrid": (
        "a hybrid cross-reference section (/XRefStm, byte {offset}): old and new readers see different documents",
        "ハイブリッド相互参照(/XRefStm、{offset}バイト目)です。新旧のソフトで内容が異なることがあります",
    ),
    "pdf-xref-stream-replaced": (
        "a later revision replaces the cross-reference stream (object {object}) of an earlier one",
        "後の改訂が、前の改訂の相互参照ストリーム(オブジェクト{object})を置き換えています",
    ),
    "pdf-object-stream-replaced": (
        "a later revision replaces the object stream {object} of an earlier one",
        "後の改訂が、前の改訂のオブジェクトストリーム{object}を置き換えています",
    ),
    "pdf-generation": (
        "object {object} has the generation number {generation}, which nothing before accounts for",
        "オブジェクト{object}の世代番号{generation}に、対応する解放の記録がありません",
    ),
    "pdf-free-entry": (
        "a later revision lists object {object} as free in a way whose meaning is unclear",
        "後の改訂によるオブジェクト{object}の解放の記録は、意味が定まりません",
    ),
    "pdf-freed-reused": (
        "object {object} was freed, and comes back with the generation number {generation}",
        "解放されたオブジェクト{object}が、世代番号{generation}で再び使われています",
    ),
    "pdf-trailer": (
        "the trailer at byte {offset} is malformed",
        "{offset}バイト目のトレーラーの形式が正しくありません",
    ),
    "pdf-encrypted": (
        "the PDF is encrypted, although it opens without a password",
        "パスワードなしで開けるものの、暗号化されたPDFです",
    ),
    "pdf-password": (
        "the PDF is encrypted and opens only with a password or key",
        "開くのにパスワードまたは鍵が要る、暗号化されたPDFです",
    ),
    "pdf-catalog": (
        "the document catalog is missing or malformed ({detail})",
        "文書カタログがないか、形式が正しくありません({detail})",
    ),
    "pdf-pages": (
        "the page tree is missing or malformed ({detail})",
        "ページツリーがないか、形式が正しくありません({detail})",
    ),
    "pdf-page-tree-loop": (
        "the page tree is circular, or too deep, at object {object}",
        "ページツリーがオブジェクト{object}で循環しているか、深すぎます",
    ),
    "pdf-object-missing": (
        "object {object} {generation}, which is referred to, does not exist",
        "参照されているオブジェクト{object} {generation}がありません",
    ),
    "pdf-object-misplaced": (
        "object {object} {generation} is not at byte {offset}, where the cross-reference table says it is",
        "相互参照表の示す{offset}バイト目に、オブジェクト{object} {generation}がありません",
    ),
    "pdf-object": (
        "object {object} {generation} is malformed ({detail})",
        "オブジェクト{object} {generation}の形式が正しくありません({detail})",
    ),
    "pdf-object-stream": (
        "object {object} is not in the object stream {stream} as the cross-reference section says",
        "オブジェクト{object}が、相互参照の示すとおりにオブジェクトストリーム{stream}に入っていません",
    ),
    "pdf-limit": (
        "larger or deeper than is read for safety: {what}",
        "安全のための上限を超えています: {what}",
    ),
    "pdf-unreadable": ("the PDF cannot be read ({detail})", "PDFを読めません({detail})"),
    "pdf-normalize-signed": (
        "the PDF bears a signature, which rewriting would break; sign it without --normalize",
        "署名のあるPDFを書き直すと署名が壊れます。--normalizeを付けずに署名してください",
    ),
    "pdf-normalize-failed": (
        "the PDF is too damaged to be rewritten ({detail}); print it into a new PDF, or ask its author for another copy",
        "破損のため書き直せません({detail})。新しいPDFとして印刷し直すか、作成元から入手し直してください",
    ),
    "pdf-revisions": (
        "the revisions of the PDF cannot be told apart ({detail})",
        "PDFの改訂の区切りを特定できません({detail})",
    ),
    "pdf-too-many-revisions": ("more than {limit} revisions", "改訂が{limit}回を超えています"),
    "pdf-too-many-changes": (
        "a revision changed more than {limit} objects",
        "1つの改訂で変更されたオブジェクトが{limit}個を超えています",
    ),
    "pdf-fields": (
        "the tree of form fields is malformed ({detail}), so signatures might be overlooked",
        "フォームのフィールド構造が正しくないため({detail})、署名を見落とすおそれがあります",
    ),
    "pdf-entry-missing": ("the signature has no {entry}", "署名に{entry}がありません"),
    "pdf-entry-malformed": ("{entry} is not as a signature needs it", "{entry}が署名の形式に合っていません"),
    "byte-range-malformed": (
        "/ByteRange is not four numbers that begin at 0, ascend and stay within the file",
        "/ByteRangeが、0から始まりファイル内で昇順に並ぶ4つの整数ではありません",
    ),
    "byte-range-gap": (
        "what /ByteRange leaves out is not exactly the signature itself, so something may be hidden there",
        "/ByteRangeの対象外の部分が署名の値そのものと一致せず、何かが隠されているおそれがあります",
    ),
    "byte-range-not-a-revision": (
        "what the signature covers does not end where the revision ends that it came with",
        "署名の対象の末尾が、署名が加えられた改訂の末尾と一致しません",
    ),
    "signature-not-in-the-open": (
        "the signature stands where no byte range can leave it out (in an object stream, or nowhere)",
        "署名がオブジェクトストリームの中など、/ByteRangeで除外できない場所にあります",
    ),
    "signature-shared": (
        "the field {field} shares its signature with another field",
        "フィールド{field}の署名が、別のフィールドと共有されています",
    ),
    "signature-removed": (
        "revision {revision} removed the signature {field}",
        "改訂{revision}で署名{field}が取り除かれています",
    ),
    "subfilter-refused": (
        "signatures of the kind {subfilter} are not handled",
        "{subfilter}形式の署名には対応していません",
    ),
    "signing-certificate-missing": (
        "the signature does not name its certificate (ESS signing-certificate), as PAdES demands",
        "PAdESで必須の署名属性signing-certificateがありません",
    ),
    "timestamp-not-checked": (
        "{field} is a document timestamp; these are not checked in this version",
        "{field}は文書タイムスタンプです。このバージョンでは検証していません",
    ),
    "certification-malformed": (
        "the document says to be certified (DocMDP), but not by a signature in it as the standard has it",
        "文書が証明(DocMDP)付きとされていますが、証明する署名が規格どおりに含まれていません",
    ),
    "not-the-form": (
        "the signature is sound, but not in the form of {profile}: {rule}",
        "署名は正しいものの、{profile}の様式に合っていません: {rule}",
    ),
    "changed-after-signing": (
        "it was changed after signing in a way that is not permitted: {change}",
        "署名後に、認められない変更が加えられています: {change}",
    ),
    "revocation-not-checked": (
        "whether the certificate has been revoked was not checked ({why})",
        "証明書の失効は確認していません({why})",
    ),
}

_REWRITE = (
    "--normalize rewrites it before signing; `qpdf in.pdf out.pdf` does so by itself",
    "--normalizeを付けると書き直してから署名します。書き直すだけなら`qpdf in.pdf out.pdf`でもできます",
)

# Remedies: what to do where a document is refused for this reason.
REMEDIES: Mapping[str, tuple[str, str]] = dict.fromkeys(
    (
        "pdf-bytes-before-header",
        "pdf-startxref-missing",
        "pdf-startxref-malformed",
        "pdf-startxref-wrong",
        "pdf-startxref-loop",
        "pdf-xref-entry",
        "pdf-xref-duplicate",
        "pdf-xref-stream",
        "pdf-xref-size",
        "pdf-xref-shrinks",
        "pdf-xref-hybrid",
        "pdf-xref-stream-replaced",
        "pdf-object-stream-replaced",
        "pdf-generation",
        "pdf-free-entry",
        "pdf-freed-reused",
        "pdf-trailer",
        "pdf-catalog",
        "pdf-pages",
        "pdf-page-tree-loop",
        "pdf-object-missing",
        "pdf-object-misplaced",
        "pdf-object",
        "pdf-object-stream",
        "pdf-revisions",
        "pdf-unreadable",
    ),
    _REWRITE,
) | {
    "pdf-end-missing": (
        "Fetch it again, whole; nobody knows what is lost, so --normalize does not rewrite it",
        "完全なファイルを入手し直してください。失われた内容を確かめられないため、--normalizeでも書き直せません",
    ),
    "pdf-encrypted": (
        "Remove the protection first, with the consent of its author (`qpdf --decrypt in.pdf out.pdf`)",
        "作成者の了解を得て保護を解除してから署名してください(`qpdf --decrypt in.pdf out.pdf`)",
    ),
    "pdf-password": (
        "Remove the protection first, with the consent of its author",
        "作成者の了解を得て保護を解除してから署名してください",
    ),
}

# Changes: what was done to a document after a signature was made.
CHANGES: Mapping[str, tuple[str, str]] = {
    "signature-added": (
        "revision {revision}: signature {field} was added",
        "改訂{revision}: 署名{field}が追加されました",
    ),
    "timestamp-added": (
        "revision {revision}: document timestamp {field} was added",
        "改訂{revision}: 文書タイムスタンプ{field}が追加されました",
    ),
    "signature-field-added": (
        "revision {revision}: the empty signature field {field} was added",
        "改訂{revision}: 空の署名欄{field}が追加されました",
    ),
    "appearance-added": (
        "revision {revision}: the signature {field} shows an image on its page",
        "改訂{revision}: 署名{field}の表示がページに追加されました",
    ),
    "validation-data-added": (
        "revision {revision}: certificates or revocation data were added (DSS)",
        "改訂{revision}: 証明書または失効情報(DSS)が追加されました",
    ),
    "information-updated": (
        "revision {revision}: object {object}, the date of change or the name of the program in the document information, was updated",
        "改訂{revision}: オブジェクト{object}(文書情報の更新日時またはソフト名)が更新されました",
    ),
    "object-extended": (
        "revision {revision}: object {object} refers to what was added",
        "改訂{revision}: オブジェクト{object}に、追加されたものへの参照が加わりました",
    ),
    "object-rewritten": (
        "revision {revision}: object {object} was written again with the same value",
        "改訂{revision}: オブジェクト{object}が同じ値で書き直されました",
    ),
    "object-freed": (
        "revision {revision}: object {object} was deleted",
        "改訂{revision}: オブジェクト{object}が削除されました",
    ),
    "object-changed": (
        "revision {revision}: object {object} was changed",
        "改訂{revision}: オブジェクト{object}が変更されました",
    ),
    "object-added": (
        "revision {revision}: object {object} was added without belonging to a signature",
        "改訂{revision}: 署名に属さないオブジェクト{object}が追加されました",
    ),
    "object-elsewhere": (
        "revision {revision}: object {object} stands outside the revision that defines it",
        "改訂{revision}: オブジェクト{object}が、その改訂の範囲外に置かれています",
    ),
    "reference-filled": (
        "revision {revision}: object {object}, which the document referred to before there was one, was put in",
        "改訂{revision}: 以前から参照だけがあったオブジェクト{object}が、後から加えられました",
    ),
    "hidden-bytes": (
        "revision {revision}: there are bytes that belong to no object, at offset {offset}",
        "改訂{revision}: どのオブジェクトにも属さないバイト列があります(位置{offset})",
    ),
    "bytes-appended": (
        "bytes follow the end of the last revision, at offset {offset}",
        "最後の改訂の後ろにバイト列が追加されています(位置{offset})",
    ),
    "revision-without-purpose": (
        "revision {revision}: neither a signature nor what is needed to check one was added",
        "改訂{revision}: 署名でもその検証用データでもない改訂です",
    ),
    "trailer-changed": (
        "revision {revision}: {key} of the trailer was changed",
        "改訂{revision}: トレーラーの{key}が変更されました",
    ),
    "catalog-changed": (
        "revision {revision}: {key} of the catalog was changed",
        "改訂{revision}: カタログの{key}が変更されました",
    ),
    "form-changed": (
        "revision {revision}: {key} of the form was changed",
        "改訂{revision}: フォームの{key}が変更されました",
    ),
    "field-changed": (
        "revision {revision}: {key} of the field {field} was changed (object {object})",
        "改訂{revision}: フィールド{field}の{key}が変更されました(オブジェクト{object})",
    ),
    "field-added": (
        "revision {revision}: the field {field} was added, which is no plain signature field (object {object})",
        "改訂{revision}: 通常の署名欄ではないフィールド{field}が追加されました(オブジェクト{object})",
    ),
    "page-changed": (
        "revision {revision}: {key} of a page was changed (object {object})",
        "改訂{revision}: ページの{key}が変更されました(オブジェクト{object})",
    ),
    "annotations-changed": (
        "revision {revision}: annotations were added or changed (object {object})",
        "改訂{revision}: 注釈が追加または変更されました(オブジェクト{object})",
    ),
    "information-changed": (
        "revision {revision}: {key} of the document information was changed (object {object})",
        "改訂{revision}: 文書情報の{key}が変更されました(オブジェクト{object})",
    ),
    "validation-data-changed": (
        "revision {revision}: the validation data (DSS) was changed in another way than by adding to it",
        "改訂{revision}: 検証用データ(DSS)に、追加以外の変更があります",
    ),
}

NOTICES: Mapping[str, tuple[str, str]] = {
    "revocation-not-checked": (
        "revocation was not checked ({why}): ordinary holders cannot ask JPKI; the official client's 有効性確認 can",
        "失効確認はしていません({why})。一般の利用者はJPKIへ照会できないため、公式クライアントの「有効性確認」をご利用ください",
    ),
    "certificate-young": (
        "the certificate is less than 24 hours old: online services may not know it yet",
        "証明書の発行から24時間以内です。オンラインサービスにまだ反映されていないことがあります",
    ),
    "renewal-window": (
        "the certificate expires on {until}; it can be renewed now",
        "証明書は{until}に期限を迎えます。更新手続きができます",
    ),
    "characters-substituted": (
        "a character of the name or address is written differently in the certificate than on the register",
        "氏名または住所の一部の文字が、証明書では代替文字になっています",
    ),
    "normalized": (
        "the document was rewritten before signing (--normalize), because strict reading could not take it as it was: {reason}",
        "厳密に読み取れない文書だったため、署名の前に書き直しました(--normalize): {reason}",
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

ERRORS: Mapping[str, tuple[str, str]] = {
    "InputError.absent": ("{path}: no such file", "{path}: ファイルがありません"),
    "InputError.not-a-file": ("{path}: not a regular file", "{path}: 通常のファイルではありません"),
    "InputError.name-twice": (
        "{path}: another file of this name is given; references know files by name only",
        "{path}: 同じ名前のファイルが重複しています。参照はファイル名だけで区別されます",
    ),
    "InputError.too-large": ("{path}: larger than 512 MiB", "{path}: 512 MiBを超えています"),
    "InputError": ("{path}: cannot be read: {detail}", "{path}: 読めません: {detail}"),
    "UnknownFormatError": (
        "no known format; `jitsuin profiles` lists what can be signed",
        "対応していない形式です。`jitsuin profiles`で対応形式を確認してください",
    ),
    "UnknownNameError": (
        "there is no {what} “{name}”; known: {known}",
        "{what}「{name}」はありません。使えるもの: {known}",
    ),
    "ProfileMismatchError": (
        "the profile {profile} does not go with {found}",
        "プロファイル{profile}と{found}は組み合わせられません",
    ),
    "OutputError.exists": (
        "{path} exists; --overwrite replaces it",
        "{path}は既にあります。置き換えるには--overwriteを付けてください",
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
    "TrustFileError.unreadable": ("{path}: cannot be read ({detail})", "{path}: 読めません({detail})"),
    "TrustFileError.not-a-ca": (
        "{path}: not a certificate of a CA, so it cannot be an anchor",
        "{path}: 認証局の証明書ではないため、信頼の起点にできません",
    ),
    "TrustFileError.no-crl": ("{path}: not a CRL", "{path}: CRLではありません"),
    "TrustFileError.not-pinned": (
        "{path}: not one of the known CA certificates; --force accepts it on your own authority",
        "{path}: 既知の認証局証明書ではありません。自分の責任で受け入れるには--forceを付けてください",
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
    "TargetNotFoundError.pdf-field-ambiguous": (
        "there are several empty signature fields: {fields}; choose one (--field NAME)",
        "未署名の署名欄が複数あります: {fields}。--fieldで1つを指定してください",
    ),
    "TargetNotFoundError.pdf-field-spec": (
        "{target} is no place for a signature; write PAGE/X1,Y1,X2,Y2/NAME in whole numbers, pages from 1 "
        "(from the end: -1), such as 1/60,60,240,120/Seal",
        "署名欄の指定{target}を解釈できません。ページ/X1,Y1,X2,Y2/名前の形で、1/60,60,240,120/Sealのように"
        "整数で指定してください(ページは1から、末尾からは-1)",
    ),
    "TargetNotFoundError.pdf-field-name": (
        "“{target}” cannot be the name of a new signature field; choose one of printable characters, without full stop and slash",
        "「{target}」は新しい署名欄の名前にできません。ピリオド、スラッシュ、制御文字を含まない名前を指定してください",
    ),
    "TargetNotFoundError.pdf-field-absent": (
        "there is no signature field “{target}”; empty ones are: {fields}. "
        "Choose one of them, or make a new one (--field PAGE/X1,Y1,X2,Y2/NAME)",
        "署名欄「{target}」はありません。未署名の署名欄: {fields}。"
        "このいずれかを指定するか、署名欄を新設してください(--field ページ/X1,Y1,X2,Y2/名前)",
    ),
    "TargetNotFoundError.pdf-field-outside": (
        "the new field {target} would lie outside its page; left, bottom, right and top of the page are {area} (points)",
        "署名欄{target}の位置がページの外です。ページの範囲(左、下、右、上)は{area}です(単位はポイント)",
    ),
    "TargetNotFoundError.pdf-field-kind": (
        "{target} is a field of the form, but not for signatures; choose another name (--field)",
        "{target}は署名欄ではありません。--fieldで別の名前を指定してください",
    ),
    "TargetNotFoundError.pdf-field-exists": (
        "there is a signature field {target} already; to fill it give its name alone (--field {target})",
        "署名欄{target}は既にあります。そこに署名するには、名前だけを指定してください(--field {target})",
    ),
    "TargetNotFoundError.pdf-page": (
        "there is no page {target}; the document has {pages}",
        "{target}ページはありません。この文書は全{pages}ページです",
    ),
    "AlreadySignedError.pdf-field-signed": (
        "the signature field {place} is signed already; choose another one (--field)",
        "署名欄{place}は署名済みです。--fieldで別の署名欄を指定してください",
    ),
    "UnsupportedDocumentError.pdf-certified-no-changes": (
        "the document's author certified it against every change: a further signature would break that; "
        "ask the author for a copy that permits signatures",
        "作成者が一切の変更を禁止して証明した文書です。署名を追加すると証明が無効になります。"
        "署名を許可した文書を作成者に依頼してください",
    ),
    "UnsupportedDocumentError.pdf-certified-no-new-field": (
        "the document is certified: a new visible field ({field}) would break that; "
        "sign invisibly, or in a field that is there (--field NAME)",
        "証明済みの文書のため、見える署名欄({field})を新設すると証明が無効になります。"
        "見えない署名にするか、既存の署名欄を--fieldで指定してください",
    ),
    "UnsupportedDocumentError.pdf-document-locked": (
        "the signature in {place} locked the document against every change: a further signature would break it; "
        "ask for a copy without that lock",
        "{place}の署名が文書全体をロックしています。署名を追加するとその署名が無効になります。"
        "ロックされていない文書を依頼してください",
    ),
    "UnsupportedDocumentError.pdf-field-locked": (
        "the signature in {place} locked the field {field}: signing there would break it; choose another field (--field)",
        "{place}の署名が署名欄{field}をロックしています。ここに署名するとその署名が無効になります。"
        "--fieldで別の署名欄を指定してください",
    ),
    "UnsupportedDocumentError.pdf-seed-value": (
        "the author of the field {field} requires something of the signature that would not be met ({entry}); "
        "choose another profile, reason or field",
        "署名欄{field}の作成者が求める条件({entry})を満たせません。"
        "別のプロファイル、署名の理由または署名欄を指定してください",
    ),
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
    "KeyUriError.path": ("the key {uri} names no file", "鍵の指定{uri}にファイル名がありません"),
    "KeyUriError.host": (
        "the key {uri} is on another computer; only local files are read",
        "鍵の指定{uri}は別のコンピューターを指しています。読めるのは手元のファイルだけです",
    ),
    "KeyUriError.query": (
        "the key {uri}: only ?card=NAME may follow",
        "鍵の指定{uri}に付けられるのは?card=NAMEだけです",
    ),
    "KeyUriError": ("the key {uri} is not understood ({reason})", "鍵の指定{uri}を解釈できません({reason})"),
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
        "this is not a My Number card (status word {sw})",
        "マイナンバーカードではありません(ステータスワード{sw})",
    ),
    "NoSignatureCertificateError": (
        "the card has no signature certificate; it is issued at the municipal office",
        "カードに署名用電子証明書がありません。市区町村の窓口で発行を受けてください",
    ),
    "StatusWordError": (
        "the card refused {command} (status word {sw})",
        "カードが{command}を拒否しました(ステータスワード{sw})",
    ),
    "CardStateLostError": (
        "the card was reset, or another program used it; this document was not signed. Start again",
        "カードがリセットされたか、他のソフトが使用したため、この文書には署名していません。もう一度やり直してください",
    ),
    "CardDataError": (
        "the card's file {file} is not as it should be: {reason}",
        "カードのファイル{file}が正しくありません: {reason}",
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
    "KeyFileError": ("{path}: {reason}", "{path}: {reason}"),
    "TokenInUseError": (
        "another program holds the card ({token}); close it and try again",
        "他のソフトがカードを使用しています({token})。終了してからやり直してください",
    ),
    "TransportError": (
        "the card does not answer ({token}); put it in again",
        "カードが応答しません({token})。カードを入れ直してください",
    ),
    "PinRuleError.empty": (
        "no password was entered; nothing was sent",
        "パスワードが入力されていません。何も送信していません",
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

# What a destination asks of a signature, by the rule that was broken.
FORM_RULES: Mapping[str, tuple[str, str]] = {
    "subfilter": ("another encoding (/SubFilter) is asked for", "署名の形式(/SubFilter)が異なります"),
    "type": ("/Type must be /Sig", "/Typeが/Sigではありません"),
    "filter": ("/Filter is missing", "/Filterがありません"),
    "name": ("the signer's name (/Name) is missing", "署名者の氏名(/Name)がありません"),
    "time": (
        "the time of signing (/M) is missing, or lacks the offset of its time zone",
        "署名日時(/M)がないか、時差の表記がありません",
    ),
    "algorithm": ("it must be RSA with SHA-256", "RSAとSHA-256による署名ではありません"),
    "timestamp": ("there must be no timestamp", "タイムスタンプが付いています"),
    "revision": ("each signature must have a revision of its own", "署名ごとに改訂が分かれていません"),
    "update": (
        "nothing but further signatures may follow a signature",
        "署名の後に、署名以外の更新があります",
    ),
    "certificate-entry": ("/Cert must not be there", "/Certがあります"),
    "signing-time": (
        "the signed attribute signing-time must not be there, /M takes its place",
        "署名属性signing-timeがあります(/Mで代えるべきもの)",
    ),
    "signing-certificate": (
        "the signed attribute signing-certificate-v2 is missing",
        "署名属性signing-certificate-v2がありません",
    ),
}

REVOCATION_WORDS: Mapping[str, tuple[str, str]] = {
    "unspecified": ("no reason given", "理由の記載なし"),
    "keyCompromise": ("the key was reported as compromised", "鍵の危殆化の届出"),
    "cACompromise": ("the CA's key was compromised", "認証局の鍵の危殆化"),
    "affiliationChanged": ("the holder moved or changed name", "住所・氏名などの変更"),
    "superseded": ("renewed or reissued", "更新または再発行"),
    "cessationOfOperation": ("at the holder's request, or no longer needed", "本人の申請など利用の終了"),
    "certificateHold": ("on hold: card reported lost or stolen", "紛失・盗難の届出による一時停止"),
    "no-evidence": ("no CRL that covers it was given", "対象のCRLが指定されていない"),
    "stale": ("the CRL is out of date", "CRLの有効期間が過ぎている"),
    "after-expiry": (
        "the CRL is from after the certificate's expiry and need not list it any more",
        "CRLが証明書の有効期限より後に発行されている",
    ),
    "off": ("switched off", "確認しない設定"),
    "no-chain": ("its issuer is unknown", "発行者が不明"),
}
