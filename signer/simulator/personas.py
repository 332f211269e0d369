"""The people whose cards can be simulated: all invented, living in an invented prefecture. Data only.

Each is there for one thing that can happen to a signer. The default, `valid`, is the one to whom nothing happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from types import MappingProxyType
from typing import Final

from cryptography.x509 import ReasonFlags

PLASTIC_CARD: Final = "JPKIAPICCTOKEN2"
ANDROID_PHONE: Final = "JPKIAPGPSETOKEN"

_DAY: Final = timedelta(days=1)
_YEAR: Final = timedelta(days=365)


class SignatureCertificate(Enum):
    """What stands in EF 0001."""

    PROPER = "a signature certificate"
    AUTHENTICATION = "a user-authentication certificate, where it must not be"
    NONE = "nothing: the file does not exist"


@dataclass(frozen=True)
class Municipality:
    """A municipality in romaji, as it stands in the subject and in the distribution point's name."""

    prefecture: str
    name: str


MIHON: Final = Municipality("Kaku-ken", "Mihon-shi")
TAMESHI: Final = Municipality("Kaku-ken", "Tameshi-cho")


@dataclass(frozen=True)
class Persona:
    """A holder and the card's peculiarity. Times are relative to the moment the card is issued to the user."""

    name: str
    about: str
    person: str
    """Surname, U+3000, given names."""
    birth_date: str
    """`EYYYYMMDD`: era (3 Showa, 4 Heisei, 5 Reiwa) and Gregorian date."""
    gender: str
    """1 male, 2 female."""
    address: str
    municipality: Municipality = MIHON
    not_before: timedelta = -_YEAR
    not_after: timedelta = 3 * _YEAR
    """The day of expiry; the certificate ends at 14:59:59Z of it, as real ones do."""
    ca: str = "sign-ca-03"
    """The name of the issuing CA in `pki.CAS`."""
    signature_certificate: SignatureCertificate = SignatureCertificate.PROPER
    revoked: ReasonFlags | None = None
    token: str = PLASTIC_CARD
    name_substitution: str | None = None
    """One 0 or 1 a character of `person`; None is all zeros."""
    address_substitution: str | None = None

    @property
    def authentication_certificate_needs_pin(self) -> bool:
        """The phone's token keeps EF 000A behind the authentication PIN; the plastic card shows it to anyone."""
        return self.token == ANDROID_PHONE


def _revoked(reason: ReasonFlags, name: str, about: str, person: str, birth_date: str, gender: str) -> Persona:
    return Persona(
        name, about, person, birth_date, gender, "架空県試町字失効4番地", municipality=TAMESHI, revoked=reason
    )


_ALL: Final = (
    Persona("valid", "nothing is wrong", "見本　花子", "319800303", "2", "架空県見本市実印町一丁目2番3号"),
    Persona("second", "a tax accountant", "税理士　太郎", "319650713", "1", "架空県見本市申告町5番6-701号"),
    Persona("spouse", "married to `valid`", "見本　太郎", "319781123", "1", "架空県見本市実印町一丁目2番3号"),
    Persona(
        "old-generation",
        "issued by the CA of 2019",
        "旧世代　次郎",
        "319581103",
        "1",
        "架空県見本市前橋梁町7番地",
        not_before=-4 * _YEAR,
        not_after=_YEAR * 2 // 3,
        ca="sign-ca-02",
    ),
    Persona(
        "expired",
        "expired a month ago",
        "期限　切代",
        "320000229",
        "2",
        "架空県見本市満了8番地",
        not_before=-5 * _YEAR,
        not_after=-30 * _DAY,
        ca="sign-ca-02",
    ),
    Persona(
        "not-yet-valid",
        "valid from the day after tomorrow",
        "未来　待子",
        "419950520",
        "2",
        "架空県見本市明後日9番地",
        not_before=2 * _DAY,
        not_after=5 * _YEAR,
    ),
    Persona(
        "renewal-window",
        "can be renewed: 60 days left",
        "更新　近男",
        "319751224",
        "1",
        "架空県見本市更新10番地",
        not_after=60 * _DAY,
    ),
    Persona(
        "young",
        "issued two hours ago: online use may fail for a day",
        "新規　発子",
        "420000101",
        "2",
        "架空県見本市本日11番地",
        not_before=timedelta(hours=-2),
        not_after=5 * _YEAR,
    ),
    Persona(
        "substitution",
        "a character of the name and one of the address stand in for others",
        "渡辺　芳子",
        "319480815",
        "2",
        "架空県見本市辻町12番地",
        name_substitution="01000",
        address_substitution="000000100000",
    ),
    Persona(
        "look-alike",
        "issued by a CA that has the right name and another key",
        "偽物　似人",
        "319801010",
        "1",
        "架空県見本市贋町13番地",
        ca="look-alike-ca",
    ),
    Persona(
        "authentication-only",
        "offers its user-authentication certificate for signing",
        "認証　専太",
        "419970317",
        "1",
        "架空県見本市認証14番地",
        ca="auth-ca-03",
        signature_certificate=SignatureCertificate.AUTHENTICATION,
    ),
    Persona(
        "no-signature",
        "a child's card, without signature certificate",
        "児童　幼子",
        "520200505",
        "2",
        "架空県見本市児童15番地",
        signature_certificate=SignatureCertificate.NONE,
    ),
    Persona(
        "phone",
        "the token of an Android phone",
        "携帯　持子",
        "420020202",
        "2",
        "架空県見本市電波16番地",
        token=ANDROID_PHONE,
    ),
    Persona(
        "p384",
        "the announced next card: ECDSA P-384",
        "次期　一枚",
        "419880808",
        "1",
        "架空県見本市楕円17番地",
        not_after=5 * _YEAR,
    ),
    _revoked(ReasonFlags.affiliation_changed, "revoked-affiliation-changed", "moved", "転居　済子", "419930303", "2"),
    _revoked(ReasonFlags.superseded, "revoked-superseded", "renewed", "再交　付男", "319700606", "1"),
    _revoked(ReasonFlags.certificate_hold, "revoked-certificate-hold", "card lost", "紛失　届子", "419910909", "2"),
    _revoked(ReasonFlags.key_compromise, "revoked-key-compromise", "key compromised", "漏洩　鍵雄", "319721212", "1"),
    _revoked(
        ReasonFlags.cessation_of_operation,
        "revoked-cessation-of-operation",
        "gave it up",
        "返納　済代",
        "319400214",
        "2",
    ),
    _revoked(
        ReasonFlags.unspecified, "revoked-unspecified", "discarded before delivery", "廃棄　済夫", "319690910", "1"
    ),
    _revoked(ReasonFlags.ca_compromise, "revoked-ca-compromise", "the CA's key", "総崩　連子", "419990707", "2"),
)

PERSONAS: Final[Mapping[str, Persona]] = MappingProxyType({persona.name: persona for persona in _ALL})
"""Every persona by name, the default one first."""
DEFAULT_PERSONA: Final = "valid"
