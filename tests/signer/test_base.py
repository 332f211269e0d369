"""The contract's own two decisions: which scheme a key calls for, and whether a value is a signature."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from jitsuin.signer.base import SignatureScheme, check_value
from jitsuin.signer.errors import SignatureValueError, SignerError, UnsupportedKeyError


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize(
    ("curve", "scheme"),
    [(ec.SECP256R1(), "ecdsa-sha256"), (ec.SECP384R1(), "ecdsa-sha384"), (ec.SECP521R1(), "ecdsa-sha512")],
)
def test_the_key_calls_for_its_scheme(rsa_key: rsa.RSAPrivateKey, curve: ec.EllipticCurve, scheme: str) -> None:
    assert SignatureScheme.for_key(ec.generate_private_key(curve).public_key()) == scheme
    assert SignatureScheme.for_key(rsa_key.public_key()) is SignatureScheme.RSA_SHA256


def test_other_keys_are_not_signed_with() -> None:
    for key in (
        rsa.generate_private_key(65537, 1024),  # noqa: S505 - that is the point
        ec.generate_private_key(ec.SECP256K1()),
        ed25519.Ed25519PrivateKey.generate(),
    ):
        with pytest.raises(UnsupportedKeyError):
            SignatureScheme.for_key(key.public_key())


def test_checks_the_value(rsa_key: rsa.RSAPrivateKey) -> None:
    scheme = SignatureScheme.RSA_SHA256
    value = rsa_key.sign(b"to be signed", padding.PKCS1v15(), scheme.hash)
    check_value(rsa_key.public_key(), b"to be signed", scheme, value)
    for data, claimed, candidate in (
        (b"something else", scheme, value),
        (b"to be signed", SignatureScheme.ECDSA_SHA256, value),
        (b"to be signed", scheme, value[:-1]),
        (b"to be signed", scheme, b""),
    ):
        with pytest.raises(SignatureValueError) as caught:
            check_value(rsa_key.public_key(), data, claimed, candidate)
        assert caught.value.length == len(candidate)


def test_errors_carry_facts() -> None:
    error = SignerError(reason="empty", tries_left=4)
    assert (error.reason, error.tries_left) == ("empty", 4)
    assert str(error) == "reason='empty', tries_left=4"
    with pytest.raises(AttributeError):
        _ = error.sw
