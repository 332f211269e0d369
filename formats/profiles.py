"""Destination profiles: what each receiver is known, or believed, to take. Data only; nothing here computes.

A profile states how sure we are. Acceptance by a receiver is never claimed (docs/reference of each fact: README,
"How sure we are").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Confidence(StrEnum):
    """How sure we are that a receiver takes what the profile writes."""

    STANDARD = "standard"
    """Follows a published standard; the receiver is whoever implements it."""
    SEEN_IN_FILES = "seen in files"
    """The shape was seen in files that the authority published; we have filed none."""
    EXPERIMENTAL = "experimental"
    """Inferred from published schemas; nothing public states it."""


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
    prefix: str | None
    """Namespace prefix of the Signature element; None declares the default namespace."""
    chain: Chain
    attachments: bool = False
    """Sign the attachments inside the document first."""
    references: tuple[str, ...] = ()
    """Ids of the elements to sign, where the format leaves the choice; empty is the whole document."""
    files: Mapping[str, bytes] | None = None
    """Further files to cover, by bare file name, where the format allows it."""


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
    prefix="dsig",
    chain=Chain.FULL,
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
    prefix="dsig",
    chain=Chain.LEAF,
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
    prefix="ds",
    chain=Chain.FULL,
)

PROFILES: Mapping[str, Profile] = {profile.name: profile for profile in (ETAX, CERTIFICATE_XML, XMLDSIG)}
"""What the entry point `jitsuin.profiles` of this package offers, by name."""
