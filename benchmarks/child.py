"""What the child processes share: the identity that every tool signs with, and how one run is measured."""

from __future__ import annotations

import importlib
import resource
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    pkcs12,
)

PASSPHRASE = "benchmark"  # noqa: S105 - of a key that everybody has


class Identity:
    """The key, its certificate and the CA above it, from the simulator's PKI; the same for every tool."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        key = load_der_private_key((folder / "key.der").read_bytes(), None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(key, rsa.RSAPrivateKey)
        self.key = key
        self.certificate = x509.load_der_x509_certificate((folder / "certificate.der").read_bytes())

    @property
    def public_key(self) -> rsa.RSAPublicKey:
        key = self.certificate.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        return key

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def write_identity(folder: Path) -> None:
    """Key, certificate, CA and CRLs, for Identity, for PKCS#12 readers and for command lines."""
    from jitsuin.signer.simulator import pki
    from jitsuin.signer.simulator.personas import DEFAULT_PERSONA, PERSONAS

    at = datetime.now(UTC).replace(microsecond=0)
    persona = PERSONAS[DEFAULT_PERSONA]
    key, ca = pki.private_key(persona.name), pki.ca_certificate(persona.ca)
    certificate = pki.signature_certificate(persona, at)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert certificate is not None
    (folder / "key.der").write_bytes(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "certificate.der").write_bytes(certificate.public_bytes(Encoding.DER))
    (folder / "ca.der").write_bytes(ca.public_bytes(Encoding.DER))
    (folder / "passphrase").write_text(PASSPHRASE)
    protected = BestAvailableEncryption(PASSPHRASE.encode())
    (folder / "identity.p12").write_bytes(
        pkcs12.serialize_key_and_certificates(b"benchmark", key, certificate, [ca], protected)
    )
    (folder / "crl").mkdir(exist_ok=True)
    for name, crl in pki.crls(at).items():
        (folder / "crl" / Path(name).name).with_suffix(".crl").write_bytes(crl.public_bytes(Encoding.DER))


def versions() -> dict[str, str]:
    """Of Jitsuin and of the cryptography that everybody here signs with."""
    from cryptography.hazmat.backends.openssl import backend

    return {
        "jitsuin": version("jitsuin"),
        "cryptography": f"{version('cryptography')} ({backend.openssl_version_text().rsplit(' ', 3)[0]})",
    }


def absent(modules: Iterable[str]) -> dict[str, str]:
    """The modules that cannot be used, with the reason: not installed, or built against another library."""
    found = {}
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - whatever keeps it from loading is told
            found[name] = f"{type(error).__name__}: {error}"
    return found


def measure(
    run: Callable[[], object], repetitions: int, before: int, clear: Callable[[], object] = lambda: None
) -> dict[str, Any]:
    """Times of the repetitions, and the peak memory of the first. Where there are several, the first warms up.

    `before` is the peak when no document had been read yet; `clear` takes away what the last repetition left.
    """
    wall, cpu, peak = [], [], 0
    for number in range(repetitions + (repetitions > 1)):
        clear()
        begin, begin_cpu = time.perf_counter(), time.process_time()
        result = run()
        end, end_cpu = time.perf_counter(), time.process_time()
        del result
        peak = peak or peak_kilobytes()
        if repetitions == 1 or number:
            wall.append(end - begin)
            cpu.append(end_cpu - begin_cpu)
    return {"wall": wall, "cpu": cpu, "before_kb": before, "peak_kb": peak}


def peak_kilobytes() -> int:
    """The most memory that this process has held so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


def accepts(verify: Callable[[Path], bool], document: Path) -> bool:
    """What a judge says; several say no by raising, each in its own way."""
    try:
        return verify(document)
    except Exception as error:  # noqa: BLE001 - see above
        print(f"{document.name}: {type(error).__name__}: {error}"[:300], file=sys.stderr)
        return False


def passed(valid: bool) -> bool:
    assert valid, "a signature that should be valid was refused"
    return valid
