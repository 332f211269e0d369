"""SoftHSM2: a PKCS#11 module whose tokens are files, in a store of each test's own, filled with keys of our choice.

The module is never loaded into the process of the tests: its state belongs to a process, and its clients crash when
two threads use it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from jitsuin.signer.simulator import PERSONAS, pki
from programs import JudgeMissingError, require, run

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "token-PIN-1"
"""Not one that the rules of the card would let through."""
SO_PIN = "officer-PIN-1"


@dataclass(frozen=True)
class StoredKey:
    """A private key: sensitive, not extractable, good for signing only. Without label or id it has none."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    id: bytes | None = b"\x02"
    label: str | None = None
    always_authenticate: bool = False
    """It wants the PIN again for each signature (CKA_ALWAYS_AUTHENTICATE), and SoftHSM insists on it."""


@dataclass(frozen=True)
class StoredCertificate:
    """A certificate, of a holder or a CA. A private one is seen after the login only, as on the JPKI card."""

    certificate: x509.Certificate
    id: bytes | None = b"\x02"
    label: str | None = None
    private: bool = False


def of_persona(
    name: str, at: datetime, *, private: bool = True, always_authenticate: bool = False
) -> tuple[StoredKey | StoredCertificate, ...]:
    """The signature key, its certificate and the CA's of a simulated card, with OpenSC's ids and labels."""
    persona = PERSONAS[name]
    certificate = pki.signature_certificate(persona, at)
    assert certificate is not None, f"{name} has no signature certificate"
    return (
        StoredKey(pki.private_key(name), b"\x02", "Digital Signature Key", always_authenticate),
        StoredCertificate(certificate, b"\x02", "Digital Signature Certificate", private),
        StoredCertificate(pki.ca_certificate(persona.ca), b"\x04", "Digital Signature Certificate CA"),
    )


@dataclass(frozen=True)
class SoftToken:
    """An initialised token. Its PIN is never locked: SoftHSM counts wrong ones only up to CKF_USER_PIN_COUNT_LOW."""

    store: SoftHsm
    slot: int
    """The slot id; it comes from the serial number, and stays."""
    label: str
    serial: str
    pin: str

    def put(self, *objects: StoredKey | StoredCertificate) -> None:
        """Store the objects, in one process of its own."""
        self.store.assert_found()
        script = Path(__file__).with_name("softhsm_put.py")
        order = {"module": MODULE, "serial": self.serial, "pin": self.pin, "objects": [*map(_described, objects)]}
        done = run([sys.executable, str(script)], stdin=json.dumps(order).encode())
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode(errors="replace"))

    def tool(self, *arguments: str | Path, module: str | Path = MODULE) -> subprocess.CompletedProcess[bytes]:
        """pkcs11-tool at this token, by SoftHSM's module or one in front of it. The exit status is the caller's."""
        return run(["pkcs11-tool", "--module", str(module), "--slot", str(self.slot), *map(str, arguments)])


class SoftHsm:
    """A store for tokens in a folder. Processes find it by SOFTHSM2_CONF; the fixture sets that."""

    def __init__(self, folder: Path) -> None:
        require("softhsm2-util", "softhsm2")
        require(MODULE, "libsofthsm2")
        require("pkcs11-tool", "opensc")
        if find_spec("pkcs11") is None:
            raise JudgeMissingError("python-pkcs11 is not installed; python3 -m pip install 'jitsuin[pkcs11]'")
        tokens = folder / "tokens"
        tokens.mkdir(parents=True)
        self._configuration = folder / "softhsm2.conf"
        self._configuration.write_text(
            f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n"
        )

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find this store. The module reads it at C_Initialize."""
        return {"SOFTHSM2_CONF": str(self._configuration)}

    def token(
        self,
        label: str = "Jitsuin test",
        pin: str = PIN,
        so_pin: str = SO_PIN,
        objects: Sequence[StoredKey | StoredCertificate] = (),
    ) -> SoftToken:
        """A new token with these objects. Several may have the same label; of the label 32 bytes are kept."""
        words = ["--init-token", "--free", "--label", label, "--so-pin", so_pin, "--pin", pin]
        slot = re.findall(r"reassigned to slot (\d+)", self._util(*words))[0]
        listed = self._util("--show-slots")
        serial = re.findall(rf"(?m)^Slot {slot}\n(?: .*\n)*? +Serial number: +(\w+)", listed)[0]
        token = SoftToken(self, int(slot), label, serial, pin)
        if objects:
            token.put(*objects)
        return token

    def assert_found(self) -> None:
        """Nobody's real tokens are touched."""
        for name, value in self.environment.items():
            assert os.environ.get(name) == value, f"{name} is not that of the store"

    def _util(self, *words: str) -> str:
        self.assert_found()
        done = run(["softhsm2-util", *words])
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode(errors="replace"))
        return done.stdout.decode()


def _described(item: StoredKey | StoredCertificate) -> dict[str, object]:
    """As JSON for softhsm_put.py."""
    words: dict[str, object] = {"label": item.label, "id": None if item.id is None else item.id.hex()}
    if isinstance(item, StoredCertificate):
        return words | {
            "kind": "certificate",
            "der": item.certificate.public_bytes(Encoding.DER).hex(),
            "private": item.private,
        }
    return words | {
        "kind": "rsa" if isinstance(item.key, rsa.RSAPrivateKey) else "ec",
        "der": item.key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()).hex(),
        "always_authenticate": item.always_authenticate,
    }
