"""Puts objects on a token, as told by the JSON on standard input. A process of its own for softhsm.py."""

from __future__ import annotations

import json
import sys
from typing import Any

import pkcs11
from pkcs11 import Attribute, MechanismFlag
from pkcs11.util.ec import decode_ec_private_key
from pkcs11.util.rsa import decode_rsa_private_key
from pkcs11.util.x509 import decode_x509_certificate


def template(item: dict[str, Any]) -> dict[Attribute, Any]:
    der = bytes.fromhex(item["der"])
    match item["kind"]:
        case "certificate":
            made = decode_x509_certificate(der) | {Attribute.PRIVATE: item["private"]}
        case "rsa":
            made = decode_rsa_private_key(der, MechanismFlag.SIGN) | of_key(item)
        case _:
            made = decode_ec_private_key(der) | {Attribute.SIGN: True} | of_key(item)
    if item["id"] is not None:
        made[Attribute.ID] = bytes.fromhex(item["id"])
    if item["label"] is not None:
        made[Attribute.LABEL] = item["label"]
    return made | {Attribute.TOKEN: True}


def of_key(item: dict[str, Any]) -> dict[Attribute, Any]:
    return {
        Attribute.PRIVATE: True,
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
        Attribute.ALWAYS_AUTHENTICATE: item["always_authenticate"],
    }


def main() -> None:
    order = json.load(sys.stdin)
    token = pkcs11.lib(order["module"]).get_token(token_serial=order["serial"].encode())
    with token.open(rw=True, user_pin=order["pin"]) as session:
        for item in order["objects"]:
            session.create_object(template(item))


main()
