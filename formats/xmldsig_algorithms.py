"""Algorithm names of XML Signature: which are used, which are only read, which are refused. Data, in one place."""

from __future__ import annotations

DSIG = "http://www.w3.org/2000/09/xmldsig#"
DSIG_11 = "http://www.w3.org/2009/xmldsig11#"
ENVELOPED = DSIG + "enveloped-signature"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
"""The Type of the reference to XAdES's signed properties (EN 319 132-1, 4.4.2)."""
COUNTERSIGNED = "http://uri.etsi.org/01903#CountersignedSignature"
"""The Type of a reference to another signature's value (5.2.7.1)."""
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_ENC = "http://www.w3.org/2001/04/xmlenc#"

SIGNATURE_METHODS = {
    "rsa-sha256": _MORE + "rsa-sha256",
    "rsa-sha384": _MORE + "rsa-sha384",
    "rsa-sha512": _MORE + "rsa-sha512",
    "ecdsa-sha256": _MORE + "ecdsa-sha256",
    "ecdsa-sha384": _MORE + "ecdsa-sha384",
    "ecdsa-sha512": _MORE + "ecdsa-sha512",
    "rsa-sha1": DSIG + "rsa-sha1",
}
"""Scheme name to SignatureMethod (RFC 9231). HMAC, DSA and everything else are refused."""

DIGEST_METHODS = {
    "sha256": _ENC + "sha256",
    "sha384": _MORE + "sha384",
    "sha512": _ENC + "sha512",
    "sha1": DSIG + "sha1",  # read on request, never written
}
"""Hash name to DigestMethod."""

WEAK = frozenset({"rsa-sha1", "sha1"})
"""Read only when asked, and then marked; never written."""

SCHEME_BY_URI = {uri: scheme for scheme, uri in SIGNATURE_METHODS.items()}
HASH_BY_URI = {uri: name for name, uri in DIGEST_METHODS.items()}
