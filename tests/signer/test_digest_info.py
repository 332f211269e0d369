"""DigestInfo: what is built is right by another library's word, and nothing else gets past the assertion."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from jitsuin.signer.digest_info import assert_digest_info, digest, digest_info
from jitsuin.signer.errors import DigestInfoError

OF_NOTHING = digest_info(digest(b"", hashes.SHA256()), hashes.SHA256())
ALGORITHMS = [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()]


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize(("algorithm", "length"), list(zip(ALGORITHMS, [51, 67, 83], strict=True)))
def test_is_what_pkcs1_signatures_contain(key: rsa.RSAPrivateKey, algorithm: hashes.HashAlgorithm, length: int) -> None:
    info = digest_info(digest(b"to be signed", algorithm), algorithm)
    signature = key.sign(b"to be signed", padding.PKCS1v15(), algorithm)
    recovered = pow(int.from_bytes(signature, "big"), 65537, key.public_key().public_numbers().n).to_bytes(256, "big")
    assert recovered.endswith(b"\xff\x00" + info)
    assert len(info) == length
    assert_digest_info(info)


@pytest.mark.parametrize(
    "candidate",
    [
        b"",
        OF_NOTHING[:-1],
        OF_NOTHING + b"\x00",
        OF_NOTHING[19:],
        bytes.fromhex("3021300906052B0E03021A05000414") + bytes(20),  # SHA-1
        bytes.fromhex("302F300B0609608648016503040201 0420") + bytes(32),  # SHA-256 without NULL
        OF_NOTHING[:19] + bytes(48),
    ],
)
def test_refuses_everything_else(candidate: bytes) -> None:
    with pytest.raises(DigestInfoError) as caught:
        assert_digest_info(candidate)
    assert caught.value.length == len(candidate)


@pytest.mark.parametrize("length", [0, 20, 31, 33, 48])
def test_is_not_made_of_a_digest_of_another_length(length: int) -> None:
    with pytest.raises(DigestInfoError):
        digest_info(bytes(length), hashes.SHA256())


@given(st.binary(max_size=100))
def test_random_bytes_are_refused(candidate: bytes) -> None:
    with pytest.raises(DigestInfoError):
        assert_digest_info(candidate)
