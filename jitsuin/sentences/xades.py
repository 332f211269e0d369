"""What is told about XAdES: properties that a signature signs of itself, and the forms that ask for them."""

from __future__ import annotations

from collections.abc import Mapping

VERDICTS: Mapping[str, tuple[str, str]] = {
    "properties-of-another": (
        "the properties (XAdES) in this signature say that they are another's: {place}",
        "署名内のプロパティ(XAdES)が、この署名のものではないとされています: {place}",
    ),
    "nothing-signed": (
        "the signature signs nothing but its own properties (XAdES), and so no document",
        "署名対象が署名自身のプロパティ(XAdES)だけで、文書には署名されていません",
    ),
    "signed-properties-not-covered": (
        "the properties (XAdES) that should be signed are not what the signature signs: they were added, moved or taken away",
        "署名対象のはずのプロパティ(XAdES)が、実際には署名されていません。追加、移動または除去されたものです",
    ),
    "time-malformed": ("not a date and time: {place}", "日時として読めません: {place}"),
}

# What a destination asks of a signature, by the rule that was broken.
FORM_RULES: Mapping[str, tuple[str, str]] = {
    "signed-properties": ("it signs no properties (XAdES)", "署名対象のプロパティ(XAdES)がありません"),
    "claimed-time": (
        "the time of signing (SigningTime), with its time zone, is missing",
        "署名日時(SigningTime、時差付き)がありません",
    ),
    "signing-certificate-v2": (
        "it must name its certificate by SigningCertificateV2, and by that alone, without URI",
        "署名者の証明書はSigningCertificateV2だけで、URIなしで示す必要があります",
    ),
    "superseded-property": (
        "SignerRole and SignatureProductionPlace must not be there, newer properties take their place",
        "SignerRoleまたはSignatureProductionPlaceがあります(新しいプロパティで代えるべきもの)",
    ),
    "one-timestamp-each": (
        "each SignatureTimeStamp must have one timestamp",
        "1つのSignatureTimeStampに複数のタイムスタンプがあります",
    ),
    "data-object-format": (
        "the type (DataObjectFormat with MimeType) of something that it covers is missing",
        "署名対象の種類(DataObjectFormatのMimeType)が示されていません",
    ),
}

ERRORS: Mapping[str, tuple[str, str]] = {
    "ProfileMismatchError.no-place-for-timestamp": (
        "the profile {profile} has no place for a timestamp (--timestamp-url); {other} has: --profile {other}",
        "プロファイル{profile}にはタイムスタンプ(--timestamp-url)を付けられません。付けるには--profile {other}を指定してください",
    ),
}
