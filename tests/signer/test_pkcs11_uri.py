"""PKCS#11 URIs: what each part means, and that a slip or a PIN in them is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from jitsuin.signer.errors import KeyUriError
from jitsuin.signer.pkcs11_uri import CALL_SECONDS, Pkcs11Uri, parse


@pytest.mark.parametrize(
    ("uri", "meant"),
    [
        ("pkcs11:", Pkcs11Uri()),
        ("pkcs11:/usr/lib/libsofthsm2.so", Pkcs11Uri(module="/usr/lib/libsofthsm2.so")),
        ("pkcs11:opensc-pkcs11.so", Pkcs11Uri(module="opensc-pkcs11.so")),
        ("pkcs11:C:\\JPKI\\Sign64.dll", Pkcs11Uri(module="C:\\JPKI\\Sign64.dll")),
        ("pkcs11:?module-path=/a%20b.so", Pkcs11Uri(module="/a b.so")),
        ("pkcs11:?module-name=opensc-pkcs11", Pkcs11Uri(module_name="opensc-pkcs11")),
        ("pkcs11:?timeout=2.5&wait=0", Pkcs11Uri(timeout=2.5, wait=0)),
        ("pkcs11:/m.so?timeout=2", Pkcs11Uri(module="/m.so", timeout=2)),
        (
            "pkcs11:token=JPKI%20%28Digital%20Signature%20PIN%29;slot-id=1",
            Pkcs11Uri(token={"token": "JPKI (Digital Signature PIN)"}, slot_id=1),
        ),
        (
            "pkcs11:token=%E5%AE%9F%E5%8D%B0;id=%02%ff;object=Signing%3Bkey;type=private?module-path=/m.so",
            Pkcs11Uri(module="/m.so", token={"token": "実印"}, id=b"\x02\xff", label="Signing;key"),
        ),
        ("pkcs11:id=A%20b", Pkcs11Uri(id=b"A b")),
        (
            "pkcs11:manufacturer=m;model=n;serial=0;slot-description=Reader;slot-manufacturer=s",
            Pkcs11Uri(
                token={
                    "manufacturer": "m",
                    "model": "n",
                    "serial": "0",
                    "slot-description": "Reader",
                    "slot-manufacturer": "s",
                }
            ),
        ),
        (
            "pkcs11:library-manufacturer=OpenSC;library-version=0.23",
            Pkcs11Uri(library={"manufacturer": "OpenSC", "version": "0.23"}),
        ),
        ("pkcs11:?pin-source=file:/run/pin", Pkcs11Uri(pin_source=Path("/run/pin"))),
        ("pkcs11:?pin-source=file:///run/a%20pin", Pkcs11Uri(pin_source=Path("/run/a pin"))),
        ("pkcs11:?pin-source=/run/pin", Pkcs11Uri(pin_source=Path("/run/pin"))),
    ],
)
def test_what_is_meant(uri: str, meant: Pkcs11Uri) -> None:
    assert parse(uri) == meant


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("card:", "scheme"),
        ("pkcs11", "scheme"),
        ("pkcs11:tokn=x", "attribute"),
        ("pkcs11:~nobody-of-that-name/m.so", "no-such-user"),
        ("pkcs11:?module-path=~nobody-of-that-name/m.so", "no-such-user"),
        ("pkcs11:token=x;", None),  # the control: an empty part is nothing
        ("pkcs11:token=x;token=y", "attribute-twice"),
        ("pkcs11:token=x?module-path=/a&module-path=/b", "attribute-twice"),
        ("pkcs11:/a?module-path=/b", "module-twice"),
        ("pkcs11:?modul-path=/b", "attribute"),
        ("pkcs11:token=x;alone", "attribute"),
        ("pkcs11:slot-id=one", "slot-id"),
        ("pkcs11:slot-id=-1", "slot-id"),
        ("pkcs11:type=secret-key", "type"),
        ("pkcs11:type=cert", None),
        ("pkcs11:?pin-source=|cat%20/run/pin", "pin-source"),
        ("pkcs11:?pin-source=%7Ccat", "pin-source"),
        ("pkcs11:?pin-source=file://host/run/pin", "pin-source"),
        ("pkcs11:?pin-source=", "pin-source"),
        ("pkcs11:?timeout=0", "seconds"),
        ("pkcs11:?timeout=soon", "seconds"),
        ("pkcs11:?timeout=inf", "seconds"),
        ("pkcs11:?wait=3601", "seconds"),
    ],
)
def test_what_is_refused(uri: str, reason: str | None) -> None:
    if reason is None:
        assert parse(uri).timeout == CALL_SECONDS
        return
    with pytest.raises(KeyUriError) as refused:
        parse(uri)
    assert refused.value.facts["reason"] == reason


@pytest.mark.parametrize(
    "uri",
    [
        "pkcs11:token=x?pin-value=SECRET99",
        "pkcs11:token=x;pin-value=SECRET99",
        "pkcs11:?PIN-VALUE=SECRET99",
        "pkcs11:?pin%2Dvalue=SECRET99",
        "pkcs11:tokn=x?pin-value=SECRET99&timeout=soon",
    ],
)
def test_a_pin_in_a_uri_is_refused_and_not_repeated(uri: str) -> None:
    with pytest.raises(KeyUriError) as refused:
        parse(uri)
    assert refused.value.facts["reason"] == "pin-value"
    assert "SECRET99" not in f"{refused.value}{refused.value.facts}"
