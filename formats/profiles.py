"""Destination profiles: what each receiver is known, or believed, to take. Data only; nothing here computes.

A profile states how sure we are. Acceptance by a receiver is never claimed (docs/reference of each fact: README,
"How sure we are").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


class Confidence(StrEnum):
    """How sure we are that a receiver takes what the profile writes."""

    STANDARD = "standard"
    """Follows a published standard; the receiver is whoever implements it."""
    PUBLISHED = "published"
    """The authority publishes what the form must be; we have filed none."""
    SEEN_IN_FILES = "seen in files"
    """The shape was seen in files that the authority published; we have filed none."""
    EXPERIMENTAL = "experimental"
    """Inferred from published schemas; nothing public states it."""


class SubFilter(StrEnum):
    """How the signature of a PDF is encoded (ISO 32000-2, table 255; EN 319 142-1, clause 6.3)."""

    CADES = "ETSI.CAdES.detached"
    PKCS7 = "adbe.pkcs7.detached"


class Chain(StrEnum):
    """Which certificates a signature carries."""

    FULL = "full"
    LEAF = "leaf"


@dataclass(frozen=True)
class Profile:
    """One destination. The command line narrows it with `dataclasses.replace`."""

    name: str
    format: str
    """Name of the adapter that writes it."""
    confidence: Confidence
    title: Mapping[str, str]
    """What it is for, by language (`en`, `ja`)."""
    status: Mapping[str, str]
    """How sure we are, in a few words, by language; shown whenever the profile is used."""
    note: Mapping[str, str]
    """The same at length."""
    chain: Chain
    prefix: str | None = None
    """XML: namespace prefix of the Signature element; None declares the default namespace."""
    subfilter: SubFilter | None = None
    """PDF: the encoding of the signature; None for other formats."""
    signer_name: bool = False
    """PDF: state the holder's name in the signature dictionary (/Name), as the certificate has it."""
    schemes: tuple[str, ...] = ()
    """The signature schemes that the destination is known to take; empty is any."""
    timestamp_over: str | None = None
    """The signature carries a timestamp; without it, the form is that of the profile of this name."""
    xades: bool = False
    """XML: the signature signs properties of itself, such as its certificate and the time."""
    validation_data: bool = False
    """PDF: a later revision brings the certificates and evidence that it takes to judge the signature (DSS)."""
    archive_timestamp: bool = False
    """PDF: and another one a timestamp over all of it."""
    attachments: bool = False
    """Sign the attachments inside the document first."""
    references: tuple[str, ...] = ()
    """Ids of the elements to sign, where the format leaves the choice; empty is the whole document."""
    files: Mapping[str, bytes] | None = None
    """Further files to cover, by bare file name, where the format allows it."""
    field: str | None = None
    """PDF: the signature field, an existing one's name or `PAGE/X1,Y1,X2,Y2/NAME` for a new one."""
    reason: str | None = None
    """PDF: why it was signed, as the signer says."""
    location: str | None = None
    """PDF: where it was signed, as the signer says."""


ETAX = Profile(
    name="etax",
    format="etax",
    confidence=Confidence.EXPERIMENTAL,
    title={"en": "e-Tax return (.xtx)", "ja": "e-Tax 申告書(.xtx)"},
    status={
        "en": "experimental, not confirmed by NTA",
        "ja": "試験的、国税庁未確認",
    },
    note={
        "en": "experimental, not confirmed by NTA: the place of the signature is in NTA's schema, its references and "
        "algorithms are inferred; the official e-Tax software is not known to accept a return signed elsewhere",
        "ja": "試験的なもので、国税庁の確認は得ていません。"
        "署名の位置は国税庁のスキーマどおりですが、参照先とアルゴリズムは推定です。他のソフトで署名した申告書をe-Taxソフトが受け付けるかどうかは分かっていません",
    },
    chain=Chain.FULL,
    prefix="dsig",
)

CERTIFICATE_XML = Profile(
    name="certificate-xml",
    format="certificate-xml",
    confidence=Confidence.SEEN_IN_FILES,
    title={"en": "issuer-signed certificate (TEG…)", "ja": "控除証明書等(TEG…)"},
    status={
        "en": "as seen in NTA's sample files, not confirmed by a receiver",
        "ja": "国税庁の見本ファイルの形、受付側は未確認",
    },
    note={
        "en": "the shape seen in NTA's published sample files; we have had none accepted by a receiver",
        "ja": "国税庁が公開した見本ファイルの形に合わせています。受付側で受理された実績はありません",
    },
    chain=Chain.LEAF,
    prefix="dsig",
)

XMLDSIG = Profile(
    name="xmldsig",
    format="xmldsig",
    confidence=Confidence.STANDARD,
    title={"en": "any XML, W3C XML Signature", "ja": "任意のXML(W3C XML署名)"},
    status={
        "en": "W3C standard, receivers differ",
        "ja": "W3C標準、受付可否は提出先による",
    },
    note={
        "en": "W3C XML Signature 1.1; whether a receiver takes it is for the receiver to say",
        "ja": "W3C XML Signature 1.1に従います。受理されるかどうかは受付側の仕様によります",
    },
    chain=Chain.FULL,
    prefix="ds",
)

XADES_B_B = Profile(
    name="xades-b-b",
    format="xmldsig",
    confidence=Confidence.STANDARD,
    title={"en": "any XML, XAdES baseline B-B", "ja": "任意のXML(XAdES B-B)"},
    status={
        "en": "ETSI standard, receivers differ",
        "ja": "ETSI標準、受付可否は提出先による",
    },
    note={
        "en": "ETSI EN 319 132-1, baseline level B-B: an XML Signature that signs its time and certificate, too, in an "
        "Object; whether a receiver takes it is for the receiver to say, and the schemas of e-Tax forbid it",
        "ja": "ETSI EN 319 132-1のB-Bレベルに従います。署名日時と署名者の証明書もObject要素に入れて署名します。"
        "受理されるかどうかは受付側の仕様によります。e-Taxのスキーマでは認められていません",
    },
    chain=Chain.FULL,
    prefix="ds",
    xades=True,
)

XADES_B_T = Profile(
    name="xades-b-t",
    format="xmldsig",
    confidence=Confidence.STANDARD,
    title={"en": "any XML, XAdES baseline B-T (timestamp)", "ja": "任意のXML(XAdES B-T、タイムスタンプ付き)"},
    status={
        "en": "ETSI standard, receivers differ",
        "ja": "ETSI標準、受付可否は提出先による",
    },
    note={
        "en": "ETSI EN 319 132-1, baseline level B-T: xades-b-b with a timestamp (RFC 3161) over the signature, from "
        "the authority of --timestamp-url; whom to trust for the time is for the receiver to say",
        "ja": "ETSI EN 319 132-1のB-Tレベルに従います。xades-b-bの署名に、--timestamp-urlで指定した時刻認証局の"
        "タイムスタンプ(RFC 3161)を付けます。どの時刻認証局を信頼するかは受付側によります",
    },
    chain=Chain.FULL,
    prefix="ds",
    xades=True,
    timestamp_over="xades-b-b",
)

PADES_B_B = Profile(
    name="pades-b-b",
    format="pdf",
    confidence=Confidence.STANDARD,
    title={"en": "PDF, PAdES baseline B-B", "ja": "PDF(PAdES B-B)"},
    status={
        "en": "ETSI standard, receivers differ",
        "ja": "ETSI標準、受付可否は提出先による",
    },
    note={
        "en": "ETSI EN 319 142-1, baseline level B-B; whether a receiver takes it is for the receiver to say, and "
        "Japanese agencies may refuse CAdES signatures: for those see agency-pdf and moj-pdf",
        "ja": "ETSI EN 319 142-1のB-Bレベルに従います。受理されるかどうかは受付側の仕様によります。"
        "日本の行政機関ではCAdES形式が受け付けられないことがあり、その場合はagency-pdfやmoj-pdfを使います",
    },
    chain=Chain.FULL,
    subfilter=SubFilter.CADES,
)

PADES_B_T = Profile(
    name="pades-b-t",
    format="pdf",
    confidence=Confidence.STANDARD,
    title={"en": "PDF, PAdES baseline B-T (timestamp)", "ja": "PDF(PAdES B-T、タイムスタンプ付き)"},
    status={
        "en": "ETSI standard, receivers differ",
        "ja": "ETSI標準、受付可否は提出先による",
    },
    note={
        "en": "ETSI EN 319 142-1, baseline level B-T: pades-b-b with a timestamp (RFC 3161) over the signature, from "
        "the authority of --timestamp-url; whom to trust for the time is for the receiver to say, and Japanese "
        "agencies may refuse timestamps",
        "ja": "ETSI EN 319 142-1のB-Tレベルに従います。pades-b-bの署名に、--timestamp-urlで指定した時刻認証局の"
        "タイムスタンプ(RFC 3161)を付けます。どの時刻認証局を信頼するかは受付側によります。"
        "日本の行政機関ではタイムスタンプが受け付けられないことがあります",
    },
    chain=Chain.FULL,
    subfilter=SubFilter.CADES,
    timestamp_over="pades-b-b",
)

PADES_B_LT = replace(
    PADES_B_T,
    name="pades-b-lt",
    title={"en": "PDF, PAdES baseline B-LT (evidence inside)", "ja": "PDF(PAdES B-LT、検証情報付き)"},
    note={
        "en": "ETSI EN 319 142-1, baseline level B-LT: pades-b-t, and in the document all certificates and evidence of "
        "revocation (CRLs, OCSP responses) that it takes to judge it later. Refused where any is lacking; JPKI "
        "publishes none to card holders, so that with a card it takes --crl or --ocsp-url",
        "ja": "ETSI EN 319 142-1のB-LTレベルに従います。pades-b-tに加え、後日の検証に必要な証明書と失効情報"
        "(CRL、OCSP応答)をすべて文書に格納します。1つでも欠けていれば署名しません。"
        "JPKIは失効情報をカード利用者に公開していないため、カードで署名するには--crlまたは--ocsp-urlが必要です",
    },
    validation_data=True,
)

PADES_B_LTA = replace(
    PADES_B_LT,
    name="pades-b-lta",
    title={
        "en": "PDF, PAdES baseline B-LTA (archive timestamp)",
        "ja": "PDF(PAdES B-LTA、長期保存用タイムスタンプ付き)",
    },
    note={
        "en": "ETSI EN 319 142-1, baseline level B-LTA: pades-b-lt with a timestamp over the whole document, evidence "
        "included; `jitsuin extend` renews it before its authority's certificate ends",
        "ja": "ETSI EN 319 142-1のB-LTAレベルに従います。pades-b-ltの検証情報を含む文書全体にタイムスタンプを付けます。"
        "時刻認証局の証明書の期限が切れる前に`jitsuin extend`で更新します",
    },
    archive_timestamp=True,
)

AGENCY_PDF = Profile(
    name="agency-pdf",
    format="pdf",
    confidence=Confidence.EXPERIMENTAL,
    title={"en": "PDF for agencies", "ja": "行政機関あてPDF"},
    status={
        "en": "inferred from a vendor's manual, not confirmed by a receiver",
        "ja": "製品マニュアルからの推定、受付側は未確認",
    },
    note={
        "en": "the form of moj-pdf for other agencies: a vendor's manual warns that agencies may refuse CAdES and "
        "timestamps; no agency has confirmed it to us",
        "ja": "moj-pdfと同じ形です。CAdES形式やタイムスタンプを受け付けない機関があるという"
        "製品マニュアルの注意に基づく推定で、受付側の確認は得ていません",
    },
    chain=Chain.FULL,
    subfilter=SubFilter.PKCS7,
    signer_name=True,
)

MOJ_PDF = Profile(
    name="moj-pdf",
    format="pdf",
    confidence=Confidence.PUBLISHED,
    title={"en": "PDF for registry and deposit applications", "ja": "登記・供託オンライン申請のPDF"},
    status={
        "en": "values published by the ministry, not confirmed by a receiver",
        "ja": "法務省の公表値どおり、受付側は未確認",
    },
    note={
        "en": "the Ministry of Justice publishes the values of the signature dictionary, and this follows them; "
        "we have had no file accepted there",
        "ja": "法務省が公表している署名辞書の値に従います。実際に受理された実績はありません",
    },
    chain=Chain.FULL,
    subfilter=SubFilter.PKCS7,
    signer_name=True,
    schemes=("rsa-sha256",),
)

PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        ETAX,
        CERTIFICATE_XML,
        XMLDSIG,
        XADES_B_B,
        XADES_B_T,
        PADES_B_B,
        PADES_B_T,
        PADES_B_LT,
        PADES_B_LTA,
        AGENCY_PDF,
        MOJ_PDF,
    )
}
"""What the entry point `jitsuin.profiles` of this package offers, by name."""
