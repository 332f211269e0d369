"""Object identifiers of CMS, its attributes and its algorithms, DER encoded. Data, in one place."""

from __future__ import annotations

from .der import oid

# Content types (RFC 5652, 4 and 5.1)
DATA = oid("1.2.840.113549.1.7.1")
SIGNED_DATA = oid("1.2.840.113549.1.7.2")
TIMESTAMP_INFO = oid("1.2.840.113549.1.9.16.1.4")  # id-ct-TSTInfo (RFC 3161, 2.4.2)

# Attributes
CONTENT_TYPE = oid("1.2.840.113549.1.9.3")  # RFC 5652, 11.1
MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4")  # RFC 5652, 11.2
SIGNING_TIME = oid("1.2.840.113549.1.9.5")  # RFC 5652, 11.3
SIGNING_CERTIFICATE = oid("1.2.840.113549.1.9.16.2.12")  # RFC 2634, 5.4; SHA-1 by definition
SIGNING_CERTIFICATE_V2 = oid("1.2.840.113549.1.9.16.2.47")  # RFC 5035, 3
ALGORITHM_PROTECTION = oid("1.2.840.113549.1.9.52")  # RFC 6211
SIGNATURE_TIME_STAMP = oid("1.2.840.113549.1.9.16.2.14")  # RFC 3161, appendix A; an unsigned attribute

DIGESTS = {
    "sha256": oid("2.16.840.1.101.3.4.2.1"),
    "sha384": oid("2.16.840.1.101.3.4.2.2"),
    "sha512": oid("2.16.840.1.101.3.4.2.3"),
    "sha1": oid("1.3.14.3.2.26"),  # read on request, never written
}
"""Hash name, which is also Python's, to the digest algorithm (RFC 5754, 2)."""

RSA = oid("1.2.840.113549.1.1.1")
"""rsaEncryption: RSA PKCS#1 v1.5, with the hash that digestAlgorithm names (RFC 3370, 3.2)."""

RSA_PSS = oid("1.2.840.113549.1.1.10")

SIGNATURES = {
    "rsa-sha256": oid("1.2.840.113549.1.1.11"),
    "rsa-sha384": oid("1.2.840.113549.1.1.12"),
    "rsa-sha512": oid("1.2.840.113549.1.1.13"),
    "rsa-sha1": oid("1.2.840.113549.1.1.5"),  # read on request, never written
    "ecdsa-sha256": oid("1.2.840.10045.4.3.2"),
    "ecdsa-sha384": oid("1.2.840.10045.4.3.3"),
    "ecdsa-sha512": oid("1.2.840.10045.4.3.4"),
    "ecdsa-sha1": oid("1.2.840.10045.4.1"),  # read on request, never written
}
"""Scheme to the signature algorithm that names its hash itself (RFC 5754, 3)."""
