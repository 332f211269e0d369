"""What a card's facts mean: the kind of token, whose certificates it carries, and what its holder should do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from cryptography import x509

from .certificate import CertificateKind, Holder, holder_of, kind_of
from .chains import of_test_hierarchy
from .lifetime import Ending, Lifetime, Phase, ending, lifetime
from .trust import TrustStore
from .validity import Judgement, RevocationMode, judge

if TYPE_CHECKING:
    from jitsuin.signer.base import TokenFacts


class TokenKind(StrEnum):
    """What a token is, by the name that it gives itself."""

    PLASTIC_CARD = "plastic-card"
    JUKI_CARD = "juki-card"
    ANDROID_PHONE = "android-phone"
    IPHONE = "iphone"
    UNKNOWN = "unknown"


_TOKENS = {
    "JPKIAPICCTOKEN2": TokenKind.PLASTIC_CARD,
    "JPKIAPICCTOKEN": TokenKind.JUKI_CARD,
    "JPKIAPGPSETOKEN": TokenKind.ANDROID_PHONE,
    "JPKIAPIOSTOKEN": TokenKind.IPHONE,
}


@dataclass(frozen=True)
class Advice:
    """Something to do next: a code and its facts; the sentence is made at the edge."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class SignatureCertificate:
    """The signature certificate, which a card shows only after the password."""

    certificate: x509.Certificate
    judgement: Judgement
    """As the gate before signing would judge it, revocation left out."""
    lifetime: Lifetime
    holder: Holder | None

    @property
    def ending(self) -> Ending | None:
        return ending(self.lifetime, self.holder.birth_date if self.holder else None)


@dataclass(frozen=True)
class CardStatus:
    """A card as it is at one moment."""

    facts: TokenFacts
    at: datetime
    kind: TokenKind
    signature_anchor: str | None
    """The name of the anchor that the card's signature CA certificate is; None if it is none, or there is none."""
    authentication: Lifetime | None
    """Of the user-authentication certificate; None where the card has none or does not show it."""
    signature: SignatureCertificate | None
    """None unless the card was unlocked."""
    advice: tuple[Advice, ...] = ()


def card_status(
    facts: TokenFacts,
    store: TrustStore,
    at: datetime,
    certificate: x509.Certificate | None = None,
    issuers: Sequence[x509.Certificate] = (),
) -> CardStatus:
    """What the facts mean at that time; with the signature certificate and the CAs above it from an unlocked card."""
    authentication, issuer = facts.authentication_certificate, facts.signature_issuer
    status = CardStatus(
        facts=facts,
        at=at,
        kind=_TOKENS.get(facts.kind, TokenKind.UNKNOWN),
        signature_anchor=None if issuer is None else store.name_of(issuer),
        authentication=None if authentication is None else lifetime(authentication, at),
        signature=None if certificate is None else signature_certificate(certificate, issuers, store, at),
    )
    return _advised(status)


def signature_certificate(
    certificate: x509.Certificate, issuers: Sequence[x509.Certificate], store: TrustStore, at: datetime
) -> SignatureCertificate:
    """What a signature certificate is good for at that time, revocation left out."""
    judgement = judge(certificate, issuers, store, None, at, RevocationMode.OFF)
    holder = holder_of(certificate) if kind_of(certificate) is not CertificateKind.OTHER else None
    return SignatureCertificate(certificate, judgement, lifetime(certificate, at), holder)


# Advice


def _advised(status: CardStatus) -> CardStatus:
    """With what to do next, the most pressing first. What stands in the way of signing leaves no room for "ready"."""
    obstacles = tuple(_obstacles(status))
    remarks = tuple(_remarks(status))
    last: list[Advice] = []
    if not obstacles:
        last = [Advice("ready")] if status.signature else [Advice("unlock-to-see"), Advice("ready")]
    elif status.signature is None and {advice.code for advice in obstacles} <= {"last-try"}:
        last = [Advice("unlock-to-see")]
    return replace(status, advice=(*obstacles, *remarks, *last))


def _obstacles(status: CardStatus) -> Iterator[Advice]:
    """Why `sign` would refuse, or would have to be asked twice."""
    facts = status.facts
    if status.kind in (TokenKind.IPHONE, TokenKind.JUKI_CARD):
        yield Advice(status.kind.value)
        return
    if not facts.signature_certificate_present:
        yield Advice("no-signature-certificate")
        return
    # After unlocking, what was counted before says nothing more: a right password restores the counter.
    if status.signature is None:
        yield from _about_tries(facts.signature_tries_left)
        yield from _about_issuer(status)
    else:
        yield from _about_certificate(status.signature)


def _about_tries(left: int | None) -> Iterator[Advice]:
    if left is None:
        yield Advice("tries-not-told")
    elif left == 0:
        yield Advice("password-blocked")
    elif left == 1:
        yield Advice("last-try")


def _about_issuer(status: CardStatus) -> Iterator[Advice]:
    issuer = status.facts.signature_issuer
    if issuer is None:
        return
    if status.signature_anchor is None and of_test_hierarchy(issuer.subject):
        yield Advice("certificate-refused", {"reason": "test-hierarchy"})
    elif status.signature_anchor is None:
        yield Advice("issuer-unknown")
    elif issuer.not_valid_after_utc < status.at:
        yield Advice("issuer-expired")


def _about_certificate(signature: SignatureCertificate) -> Iterator[Advice]:
    verdict = signature.judgement.verdict
    if verdict.reason == "issuer-unknown":
        yield Advice("issuer-unknown")
    if signature.lifetime.phase is Phase.EXPIRED:
        yield Advice("signature-expired")
    elif signature.lifetime.phase is Phase.NOT_YET_VALID:
        yield Advice("signature-not-yet-valid", {"begin": signature.certificate.not_valid_before_utc})
    elif not verdict.passed and verdict.reason != "issuer-unknown":
        yield Advice("certificate-refused", {**verdict.facts, "reason": verdict.reason})


def _remarks(status: CardStatus) -> Iterator[Advice]:
    """What does not hinder signing today."""
    signature, authentication = status.signature, status.authentication
    if signature is not None:
        if signature.lifetime.phase is Phase.RENEWABLE:
            yield Advice("signature-renewable", {"last_day": signature.lifetime.last_day})
        if signature.lifetime.young:
            yield Advice("signature-young")
        if signature.holder is not None and signature.holder.substituted:
            holder = signature.holder
            counts = {"name": holder.name_substitutions, "address": holder.address_substitutions}
            yield Advice("characters-substituted", counts)
    if authentication is not None and (signature is None or signature.lifetime.last_day != authentication.last_day):
        if authentication.phase is Phase.EXPIRED:
            yield Advice("authentication-expired")
        elif authentication.phase is Phase.RENEWABLE:
            yield Advice("authentication-renewable", {"last_day": authentication.last_day})
    if status.facts.authentication_tries_left == 0:
        yield Advice("authentication-pin-blocked")
