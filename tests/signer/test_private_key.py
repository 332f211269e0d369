"""The key object: everything that takes a key of `cryptography` takes it, and what it cannot do it refuses in time."""

from __future__ import annotations

import copy
import hashlib
import pickle
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
    pkcs12,
)
from lxml import etree

from jitsuin.signer.base import PrivateKey, SignatureScheme, Signer, SignerOptions, SignsDigest
from jitsuin.signer.errors import (
    DigestInfoError,
    KeyFileError,
    PinIncorrectError,
    SignatureValueError,
    TransportError,
    UnsupportedKeyError,
)
from jitsuin.signer.private_key import OffersPrivateKey
from jitsuin.signer.software import open_signer

PASSPHRASE = "secret"
DATA = b"to be signed"
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody")])
KEYS = ["card rsa", "card p384", "file rsa", "file p256", "file p384", "file p521"]
RSA_KEYS = ["card rsa", "file rsa"]
EC_KEYS = [key for key in KEYS if key not in RSA_KEYS]
MAKERS: dict[str, Callable[[], PrivateKey]] = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
}


def key_file(folder: Path, key: PrivateKey, at: datetime) -> Path:
    """A PKCS#12 file of the key with a certificate of its own."""
    begin, end = at - timedelta(days=1), at + timedelta(days=1)
    certificate = x509.CertificateBuilder(NAME, NAME, key.public_key(), 1, begin, end).sign(key, hashes.SHA256())
    path = folder / "id.p12"
    encryption = BestAvailableEncryption(PASSPHRASE.encode())
    path.write_bytes(pkcs12.serialize_key_and_certificates(None, key, certificate, None, encryption))
    return path


@pytest.fixture
def opened(request: pytest.FixtureRequest, session, tmp_path: Path, at: datetime, asked) -> Callable[..., Signer]:
    """The signer of a kind of key; it is closed in the end."""

    def make(kind: str, pin: str | None = None) -> Signer:
        home, name = kind.split()
        if home == "card":
            signer = session("valid" if name == "rsa" else name, **({"pin": pin} if pin else {}))[0]
        else:
            options = SignerOptions(asked(pin or PASSPHRASE), at)
            signer = open_signer(f"file:{key_file(tmp_path, MAKERS[name](), at)}", options)
        request.addfinalizer(lambda: signer.__exit__(None, None, None))
        return signer

    return make


@pytest.fixture(params=KEYS)
def signer(request: pytest.FixtureRequest, opened) -> Signer:
    return opened(request.param)


def own(key: PrivateKey, digested: bool = False) -> list[object]:
    """The arguments of `sign` besides the data that this key takes."""
    algorithm = SignatureScheme.for_key(key.public_key()).hash
    algorithm = Prehashed(algorithm) if digested else algorithm
    return [padding.PKCS1v15(), algorithm] if isinstance(key, rsa.RSAPrivateKey) else [ec.ECDSA(algorithm)]


# What a key is


def test_is_a_key_of_its_kind(signer: Signer) -> None:
    key, public_key = signer.private_key(), signer.certificate.public_key()
    assert key.public_key() == public_key
    assert key.key_size == public_key.key_size
    if isinstance(public_key, rsa.RSAPublicKey):
        assert isinstance(key, rsa.RSAPrivateKey)
    else:
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert key.curve.name == public_key.curve.name


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_signs_what_openssl_verifies(signer: Signer, openssl, kind: type) -> None:
    key = signer.private_key()
    value = key.sign(kind(DATA), *own(key))
    digest = SignatureScheme.for_key(key.public_key()).hash.name
    assert openssl.verify_value(signer.certificate, DATA, value, digest).ok
    assert openssl.verify_value(signer.certificate, DATA + b".", value, digest).invalid


def test_signs_by_a_digest(signer: Signer, openssl) -> None:
    assert isinstance(signer, SignsDigest)
    key = signer.private_key()
    name = SignatureScheme.for_key(key.public_key()).hash.name
    value = key.sign(hashlib.new(name, DATA).digest(), *own(key, digested=True))
    assert openssl.verify_value(signer.certificate, DATA, value, name).ok


@pytest.mark.parametrize("change", [lambda digest: digest[:-1], lambda digest: digest + b"\0", lambda _: b""])
def test_a_digest_of_another_length_is_refused(signer: Signer, change: Callable[[bytes], bytes]) -> None:
    key = signer.private_key()
    scheme = SignatureScheme.for_key(key.public_key())
    digest = hashlib.new(scheme.hash.name, DATA).digest()
    with pytest.raises(ValueError, match="bytes"):
        key.sign(change(digest), *own(key, digested=True))
    assert isinstance(signer, SignsDigest)
    with pytest.raises(DigestInfoError):
        signer.sign_digest(change(digest), scheme)
    assert signer.sign_digest(digest, scheme)


def test_the_pin_is_asked_once_for_any_number_of_keys_and_signatures(session) -> None:
    signer, transport, callback = session()
    with signer:
        for key in (signer.private_key(), signer.private_key()):
            assert key.sign(DATA, *own(key)) == key.sign(DATA, *own(key))
    assert (len(callback.requests), len(transport.verifies)) == (1, 1)


def test_a_wrong_pin_gives_no_key(opened) -> None:
    for kind in ("card rsa", "file rsa"):
        signer = opened(kind, pin="WRONG123")
        for _ in range(2):
            with pytest.raises(PinIncorrectError):
                signer.private_key()


def test_closed_is_closed(opened) -> None:
    for kind, error in (("card rsa", TransportError), ("file rsa", KeyFileError)):
        signer = opened(kind)
        with signer:
            key = signer.private_key()
            assert key.sign(DATA, *own(key))
        for arguments in (own(key), own(key, digested=True)):
            with pytest.raises(error) as caught:
                key.sign(bytes(32), *arguments)
            assert caught.value.reason == "closed"
        with pytest.raises(error):
            signer.private_key()


def test_a_false_signature_never_gets_out(session) -> None:
    for kind, arguments in ((own, {}), (own, {"digested": True})):
        signer, transport, _ = session()
        with signer:
            key = signer.private_key()
            assert key.sign(bytes(32), *kind(key, **arguments))
            transport.lie = lambda sent, answer: bytes(256) + b"\x90\0" if sent[1] == 0x2A else answer
            with pytest.raises(SignatureValueError):
                key.sign(bytes(32), *kind(key, **arguments))


# What it refuses, before the token hears of it


def rsa_misuses(key: rsa.RSAPrivateKey) -> Iterator[Callable[[], object]]:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    yield lambda: key.sign(DATA, pss, hashes.SHA256())
    for algorithm in (hashes.SHA1(), hashes.SHA384(), hashes.SHA512(), hashes.SHA3_256(), None):  # noqa: S303
        yield lambda algorithm=algorithm: key.sign(DATA, padding.PKCS1v15(), algorithm)
    for algorithm in (hashes.SHA1(), hashes.SHA3_256(), hashes.BLAKE2s(32)):  # noqa: S303
        yield lambda algorithm=algorithm: key.sign(bytes(32), padding.PKCS1v15(), Prehashed(algorithm))
    yield lambda: key.decrypt(bytes(256), oaep)
    yield lambda: key.decrypt(bytes(256), padding.PKCS1v15())


def ec_misuses(key: ec.EllipticCurvePrivateKey) -> Iterator[Callable[[], object]]:
    name = SignatureScheme.for_key(key.public_key()).hash.name
    others = [one for one in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512()) if one.name != name]
    for algorithm in (hashes.SHA1(), hashes.SHA3_384(), *others):  # noqa: S303
        yield lambda algorithm=algorithm: key.sign(DATA, ec.ECDSA(algorithm))
        yield lambda algorithm=algorithm: key.sign(bytes(algorithm.digest_size), ec.ECDSA(Prehashed(algorithm)))
    yield lambda: key.sign(DATA, hashes.SHA384())
    yield lambda: key.exchange(ec.ECDH(), key.public_key())


def exports(key: PrivateKey) -> Iterator[Callable[[], object]]:
    yield key.private_numbers
    yield lambda: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_refuses_the_rest(signer: Signer) -> None:
    key = signer.private_key()
    misuses = rsa_misuses(key) if isinstance(key, rsa.RSAPrivateKey) else ec_misuses(key)
    for misuse in (*misuses, *exports(key)):
        with pytest.raises(UnsupportedAlgorithm, match="this key"):
            misuse()
    assert key.sign(DATA, *own(key))


def test_refuses_without_a_word_to_the_card(session) -> None:
    signer, transport, _ = session()
    with signer:
        key = signer.private_key()
        before = len(transport.sent)
        for misuse in (*rsa_misuses(key), *exports(key)):
            with pytest.raises(UnsupportedAlgorithm):
                misuse()
        assert len(transport.sent) == before
        key.sign(DATA, *own(key))
        assert len(transport.sent) > before


def test_refuses_a_deterministic_nonce(opened) -> None:
    try:
        deterministic = ec.ECDSA(hashes.SHA384(), deterministic_signing=True)
    except UnsupportedAlgorithm:
        pytest.skip("this OpenSSL has none")
    key = opened("card p384").private_key()
    with pytest.raises(UnsupportedAlgorithm, match="nonce"):
        key.sign(DATA, deterministic)
    assert key.sign(DATA, ec.ECDSA(hashes.SHA384()))


def test_says_what_it_would_take(opened) -> None:
    with pytest.raises(UnsupportedAlgorithm) as caught:
        opened("card rsa").private_key().sign(DATA, padding.PKCS1v15(), hashes.SHA512())
    assert str(caught.value) == "this key signs only with sha256 (rsa-sha256)"


def test_a_copy_is_the_key_itself_and_none_can_be_sent_away(signer: Signer) -> None:
    key = signer.private_key()
    assert copy.copy(key) is key
    assert copy.deepcopy({"key": key})["key"] is key
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(key)
    assert pickle.loads(pickle.dumps(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)))  # noqa: S301


# A backend of another package


class OtherBackend(OffersPrivateKey):
    """The least that a backend is: it has a key, and signs no digests."""

    issuers = ()

    def __init__(self, key: PrivateKey, at: datetime) -> None:
        builder = x509.CertificateBuilder(NAME, NAME, key.public_key(), 1, at, at + timedelta(days=1))
        self.certificate = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
        self._key = key

    def sign(self, to_be_signed: bytes, scheme: SignatureScheme) -> bytes:
        return self._key.sign(to_be_signed, padding.PKCS1v15(), scheme.hash)


def test_a_backend_inherits_it(openssl, at: datetime) -> None:
    signer = OtherBackend(MAKERS["rsa"](), at)
    key = signer.private_key()
    value = key.sign(DATA, padding.PKCS1v15(), hashes.SHA256())
    assert openssl.verify_value(signer.certificate, DATA, value).ok
    with pytest.raises(UnsupportedAlgorithm, match="no digest"):
        key.sign(bytes(32), padding.PKCS1v15(), Prehashed(hashes.SHA256()))


def test_a_backend_that_lies_is_found_out(at: datetime) -> None:
    signer = OtherBackend(MAKERS["rsa"](), at)
    key, honest = signer.private_key(), signer.sign
    assert key.sign(DATA, *own(key))
    signer.sign = lambda data, scheme: honest(data + b".", scheme)  # type: ignore[method-assign]
    with pytest.raises(SignatureValueError):
        key.sign(DATA, *own(key))


def test_there_is_no_object_for_a_key_that_is_not_signed_with(at: datetime) -> None:
    for key in (
        rsa.generate_private_key(65537, 1024),  # noqa: S505 - that is the point
        ec.generate_private_key(ec.SECP256K1()),
    ):
        with pytest.raises(UnsupportedKeyError):
            OtherBackend(key, at).private_key()


# Those who take it


@pytest.mark.parametrize(
    ("kind", "method"), [("card rsa", "RSA_SHA256"), ("card p384", "ECDSA_SHA384"), ("file p521", "ECDSA_SHA512")]
)
def test_signxml_signs_what_xmlsec1_verifies(opened, xmlsec1, kind: str, method: str) -> None:
    signxml = pytest.importorskip("signxml")
    signer = opened(kind)
    xml_signer = signxml.XMLSigner(signature_algorithm=signxml.SignatureMethod[method])
    chain = [one.public_bytes(Encoding.PEM).decode() for one in (signer.certificate, *signer.issuers)]
    tree = xml_signer.sign(etree.fromstring("<order><item>pen</item></order>"), key=signer.private_key(), cert=chain)
    signed = etree.tostring(tree)
    assert xmlsec1.verify(signed, certificate=signer.certificate).ok
    assert xmlsec1.verify(signed.replace(b"pen", b"pan"), certificate=signer.certificate).invalid


def test_signxml_is_told_that_there_is_no_pss(opened) -> None:
    signxml = pytest.importorskip("signxml")
    signer = opened("card rsa")
    pem = signer.certificate.public_bytes(Encoding.PEM).decode()
    xml_signer = signxml.XMLSigner(signature_algorithm=signxml.SignatureMethod.SHA256_RSA_MGF1)
    with pytest.raises(UnsupportedAlgorithm, match="PKCS #1"):
        xml_signer.sign(etree.fromstring("<order/>"), key=signer.private_key(), cert=pem)
    right = signxml.XMLSigner(signature_algorithm=signxml.SignatureMethod.RSA_SHA256)
    assert right.sign(etree.fromstring("<order/>"), key=signer.private_key(), cert=pem) is not None


def test_a_request_for_a_certificate(signer: Signer, openssl) -> None:
    key = signer.private_key()
    algorithm = SignatureScheme.for_key(key.public_key()).hash
    request = x509.CertificateSigningRequestBuilder(NAME).sign(key, algorithm).public_bytes(Encoding.DER)
    assert openssl.run("req", "-inform", "DER", "-verify", "-noout", stdin=request).returncode == 0
    wrong = request.replace(b"somebody", b"somedoby")
    # Up to 3.0 the exit status is 0 whatever was found.
    done = openssl.run("req", "-inform", "DER", "-verify", "-noout", stdin=wrong)
    assert b"OK" not in done.stderr.splitlines()[-1]


def test_certificates_and_crls_of_ones_own(signer: Signer, openssl, at: datetime) -> None:
    key = signer.private_key()
    algorithm, tomorrow = SignatureScheme.for_key(key.public_key()).hash, at + timedelta(days=1)
    builder = x509.CertificateBuilder(NAME, NAME, key.public_key(), 1, at, tomorrow)
    ca = builder.add_extension(x509.BasicConstraints(True, None), True).sign(key, algorithm)
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "leaf")])
    leaf = x509.CertificateBuilder(NAME, subject, leaf_key.public_key(), 2, at, tomorrow).sign(key, algorithm)
    revoked = x509.RevokedCertificateBuilder(2, at).build()
    crl = x509.CertificateRevocationListBuilder(NAME, at, tomorrow).add_revoked_certificate(revoked)
    assert openssl.verify(leaf, trusted=[ca], at=at).ok
    assert openssl.verify_crl(crl.sign(key, algorithm), ca).ok
    assert not openssl.verify_crl(crl.sign(leaf_key, hashes.SHA256()), ca).ok


def test_cms_by_cryptography_itself(signer: Signer, openssl, tmp_path: Path) -> None:
    key = signer.private_key()
    builder = pkcs7.PKCS7SignatureBuilder().set_data(DATA)
    algorithm = SignatureScheme.for_key(key.public_key()).hash
    signed = builder.add_signer(signer.certificate, key, algorithm).sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])
    verify = ("cms", "-verify", "-binary", "-noverify", "-inform", "DER")
    done = openssl.run(*verify, stdin=signed)
    assert (done.returncode, done.stdout) == (0, DATA), done.stderr
    assert openssl.run(*verify, stdin=signed.replace(DATA, DATA.upper())).returncode != 0
