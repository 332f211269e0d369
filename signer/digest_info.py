"""DigestInfo: what an RSA token is given to sign, since it pads whatever it gets and checks nothing."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives import hashes

from .errors import DigestInfoError

PREFIXES: Final = {
    "sha256": bytes.fromhex("3031300D060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300D060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300D060960864801650304020305000440"),
}
"""The DER before the digest (RFC 8017, 9.2 note 1). SHA-1 is missing on purpose: it is never signed."""


def digest(data: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    hasher = hashes.Hash(algorithm)
    hasher.update(data)
    return hasher.finalize()


def digest_info(digest: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    """The digest as DER of `DigestInfo` (RFC 8017, A.2.4), 51 bytes for SHA-256.

    Raises DigestInfoError for a digest of another length.
    """
    info = PREFIXES[algorithm.name] + digest
    assert_digest_info(info)
    return info


def assert_digest_info(candidate: bytes) -> None:
    """Raise DigestInfoError unless the bytes are exactly a DigestInfo of SHA-256, SHA-384 or SHA-512."""
    for prefix in PREFIXES.values():
        # The last byte of the prefix is the length of the OCTET STRING that follows.
        if candidate.startswith(prefix) and len(candidate) == len(prefix) + prefix[-1]:
            return
    raise DigestInfoError(length=len(candidate))
