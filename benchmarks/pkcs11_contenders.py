"""What signs with a key on a PKCS#11 token: values one after the other, and PDFs. Run in a child of its own each.

    python pkcs11_contenders.py prepare FOLDER NAME:KIND:BYTES...
    python pkcs11_contenders.py measure FOLDER TOOL TOKEN FURTHER STARTED                        times of values
    python pkcs11_contenders.py sign    FOLDER TOOL TOKEN WARM_UP DOCUMENT RESULT REPETITIONS    times of PDFs
    python pkcs11_contenders.py check   FOLDER TOOL DOCUMENT...                                  as pdf_contenders.py

Each prints one JSON object. TOKEN is a token as JSON, STARTED the monotonic clock when the process was started.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pdf_contenders
from child import Identity, absent, measure, peak_kilobytes
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

KEY_ID = b"\x02"
TURN = 25


@dataclass(frozen=True)
class Token:
    """Where the key is; `bench` has put it and its certificate there, and nothing else."""

    module: str
    label: str
    pin: str

    @property
    def uri(self) -> str:
        return f"pkcs11:token={quote(self.label)}?module-path={quote(self.module)}"

    def text(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Key:
    """A key that is open: what signs with it, and how its values are written for others."""

    certificate: x509.Certificate
    sign: Callable[[bytes], bytes]
    encoded: Callable[[bytes], bytes] = bytes
    unchecked: Callable[[bytes], bytes] | None = None
    """What `sign` does but for its check, to know what that costs. No option of Jitsuin does this."""


Opening = Iterator[Key | None]
"""Yields None when all is imported and the clock may start, then the key; then it closes."""


# Values. All import python-pkcs11 when the clock runs already, as Jitsuin does in the process of the module.


def bare(token: Token) -> Opening:
    """python-pkcs11 and nothing else: no value is checked. SoftHSM2 hashes for RSA, and for ECDSA it does not."""
    yield None
    with session(token) as opened:
        import pkcs11

        (found,) = opened.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE})
        certificate = x509.load_der_x509_certificate(found[pkcs11.Attribute.VALUE])
        key: Any = opened.get_key(pkcs11.ObjectClass.PRIVATE_KEY, id=KEY_ID)
        if isinstance(certificate.public_key(), rsa.RSAPublicKey):
            yield Key(certificate, lambda data: key.sign(data, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS))
        else:
            from pkcs11.util.ec import encode_ecdsa_signature

            plain = pkcs11.Mechanism.ECDSA
            yield Key(certificate, lambda data: key.sign(sha384(data), mechanism=plain), encode_ecdsa_signature)


def jitsuin(token: Token) -> Opening:
    """`Pkcs11Signer.sign`: the module in a process of its own under a deadline, every value checked."""
    with signer(token) as open_it:
        yield None
        opened, scheme = open_it()

        def unchecked(data: bytes) -> bytes:
            key = opened._key_for(scheme)
            return bytes(opened._value(key, *key.request(data)))

        yield Key(opened.certificate, lambda data: opened.sign(data, scheme), unchecked=unchecked)


KEYS: dict[str, Callable[[Token], Opening]] = {"bare": bare, "jitsuin": jitsuin}


@contextmanager
def session(token: Token) -> Iterator[Any]:
    import pkcs11

    with pkcs11.lib(token.module).get_token(token_label=token.label).open(user_pin=token.pin) as opened:
        yield opened


@contextmanager
def signer(token: Token) -> Iterator[Callable[[], Any]]:
    """Gives what opens Jitsuin's signer and tells its scheme, when all is imported."""
    from jitsuin.signer.base import SignatureScheme, SignerOptions
    from jitsuin.signer.pkcs11_opening import open_signer

    options = SignerOptions(lambda _request: token.pin, datetime.now(UTC))
    with ExitStack() as ending:

        def open_it() -> Any:
            opened = ending.enter_context(open_signer(token.uri, options))
            return opened, SignatureScheme.for_key(opened.certificate.public_key())

        yield open_it


def sha384(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA384())
    digest.update(data)
    return digest.finalize()


def check(certificate: x509.Certificate, data: bytes, value: bytes) -> None:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(value, data, padding.PKCS1v15(), hashes.SHA256())
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(value, data, ec.ECDSA(hashes.SHA384()))


def measure_values(tool: str, token: Token, further: int, started: float) -> dict[str, Any]:
    """Seconds to the first value, from opening and from the start of the process; of each one after it; of checks.

    Where values can be had unchecked, as many are, in turns of a few dozen: machines change their speed between two
    children, and what a check does to caches falls on the signature after it.
    """
    opening = KEYS[tool](token)
    next(opening)
    begin = time.perf_counter()
    key = next(opening)
    assert key is not None
    values = [key.sign(b"document 0")]
    first, from_start = time.perf_counter() - begin, time.monotonic() - started
    ways: dict[str, Callable[[bytes], bytes]] = {"further": key.sign}
    if key.unchecked is not None:
        ways["unchecked"] = key.unchecked
    times: dict[str, list[float]] = {way: [] for way in ways}
    while len(times["further"]) < further:
        turn = min(TURN, further - len(times["further"]))
        for way, signs in ways.items():
            for number in range(len(values), len(values) + turn):
                begin = time.perf_counter()
                values.append(signs(b"document %d" % number))
                times[way].append(time.perf_counter() - begin)
    from jitsuin.signer.base import SignatureScheme, check_value  # now: python-pkcs11 alone does without it

    public_key = key.certificate.public_key()
    scheme = SignatureScheme.for_key(public_key)
    checks = []
    for number, value in enumerate(map(key.encoded, values)):
        data = b"document %d" % number
        check(key.certificate, data, value)
        begin = time.perf_counter()
        check_value(public_key, data, scheme, value)
        checks.append(time.perf_counter() - begin)
    assert next(opening, None) is None
    return {"first": first, "from_start": from_start, "checks": checks, **times}


# PDFs: what pdf_contenders.py does, with the key on the token


class OnToken(Identity):
    """The certificate in the folder, and its key on the token."""

    def __init__(self, folder: Path, sign: Callable[[bytes], bytes] = bytes) -> None:
        super().__init__(folder)
        self._sign = sign

    def sign(self, data: bytes) -> bytes:
        return self._sign(data)


class Floor(pdf_contenders.Floor):
    """Read, one signature by the token, write. The token hashes."""

    def sign_file(self, source: Path, target: Path) -> None:
        data = source.read_bytes()
        with target.open("wb", buffering=0) as out:
            out.write(data)
            out.write(self.identity.sign(data))


def pyhanko(tool: type[pdf_contenders.PyHanko], folder: Path, token: Token, ending: ExitStack) -> Any:
    """pyHanko's PdfSigner with its own PKCS11Signer, which checks no value, around a session of python-pkcs11."""
    from pyhanko.sign.pkcs11 import PKCS11Signer

    contender = tool(OnToken(folder))
    # It reads the certificate from the token. If it is given one, that gets into the CMS twice.
    contender.signer = PKCS11Signer(ending.enter_context(session(token)), key_id=KEY_ID)
    return contender


def contender(tool: str, folder: Path, token: Token, ending: ExitStack) -> Any:
    """What has sign_file, with the key open."""
    if tool == "pyhanko":
        return pyhanko(pdf_contenders.PyHanko, folder, token, ending)
    if tool == "pyhanko-reserved":
        return pyhanko(pdf_contenders.PyHankoReserved, folder, token, ending)
    if tool == "jitsuin-file":
        by_uri = pdf_contenders.JitsuinFile(OnToken(folder), token.uri, token.pin)
        ending.enter_context(by_uri.signer)
        return by_uri
    opening = KEYS["bare" if tool == "floor" else tool](token)
    next(opening)
    key = next(opening)
    assert key is not None
    ending.callback(next, opening, None)
    return (Floor if tool == "floor" else pdf_contenders.Jitsuin)(OnToken(folder, key.sign))


def sign(
    folder: Path, tool: str, token: Token, warm_up: Path, document: Path, result: Path, repetitions: int
) -> dict[str, Any]:
    with ExitStack() as ending:
        signs = contender(tool, folder, token, ending)
        signs.sign_file(warm_up, result)
        clear = partial(result.unlink, missing_ok=True)  # why: pdf_contenders.sign
        return measure(lambda: signs.sign_file(document, result), repetitions, peak_kilobytes(), clear)


# The child process


def prepare(folder: Path, documents: list[str]) -> dict[str, Any]:
    """What the PDF part prepares, and another key with a certificate: `p-384.der` and `p-384-certificate.der`."""
    prepared = pdf_contenders.prepare(folder, documents)
    key, at = ec.generate_private_key(ec.SECP384R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Benchmark")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    valid = builder.not_valid_before(at).not_valid_after(at + timedelta(days=1))
    certificate = valid.sign(key, hashes.SHA384())
    (folder / "p-384.der").write_bytes(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "p-384-certificate.der").write_bytes(certificate.public_bytes(Encoding.DER))
    if (reason := absent(["pyhanko.sign.pkcs11"]).get("pyhanko.sign.pkcs11")) is not None:
        prepared["absent"] |= dict.fromkeys(("pyhanko", "pyhanko-reserved"), reason)
    prepared["versions"]["python-pkcs11"] = version("python-pkcs11")
    return prepared


def main(arguments: list[str]) -> None:
    command, folder, *rest = arguments
    answer: dict[str, Any]
    match command, rest:
        case "prepare", documents:
            answer = prepare(Path(folder), documents)
        case "measure", [tool, token, further, started]:
            answer = measure_values(tool, Token(**json.loads(token)), int(further), float(started))
        case "sign", [tool, token, warm_up, document, result, repetitions]:
            paths = Path(warm_up), Path(document), Path(result)
            answer = sign(Path(folder), tool, Token(**json.loads(token)), *paths, int(repetitions))
        case "check", [tool, *documents]:
            answer = pdf_contenders.check(Path(folder), tool, [Path(document) for document in documents])
        case _:
            raise SystemExit(__doc__)
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
