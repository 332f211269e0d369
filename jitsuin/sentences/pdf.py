"""What only PDFs are told: defects, verdicts, changes after signing, and the forms of destinations."""

from __future__ import annotations

from collections.abc import Mapping

# Verdicts: what was found out about a document.
VERDICTS: Mapping[str, tuple[str, str]] = {
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
    "no-timestamp": (
        "there must be a sound timestamp over the signature",
        "署名に対する正しいタイムスタンプがありません",
    ),
    "no-validation-data": (
        "evidence for checking it later (DSS) must have been added",
        "後日の検証に必要な情報(DSS)が追加されていません",
    ),
    "no-archive-timestamp": (
        "the last addition must be a timestamp over the document",
        "最後に文書全体へのタイムスタンプが追加されていません",
    ),
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

# Errors: why a document was not signed.
ERRORS: Mapping[str, tuple[str, str]] = {
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
}
