"""The tokens and objects that a PKCS#11 module shows, as plain facts, and which token is meant."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntFlag
from typing import Any, Final

from cryptography import x509

from .errors import NoTokenError, SeveralTokensError
from .pkcs11_uri import Pkcs11Uri

SIGNATURE: Final = "(Digital Signature PIN)"
"""The end of the label of OpenSC's token with the signature key."""
AUTHENTICATION: Final = "(User Authentication PIN)"
"""And of the token with the key that never signs documents."""
SIGNATURE_CA: Final = "Digital Signature Certificate CA"
"""OpenSC's label of the CA certificate above the signature certificate."""
_OFFICIAL: Final = "jpkipkcs11"
"""The beginning of the names of the JPKI client's modules."""


class TokenFlag(IntFlag):
    """CKF_ flags of a token (PKCS#11 2.40, 4.4.3) that matter before a login."""

    LOGIN_REQUIRED = 0x00000004
    USER_PIN_INITIALIZED = 0x00000008
    PROTECTED_AUTHENTICATION_PATH = 0x00000100
    TOKEN_INITIALIZED = 0x00000400
    USER_PIN_COUNT_LOW = 0x00010000
    USER_PIN_FINAL_TRY = 0x00020000
    USER_PIN_LOCKED = 0x00040000


NO_FLAGS: Final = TokenFlag(0)


@dataclass(frozen=True)
class Pkcs11Object:
    """A key or certificate on a token."""

    kind: str
    """`private-key`, `public-key`, `certificate`, or what else the module calls it."""
    label: str
    id: bytes
    """CKA_ID, which pairs a key with its certificate."""
    key_type: str | None = None
    certificate: x509.Certificate | None = None
    signs: bool = False
    always_authenticate: bool = False

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Pkcs11Object:
        return cls(
            kind=told["class"],
            label=told["label"],
            id=bytes.fromhex(told["id"]),
            key_type=told.get("key_type"),
            certificate=_certificate(told.get("der", "")),
            signs=told.get("signs", False),
            always_authenticate=told.get("always_authenticate", False),
        )

    @property
    def name(self) -> str:
        """As a URI would say it."""
        number = "".join(f"%{byte:02x}" for byte in self.id)
        return f"object={self.label};id={number}" if self.label else f"id={number}"


@dataclass(frozen=True)
class Pkcs11Token:
    """A slot with a token in it."""

    slot_id: int
    reader: str
    """The slot's description: with OpenSC the reader's name."""
    slot_manufacturer: str
    removable: bool
    label: str | None
    """None where the module makes no sense of what is in the slot."""
    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    flags: TokenFlag = NO_FLAGS
    mechanisms: frozenset[int] = field(default_factory=frozenset)
    official: bool = False
    """Behind a module of the JPKI client."""

    @classmethod
    def of(cls, told: Mapping[str, Any], module: str) -> Pkcs11Token:
        return cls(
            slot_id=told["slot_id"],
            reader=told["slot_description"],
            slot_manufacturer=told["slot_manufacturer"],
            removable=told["removable"],
            label=told.get("label"),
            manufacturer=told.get("manufacturer", ""),
            model=told.get("model", ""),
            serial=told.get("serial", ""),
            flags=TokenFlag(told.get("flags", 0)),
            mechanisms=frozenset(told.get("mechanisms", ())),
            official=_file_name(module).lower().startswith(_OFFICIAL),
        )

    @property
    def name(self) -> str:
        """As shown to a person."""
        return f"{self.label} ({self.reader})" if self.label else self.reader

    @property
    def is_jpki(self) -> bool:
        """Whether the rules of the card's signature password hold."""
        return self.official or (self.label or "").startswith("JPKI")

    @property
    def for_authentication(self) -> bool:
        return (self.label or "").endswith(AUTHENTICATION)

    @property
    def is_opensc_jpki(self) -> bool:
        """OpenSC with a My Number card. It marks the key CKA_ALWAYS_AUTHENTICATE but signs after one VERIFY."""
        return self.manufacturer == "JPKI" and self.model.startswith("PKCS#15")


@dataclass(frozen=True)
class ModuleFacts:
    """What a module shows without a PIN."""

    module: str
    library: Mapping[str, str]
    """`manufacturer`, `description`, `version`."""
    tokens: tuple[Pkcs11Token, ...]
    objects: Mapping[int, tuple[Pkcs11Object, ...]]
    """By slot_id."""


def chosen_token(
    tokens: Sequence[Pkcs11Token],
    uri: Pkcs11Uri,
    module: str,
    choose: Callable[[Sequence[str]], str] | None,
) -> Pkcs11Token:
    """The token that is meant: the only one that fits the URI, else the JPKI signature token, else whichever is picked.

    Raises NoTokenError or SeveralTokensError. What has no PIN yet is no token for us.
    """
    ready = [token for token in tokens if token.label is not None and _ready(token)]
    names = tuple(token.name for token in ready)
    fitting = [token for token in ready if _fits(token, uri)]
    if not fitting:
        unrecognised = any(token.label is None for token in tokens)
        reason = "name" if ready and not unrecognised else "unrecognised" if unrecognised else "none"
        raise NoTokenError(module=module, reason=reason, tokens=names)
    fitting = [token for token in fitting if not token.for_authentication]
    if not fitting:
        raise NoTokenError(module=module, reason="authentication", tokens=names)
    fitting = [token for token in fitting if (token.label or "").endswith(SIGNATURE)] or fitting
    if len(fitting) == 1:
        return fitting[0]
    if choose is None:
        raise SeveralTokensError(module=module, tokens=tuple(token.name for token in fitting))
    by_name = {f"{token.name} [slot-id={token.slot_id}]": token for token in fitting}
    return by_name[choose(tuple(by_name))]


def _ready(token: Pkcs11Token) -> bool:
    return bool(token.flags & (TokenFlag.TOKEN_INITIALIZED | TokenFlag.USER_PIN_INITIALIZED)) or token.official


def _fits(token: Pkcs11Token, uri: Pkcs11Uri) -> bool:
    facts = {
        "token": token.label,
        "manufacturer": token.manufacturer,
        "model": token.model,
        "serial": token.serial,
        "slot-description": token.reader,
        "slot-manufacturer": token.slot_manufacturer,
    }
    return uri.slot_id in (None, token.slot_id) and all(facts[name] == value for name, value in uri.token.items())


def _file_name(module: str) -> str:
    return module.replace("\\", "/").rpartition("/")[2]


def _certificate(der: str) -> x509.Certificate | None:
    with suppress(ValueError):
        return x509.load_der_x509_certificate(b64decode(der)) if der else None
    return None
