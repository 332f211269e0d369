"""A PKCS#11 module as python-pkcs11 drives it: tokens, objects, one login, signatures. The only file that knows it.

It is used in a process of its own (`pkcs11_process`): a module can hang, crash, and must never be called by two
threads. Whoever asks gets plain values; what fails is one of python-pkcs11's errors, which bear the CKR_ names.
"""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress
from functools import cached_property
from typing import Any, Final

import pkcs11
from pkcs11 import PROTECTED_AUTH, Attribute, Mechanism, ObjectClass, SlotFlag, Token, TokenFlag

Value = dict[str, Any]
"""What goes through the pipe: JSON."""

_ABSENT: Final = (pkcs11.AttributeTypeInvalid, pkcs11.AttributeSensitive, pkcs11.AttributeValueInvalid)
_CLASSES: Final = {
    ObjectClass.PRIVATE_KEY: "private-key",
    ObjectClass.PUBLIC_KEY: "public-key",
    ObjectClass.CERTIFICATE: "certificate",
}
_LISTS: Final = 5
"""How often the slots are listed at most."""
_MORE_THAN_A_SIGNATURE: Final = 2048
"""Bytes that python-pkcs11 holds ready for a signature: of an RSA key with 16,384 bits."""


class Module:
    """A loaded module. At most one login happens in its life, and `close` ends it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._library = pkcs11.lib(path)
        self._session: Any = None
        self._pin: bytearray | None = None
        self._keys: list[Any] = []
        self._signed = False
        self._always_authenticates = False
        self.card_to_power_off: str | None = None
        """The slot of a card that has been presented a PIN: a C_Logout need not close it."""

    def library(self) -> Value:
        """Who made the module, and its version."""
        library = self._library
        major, minor = library.library_version
        return {
            "manufacturer": library.manufacturer_id,
            "description": library.library_description,
            "version": f"{major}.{minor}",
        }

    def tokens(self) -> Value:
        """Every slot with a token, also one that the module cannot make sense of (then without `label`).

        And the descriptions of the slots without: to OpenSC also a card is absent that another program has to itself.
        """
        slots = self._slots.values()
        return {
            "tokens": [_token(slot) for slot in slots if slot.flags & SlotFlag.TOKEN_PRESENT],
            "empty": [slot.slot_description for slot in slots if not slot.flags & SlotFlag.TOKEN_PRESENT],
        }

    def flags(self, slot_id: int) -> Value:
        """The token's flags as they are now: what `tokens` told is from then. Raises TokenNotPresent.

        The slots are listed anew, since OpenSC's C_GetTokenInfo goes on telling of a card that is gone.
        """
        for slot in self._library.get_slots(token_present=True):
            if slot.slot_id == slot_id:
                return {"flags": int(slot.get_token().flags)}
        raise pkcs11.TokenNotPresent

    def objects(self, slot_id: int) -> Value:
        """What the token shows without a PIN."""
        session = self._slots[slot_id].get_token().open()
        try:
            return {"objects": [_described(found) for found in session.get_objects()]}
        finally:
            session.close()

    def login(self, slot_id: int, attachment: bytearray | None = None, keep_pin: bool = False) -> Value:
        """C_Login with the attached PIN, without one by the reader's own keys: once, whatever it comes to.

        With `keep_pin` the PIN is kept if a key is marked CKA_ALWAYS_AUTHENTICATE, and wiped at the end.
        """
        if self._session is not None or self.card_to_power_off is not None:
            raise pkcs11.UserAlreadyLoggedIn
        slot = self._slots[slot_id]
        token = slot.get_token()
        if slot.flags & SlotFlag.REMOVABLE_DEVICE:
            self.card_to_power_off = slot.slot_description
        self._session = token.open(user_pin=PROTECTED_AUTH if attachment is None else attachment.decode())
        self._keys = list(self._session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))
        if (
            attachment is not None
            and keep_pin
            and any(_attribute(key, Attribute.ALWAYS_AUTHENTICATE) for key in self._keys)
        ):
            self._pin = bytearray(attachment)
        certificates = self._session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE})
        return {"objects": [_described(found) for found in (*self._keys, *certificates)]}

    def sign(self, key: int, mechanism: int, attachment: bytes | bytearray = b"") -> bytes:
        """C_Sign of the attached bytes by the key of this number among those that `login` has told.

        A key with CKA_ALWAYS_AUTHENTICATE gets its PIN again for each signature, but only if the module insists: it
        says so at the first one. Later the same answer means that the card has forgotten the PIN, and is not mended.
        """
        pin = self._pin if self._always_authenticates else None
        try:
            value = self._sign(attachment, key, mechanism, pin)
        except pkcs11.UserNotLoggedIn:
            if self._signed or self._pin is None or self._another_pin_was_tried():
                raise
            value = self._sign(attachment, key, mechanism, self._pin)
            self._always_authenticates = True
        self._signed = True
        return value

    def close(self) -> None:
        """C_Logout, C_CloseSession, C_Finalize, as far as the module still does them. Never raises."""
        if self._pin is not None:
            self._pin[:] = bytes(len(self._pin))
        if self._session is not None:
            with suppress(Exception):
                self._session.close()
        with suppress(Exception):
            pkcs11.unload(self._path)

    @cached_property
    def _slots(self) -> dict[int, Any]:
        # Listed until the list is one of before. At a card that another program had to itself a moment ago OpenSC looks
        # when it describes its slots; it adds some then, and fails if that comes between, or if the card is still held.
        slots: dict[int, Any] = {}
        seen: list[dict[int, int]] = []
        for left in reversed(range(_LISTS)):
            try:
                slots = {slot.slot_id: slot for slot in self._library.get_slots()}
            except pkcs11.PKCS11Error:
                if not left:
                    raise
                continue
            flags = {slot_id: int(slot.flags) for slot_id, slot in slots.items()}
            if flags in seen:
                break
            seen.append(flags)
        return slots

    def _sign(self, data: bytes | bytearray, key: int, mechanism: int, pin: bytearray | None) -> bytes:
        return bytes(
            self._keys[key].sign(
                bytes(data),
                mechanism=Mechanism(mechanism),  # without a name it would be the library's default, SHA-512 for RSA
                pin=None if pin is None else pin.decode(),
                buffer_size=_MORE_THAN_A_SIGNATURE,
            )
        )

    def _another_pin_was_tried(self) -> bool:
        """Whether a wrong PIN has been presented since ours was right: then this is not the moment to present one."""
        flags = self._session.token.slot.get_token().flags
        low = TokenFlag.USER_PIN_COUNT_LOW | TokenFlag.USER_PIN_FINAL_TRY | TokenFlag.USER_PIN_LOCKED
        return bool(flags & low)


def _token(slot: Any) -> Value:
    told: Value = {
        "slot_id": slot.slot_id,
        "slot_description": slot.slot_description,
        "slot_manufacturer": slot.manufacturer_id,
        "removable": bool(slot.flags & SlotFlag.REMOVABLE_DEVICE),
    }
    try:
        token: Token = slot.get_token()
        mechanisms = slot.get_mechanisms()
    except pkcs11.PKCS11Error as error:
        return told | {"error": type(error).__name__}
    return told | {
        "label": token.label,
        "manufacturer": token.manufacturer_id,
        "model": token.model,
        "serial": token.serial.decode("ascii", "replace"),
        "flags": int(token.flags),
        "mechanisms": sorted(int(mechanism) for mechanism in mechanisms),
    }


def _described(found: Any) -> Value:
    kind = _attribute(found, Attribute.CLASS)
    told: Value = {
        "class": _CLASSES.get(kind, str(kind)),
        "label": _attribute(found, Attribute.LABEL) or "",
        "id": (_attribute(found, Attribute.ID) or b"").hex(),
    }
    if kind is ObjectClass.CERTIFICATE:
        told["der"] = b64encode(_attribute(found, Attribute.VALUE) or b"").decode()
    else:
        key_type = _attribute(found, Attribute.KEY_TYPE)
        told["key_type"] = getattr(key_type, "name", str(key_type))
    if kind is ObjectClass.PRIVATE_KEY:
        told["signs"] = _attribute(found, Attribute.SIGN) is not False
        told["always_authenticate"] = bool(_attribute(found, Attribute.ALWAYS_AUTHENTICATE))
    return told


def _attribute(found: Any, name: Attribute) -> Any:
    """None where the object has no such attribute, as the official module's keys have no label."""
    with suppress(*_ABSENT):
        return found[name]
    return None
